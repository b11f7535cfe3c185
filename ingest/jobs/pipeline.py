"""The way of a file: parse, chunk, embed, index. What a worker does between claim and finish."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import Sizes
from ingest.errors import InvalidFile
from ingest.services import Services
from ingest.steps import bm25, parsed_text
from ingest.steps.chunk import Span, Tokens, chunk
from ingest.steps.embed import Embedder
from ingest.steps.embed.windows import windows
from ingest.steps.index import PointOwner, Point, SparseVector
from ingest.steps.parse import Parsed

Stage = Literal["parse", "chunk", "embed", "index"]

GROUP_CHUNKS = 128
"""Chunks embedded and written together: bounds memory, and a lost lease is noticed between two groups."""


@dataclass(frozen=True)
class Watch:
    """How a job is told to stop, and tells how far it is.

    `still_wanted` is asked between steps and inside long ones. `keep` renews the lease before points are written and
    raises Abandoned when that is refused. `stage` hears of each step.
    """

    still_wanted: Callable[[], bool]
    keep: Callable[[], None]
    stage: Callable[[Stage], None]


def ingest(claim: Claim, services: Services, watch: Watch) -> Sizes:
    """Turn the claimed file into points of its generation; what it then adds to its store.

    Of a file that is being re-indexed, chunks that stayed the same keep their vectors, if these are of the same model.
    Raises FileError for a file that can never be read, DependencyDown, or Abandoned.
    """
    embedder, index = services.embedder_of(claim.model), services.index_of(claim.model)
    watch.stage("parse")
    parsed = parsed_text.read(services.blobs, services.parser, claim.blob, claim.filename, watch.still_wanted)

    watch.stage("chunk")
    tokens = Tokens.of(parsed.text)
    if len(tokens) > services.settings.max_tokens_per_file:
        most = services.settings.max_tokens_per_file
        raise InvalidFile(f"The file has {len(tokens):,} tokens; at most {most:,} are accepted.")
    spans = chunk(tokens, claim.chunk_tokens, claim.chunk_overlap)
    counted = bm25.count_parts(parsed.text, [(tokens.offset(span.start), tokens.offset(span.end)) for span in spans])
    words = sum(counts.length for counts in counted)
    mean_length = (claim.store_terms + words) / (claim.store_chunks + len(spans))

    owner = owner_of(claim)
    usage = 0
    live = claim.live if claim.shown_model == claim.model else None
    index.ensure_collection()
    for first in range(0, len(spans), GROUP_CHUNKS):
        group = slice(first, first + GROUP_CHUNKS)
        watch.stage("embed")
        texts = [tokens.text(span.start, span.end) for span in spans[group]]
        known = {} if live is None else index.read_vectors(claim.row, live, range(first, first + len(texts)))
        unknown = [span for span, text in zip(spans[group], texts, strict=True) if text not in known]
        if len(unknown) == len(texts):  # cut in another way: what follows is not there either
            live = None
        made = _embed(embedder, tokens, unknown, claim, watch.still_wanted) if unknown else iter(())
        points = [
            Point(
                number=first + i,
                text=text,
                dense=known[text] if text in known else next(made),
                sparse=SparseVector(*bm25.document_weights(counts, mean_length)),
                page=_page(parsed, tokens, span),
            )
            for i, (span, text, counts) in enumerate(zip(spans[group], texts, counted[group], strict=True))
        ]
        usage += sum(len(point.text.encode()) + point.dense.nbytes for point in points)

        watch.stage("index")
        watch.keep()
        index.upsert(owner, points)
    if claim.attempt > 1:  # an earlier attempt may have cut the text into more chunks
        index.delete_chunks_from(claim.row, claim.generation, len(spans))
    return Sizes(chunks=len(spans), terms=words, usage_bytes=usage)


def owner_of(claim: Claim) -> PointOwner:
    """Whose points a claim writes."""
    return PointOwner(
        row=claim.row,
        generation=claim.generation,
        project=claim.project,
        vector_store_id=claim.vector_store_id,
        file_id=claim.file_id,
        filename=claim.filename,
        attributes=claim.attributes,
    )


def _embed(
    embedder: Embedder, tokens: Tokens, spans: Sequence[Span], claim: Claim, still_wanted: Callable[[], bool]
) -> Iterator[np.ndarray]:
    """For each chunk the vectors of all its windows, one row each."""
    cut = windows(spans, claim.chunk_tokens, claim.chunk_overlap, len(tokens), embedder.window_tokens)
    vectors = embedder.embed([tokens.text(span.start, span.end) for span in cut.spans], still_wanted)
    for which in cut.of_chunk:
        yield np.concatenate([vectors[i] for i in which])


def _page(parsed: Parsed, tokens: Tokens, span: Span) -> int | None:
    """The page, from 1, on which a chunk begins."""
    return bisect_right(parsed.pages, tokens.offset(span.start)) if parsed.pages else None
