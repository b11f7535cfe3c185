"""Classes of style sheets that raise or lower text. InDesign and converters write superscripts of e-books like this."""

import re

_VERTICAL = re.compile(
    r"(?:^|;)\s*(?:vertical-align|mso-text-raise)\s*:\s*(super|sub|[+-]?[\d.]+(?:%|r?em|pt|px|ex))", re.I
)
_OFFSET = re.compile(r"(?:^|;)\s*top\s*:\s*([+-]?[\d.]+)(?:r?em|pt|px|ex|%)", re.I)
_SIZE = re.compile(r"(?:^|;)\s*font-size\s*:\s*(?:(smaller|x?x-small)|([\d.]+)(r?em|%))", re.I)
_SELECTOR = re.compile(r"(?:[a-z][\w-]*)?\.([\w-]+)", re.I)
_MAX_DECLARATIONS = 2_000
_MAX_SELECTORS = 500


def raised_classes(css: str) -> dict[str, str]:
    """Return the classes of a style sheet that raise or lower text, with "sup" or "sub" for each."""
    classes: dict[str, str] = {}
    if "vertical-align" not in css and "relative" not in css:
        return classes
    for rule in _without_comments(css).split("}"):
        selectors, brace, declarations = rule.rpartition("{")
        if not brace or not (script := script_of(declarations)):
            continue
        for selector in selectors.rpartition("{")[2].split(",")[:_MAX_SELECTORS]:
            if match := _SELECTOR.fullmatch(selector.strip()):
                classes[match[1]] = script
    return classes


def script_of(declarations: str) -> str:
    """Return "sup" or "sub" if declarations raise or lower text, else "".

    A shift by a length counts for smaller text only: icons and lines of buttons are shifted as well.
    """
    declarations = declarations[:_MAX_DECLARATIONS]
    vertical = _VERTICAL.search(declarations)
    value = vertical[1].lower() if vertical else ""
    if value in ("super", "sub"):
        return "sup" if value == "super" else "sub"
    if not _is_smaller(declarations):
        return ""
    shift = _number(value)
    if not shift and "relative" in declarations and (offset := _OFFSET.search(declarations)):
        shift = -_number(offset[1])
    return "sup" if shift > 0 else "sub" if shift < 0 else ""


def _without_comments(css: str) -> str:
    first, *others = css.split("/*")
    return first + "".join(part.partition("*/")[2] for part in others)


def _is_smaller(declarations: str) -> bool:
    size = _SIZE.search(declarations)
    if size is None:
        return False
    return bool(size[1]) or 0 < _number(size[2]) < (100 if size[3] == "%" else 1)


def _number(text: str) -> float:
    try:
        return float(text.rstrip("%remptx"))
    except ValueError:
        return 0.0
