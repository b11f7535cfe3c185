"""The pipeline of one file: parse, chunk, embed, index. A worker runs it between claim and outcome."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import PointTotals
from ingest.errors import InvalidFile
from ingest.services import Services
from ingest.steps import bm25, parsed_text
from ingest.steps.bm25 import TermCounts
from ingest.steps.chunk import Span, Tokens, chunk
from ingest.steps.embed import Embedder
from ingest.steps.embed.windows import plan_windows
from ingest.steps.index import Point, PointOwner
from ingest.steps.parse import ParsedText

Stage = Literal["parse", "chunk", "embed", "index"]

GROUP_CHUNKS = 128
"""Chunks that are embedded and written together. It bounds memory, and a lost lease is noticed between two groups."""


@dataclass(frozen=True)
class JobControl:
    """The connection from the pipeline to the job that runs it.

    `still_wanted` is asked between steps and inside long ones. `ensure_lease` renews the lease before points are
    written and raises Abandoned when the lease is lost. `enter_stage` is called at the start of each step.
    """

    still_wanted: Callable[[], bool]
    ensure_lease: Callable[[], None]
    enter_stage: Callable[[Stage], None]


def ingest_file(claim: Claim, services: Services, control: JobControl) -> PointTotals:
    """Write the points of the claimed generation, and return what they add to the store.

    A file that is re-indexed keeps the vectors of unchanged chunks if they were made by the same model.
    Raises FileError for a file that can never be ingested, DependencyDown, or Abandoned.
    """
    embedder, index = services.embedder_of(claim.model), services.index_of(claim.model)
    control.enter_stage("parse")
    parsed = parsed_text.load_or_parse(
        services.blobs, services.parser, claim.blob, claim.filename, control.still_wanted
    )
    control.enter_stage("chunk")
    document = _chunk(parsed, claim, services.settings.max_tokens_per_file)
    mean_length = (claim.store_terms + document.words) / (claim.store_chunks + len(document.spans))

    owner = point_owner_of(claim)
    reusable_generation = claim.fallback_generation if claim.live_model == claim.model else None
    usage_bytes = 0
    index.ensure_collection()
    for group in document.groups():
        control.enter_stage("embed")
        texts = [document.text(number) for number in group]
        reused = {} if reusable_generation is None else index.read_vectors(claim.row, reusable_generation, group)
        if not any(text in reused for text in texts):  # the text was cut elsewhere: later chunks differ as well
            reusable_generation = None
        vectors = _vectors(document, group, texts, reused, embedder, claim, control.still_wanted)
        points = [
            document.point(number, text, dense, mean_length)
            for number, text, dense in zip(group, texts, vectors, strict=True)
        ]
        usage_bytes += sum(len(point.text.encode()) + point.dense.nbytes for point in points)

        control.enter_stage("index")
        control.ensure_lease()
        index.upsert(owner, points)
    if claim.attempt > 1:  # an earlier attempt may have written more chunks
        index.delete_chunks_from(claim.row, claim.generation, len(document.spans))
    return PointTotals(chunks=len(document.spans), terms=document.words, usage_bytes=usage_bytes)


def point_owner_of(claim: Claim) -> PointOwner:
    """Return the payload that identifies the points of a claim."""
    return PointOwner(
        row=claim.row,
        generation=claim.generation,
        project=claim.project,
        vector_store_id=claim.vector_store_id,
        file_id=claim.file_id,
        filename=claim.filename,
        attributes=claim.attributes,
    )


@dataclass(frozen=True)
class _ChunkedDocument:
    """A parsed file cut into chunks, with the terms of each chunk. Chunks are numbered from 0."""

    parsed: ParsedText
    tokens: Tokens
    spans: Sequence[Span]
    term_counts: Sequence[TermCounts]

    @property
    def words(self) -> int:
        return sum(counts.length for counts in self.term_counts)

    def groups(self) -> Iterator[range]:
        """Yield the chunk numbers of each group."""
        for first in range(0, len(self.spans), GROUP_CHUNKS):
            yield range(first, min(first + GROUP_CHUNKS, len(self.spans)))

    def text(self, number: int) -> str:
        return self.tokens.text(self.spans[number].start, self.spans[number].end)

    def page(self, number: int) -> int | None:
        """Return the page, from 1, on which a chunk begins, or None for a file without pages."""
        offset = self.tokens.character_offset(self.spans[number].start)
        return bisect_right(self.parsed.pages, offset) if self.parsed.pages else None

    def point(self, number: int, text: str, dense: np.ndarray, mean_length: float) -> Point:
        """Return the point of a chunk. `mean_length` is the mean number of words of the store's chunks."""
        sparse = bm25.document_vector(self.term_counts[number], mean_length)
        return Point(number=number, text=text, dense=dense, sparse=sparse, page=self.page(number))


def _chunk(parsed: ParsedText, claim: Claim, max_tokens: int) -> _ChunkedDocument:
    """Cut the text as the claim says. Raises InvalidFile when it has too many tokens."""
    tokens = Tokens.from_text(parsed.text)
    if len(tokens) > max_tokens:
        raise InvalidFile(f"The file has {len(tokens):,} tokens; at most {max_tokens:,} are accepted.")
    spans = chunk(tokens, claim.chunk_tokens, claim.chunk_overlap)
    offsets = [(tokens.character_offset(span.start), tokens.character_offset(span.end)) for span in spans]
    return _ChunkedDocument(parsed, tokens, spans, bm25.count_terms_in_parts(parsed.text, offsets))


def _vectors(
    document: _ChunkedDocument,
    group: range,
    texts: Sequence[str],
    reused: Mapping[str, np.ndarray],
    embedder: Embedder,
    claim: Claim,
    still_wanted: Callable[[], bool],
) -> Iterator[np.ndarray]:
    """Yield the dense vectors of each chunk of a group, reused where the text is the same, embedded otherwise."""
    new_spans = [document.spans[number] for number, text in zip(group, texts, strict=True) if text not in reused]
    embedded = _embed(embedder, document.tokens, new_spans, claim, still_wanted) if new_spans else iter(())
    for text in texts:
        yield reused[text] if text in reused else next(embedded)


def _embed(
    embedder: Embedder, tokens: Tokens, spans: Sequence[Span], claim: Claim, still_wanted: Callable[[], bool]
) -> Iterator[np.ndarray]:
    """Yield an array for each chunk: one row for each of its windows."""
    plan = plan_windows(spans, claim.chunk_tokens, claim.chunk_overlap, len(tokens), embedder.window_tokens)
    vectors = embedder.embed([tokens.text(span.start, span.end) for span in plan.spans], still_wanted)
    for windows in plan.windows_of_chunk:
        yield np.concatenate([vectors[window] for window in windows])
