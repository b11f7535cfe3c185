"""The saves of a presentation, and its lists of slides."""

import olefile
import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.ppt.deck import Deck
from tests.steps.parse.formats.ppt.conftest import ReadPpt
from tests.steps.parse.formats.ppt.ppt_file import (
    BODY,
    OTHER,
    TITLE,
    PptFile,
    container,
    document,
    drawing,
    entry,
    record,
    shape,
    slide,
    text_box,
)


def test_only_the_newest_form_of_a_slide_is_read(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256)), 3: slide(shape(record(0xF00D, text_box(OTHER, "old"))))})
    ppt.save({3: slide(shape(record(0xF00D, text_box(OTHER, "new"))))})

    assert read_ppt(ppt.build()).text == "new"


def test_the_prompts_of_masters_are_no_text(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    master = container(0x03F8, drawing(shape(record(0xF00D, text_box(TITLE, "Click to edit")))))
    ppt.save({1: document(entry(3, 256)), 2: master, 3: slide(shape(record(0xF00D, text_box(OTHER, "text"))))})

    assert read_ppt(ppt.build()).text == "text"


def test_an_encrypted_presentation_is_invalid(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    ppt.save({1: document()})

    with pytest.raises(InvalidFile, match="The file is encrypted"):
        read_ppt(ppt.build(token=0xF3D1C4DF))


def _streams(ppt: PptFile) -> tuple[bytes, bytes]:
    with olefile.OleFileIO(ppt.build()) as ole:
        return ole.openstream("PowerPoint Document").read(), ole.openstream("Current User").read()


def test_slides_and_notes_are_listed_with_the_texts_of_their_placeholders() -> None:
    ppt = PptFile()
    texts = text_box(TITLE, "Opening"), record(0x0F9F, b"\1\0\0\0"), text_box(BODY, "Über uns")
    ppt.save({1: document(entry(4, 257), entry(3, 256, *texts), notes=(entry(5, 300),)), 3: slide(), 4: slide()})

    deck = Deck(*_streams(ppt))

    assert [(one.persist, one.identifier) for one in deck.slides] == [(4, 257), (3, 256)]
    assert deck.slides[1].texts == [(TITLE, "Opening"), (BODY, ""), (BODY, "Über uns")]
    assert [(one.persist, one.identifier) for one in deck.notes] == [(5, 300)]


def test_an_object_has_its_newest_record_or_none() -> None:
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256)), 3: record(0x03EE, b"old")})
    ppt.save({3: record(0x03EE, b"newer")})

    deck = Deck(*_streams(ppt))
    newest = deck.at(3)

    assert newest is not None
    assert deck.data[newest.start : newest.end] == b"newer"
    assert deck.at(9) is None


@pytest.mark.parametrize("user", [b"", bytes(19), bytes(40)])
def test_a_presentation_without_a_last_save_cannot_be_followed(user: bytes) -> None:
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256))})

    with pytest.raises(ValueError, match=r"it names no last save|it has no document"):
        Deck(_streams(ppt)[0], user)


def test_saves_that_point_at_each_other_end() -> None:
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256))})
    data, user = _streams(ppt)
    edit = data.rindex(b"\xf5\x0f") - 2
    circular = data[: edit + 16] + edit.to_bytes(4, "little") + data[edit + 20 :]

    assert [one.identifier for one in Deck(circular, user).slides] == [256]
