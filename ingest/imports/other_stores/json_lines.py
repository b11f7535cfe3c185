"""A file of records as a source: `jsonl://path`. Each line is an object with a text; each is a file of the store."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import Refused
from ingest.imports.attributes import Attributes
from ingest.imports.other_stores.base import InvalidRecord, Record, SourceServer, to_record
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem, os_error_message, to_printable
from ingest.imports.web_fingerprint import lastmod_fingerprint, lastmod_of

SCHEME = "jsonl://"
ID_KEY = "id"

MAX_LINE_BYTES = 64 * 2**20


class JsonLinesFile:
    """Reads files of records. Threads may share an instance."""

    def __init__(self, server: SourceServer, max_bytes: int) -> None:
        self._server = server
        self._max_bytes = max_bytes

    def close(self) -> None:
        """Do nothing: a file is open only while it is read."""

    def check(self, address: str) -> None:
        path = address.removeprefix(SCHEME)
        if not os.path.isfile(path):
            raise Refused(f"{path} is not a file.")

    def list_files(
        self, address: str, source: str, attributes: Attributes, path_filter: PathFilter
    ) -> Iterator[SourceFile | SourceProblem]:
        path = os.path.realpath(address.removeprefix(SCHEME))
        known: set[str] = set()
        try:
            for number, offset, line in _lines(path):
                display_path = to_printable(f"{os.path.basename(path)}:{number}")
                try:
                    record_id, record = self._parse(line, number)
                    if record_id in known:
                        raise InvalidRecord(f"Another line has the {ID_KEY} '{record_id}'")
                except InvalidRecord as exc:
                    yield SourceProblem(display_path, str(exc), hides_files=True)
                    continue
                known.add(record_id)
                if path_filter.accepts(record.name):
                    # The place of a line is part of the fingerprint: a line that moved is read, and not uploaded again.
                    yield SourceFile(
                        address=f"{SCHEME}{path}#{record_id}", relative_path=record.name, display_path=display_path,
                        upload_name=record.name, source=source, size=None,
                        fingerprint=lastmod_fingerprint(f"{record.digest}@{offset}@{number}"),
                        attributes={**record.attributes, **attributes},
                    )  # fmt: skip
        except OSError as exc:
            yield SourceProblem(to_printable(path), os_error_message(exc), hides_files=True)

    def fetch(self, address: str, fingerprint: str, target: Path) -> str:
        path = address.removeprefix(SCHEME).rpartition("#")[0]
        digest, offset, number = lastmod_of(fingerprint).split("@")
        with open(path, "rb") as file:
            file.seek(int(offset))
            line = file.readline(MAX_LINE_BYTES + 1)
        try:
            _, record = self._parse(line, int(number))
        except InvalidRecord as exc:
            raise OSError(0, f"The file changed while it was read: {exc}") from exc
        if record.digest != digest:
            raise OSError(0, "The file changed while it was read")
        record.write(target, self._max_bytes)
        return record.name

    def _parse(self, line: bytes, number: int) -> tuple[str, Record]:
        """Return the id and the record of a line: its `id`, or its number. Raises InvalidRecord."""
        if len(line) > MAX_LINE_BYTES:
            raise InvalidRecord(f"Longer than {MAX_LINE_BYTES:,} bytes")
        try:
            values: Any = json.loads(line)
        except (ValueError, RecursionError) as exc:
            raise InvalidRecord(f"Not JSON in UTF-8: {exc}") from exc
        if not isinstance(values, dict):
            raise InvalidRecord("Not an object")
        given = values.pop(ID_KEY, None)
        record_id = str(number) if given is None else to_printable(str(given))
        return record_id, to_record(self._server, f"{Path(record_id).name or number}", values)


def _lines(path: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield (number, offset, line) of the lines that are not empty. A line that is too long is cut."""
    with open(path, "rb") as file:
        number = offset = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            start, offset = offset, offset + len(line)
            if len(line) > MAX_LINE_BYTES:
                while rest := file.readline(MAX_LINE_BYTES):
                    offset += len(rest)
                    if rest.endswith(b"\n"):
                        break
            if line.strip():
                yield number, start, line
