"""Manifests: lists of files with names and attributes, as JSON Lines, CSV, or text with one path or URL a line."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TextIO

from ingest.errors import Refused
from ingest.imports.addresses import INVALID_ADDRESS, is_local, is_valid_address, is_web, local_path
from ingest.imports.manifest_csv import CsvRows
from ingest.imports.manifest_encoding import CSV_SUFFIXES, JSON_LINES_SUFFIXES, manifest_encoding
from ingest.imports.manifest_lines import InvalidLine, Lines
from ingest.imports.source_files import SourceFile, SourceProblem, to_printable
from ingest.imports.sources import FolderWalker, SourceArgument, list_source, source_key


def read_manifest(manifest: Path, address: str, walker: FolderWalker) -> Iterator[SourceFile | SourceProblem]:
    """Yield the files that a manifest names, and a problem for each invalid line.

    `manifest` is the local copy, `address` is where it came from. Paths are relative to the manifest's folder. A
    manifest from the web may name only web URLs. Raises Refused when the manifest as a whole cannot be read.
    """
    display_path = to_printable(os.path.basename(address))
    try:
        with closing(_open_rows(manifest, address)) as rows:
            while True:
                try:
                    row = next(rows)
                    if row is not None:
                        yield from _list_row(row, address, walker)
                except StopIteration:
                    return
                except (InvalidLine, Refused) as exc:
                    yield SourceProblem(f"{display_path}:{rows.line_number}", str(exc), hides_files=True)
                except (ValueError, RecursionError) as exc:
                    reason = f"The line cannot be parsed: {exc}"
                    yield SourceProblem(f"{display_path}:{rows.line_number}", reason, hides_files=True)
    except OSError as exc:
        raise Refused(f"The manifest {address} cannot be read: {exc.strerror or exc}.") from exc


def _open_rows(manifest: Path, address: str) -> "CsvRows | _LineRows":
    encoding = manifest_encoding(manifest, address)

    def open_file() -> TextIO:
        return manifest.open(encoding=encoding, errors="surrogateescape", newline="")

    suffix = Path(address).suffix.lower()
    if suffix in CSV_SUFFIXES:
        return CsvRows(open_file)
    return _LineRows(open_file(), _parse_json if suffix in JSON_LINES_SUFFIXES else _parse_text)


class _LineRows:
    """The rows of a manifest that has one row a line; None for a line without one."""

    def __init__(self, file: TextIO, parse: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._file = file
        self._lines = Lines(file)
        self._parse = parse

    @property
    def line_number(self) -> int:
        return self._lines.number

    def close(self) -> None:
        self._file.close()

    def __iter__(self) -> "_LineRows":
        return self

    def __next__(self) -> Mapping[str, Any] | None:
        return self._parse(next(self._lines))


def _parse_json(line: str) -> Mapping[str, Any] | None:
    if not line.strip():
        return None
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise InvalidLine(f"Not JSON: {exc}") from exc
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or not row["path"]:
        raise InvalidLine('Expected an object with a "path"')
    if unknown := row.keys() - {"path", "name", "attributes"}:
        raise InvalidLine(f"Unknown keys: {', '.join(sorted(unknown))}")
    if not isinstance(row.get("attributes"), dict | None) or not isinstance(row.get("name"), str | None):
        raise InvalidLine('"attributes" must be an object and "name" a string')
    return row


def _parse_text(line: str) -> Mapping[str, Any] | None:
    text = line.strip()
    return {"path": text} if text and not text.startswith("#") else None


def _list_row(row: Mapping[str, Any], address: str, walker: FolderWalker) -> Iterator[SourceFile | SourceProblem]:
    target: str = row["path"]
    if not is_valid_address(target):
        raise InvalidLine(INVALID_ADDRESS)
    os.fsencode(target)  # raises ValueError for a lone surrogate, as JSON may contain it
    if is_web(address):
        if not is_web(target):
            raise InvalidLine("A manifest from the web may name only URLs on the web")
    elif is_local(target):
        target = _existing_path(os.path.join(os.path.dirname(local_path(address)), local_path(target)))
    argument = SourceArgument(
        source=source_key(address),
        display_prefix=row["path"],
        upload_name=row.get("name") or "",
        attributes=row.get("attributes") or {},
    )
    yield from list_source(target, argument, walker)


def _existing_path(path: str) -> str:
    """Return the path, or what it is in windows-1252 if only that exists: lists of files from Windows are often so."""
    if not os.path.lexists(path):
        with suppress(UnicodeError):
            path.encode()
            return path
        with suppress(UnicodeError):
            decoded = os.fsencode(path).decode("cp1252")
            return decoded if os.path.lexists(decoded) else path
    return path
