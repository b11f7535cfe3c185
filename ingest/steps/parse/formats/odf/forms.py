"""The controls of forms in OpenDocument files: what they show is in a part of its own (ODF 1.3 part 3, 13)."""

from typing import Any

from ingest.steps.parse.formats.odf.names import attributes, name

_MAX_CONTROLS = 5_000
_CHECKED, _UNCHECKED = "\u2612", "\u2610"


class Forms:
    """The controls of one document by their identifiers."""

    def __init__(self) -> None:
        self._controls: dict[str, str] = {}

    def add(self, body: Any) -> None:
        """Add the controls of all forms below an element."""
        for forms in body.iter("{*}forms"):
            for control in forms.iter("{*}*"):
                values = attributes(control)
                identifier = values.get("xml:id") or values.get("form:id")
                if identifier and len(self._controls) < _MAX_CONTROLS:
                    self._controls[identifier] = _text(control, values)

    def text(self, identifier: str) -> str:
        """Return what a control shows, "" if it is unknown. A control is shown once."""
        return self._controls.pop(identifier, "")


def _text(control: Any, values: dict[str, str]) -> str:
    label = values.get("form:label", "")
    match name(control):
        case "form:checkbox" | "form:radio":
            state = values.get("form:current-state") or values.get("form:current-selected") or values.get("form:state")
            return f"{_CHECKED if state in ('checked', 'true') else _UNCHECKED} {label}".rstrip()
        case "form:listbox":
            chosen = [attributes(option) for option in control if name(option) == "form:option"]
            shown = [o for o in chosen if "true" in (o.get("form:current-selected"), o.get("form:selected"))]
            return ", ".join(option.get("form:label", "") for option in shown)
        case "form:hidden" | "form:password" | "form:image":
            return ""
        case _:
            value = values.get("form:current-value") or values.get("form:value") or ""
            return " ".join(filter(None, (label, value)))
