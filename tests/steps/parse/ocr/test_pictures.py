"""Picture files as pixels, and what is refused before it is decoded."""

import io
import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ingest.errors import UnsupportedFile
from ingest.steps.parse.ocr import pictures
from ingest.steps.parse.ocr.pictures import UnreadablePicture, open_picture, reduced


def pages(path: Path) -> list[np.ndarray]:
    with open_picture(path) as picture:
        return [picture.page(number) for number in range(picture.pages)]


def save(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


FORMATS = ["a.png", "a.tiff", "a.bmp", "a.gif", "a.webp"]


@pytest.mark.parametrize(
    ("name", "mode"),
    [*product(FORMATS, ["L", "RGB", "1", "P"]), *product(["a.jpg"], ["L", "RGB", "1"])],  # JPEG has no palettes
)
def test_every_format_gives_pixels(tmp_path: Path, name: str, mode: str) -> None:
    [image] = pages(save(tmp_path / name, Image.new("L", (40, 30), 255).convert(mode)))

    assert image.shape[:2] == (30, 40)
    assert image.dtype == np.uint8
    assert image.min() > 250


def test_a_tiff_has_pages_and_an_animation_has_one(tmp_path: Path) -> None:
    images = [Image.new("L", (40, 30), shade) for shade in (0, 100, 200)]

    assert len(pages(save(tmp_path / "a.tiff", images[0], save_all=True, append_images=images[1:]))) == 3
    assert len(pages(save(tmp_path / "a.gif", images[0], save_all=True, append_images=images[1:]))) == 1


def test_transparent_paper_is_white(tmp_path: Path) -> None:
    [image] = pages(save(tmp_path / "a.png", Image.new("RGBA", (40, 30), (0, 0, 0, 0))))

    assert image.min() == 255


def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees clockwise

    [image] = pages(save(tmp_path / "a.jpg", Image.new("L", (40, 30), 255), exif=exif))

    assert image.shape[:2] == (40, 30)


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n",
        png_header(100_000, 100_000) + b"\0\0\0\0IDAT",
        png_header(40, 30) + b"\0\0\0\x10IDATgarbage garbage",
        b"II*\0\x08\0\0\0\xff\xff" + bytes(50),
        b"GIF89a\xff\xff\xff\xff" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8 ",
    ],
)
def test_a_damaged_or_enormous_picture_is_refused_with_a_reason(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)

    with pytest.raises(UnreadablePicture, match="picture"):
        pages(tmp_path / "a")


@pytest.mark.parametrize("data", [b"8BPS\0\1", b"\0\0\0\x18ftypheic", b"\0\0\1\0", b""])
def test_other_kinds_of_images_are_not_supported(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)

    with pytest.raises(UnsupportedFile, match="Convert it to PNG"):
        pages(tmp_path / "a")


def test_the_limit_counts_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", Image.new("L", (40, 30), 255))
    monkeypatch.setattr(pictures, "MAX_PIXELS", 40 * 30 - 1)

    with pytest.raises(UnreadablePicture, match="40 x 30 pixels"):
        pages(path)


def test_large_pictures_are_reduced() -> None:
    assert reduced(np.zeros((100, 400), np.uint8), 200).shape == (50, 200)
    assert reduced(np.zeros((3, 4000, 3), np.uint8), 200).shape == (1, 200, 3)
    assert reduced(np.zeros((100, 100), np.uint8), 200).shape == (100, 100)


def test_a_truncated_picture_is_damaged(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(file, "JPEG")
    (tmp_path / "a.jpg").write_bytes(file.getvalue()[:2000])

    with pytest.raises(UnreadablePicture, match="damaged"):
        pages(tmp_path / "a.jpg")
