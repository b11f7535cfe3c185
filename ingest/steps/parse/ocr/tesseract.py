"""Tesseract, by its program: one process a page."""

import csv
import io
import shutil
import subprocess
from itertools import groupby
from typing import TYPE_CHECKING

from ingest.environment import whole_environment
from ingest.errors import UnsupportedFile
from ingest.steps.parse.ocr.availability import tesseract_languages, tesseract_version
from ingest.steps.parse.ocr.engine import OcrFailed, RecognizedLine, RecognizedText, mean_confidence
from ingest.steps.parse.ocr.pictures import reduced

if TYPE_CHECKING:
    from ingest.steps.parse.ocr.engine import Image

_UNSURE = 0.6
"""Mean confidence below which a page is read in the other three directions too. Tesseract's own detection of the
direction needs some lines of text. Text that is read in the wrong direction has 0.2 to 0.5."""

_SPACELESS = (  # blocks of scripts that are written without spaces, which Tesseract puts between their characters
    *((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)),
    *((0x3000, 0x303F), (0xFF00, 0xFF65), (0x20000, 0x323AF)),
)


class TesseractEngine:
    """The installed Tesseract with some of its languages."""

    name = "tesseract"
    dots_per_inch = 300
    max_side = 3600

    def __init__(self, languages: tuple[str, ...]) -> None:
        """Raises UnsupportedFile if a language is not installed. Without `languages` all installed ones are used."""
        installed = tesseract_languages()
        missing = sorted(set(languages) - set(installed))
        if missing:
            raise UnsupportedFile(
                f"Tesseract has no data for {', '.join(missing)} (INGEST_OCR_LANGUAGES); it has {', '.join(installed)}."
            )
        self.version = tesseract_version()
        self._program = shutil.which("tesseract") or "tesseract"
        self._languages = "+".join(languages or installed)

    def recognize(self, image: "Image", seconds: float) -> RecognizedText:
        """Return the text of a picture. Raises OcrFailed or TimeoutError."""
        image = reduced(image, self.max_side)
        best = self._read(image, seconds)
        if best.text and best.confidence >= _UNSURE:
            return best
        import numpy as np

        for rotation in (90, 270, 180):
            turned = self._read(np.ascontiguousarray(np.rot90(image, rotation // 90)), seconds)
            if turned.confidence > best.confidence and len(turned.text) >= len(best.text) // 2:
                best = RecognizedText(turned.text, turned.lines, turned.confidence, rotation)
            if best.confidence >= _UNSURE:
                break
        return best

    def _read(self, image: "Image", seconds: float) -> RecognizedText:
        command = [
            self._program,
            "-",
            "-",
            "-l",
            self._languages,
            "--psm",
            "1",
            "--dpi",
            str(self.dots_per_inch),
            "tsv",
        ]
        try:
            done = subprocess.run(
                command,
                input=_as_pnm(image),
                capture_output=True,
                timeout=seconds,
                check=True,
                env=whole_environment() | {"OMP_THREAD_LIMIT": "1"},
            )
        except subprocess.TimeoutExpired as exc:
            raise TimeoutError from exc
        except (OSError, subprocess.CalledProcessError) as exc:
            raise OcrFailed("Tesseract could not read the picture.") from exc
        return _to_text(done.stdout.decode("utf-8", "replace"))


def _as_pnm(image: "Image") -> bytes:
    """Return a picture as PGM or PPM, which needs no compression."""
    height, width = image.shape[:2]
    magic = "P5" if image.ndim == 2 else "P6"
    return f"{magic} {width} {height} 255\n".encode() + image.tobytes()


def _to_text(table: str) -> RecognizedText:
    """Return the text of Tesseract's TSV: one word a row, in reading order."""
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [row for row in rows if row["level"] == "5" and (row["text"] or "").strip()]
    paragraphs: list[str] = []
    lines: list[RecognizedLine] = []
    for _, of_paragraph in groupby(words, key=lambda row: (row["block_num"], row["par_num"])):
        of_lines = [list(of_line) for _, of_line in groupby(of_paragraph, key=lambda row: row["line_num"])]
        some = [_to_line(of_line) for of_line in of_lines]
        lines += some
        paragraphs.append("\n".join(line.text for line in some))
    return RecognizedText("\n\n".join(paragraphs), lines, mean_confidence(lines))


def _to_line(words: list[dict[str, str]]) -> RecognizedLine:
    text = ""
    for word in words:
        part = word["text"].strip()
        is_spaceless = bool(text) and _is_spaceless(text[-1]) and _is_spaceless(part[0])
        text += part if is_spaceless or not text else f" {part}"
    lefts, tops = [float(word["left"]) for word in words], [float(word["top"]) for word in words]
    rights = [float(word["left"]) + float(word["width"]) for word in words]
    bottoms = [float(word["top"]) + float(word["height"]) for word in words]
    confidence = sum(float(word["conf"]) for word in words) / len(words) / 100
    return RecognizedLine(text, min(lefts), min(tops), max(rights), max(bottoms), max(0.0, min(1.0, confidence)))


def _is_spaceless(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _SPACELESS)
