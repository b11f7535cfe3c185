"""Form controls: the values that a reader of the page sees."""

from typing import Any

from ingest.steps.parse.formats.html.text import collapse

_WITHOUT_TEXT = frozenset(["hidden", "password", "file", "color", "range"])
_BUTTONS = frozenset(["submit", "reset", "button"])
_SWITCHES = frozenset(["checkbox", "radio"])
_MAX_OPTIONS = 200


def input_text(element: Any) -> str:
    """Return the value of an input field, or else what stands in the empty field; a box for a switch."""
    kind = (element.get("type") or "text").lower()
    if kind in _WITHOUT_TEXT:
        return ""
    if kind in _SWITCHES:
        return "☐ " if element.get("checked") is None else "☒ "
    if kind == "image":
        return collapse(element.get("alt") or "")
    value = element.get("value") or ("" if kind in _BUTTONS else element.get("placeholder"))
    return collapse(value or "")


def selected_text(element: Any) -> str:
    """Return the selected options of a list, or all of them if none is selected."""
    options = list(element.iter("option"))
    selected = [option for option in options if option.get("selected") is not None]
    texts = [collapse("".join(option.itertext()) or option.get("label") or "") for option in selected or options]
    return ", ".join(filter(None, texts[:_MAX_OPTIONS]))
