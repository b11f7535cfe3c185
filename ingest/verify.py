"""Proof of consistency: rows, counters, points and blobs tell the same story, or what differs is named."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ingest.blobs import part, raw
from ingest.db import audit
from ingest.db.audit import Expected
from ingest.tools import Tools

Kind = Literal[
    "store counters",
    "batch counters",
    "points missing",
    "points left over",
    "blob missing",
    "blob left over",
    "part left over",
    "stuck",
]

BLOB_GRACE_SECONDS = 3_600.0
"""A blob without a file is an upload in progress, or was one that was cut off."""


@dataclass(frozen=True)
class Finding:
    """Something that should not be: its kind, the object, and what was expected and found."""

    kind: Kind
    object: str
    detail: str


@dataclass(frozen=True)
class Report:
    """What was looked at, and what is wrong."""

    stores: int
    batches: int
    files: int
    points: int
    blobs: int
    findings: list[Finding]


def verify(tools: Tools) -> Report:
    """Compare everything with everything. Works while the service runs: what differs is looked at a second time."""
    stores, batches, findings = _counters(tools)
    if findings:  # a service at work commits between two of our statements only on Postgres; look again
        stores, batches, findings = _counters(tools)
    points = Counter((row, generation, store) for row, generation, store, _ in tools.index.scan())
    files, wrong = _points(tools, points)
    blobs, lost = _blobs(tools)
    lost += _parts(tools)
    with tools.database.reading() as session:
        silent = audit.stuck(session, grace_seconds=10 * tools.settings.sweep_seconds)
    findings += [*wrong, *lost, *(Finding("stuck", file, "its worker fell silent long ago") for file in silent)]
    return Report(stores, batches, files, sum(points.values()), blobs, findings)


def _counters(tools: Tools) -> tuple[int, int, list[Finding]]:
    with tools.database.reading() as session:
        stores, batches = list(audit.store_counters(session)), list(audit.batch_counters(session))
    wrong: list[tuple[Kind, audit.Counted]] = [("store counters", s) for s in stores if s.kept != s.counted]
    wrong += [("batch counters", b) for b in batches if b.kept != b.counted]
    found = [Finding(kind, c.id, f"kept {c.kept}, counted {c.counted}") for kind, c in wrong]
    return len(stores), len(batches), found


def _points(tools: Tools, points: Counter[tuple[int, int, str]]) -> tuple[int, list[Finding]]:
    """Every row's points against the points there are; returns the number of rows and what is wrong."""
    left = Counter(points)
    files, findings = 0, []
    for row in _rows(tools):
        files += 1
        key = (row.row, row.generation or 0, row.vector_store_id)
        if left.pop(key, 0) != row.live:
            findings += _missing(tools, row.row)
        if row.writing is not None:
            left.pop((row.row, row.writing, row.vector_store_id), None)
    for row_number, generation, store_id in left:
        findings += _left_over(tools, row_number, generation, store_id)
    return files, findings


def _rows(tools: Tools) -> Iterator[Expected]:
    last = 0
    while True:
        with tools.database.reading() as session:
            page = audit.expected_points(session, last)
        if not page:
            return
        yield from page
        last = page[-1].row


def _missing(tools: Tools, row_number: int) -> list[Finding]:
    """Look again at a row whose points do not match: it may have been written or replaced in between."""
    with tools.database.reading() as session:
        row = audit.expected_of(session, row_number)
    if row is None or row.generation is None:
        return []
    there = tools.index.count(row.row, row.generation)
    if there == row.live:
        return []
    detail = f"{row.live} points expected of generation {row.generation}, {there} found"
    return [Finding("points missing" if there < row.live else "points left over", _name(row), detail)]


def _left_over(tools: Tools, row_number: int, generation: int, store_id: str) -> list[Finding]:
    """Points that no row answers for, unless they are about to be purged or were in the meantime."""
    with tools.database.reading() as session:
        row = audit.expected_of(session, row_number)
        if audit.has_point_job(session, row_number, store_id):
            return []
    if row is not None and generation in (row.generation, row.writing):
        return []
    there = tools.index.count(row_number, generation)
    where = f"row {row_number} of store {store_id}" if row is None else _name(row)
    return [Finding("points left over", where, f"{there} points of generation {generation}")] if there else []


def _blobs(tools: Tools) -> tuple[int, list[Finding]]:
    kept = set(tools.blobs.names("raw/"))
    used: set[str] = set()
    findings: list[Finding] = []
    last = 0
    while True:
        with tools.database.reading() as session:
            page = audit.blobs(session, last)
        if not page:
            break
        used.update(raw(blob) for _, _, blob in page)
        lost = [(file_id, raw(blob)) for _, file_id, blob in page if raw(blob) not in kept]
        findings += [Finding("blob missing", file_id, name) for file_id, name in lost if not _exists(tools, name)]
        last = page[-1][0]
    for name in sorted(kept - used):
        if _exists(tools, name) and tools.blobs.age_seconds(name) > BLOB_GRACE_SECONDS:
            findings.append(Finding("blob left over", name, "no file has these bytes"))
    return len(kept), findings


def _parts(tools: Tools) -> list[Finding]:
    """Bytes of parts that no upload knows, which nobody would ever remove."""
    kept = set(tools.blobs.names("part/"))
    with tools.database.reading() as session:
        known = {part(part_id) for part_id in audit.parts(session)}
    return [
        Finding("part left over", name, "no upload has this part")
        for name in sorted(kept - known)
        if _exists(tools, name) and tools.blobs.age_seconds(name) > BLOB_GRACE_SECONDS
    ]


def _exists(tools: Tools, name: str) -> bool:
    try:
        tools.blobs.age_seconds(name)
    except FileNotFoundError:
        return False
    return True


def _name(row: Expected) -> str:
    return f"{row.file_id} in {row.vector_store_id}"
