"""The styles that decide about text: raised and hidden text, numbers of lists and headings (ODF 1.3 part 3, 16)."""

from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.odf.names import attribute, attributes, name, to_int
from ingest.steps.parse.formats.odf.numerals import letters, roman

_MAX_LEVELS = 10
_MAX_ANCESTORS = 20  # a damaged file may have a cycle
_MAX_CACHED = 10_000
_NOT_GIVEN = "\0"
_MIN_SHIFT_PERCENT = 5  # smaller shifts of full-sized text are typography


@dataclass(frozen=True)
class ListLevel:
    """How a level of a list or of headings is numbered. Without `number_format` it has a bullet or nothing."""

    number_format: str = ""
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    shown_levels: int = 1
    is_bullet: bool = False


@dataclass
class TextStyle:
    """What a style says about text; None where it says nothing. `position` is "super", "sub" or ""."""

    parent: str = ""
    position: str | None = None
    is_hidden: bool | None = None
    list_style: str | None = None
    master_page: str = ""  # of a sheet


@dataclass
class Styles:
    """The styles of one document."""

    texts: dict[tuple[str, str], TextStyle] = field(default_factory=dict)  # by family and name
    list_nodes: dict[str, Any] = field(default_factory=dict)  # most files define many more lists than they use
    outline: dict[int, ListLevel] = field(default_factory=dict)
    _levels: dict[str, dict[int, ListLevel]] = field(default_factory=dict)
    _found: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def add(self, root: Any) -> None:
        """Add the styles of an XML document."""
        self._found.clear()
        for container in root:
            if name(container) in ("office:styles", "office:automatic-styles"):
                for style in container:
                    self._add_style(style)

    def levels(self, list_style: str) -> dict[int, ListLevel]:
        """Return the levels of a list style by their numbers; none if it is unknown."""
        levels = self._levels.get(list_style)
        if levels is None:
            node = self.list_nodes.get(list_style)
            levels = self._levels[list_style] = {} if node is None else _levels(node)
        return levels

    def position(self, family: str, style: str) -> str:
        """Return "super" or "sub" for raised or lowered text, else ""."""
        return str(self._find(family, style, "position") or "")

    def is_hidden(self, family: str, style: str) -> bool:
        """Return whether a style hides its text."""
        return bool(self._find(family, style, "is_hidden"))

    def list_style(self, style: str) -> str:
        """Return the list style of a paragraph style, "" if it has none."""
        return str(self._find("paragraph", style, "list_style") or "")

    def master_page(self, style: str) -> str:
        """Return the name of the pages on which a sheet with a style is printed."""
        found = self.texts.get(("table", style))
        return found.master_page if found else ""

    def is_title(self, style: str) -> bool:
        """Return whether a paragraph style is that of the title of the document, or is based on it."""
        for _ in range(_MAX_ANCESTORS):
            if style == "Title":
                return True
            found = self.texts.get(("paragraph", style))
            if found is None:
                break
            style = found.parent
        return False

    def _find(self, family: str, style: str, what: str) -> Any:
        key = family, style, what
        if key not in self._found:
            if len(self._found) >= _MAX_CACHED:  # a hostile file may name any number of styles
                self._found.clear()
            self._found[key] = self._search(family, style, what)
        return self._found[key]

    def _search(self, family: str, style: str, what: str) -> Any:
        for _ in range(_MAX_ANCESTORS):
            found = self.texts.get((family, style))
            if found is None:
                return None
            if (value := getattr(found, what)) is not None:
                return value
            style = found.parent
        return None

    def _add_style(self, node: Any) -> None:
        match name(node):
            case "style:style":
                self.texts[attribute(node, "style:family"), attribute(node, "style:name")] = _text_style(node)
            case "text:list-style":
                self.list_nodes[attribute(node, "style:name")] = node
            case "text:outline-style":
                self.outline = _levels(node)


def _text_style(node: Any) -> TextStyle:
    list_style = attribute(node, "style:list-style-name", _NOT_GIVEN)
    style = TextStyle(
        attribute(node, "style:parent-style-name"),
        list_style=None if list_style == _NOT_GIVEN else list_style,
        master_page=attribute(node, "style:master-page-name"),
    )
    for child in node:
        if name(child) in ("style:text-properties", "style:properties"):
            if position := attribute(child, "style:text-position"):
                style.position = _position(position)
            if display := attribute(child, "text:display"):
                style.is_hidden = display == "none"
    return style


def _position(value: str) -> str:
    """Return "super" for values like "super 58%" and "33% 58%", "sub" for "-8% 58%".

    A small shift of smaller text, "-2% 80%", is a subscript too.
    """
    first, _, size = value.strip().partition(" ")
    if first in ("super", "sub"):
        return first
    try:
        percent = float(first.rstrip("%"))
    except ValueError:
        return ""
    is_smaller = size.strip().rstrip("%").isdecimal() and 0 < int(size.strip().rstrip("%")[:9]) < 100
    if not percent or (abs(percent) < _MIN_SHIFT_PERCENT and not is_smaller):
        return ""
    return "super" if percent > 0 else "sub"


def _levels(node: Any) -> dict[int, ListLevel]:
    levels = {}
    for child in node:
        values = attributes(child)
        level = to_int(values.get("text:level"))
        if 1 <= level <= _MAX_LEVELS:
            levels[level] = ListLevel(
                values.get("style:num-format", ""),
                values.get("style:num-prefix", "")[:50],
                values.get("style:num-suffix", "")[:50],
                to_int(values.get("text:start-value"), 1),
                to_int(values.get("text:display-levels"), 1),
                name(child) in ("text:list-level-style-bullet", "text:list-level-style-image"),
            )
    return levels


@dataclass
class Counters:
    """The current numbers of a list, or of the headings, by level."""

    numbers: dict[int, int] = field(default_factory=dict)

    def count(self, level: int, levels: dict[int, ListLevel], start: int | None = None) -> str:
        """Count an item of a level. Return its number as it is shown, "" if it has none."""
        style = levels.get(level, ListLevel())
        previous = self.numbers.get(level)
        self.numbers[level] = start if start is not None else style.start if previous is None else previous + 1
        self.end_levels_below(level)
        if not style.number_format:
            return ""
        first = max(1, level - max(style.shown_levels, 1) + 1)
        shown = [self._show(number, levels) for number in range(first, level + 1)]
        return f"{style.prefix}{'.'.join(filter(None, shown))}{style.suffix}".strip()

    def end_levels_below(self, level: int) -> None:
        """Start the levels below a level anew."""
        for lower in [number for number in self.numbers if number > level]:
            del self.numbers[lower]

    def _show(self, level: int, levels: dict[int, ListLevel]) -> str:
        style = levels.get(level, ListLevel())
        return format_number(self.numbers.get(level, style.start), style.number_format)


def format_number(number: int, number_format: str) -> str:
    """Return a number in a format of ODF: "1", "a", "A", "i", "I", or "" for none."""
    if not number_format:
        return ""
    match number_format[0]:
        case "a":
            return letters(number)
        case "A":
            return letters(number).upper()
        case "i":
            return roman(number)
        case "I":
            return roman(number).upper()
        case _:
            return str(number)
