"""The way of a file: parse, chunk, embed, index. What a worker does between claim and finish."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import numpy as np

from ingest import blobs as names
from ingest.blobs import Blobs
from ingest.db.counters import Sizes
from ingest.db.progress import Claim
from ingest.errors import InvalidFile
from ingest.steps import terms as bm25
from ingest.steps.chunk import CHUNKER_VERSION, Span, Tokens, chunk
from ingest.steps.embed import Embedder
from ingest.steps.embed.windows import windows
from ingest.steps.index import Owner, Point, Terms
from ingest.steps.parse import PARSER_VERSION, Parsed
from ingest.tools import Tools

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


def ingest(claim: Claim, tools: Tools, watch: Watch) -> Sizes:
    """Turn the claimed file into points of its generation; what it then adds to its store.

    Of a file that is being re-indexed, chunks that stayed the same keep their vectors, if these are of the same model.
    Raises FileError for a file that can never be read, DependencyDown, or Abandoned.
    """
    embedder, index = tools.embedder_of(claim.model), tools.index_of(claim.model)
    watch.stage("parse")
    parsed = parse(tools, claim.blob, claim.filename, watch.still_wanted)

    watch.stage("chunk")
    tokens = Tokens.of(parsed.text)
    if len(tokens) > tools.settings.max_tokens_per_file:
        most = tools.settings.max_tokens_per_file
        raise InvalidFile(f"The file has {len(tokens):,} tokens; at most {most:,} are accepted.")
    spans = chunk(tokens, claim.chunk_tokens, claim.chunk_overlap)
    counted = bm25.count_parts(parsed.text, [(tokens.offset(span.start), tokens.offset(span.end)) for span in spans])
    words = sum(counts.length for counts in counted)
    mean_length = (claim.store_terms + words) / (claim.store_chunks + len(spans))

    owner = owner_of(claim)
    usage = 0
    live = claim.live if claim.shown_model == claim.model else None
    index.ensure()
    for first in range(0, len(spans), GROUP_CHUNKS):
        group = slice(first, first + GROUP_CHUNKS)
        watch.stage("embed")
        texts = [tokens.text(span.start, span.end) for span in spans[group]]
        known = {} if live is None else index.windows(claim.row, live, range(first, first + len(texts)))
        unknown = [span for span, text in zip(spans[group], texts, strict=True) if text not in known]
        if len(unknown) == len(texts):  # cut in another way: what follows is not there either
            live = None
        made = _embed(embedder, tokens, unknown, claim, watch.still_wanted) if unknown else iter(())
        points = [
            Point(
                number=first + i,
                text=text,
                windows=known[text] if text in known else next(made),
                terms=Terms(*bm25.document_weights(counts, mean_length)),
                page=_page(parsed, tokens, span),
            )
            for i, (span, text, counts) in enumerate(zip(spans[group], texts, counted[group], strict=True))
        ]
        usage += sum(len(point.text.encode()) + point.windows.nbytes for point in points)

        watch.stage("index")
        watch.keep()
        index.upsert(owner, points)
    if claim.attempt > 1:  # an earlier attempt may have cut the text into more chunks
        index.trim(claim.row, claim.generation, len(spans))
    return Sizes(chunks=len(spans), terms=words, usage_bytes=usage)


def parse(tools: Tools, blob: str, filename: str, still_wanted: Callable[[], bool] = lambda: True) -> Parsed:
    """The text of uploaded bytes, from the parser or as it was kept when the same bytes were parsed before."""
    return _kept(tools.blobs, blob, filename) or _parse(tools, blob, filename, still_wanted)


def made_with(model: str) -> str:
    """What makes points of a file today, with this model: other versions or another model would make other ones."""
    return f"parser {PARSER_VERSION}, chunker {CHUNKER_VERSION}, {model}"


def owner_of(claim: Claim) -> Owner:
    """Whose points a claim writes."""
    return Owner(
        row=claim.row,
        generation=claim.generation,
        project=claim.project,
        vector_store_id=claim.vector_store_id,
        file_id=claim.file_id,
        filename=claim.filename,
        attributes=claim.attributes,
    )


def _kept(blobs: Blobs, blob: str, filename: str) -> Parsed | None:
    try:
        kept = json.loads(blobs.read(_text_name(blob, filename)))
    except FileNotFoundError:
        return None
    return Parsed(text=kept["text"], kind=kept["kind"], pages=tuple(kept["pages"]))


def _parse(tools: Tools, blob: str, filename: str, still_wanted: Callable[[], bool]) -> Parsed:
    with tools.blobs.local(names.raw(blob)) as path:
        parsed = tools.parser.parse(path, filename, still_wanted)
    if parsed.kind != "text":  # decoding text again is as fast as reading it
        kept = {"text": parsed.text, "kind": parsed.kind, "pages": parsed.pages}
        tools.blobs.put(_text_name(blob, filename), json.dumps(kept).encode())
    return parsed


def _text_name(blob: str, filename: str) -> str:
    # The same bytes may be read in another way under another extension.
    extension = "".join(c for c in PurePath(filename).suffix.lower() if c.isalnum())[:8]
    return names.text(blob, PARSER_VERSION, extension)


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
