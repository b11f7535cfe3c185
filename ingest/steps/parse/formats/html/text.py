"""The text of one block: white space as a browser collapses it, and the two signs that stand for breaks."""

import re

BREAK = "\x1e"
"""A line end (<br>) inside a block."""

EDGE = "\x1f"
"""The edge of an element that a browser draws apart from its neighbours, such as a button. Words do not run over it."""

SOFT_HYPHEN = "\xad"

_SPACE = re.compile("[ \\t\\n\\r\\f\\v\\xa0]+")
_EDGE_BETWEEN_WORDS = re.compile(rf"(?<=[^\s{BREAK}]){EDGE}+(?=[\w(\[{{\"'«„“‚‘#@$€£☐☒])")


def block_text(parts: list[str]) -> str:
    """Return the text of a block, with "\\n" for each BREAK and without blank lines."""
    text = clean(parts[0] if len(parts) == 1 else "".join(parts))
    if BREAK not in text:
        return collapse(text)
    return "\n".join(line for line in map(collapse, text.split(BREAK)) if line)


def cell_text(parts: list[str]) -> str:
    """Return the text of a table cell in one line."""
    text = clean(parts[0] if len(parts) == 1 else "".join(parts))
    return collapse(text.replace(BREAK, " ") if BREAK in text else text)


def preformatted_text(parts: list[str]) -> str:
    """Return the text of a block that keeps its white space."""
    return clean("".join(parts)).replace(BREAK, "\n").strip("\n")


def clean(text: str) -> str:
    """Remove soft hyphens, and put a space at each EDGE between words."""
    if EDGE in text:
        text = _EDGE_BETWEEN_WORDS.sub(" ", text).replace(EDGE, "")
    return text.replace(SOFT_HYPHEN, "") if SOFT_HYPHEN in text else text


def collapse(text: str) -> str:
    """Replace runs of white space by one space, and remove it at the ends. Ideographic spaces stay."""
    if text.isascii():
        return " ".join(text.split())
    return _SPACE.sub(" ", text).strip(" \n")
