"""References from one part of a package to others (ECMA-376 part 2, 9.3)."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from ingest.steps.parse.formats.ooxml import xml

MAX_RELATIONSHIPS = 20_000

_ELEMENT = re.compile(r"<(?:\w+:)?Relationship\s([^<>]*)>")
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
_NEEDS_PARSER = re.compile(rb"<!|[&'\0]")


class Relationship(NamedTuple):
    """A reference from one part to another. `kind` is the last word of its type, such as "header" or "chart".

    `target` is the name of the part, or the URL if the reference is external.
    """

    kind: str
    target: str
    is_external: bool = False


def parse_relationships(data: bytes, folder: str) -> dict[str, Relationship]:
    """Return the relationships in a part for parts in `folder`, by their ids; none if the XML cannot be read."""
    found = islice(_attributes(data), MAX_RELATIONSHIPS)
    return {attributes.get("Id", ""): _relationship(attributes, folder) for attributes in found}


def _attributes(data: bytes) -> Iterator[Mapping[str, str]]:
    """Yield the attributes of each relationship. A pattern takes a third of a parser's time, for a part of every file."""
    if not _NEEDS_PARSER.search(data):
        for element in _ELEMENT.finditer(data.decode("utf-8", "replace")):
            yield dict(_ATTRIBUTE.findall(element[1]))
        return
    root, _ = xml.parse(data)
    if root is not None:
        yield from (element.attrib for element in root.iter("{*}Relationship"))


def _relationship(attributes: Mapping[str, str], folder: str) -> Relationship:
    kind, target = attributes.get("Type", "").rpartition("/")[2], attributes.get("Target", "")
    if attributes.get("TargetMode") == "External":
        return Relationship(kind, target, is_external=True)
    path = target.replace("\\", "/").partition("#")[0]
    path = path if path.startswith("/") else f"{folder}/{path}"
    return Relationship(kind, (posixpath.normpath(path) if "./" in path or "//" in path else path).lstrip("/."))
