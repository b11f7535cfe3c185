"""The settings that the parsers of the formats obey, as they travel to the parser process."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

OcrEngine = Literal["auto", "rapidocr", "tesseract", "off"]


@dataclass(frozen=True)
class ParseOptions:
    """Options of one request to the parser process.

    `ocr` selects the engine that reads scanned pages and pictures; `ocr_languages` are the codes of its languages.
    """

    ocr: OcrEngine = "off"
    ocr_languages: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ParseOptions":
        """Return the options that `to_json` wrote."""
        return cls(values["ocr"], tuple(values["ocr_languages"]))


_current = ParseOptions()


def current_options() -> ParseOptions:
    """Return the options of the file that this process is parsing."""
    return _current


def set_current_options(options: ParseOptions) -> None:
    """Set the options of the next file."""
    global _current
    _current = options
