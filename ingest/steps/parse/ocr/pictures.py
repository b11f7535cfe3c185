"""Pixels for OCR, within bounds: pages of PDFs, and the pages of picture files."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.errors import FileError, UnsupportedFile

if TYPE_CHECKING:
    from ingest.steps.parse.ocr.engine import Image

MAX_PIXELS = 128 * 2**20
"""Pixels of one picture in a file: a sheet of DIN A1 at 300 dots per inch. A bomb of a few KB may have any number."""

MIN_SIDE = 20
"""Pictures with a side of fewer pixels have no text: lines, bullets and tracking pixels."""

POINTS_PER_INCH = 72
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_KNOWN_START = re.compile(rb"\x89PNG|\xff\xd8\xff|II[*+]\0|MM\0[*+]|BM|GIF8|RIFF....WEBP", re.DOTALL)


class UnreadablePicture(Exception):
    """A picture is damaged or too large. The text is a sentence for the file's owner."""


def render_page(page: Any, dots_per_inch: int, max_side: int) -> "Image":
    """Return the pixels of a page (pypdfium2.PdfPage), grey, at most `max_side` high and wide."""
    longest_side = max(*page.get_size(), 1.0)
    scale = min(dots_per_inch / POINTS_PER_INCH, max_side / longest_side)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
    try:
        image: Image = bitmap.to_numpy().copy()
    finally:
        bitmap.close()
    return image


@contextmanager
def open_picture(path: Path) -> Iterator["Picture"]:
    """Open a picture file. Raises UnreadablePicture, or UnsupportedFile for another format.

    Without Pillow, as with Tesseract alone, no picture file is supported.
    """
    try:
        from PIL import Image as PillowImage
    except ImportError as exc:
        raise UnsupportedFile("Pictures are not read, because the extra `ingest[ocr]` is not installed.") from exc

    PillowImage.MAX_IMAGE_PIXELS = None  # `Picture.page` checks the size itself, before any pixel is decoded
    with path.open("rb") as opened:
        if not _KNOWN_START.match(opened.read(12)):
            raise UnsupportedFile("The file type is not supported: it is an image of another kind. Convert it to PNG.")
    with _errors_as_unreadable():
        file = PillowImage.open(path, formats=_FORMATS)
    with file:
        yield Picture(file)


class Picture:
    """The pages of an open picture file. Only TIFF has several; an animation counts as one."""

    def __init__(self, file: Any) -> None:
        self._file = file
        with _errors_as_unreadable():
            self.pages: int = file.n_frames if file.format == "TIFF" else 1

    def page(self, number: int) -> "Image":
        """Return the pixels of a page, counted from 0, upright as the camera says.

        Raises UnreadablePicture, also for more than MAX_PIXELS.
        """
        with _errors_as_unreadable():
            self._file.seek(number)
            return _pixels(self._file)


@contextmanager
def _errors_as_unreadable() -> Iterator[None]:
    try:
        yield
    except (UnreadablePicture, MemoryError, FileError):
        raise
    except Exception as exc:  # Pillow raises OSError, ValueError, SyntaxError, struct.error ...
        reason = f"The picture is damaged, or of a variant that is not read ({type(exc).__name__})."
        raise UnreadablePicture(reason) from exc


def _pixels(picture: Any) -> "Image":
    import numpy as np
    from PIL import Image as PillowImage
    from PIL import ImageOps

    width, height = picture.size
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 2**20
        raise UnreadablePicture(f"The picture has {width} x {height} pixels; at most {limit} million are read.")
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = PillowImage.new("RGBA", picture.size, "white")
        picture = PillowImage.alpha_composite(paper, picture)
    return np.asarray(picture.convert("L" if picture.mode in ("1", "L", "LA", "I;16") else "RGB"))


def reduced(image: "Image", max_side: int) -> "Image":
    """Return a picture that is at most `max_side` high and wide."""
    longest_side = max(image.shape[:2])
    if longest_side <= max_side:
        return image
    from PIL import Image as PillowImage

    factor = max_side / longest_side
    height, width = (max(1, math.floor(side * factor)) for side in image.shape[:2])
    import numpy as np

    return np.asarray(PillowImage.fromarray(image).resize((width, height), PillowImage.Resampling.BOX))
