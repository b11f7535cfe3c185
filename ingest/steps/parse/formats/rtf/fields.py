"""Form fields of RTF: what a check box or a list shows is beside the instruction of its field."""

from dataclasses import dataclass, field

_CHECK_BOX, _LIST = 1, 2
_NOT_SET = 25
_CHECKED, _UNCHECKED = "\u2612", "\u2610"


@dataclass
class Form:
    """A form field: `kind` 0 is a text, 1 a check box, 2 a list."""

    kind: int = 0
    result: int | None = None
    default: int = 0
    text: str = ""
    options: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """Return what the field shows."""
        number = self.default if self.result is None or self.result == _NOT_SET else self.result
        if self.kind == _CHECK_BOX:
            return _CHECKED if number else _UNCHECKED
        if self.kind == _LIST:
            return self.options[number] if 0 <= number < len(self.options) else ""
        return self.text
