"""The coverage report of a file: which of its parts were read, and a warning for each that was not.

A parser fills a ReportBuilder while it reads. The API serves the report (deploy/docs/text.md).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Outcome = Literal["read", "ocr", "empty", "failed", "not_read"]
"""`read`: the text of the part is in the result. `ocr`: it was recognised from a picture. `empty`: the part has no text.
`failed`: the part is damaged. `not_read`: nothing here can read it."""

MAX_WARNINGS = 50
"""Warnings that a report keeps. `warning_count` counts all of them."""

_MAX_MESSAGE_CHARACTERS = 300


@dataclass(frozen=True)
class ReportWarning:
    """Something of a file that was not read, or that was read with a loss.

    `code` is stable and in snake_case, `message` is one sentence for the file's owner, and `part` names the place, for
    example "page 7" or "attachment scan.pdf".
    """

    code: str
    message: str
    part: str = ""


@dataclass(frozen=True)
class Report:
    """The coverage report of one file.

    `parts` counts the parts by kind ("page", "slide", "sheet", "attachment", "embedded_object" ...) and outcome.
    `replaced_characters` counts the bytes that could not be decoded. `language` is an ISO 639-1 code, or "" if unknown.
    """

    reader: str = ""
    reader_version: str = ""
    language: str = ""
    parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    warnings: tuple[ReportWarning, ...] = ()
    warning_count: int = 0
    replaced_characters: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON, without the fields that have nothing to say."""
        values = {
            "reader": self.reader,
            "reader_version": self.reader_version,
            "language": self.language,
            "parts": {kind: dict(outcomes) for kind, outcomes in self.parts.items()},
            "warnings": [[warning.code, warning.message, warning.part] for warning in self.warnings],
            "warning_count": self.warning_count,
            "replaced_characters": self.replaced_characters,
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Report":
        """Return the report that `to_json` wrote."""
        return cls(**{**values, "warnings": tuple(ReportWarning(*warning) for warning in values.get("warnings", ()))})

    def with_reader(self, reader: str, version: str) -> "Report":
        """Return the report with another reader's name and version."""
        return replace(self, reader=reader, reader_version=version)


class ReportBuilder:
    """Collects a report while a file is read."""

    def __init__(self) -> None:
        self._parts: dict[str, Counter[str]] = {}
        self._warnings: list[ReportWarning] = []
        self._warning_count = 0
        self._replaced_characters = 0

    def count(self, kind: str, outcome: Outcome, number: int = 1) -> None:
        """Count parts of a kind with the same outcome."""
        self._parts.setdefault(kind, Counter())[outcome] += number

    def warn(self, code: str, message: str, part: str = "") -> None:
        """Add a warning. Line ends in it become spaces, and long messages are cut."""
        self._warning_count += 1
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings.append(ReportWarning(code, _one_line(message), _one_line(part)))

    def count_replaced_characters(self, number: int, part: str = "") -> None:
        """Count bytes that could not be decoded, and warn about them."""
        if number:
            self._replaced_characters += number
            self.warn("characters_replaced", f"{number} bytes are not in the character set and were replaced.", part)

    def add(self, report: Report, part: str) -> None:
        """Add the report of a file inside this one, whose warnings then name `part`."""
        for kind, outcomes in report.parts.items():
            self._parts.setdefault(kind, Counter()).update(outcomes)
        for warning in report.warnings[: max(0, MAX_WARNINGS - len(self._warnings))]:
            place = _one_line(", ".join(filter(None, [part, warning.part])))
            self._warnings.append(replace(warning, part=place))
        self._warning_count += report.warning_count
        self._replaced_characters += report.replaced_characters

    def build(self) -> Report:
        """Return the report so far."""
        return Report(
            parts={kind: dict(outcomes) for kind, outcomes in self._parts.items()},
            warnings=tuple(self._warnings),
            warning_count=self._warning_count,
            replaced_characters=self._replaced_characters,
        )


def _one_line(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode().split())[:_MAX_MESSAGE_CHARACTERS]
