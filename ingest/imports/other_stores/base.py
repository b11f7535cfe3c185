"""What the readers of other services' stores have in common: the server, and records with a text."""

import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ingest.imports.attributes import Attributes
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem, to_printable

MAX_KEYS_SHOWN = 10


@dataclass(frozen=True)
class SourceServer:
    """Where another service is, and which keys of its records mean what.

    The key is sent to that service only, and our service's key never to it.
    """

    url: str = ""
    api_key: str = ""
    text_key: str = "text"
    name_key: str = ""
    attribute_keys: Sequence[str] = ()
    """The keys that become attributes. Without any, all do."""


class OtherStore(Protocol):
    """A reader of one kind of store."""

    def __init__(self, server: SourceServer, max_bytes: int) -> None: ...

    def close(self) -> None:
        """Close the connections."""

    def check(self, address: str) -> None:
        """Raise Refused when the store cannot be read with these options."""

    def list_files(
        self, address: str, source: str, attributes: Attributes, path_filter: PathFilter
    ) -> Iterator[SourceFile | SourceProblem]:
        """Yield the files of a store."""
        ...

    def fetch(self, address: str, fingerprint: str, target: Path) -> str:
        """Copy the content of a file to a new file, and return its name. Raises OSError."""
        ...


@dataclass(frozen=True)
class Record:
    """A text with its name and attributes."""

    name: str
    text: str
    attributes: dict[str, Any]

    @property
    def digest(self) -> str:
        """Changes with the text."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:32]

    def write(self, target: Path, max_bytes: int) -> None:
        """Write the text to a file. Raises OSError."""
        data = self.text.encode("utf-8", "replace")
        if len(data) > max_bytes:
            raise OSError(0, f"Larger than {max_bytes:,} bytes")
        target.write_bytes(data)


class InvalidRecord(Exception):
    """A record without a text, or without the name that was asked for."""


def to_record(server: SourceServer, record_id: str, values: Mapping[str, Any]) -> Record:
    """Convert an object to a record; objects in it are flattened: `metadata.source`. Raises InvalidRecord."""
    flat = dict(_flatten(values, ""))
    text = flat.pop(server.text_key, None)
    if not isinstance(text, str) or not text:
        keys = ", ".join(to_printable(key) for key in list(flat)[:MAX_KEYS_SHOWN]) or "none"
        raise InvalidRecord(f"No text under the key '{server.text_key}' (--text-key). Its keys: {keys}")
    name = str(flat.get(server.name_key) or "") if server.name_key else ""
    name = to_printable(posixpath.basename(name.replace("\\", "/").rstrip("/"))) or record_id
    if not posixpath.splitext(name)[1]:
        name += ".txt"
    wanted = server.attribute_keys or flat.keys()
    attributes = {key: _to_value(flat[key]) for key in wanted if flat.get(key) is not None}
    return Record(name, text, attributes)


def _flatten(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _to_value(value: Any) -> Any:
    """Return a value that an attribute can have; lists are JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
