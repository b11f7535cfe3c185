"""Yield the blocks of a Word part one by one, so that a document of a thousand pages needs little memory."""

from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from ingest.steps.parse.formats.docx.inline import is_placeholder
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.xml import local_name

_UNITS = frozenset(["p", "tr", "altChunk", "comment"])  # read as a whole, with everything that they contain
_TAGS = [f"{{*}}{name}" for name in ("p", "tr", "tbl", "sdt", "sdtPr", "Fallback", "altChunk", "comment")]


class DamagedPart(Exception):
    """The XML of a part ends or breaks in the middle; what could be repaired was yielded."""


def stream_blocks(stream: IO[bytes]) -> Iterator[Any]:
    """Yield the outermost paragraphs and table rows of a part; a table yields itself, empty, at its start and its end.

    An element is only valid until the next is asked for. Damaged XML is repaired as far as possible, and DamagedPart is
    raised at the end.
    """
    events = etree.iterparse(stream, events=("start", "end"), tag=_TAGS, recover=True, **xml.OPTIONS)
    state = _State()
    for event, element in events:
        name = local_name(element)
        if event == "start":
            state.start(name)
            if name == "tbl" and state.is_outside():
                yield _EMPTY_TABLE
        elif state.end(name, element):
            yield _EMPTY_TABLE if name == "tbl" else element
            _free(element)
    if any(error.type == etree.ErrorTypes.ERR_NO_MEMORY for error in events.error_log):
        raise MemoryError
    if len(events.error_log):
        raise DamagedPart


_EMPTY_TABLE = etree.Element("tbl")


class _State:
    """Which elements are open around the current one."""

    def __init__(self) -> None:
        self._units = 0
        self._hidden = 0
        self._controls: list[bool] = []  # for each open content control, whether it shows its prompt

    def is_outside(self) -> bool:
        """Return whether no unit is open and nothing hides the content."""
        return not self._units and not self._hidden and not any(self._controls)

    def start(self, name: str) -> None:
        if name in _UNITS:
            self._units += 1
        elif name == "Fallback":
            self._hidden += 1
        elif name == "sdt":
            self._controls.append(False)

    def end(self, name: str, element: Any) -> bool:
        """Return whether the element that ends is to be yielded."""
        if name in _UNITS:
            self._units -= 1
        elif name == "Fallback":
            self._hidden -= 1
        elif name == "sdt" and self._controls:
            self._controls.pop()
        elif name == "sdtPr" and self._controls and not self._units:
            parent = element.getparent()
            self._controls[-1] = parent is not None and is_placeholder(parent)
        return (name in _UNITS or name == "tbl") and self.is_outside()


def _free(element: Any) -> None:
    """Free an element that was read, and the earlier children of its parent: a million empty ones would remain."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]
