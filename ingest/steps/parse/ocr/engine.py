"""What every OCR engine does: turn a picture into lines of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    """Pixels of 8 bits: height x width (grey), or height x width x 3 (red, green, blue)."""


class OcrFailed(Exception):
    """A picture was not read. The text is a sentence for the file's owner."""


@dataclass(frozen=True)
class RecognizedLine:
    """A line, or a part of a line, with its place on the upright page in pixels, and the confidence from 0 to 1."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True)
class RecognizedText:
    """The text of a picture: paragraphs in reading order, separated by empty lines.

    `confidence` is the mean over the characters, from 0 to 1; 0 without text. `rotation` is how far the page was turned
    clockwise: 0, 90, 180 or 270 degrees.
    """

    text: str
    lines: Sequence[RecognizedLine] = ()
    confidence: float = 0.0
    rotation: int = 0


class OcrEngine(Protocol):
    """An engine, ready to read pictures."""

    name: str
    version: str
    dots_per_inch: int
    """The resolution at which a page should be rendered for this engine."""
    max_side: int
    """The longest side of a picture in pixels. Larger pictures are reduced to it."""

    def recognize(self, image: "Image", seconds: float) -> RecognizedText:
        """Return the text of a picture, whichever way it is turned. Raises OcrFailed, also after `seconds`."""


def mean_confidence(lines: Sequence[RecognizedLine]) -> float:
    """Return the mean confidence of lines, weighted by their lengths."""
    characters = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / characters if characters else 0.0
