"""The settings that the parsers of the formats obey, as they travel to the parser process."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ingest.config import Settings

OcrEngineName = Literal["auto", "rapidocr", "tesseract", "off"]


@dataclass(frozen=True)
class ParseOptions:
    """Options of one request to the parser process.

    `ocr` selects the engine that reads scanned pages and pictures; `ocr_languages` are the codes of its languages.
    With `defer_ocr` a file that needs OCR is not parsed: NeedsOcr is raised, and another worker parses it.
    """

    ocr: OcrEngineName = "off"
    ocr_languages: tuple[str, ...] = ()
    ocr_memory_mib: int = 2048
    ocr_page_seconds: float = 120.0
    ocr_max_pages: int = 2000
    defer_ocr: bool = False

    @classmethod
    def of(cls, settings: "Settings", *, defer_ocr: bool = False) -> "ParseOptions":
        """Return the options that the settings say."""
        languages = tuple(name.strip() for name in settings.ocr_languages.split(",") if name.strip())
        return cls(
            ocr=settings.ocr,
            ocr_languages=languages,
            ocr_memory_mib=settings.ocr_memory_mib,
            ocr_page_seconds=settings.ocr_page_seconds,
            ocr_max_pages=settings.ocr_max_pages,
            defer_ocr=defer_ocr,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ParseOptions":
        """Return the options that `to_json` wrote."""
        return cls(**{**values, "ocr_languages": tuple(values["ocr_languages"])})


_current = ParseOptions()


def current_options() -> ParseOptions:
    """Return the options of the file that this process is parsing."""
    return _current


def set_current_options(options: ParseOptions) -> None:
    """Set the options of the next file."""
    global _current
    _current = options
