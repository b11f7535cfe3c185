"""The pictures in a Word document."""

import struct

from ingest.steps.parse.formats.doc.blips import find_pictures

PNG, JPEG = b"\x89PNG\r\n\x1a\nimage", b"\xff\xd8\xff\xe0image\xff\xd8\xff thumbnail"


def _blip(kind: int, picture: bytes, identifiers: int = 17) -> bytes:
    return struct.pack("<HHI", 0x46A0, kind, identifiers + len(picture)) + bytes(identifiers) + picture


def test_pictures_are_found_in_their_records() -> None:
    data = b"head" + _blip(0xF01E, PNG) + b"between" + _blip(0xF01D, JPEG, 33) + b"tail"

    assert [(name, load()) for name, load in find_pictures(data)] == [("picture 1", PNG), ("picture 2", JPEG)]


def test_equal_pictures_and_those_without_a_record_are_no_further_ones() -> None:
    pictures = find_pictures(_blip(0xF01E, PNG), PNG + b"x" * 40 + JPEG, _blip(0xF01E, PNG))

    assert [load() for _, load in pictures] == [PNG]


def test_a_picture_whose_length_is_damaged_ends_with_its_stream() -> None:
    data = struct.pack("<HHI", 0x46A0, 0xF01E, 0xFFFFFFFF) + bytes(17) + PNG

    assert [load() for _, load in find_pictures(data, b"")] == [PNG]
