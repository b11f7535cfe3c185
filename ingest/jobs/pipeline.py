"""The pipeline of one file: parse, chunk, embed, index. A worker runs it between claim and outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import PointTotals
from ingest.jobs.document import chunk_document
from ingest.services import Services
from ingest.steps import bm25, parsed_text
from ingest.steps.index import PointOwner, add_checksums, chunk_checksum
from ingest.steps.parse.parser import ignore_progress
from ingest.steps.parse.report import Report

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
    note_progress: Callable[[int, int], None] = ignore_progress
    """Called with the pages that are read and the pages of the file."""


@dataclass(frozen=True)
class IngestResult:
    """What the points of a file add to its store, and the coverage report of its text."""

    totals: PointTotals
    report: Report
    languages: int
    """The languages of the file's chunks, as a set of bits."""
    text_checksum: int
    """The sum of the checksums of the file's chunks."""


def ingest_file(claim: Claim, services: Services, control: JobControl) -> IngestResult:
    """Write the points of the claimed generation, and return what they add to the store.

    A file that is re-indexed keeps the vectors of unchanged chunks if they were made by the same model.
    Raises FileError for a file that can never be ingested, DependencyDown, or Abandoned.
    """
    embedder, index = services.embedder_of(claim.model), services.index_of(claim.model)
    control.enter_stage("parse")
    parsed = parsed_text.load_or_parse(
        services.blobs,
        services.parser,
        claim.blob,
        claim.filename,
        control.still_wanted,
        defer_ocr=services.has_slow_lane and claim.lane == "fast",
        on_progress=control.note_progress,
    )
    control.enter_stage("chunk")
    document = chunk_document(
        parsed, claim.chunk_tokens, claim.chunk_overlap, services.settings.max_tokens_per_file, claim.filename
    )
    windows = document.plan_windows(claim.chunk_tokens, embedder.window_tokens)
    mean_length = (claim.store_terms + document.words) / (claim.store_chunks + len(document))

    owner = point_owner_of(claim)
    reusable_generation = claim.fallback_generation if claim.live_model == claim.model else None
    usage_bytes = text_checksum = 0
    index.ensure_collection()
    for group in document.groups(GROUP_CHUNKS):
        control.enter_stage("embed")
        texts = [document.text(number) for number in group]
        reused = {} if reusable_generation is None else index.read_vectors(claim.row, reusable_generation, group)
        if not any(text in reused for text in texts):  # the text was cut elsewhere: later chunks differ as well
            reusable_generation = None
        vectors = windows.embed(group, texts, reused, embedder, control.still_wanted)
        points = [
            document.point(number, text, dense, mean_length)
            for number, text, dense in zip(group, texts, vectors, strict=True)
        ]
        usage_bytes += sum(len(point.text.encode()) + point.dense.nbytes for point in points)
        text_checksum = add_checksums(text_checksum, (chunk_checksum(point.number, point.text) for point in points))

        control.enter_stage("index")
        control.ensure_lease()
        index.upsert(owner, points)
    if claim.attempt > 1:  # an earlier attempt may have written more chunks
        index.delete_chunks_from(claim.row, claim.generation, len(document))
    totals = PointTotals(chunks=len(document), terms=document.words, usage_bytes=usage_bytes)
    return IngestResult(totals, parsed.report, bm25.bits_of_languages(document.languages), text_checksum)


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
