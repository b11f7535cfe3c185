"""The scan: compare the sources with the journal, and record what has to be done with each file."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ingest.imports.attributes import Attributes, validation_error
from ingest.imports.journal import Action, ImportRun, Journal, Transaction
from ingest.imports.patterns import PathAttributes
from ingest.imports.source_files import SourceFile, SourceProblem
from ingest.imports.web_fingerprint import last_modified_of, lastmod_of, with_lastmod_of

EMPTY_FILE = "The file is empty"


@dataclass(frozen=True)
class AttributeRules:
    """Which attributes files get: `fixed` ones, overridden by those of their paths, then by those of their manifest."""

    fixed: Attributes
    from_path: PathAttributes
    last_modified_key: str = ""
    """The attribute that gets the Last-Modified date of web files, if any does."""

    def apply(self, file: SourceFile, fingerprint: str = "") -> dict[str, Any]:
        """Return the attributes of a file; `fingerprint` is that of a web file's last download."""
        named = {**self.fixed, **self.from_path.extract(file.relative_path), **file.attributes}
        return {**named, **self.date_of(fingerprint)}

    def date_of(self, fingerprint: str) -> dict[str, int]:
        """Return the date of a download as an attribute; none unless it is asked for and known."""
        date = last_modified_of(fingerprint) if self.last_modified_key else None
        return {} if date is None else {self.last_modified_key: date}


@dataclass
class ScanCounts:
    """The progress of a scan."""

    files: int = 0
    unchanged: int = 0
    problems: int = 0
    is_incomplete: bool = False
    """Some folder or manifest could not be listed, so no file counts as missing."""


def scan_sources(
    journal: Journal,
    import_run: ImportRun,
    items: Iterable[SourceFile | SourceProblem],
    attribute_rules: AttributeRules,
    on_item: Callable[[ScanCounts], None],
    transaction: Transaction,
) -> ScanCounts:
    """Record each file's next action in the journal, and call `on_item` after each file. Sends no requests."""
    counts = ScanCounts()
    for item in items:
        if isinstance(item, SourceProblem):
            journal.add_problem(import_run.number, item.display_path, item.reason)
            counts.problems += 1
            counts.is_incomplete = counts.is_incomplete or item.hides_files
        else:
            _scan_file(journal, import_run, item, attribute_rules, counts)
        transaction.count_change()
        on_item(counts)
    journal.record_scan(import_run.number, found=counts.files, unchanged=counts.unchanged, problems=counts.problems)
    return counts


def _scan_file(
    journal: Journal, import_run: ImportRun, file: SourceFile, attribute_rules: AttributeRules, counts: ScanCounts
) -> None:
    row = journal.find_row(file.address)
    if row is not None and row["seen"] == import_run.number:  # another source names the same file
        return
    last_download = row["stamp"] if row is not None and file.size is None else ""
    file = replace(file, attributes=attribute_rules.apply(file, last_download))
    error = EMPTY_FILE if file.size == 0 else validation_error(file.attributes)
    if error:
        journal.add_problem(import_run.number, file.display_path, error)
        counts.problems += 1
        if row is not None:
            journal.mark_rejected(row["number"], import_run.number)
        return
    counts.files += 1
    if row is None:
        journal.add_file(file, "upload", import_run.number)
        return
    if row["todo"] == "remove":
        journal.cancel_removal(row["number"])
        row |= {"todo": "upload", "state": "none", "file_id": None}
    action, has_new_attributes = _next_action(row, file)
    counts.unchanged += not action and row["state"] == "completed"
    if file.size is None:  # a web file: keep the fingerprint of the version that the service holds
        file = replace(file, fingerprint=with_lastmod_of(row["stamp"], file.fingerprint), size=row["size"])
    if row["name"] != file.upload_name:
        journal.clear_hash(row["number"])
    journal.update_file(row["number"], file, action, import_run.number, has_new_attributes=has_new_attributes)


def _has_changed(row: dict[str, Any], file: SourceFile) -> bool:
    if file.size is None:
        return lastmod_of(row["stamp"]) != lastmod_of(file.fingerprint)
    return (row["size"], row["stamp"]) != (file.size, file.fingerprint)


def _next_action(row: dict[str, Any], file: SourceFile) -> tuple[Action, bool]:
    """Return the next action of a file that has a row, and whether its attributes are new."""
    has_new_attributes = json.loads(row["attributes"]) != dict(file.attributes)
    if row["todo"] == "upload" or row["name"] != file.upload_name or not file.fingerprint or _has_changed(row, file):
        return "upload", has_new_attributes
    if row["todo"] == "attach" or (has_new_attributes and row["file_id"] is not None):
        return "attach", has_new_attributes
    return ("upload" if row["state"] == "none" else ""), False
