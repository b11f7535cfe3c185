"""Manifests: lists of files with attributes and names, as JSONL, CSV, or text with a path or URL a line."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from ingest.errors import Refused
from ingest.imports.attributes import value
from ingest.imports.roots import NO_ADDRESS, WEB, is_address, is_here, path_of, scheme
from ingest.imports.source_files import Failure, Found, printable
from ingest.imports.sources import Naming, Walk, named, root

JSON_LINES = (".jsonl", ".ndjson")


class _Wrong(Exception):
    """A line that cannot be understood."""


def read(manifest: Path, address: str, walk: Walk) -> Iterator[Found | Failure]:
    """The files that a manifest names. `address` is where it came from: one from the web names only the web.

    Paths are relative to the manifest's folder. Raises Refused when it cannot be read at all.
    """
    shown = printable(os.path.basename(address))
    try:
        with manifest.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = _lines(file, Path(address).suffix.lower())
            for number in count(1):
                try:
                    row = next(lines)
                    if row is not None:
                        yield from _entry(row, address, walk)
                except StopIteration:
                    return
                except (_Wrong, Refused) as exc:
                    yield Failure(f"{shown}:{number}", str(exc), blind=True)
                except (ValueError, RecursionError) as exc:
                    yield Failure(f"{shown}:{number}", f"It cannot be understood: {exc}", blind=True)
    except OSError as exc:
        raise Refused(f"The manifest {address} cannot be read: {exc.strerror or exc}.") from exc


def _lines(file: TextIO, suffix: str) -> Iterator[Mapping[str, Any] | None]:
    return _Csv(file) if suffix == ".csv" else map(_json if suffix in JSON_LINES else _plain, file)


def _json(line: str) -> Mapping[str, Any] | None:
    if not line.strip():
        return None
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise _Wrong(f"Not JSON: {exc}") from exc
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or not row["path"]:
        raise _Wrong('Expected an object with a "path"')
    if unknown := row.keys() - {"path", "name", "attributes"}:
        raise _Wrong(f"Unknown: {', '.join(sorted(unknown))}")
    if not isinstance(row.get("attributes"), dict | None) or not isinstance(row.get("name"), str | None):
        raise _Wrong('"attributes" must be an object and "name" a text')
    return row


def _plain(line: str) -> Mapping[str, Any] | None:
    text = line.strip()
    return {"path": text} if text and not text.startswith("#") else None


class _Csv:
    """The rows of a CSV with a `path` column; `name` and `attributes` (JSON) are known, others are attributes."""

    def __init__(self, file: TextIO) -> None:
        self._rows = csv.DictReader(file, restkey="", restval="")
        try:
            columns = self._rows.fieldnames or ()
        except csv.Error as exc:
            raise Refused(f"The manifest is not CSV: {exc}.") from exc
        if "path" not in columns:
            raise Refused("A manifest in CSV needs a column named path.")

    def __iter__(self) -> "_Csv":
        return self

    def __next__(self) -> Mapping[str, Any]:
        try:
            row = dict(next(self._rows))
        except csv.Error as exc:
            raise _Wrong(f"Not CSV: {exc}") from exc
        if "" in row:
            raise _Wrong("More fields than columns")
        if not row["path"]:
            raise _Wrong("The path is empty")
        path, name, packed = row.pop("path"), row.pop("name", ""), row.pop("attributes", "")
        attributes: dict[str, Any] = {key: value(text) for key, text in row.items() if text}
        return {"path": path, "name": name, "attributes": attributes | (_packed(packed) if packed else {})}


def _packed(text: str) -> dict[str, Any]:
    try:
        attributes = json.loads(text)
    except ValueError as exc:
        raise _Wrong(f"The attributes are not JSON: {exc}") from exc
    if not isinstance(attributes, dict):
        raise _Wrong("The attributes are no JSON object")
    return attributes


def _entry(row: Mapping[str, Any], address: str, walk: Walk) -> Iterator[Found | Failure]:
    target: str = row["path"]
    if not is_address(target):
        raise _Wrong(NO_ADDRESS)
    os.fsencode(target)  # half a character, as JSON may have it, is a ValueError
    if scheme(address) in WEB:
        if scheme(target) not in WEB:
            raise _Wrong("A manifest from the web may name addresses on the web only")
    elif is_here(target):
        target = os.path.join(os.path.dirname(path_of(address)), path_of(target))
    naming = Naming(
        root(address), shown=row["path"], name=row.get("name") or "", attributes=row.get("attributes") or {}
    )
    yield from named(target, naming, walk)
