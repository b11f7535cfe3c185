"""Manifests: lists of files with names and attributes, as JSON Lines, CSV, or text with one path or URL a line."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from ingest.errors import Refused
from ingest.imports.addresses import INVALID_ADDRESS, is_local, is_valid_address, is_web, local_path
from ingest.imports.attributes import parse_value
from ingest.imports.source_files import SourceFile, SourceProblem, to_printable
from ingest.imports.sources import FolderWalker, SourceArgument, list_source, source_key

JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")

MAX_LINE_CHARACTERS = 1_000_000
"""A longer line is a problem of the manifest, and is not read into memory."""

_LINE_ENDS = ("\n", "\r")


class _InvalidLine(Exception):
    """A line of a manifest that cannot be parsed."""


def read_manifest(manifest: Path, address: str, walker: FolderWalker) -> Iterator[SourceFile | SourceProblem]:
    """Yield the files that a manifest names, and a problem for each invalid line.

    `manifest` is the local copy, `address` is where it came from. Paths are relative to the manifest's folder. A
    manifest from the web may name only web URLs. Raises Refused when the manifest as a whole cannot be read.
    """
    display_path = to_printable(os.path.basename(address))
    try:
        with manifest.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = _parse_rows(file, Path(address).suffix.lower())
            for line_number in count(1):
                try:
                    row = next(rows)
                    if row is not None:
                        yield from _list_row(row, address, walker)
                except StopIteration:
                    return
                except (_InvalidLine, Refused) as exc:
                    yield SourceProblem(f"{display_path}:{line_number}", str(exc), hides_files=True)
                except (ValueError, RecursionError) as exc:
                    yield SourceProblem(
                        f"{display_path}:{line_number}", f"The line cannot be parsed: {exc}", hides_files=True
                    )
    except OSError as exc:
        raise Refused(f"The manifest {address} cannot be read: {exc.strerror or exc}.") from exc


def _parse_rows(file: TextIO, suffix: str) -> Iterator[Mapping[str, Any] | None]:
    lines = _Lines(file)
    if suffix == ".csv":
        return _CsvRows(lines)
    return map(_parse_json if suffix in JSON_LINES_SUFFIXES else _parse_text, lines)


class _Lines:
    """The lines of a file. Raises _InvalidLine for one that is too long, and goes on with the next one."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        if len(line) < MAX_LINE_CHARACTERS or line.endswith(_LINE_ENDS):
            return line
        while (rest := self._file.readline(MAX_LINE_CHARACTERS)) and not rest.endswith(_LINE_ENDS):
            pass
        raise _InvalidLine(f"Longer than {MAX_LINE_CHARACTERS:,} characters")


def _parse_json(line: str) -> Mapping[str, Any] | None:
    if not line.strip():
        return None
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise _InvalidLine(f"Not JSON: {exc}") from exc
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or not row["path"]:
        raise _InvalidLine('Expected an object with a "path"')
    if unknown := row.keys() - {"path", "name", "attributes"}:
        raise _InvalidLine(f"Unknown keys: {', '.join(sorted(unknown))}")
    if not isinstance(row.get("attributes"), dict | None) or not isinstance(row.get("name"), str | None):
        raise _InvalidLine('"attributes" must be an object and "name" a string')
    return row


def _parse_text(line: str) -> Mapping[str, Any] | None:
    text = line.strip()
    return {"path": text} if text and not text.startswith("#") else None


class _CsvRows:
    """The rows of a CSV with the column `path`. `name` and `attributes` (JSON) are optional, others are attributes."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._reader = csv.DictReader(lines, restkey="", restval="")
        try:
            columns = self._reader.fieldnames or ()
        except (csv.Error, _InvalidLine) as exc:
            raise Refused(f"The manifest is not CSV: {exc}.") from exc
        if "path" not in columns:
            raise Refused("A CSV manifest needs a column named path.")

    def __iter__(self) -> "_CsvRows":
        return self

    def __next__(self) -> Mapping[str, Any]:
        try:
            row = dict(next(self._reader))
        except csv.Error as exc:
            raise _InvalidLine(f"Not CSV: {exc}") from exc
        if "" in row:
            raise _InvalidLine("The line has more fields than columns")
        if not row["path"]:
            raise _InvalidLine("The path is empty")
        path, name, attributes_json = row.pop("path"), row.pop("name", ""), row.pop("attributes", "")
        attributes: dict[str, Any] = {key: parse_value(text) for key, text in row.items() if text}
        if attributes_json:
            attributes |= _parse_attributes(attributes_json)
        return {"path": path, "name": name, "attributes": attributes}


def _parse_attributes(text: str) -> dict[str, Any]:
    try:
        attributes = json.loads(text)
    except ValueError as exc:
        raise _InvalidLine(f"The attributes are not JSON: {exc}") from exc
    if not isinstance(attributes, dict):
        raise _InvalidLine("The attributes are not a JSON object")
    return attributes


def _list_row(row: Mapping[str, Any], address: str, walker: FolderWalker) -> Iterator[SourceFile | SourceProblem]:
    target: str = row["path"]
    if not is_valid_address(target):
        raise _InvalidLine(INVALID_ADDRESS)
    os.fsencode(target)  # raises ValueError for a lone surrogate, as JSON may contain it
    if is_web(address):
        if not is_web(target):
            raise _InvalidLine("A manifest from the web may name only URLs on the web")
    elif is_local(target):
        target = os.path.join(os.path.dirname(local_path(address)), local_path(target))
    argument = SourceArgument(
        source=source_key(address),
        display_prefix=row["path"],
        upload_name=row.get("name") or "",
        attributes=row.get("attributes") or {},
    )
    yield from list_source(target, argument, walker)
