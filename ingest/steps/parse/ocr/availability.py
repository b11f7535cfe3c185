"""Which OCR engine the options select, and what to tell the owner of a file when there is none."""

import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from ingest.environment import selected_environment
from ingest.steps.parse.options import ParseOptions, current_options
from ingest.steps.parse.report import Report

if TYPE_CHECKING:
    from ingest.config import Settings

EngineName = Literal["rapidocr", "tesseract"]

_SETTING = "INGEST_OCR"
"""The setting, which every message about missing OCR names."""

_ANSWER_SECONDS = 10.0
PROGRAM_VARIABLES = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT"),
    "TESSDATA_PREFIX",  # where Tesseract finds its languages
)
"""What parsers and their programs see of the environment. An allow-list, because they need no keys and no database URL."""


def is_available(options: ParseOptions | None = None) -> bool:
    """Return whether scanned pages and pictures are read, by default with the options of the current file."""
    return selected_engine(current_options() if options is None else options) is not None


def has_slow_lane(settings: "Settings") -> bool:
    """Return whether workers of the slow lane read the files that need OCR."""
    return settings.ocr_workers > 0 and is_available(ParseOptions.of(settings))


def selected_engine(options: ParseOptions) -> EngineName | None:
    """Return the engine to use, or None if OCR is off or the engine is not installed.

    `auto` prefers RapidOCR, which reads Latin and East Asian scripts without knowing the language. With languages it
    prefers Tesseract if it has all of them: it is as accurate then and takes a third of the time
    (deploy/docs/decisions/0020-ocr.md).
    """
    match options.ocr:
        case "off":
            return None
        case "rapidocr":
            return "rapidocr" if has_rapidocr() else None
        case "tesseract":
            return "tesseract" if tesseract_languages() else None
    if options.ocr_languages and set(options.ocr_languages) <= set(tesseract_languages()):
        return "tesseract"
    if has_rapidocr():
        return "rapidocr"
    return "tesseract" if tesseract_languages() else None


@cache
def has_rapidocr() -> bool:
    """Return whether the extra `ingest[ocr]` is installed."""
    return all(find_spec(module) is not None for module in ("rapidocr", "onnxruntime", "cv2"))


@cache
def tesseract_languages() -> tuple[str, ...]:
    """Return the languages of the installed Tesseract, or nothing if it is not installed."""
    names = _ask_tesseract("--list-langs")[1:]  # the first line is a title
    return tuple(name for name in names if name != "osd")


def tesseract_version() -> str:
    """Return the version of the installed Tesseract, or "" if it is not installed."""
    lines = _ask_tesseract("--version")  # "tesseract 5.3.0"
    return lines[0].rpartition(" ")[2] if lines else ""


def _ask_tesseract(option: str) -> list[str]:
    program = shutil.which("tesseract")
    if program is None:
        return []
    try:
        answer = subprocess.run(
            [program, option],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_SECONDS,
            check=True,
            env=selected_environment(PROGRAM_VARIABLES),
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return answer.stdout.decode("utf-8", "replace").splitlines()


def lacks_ocr(report: Report) -> bool:
    """Return whether parts of a file were not read because there was no OCR."""
    if report.parts.get("page", {}).get("not_read"):
        return True
    return any(_SETTING in warning.message for warning in report.warnings)


def unread_page_message() -> str:
    """Return why a page without a text layer was not read, as a sentence."""
    return f"The page is a picture, and {_why_there_is_no_ocr()}."


def unread_file_message(finding: str) -> str:
    """Return why a file of pictures was not read. `finding` says what it is, such as "The file is an image"."""
    return f"{finding}, and {_why_there_is_no_ocr()}. Upload a version with recognised text."


def _why_there_is_no_ocr() -> str:
    chosen = current_options().ocr
    if chosen == "off":
        return f"OCR is off ({_SETTING}=off)"
    return f"no OCR engine is installed on the server ({_SETTING}={chosen})"
