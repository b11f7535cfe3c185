"""PowerPoint 97 to 2003 presentations as files."""

from pathlib import Path

from ingest.steps.parse.formats.ppt import read
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.ppt.conftest import ReadPpt
from tests.steps.parse.formats.ppt.ppt_file import OTHER, PptFile, document, entry, record, shape, slide, text_box


def test_a_ppt_is_read_without_an_office_suite(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.ppt", documents.ppt(["Title", "one\rtwo", "Title"]))

    assert (parsed.text, parsed.kind) == ("Title\n\none\ntwo", "ppt")


def test_the_pictures_of_a_presentation_are_counted(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256)), 3: slide(shape(record(0xF00D, text_box(OTHER, "text"))))})
    picture = record(0xF01E, bytes(17) + b"\x89PNG", instance=0x6E0)

    parsed = read_ppt(ppt.build(pictures=picture + record(0xF01D, bytes(17) + b"\xff\xd8", instance=0x46A)))

    assert parsed.text == "text"
    assert parsed.report.parts == {"slide": {"read": 1}, "image": {"not_read": 2}}


def test_a_compound_file_without_slides_has_no_text(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(DocumentBuilder().ole({"Other": b"x"}))

    assert read(path).text == ""
