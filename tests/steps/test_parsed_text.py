"""Storing and loading of parsed text."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.blobs import FolderBlobs, raw_key, text_key
from ingest.config import Settings
from ingest.errors import DamagedFile, OcrDeferred, UnsupportedFile
from ingest.steps.parse import PARSER_VERSION, ParsedText, Parser
from ingest.steps.parse.ocr import unread_page_message
from ingest.steps.parse.parsed import Heading, Section, Table
from ingest.steps.parse.parser import ignore_progress
from ingest.steps.parse.report import Report, ReportWarning
from ingest.steps.parsed_text import load_or_parse, load_or_parse_without_ocr


class StubParser(Parser):
    """Returns the same text for every file, and records the names of the files."""

    def __init__(self, kind: str) -> None:
        super().__init__(Settings())
        self.kind = kind
        self.names: list[str] = []
        self.ocr = False

    def parse(
        self,
        path: Path,
        filename: str,
        still_wanted: Callable[[], bool] = lambda: True,
        *,
        defer_ocr: bool = False,
        on_progress: Callable[[int, int], None] = ignore_progress,
    ) -> ParsedText:
        self.names.append(filename)
        if self.kind == "scan":
            return self._scanned(defer_ocr=defer_ocr)
        if self.kind == "none":
            raise UnsupportedFile("The file type is not supported.")
        return parsed_text(path.read_text(), self.kind)

    @property
    def has_ocr(self) -> bool:
        return self.ocr

    def _scanned(self, *, defer_ocr: bool) -> ParsedText:
        if not self.ocr:
            warning = ReportWarning("page_not_read", unread_page_message(), "page 2")
            return ParsedText(
                "page one", "pdf", report=Report(parts={"page": {"read": 1, "not_read": 1}}, warnings=(warning,))
            )
        if defer_ocr:
            raise OcrDeferred("the file needs OCR")
        return ParsedText("page one\n\npage two", "pdf", report=Report(parts={"page": {"read": 1, "ocr": 1}}))


def parsed_text(text: str, kind: str) -> ParsedText:
    """A text with every kind of structure and a report."""
    return ParsedText(
        text,
        kind,
        (Section("page", 1, "", 0, 3), Section("page", 2, "", 4, 7)),
        (Heading(0, 1, "one"),),
        (Table(4, 7, 7, ((4, 1),)),),
        Report(
            "reader",
            "1",
            "en",
            {"page": {"read": 2}},
            (ReportWarning("page_failed", "It is damaged.", "page 3"),),
            1,
            5,
        ),
    )


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def upload(blobs: FolderBlobs, data: bytes) -> str:
    with blobs.stage([data], max_bytes=len(data)) as staged:
        blobs.store(staged, raw_key(staged.sha256))
    return staged.sha256


def test_a_document_is_parsed_once_and_loaded_after_that(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("pdf"), upload(blobs, b"one two")

    texts = [load_or_parse(blobs, parser, sha256, "a.pdf") for _ in range(2)]

    assert texts == [parsed_text("one two", "pdf")] * 2
    assert parser.names == ["a.pdf"]
    assert list(blobs.list_keys("text/")) == [f"text/{sha256}-{PARSER_VERSION}-pdf"]


def test_plain_text_is_not_stored(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("text"), upload(blobs, b"one two")

    for _ in range(2):
        load_or_parse(blobs, parser, sha256, "a.txt")

    assert parser.names == ["a.txt", "a.txt"]
    assert list(blobs.list_keys("text/")) == []


def test_the_same_bytes_under_another_extension_are_parsed_again(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("html"), upload(blobs, b"one two")

    for name in ("a.HTML", "b.html", "c.xml", "d"):
        load_or_parse(blobs, parser, sha256, name)

    assert parser.names == ["a.HTML", "c.xml", "d"]


def test_a_file_that_cannot_be_parsed_stores_nothing(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("none"), upload(blobs, b"one two")

    with pytest.raises(UnsupportedFile):
        load_or_parse(blobs, parser, sha256, "a.bin")

    assert list(blobs.list_keys("text/")) == []


def test_a_text_with_unread_pages_is_parsed_again_when_there_is_ocr(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("scan"), upload(blobs, b"scan")
    assert [load_or_parse(blobs, parser, sha256, "a.pdf").text for _ in range(2)] == ["page one"] * 2

    parser.ocr = True
    with pytest.raises(OcrDeferred):
        load_or_parse(blobs, parser, sha256, "a.pdf", defer_ocr=True)
    with_ocr = load_or_parse(blobs, parser, sha256, "a.pdf")
    parser.ocr = False

    assert with_ocr.text == "page one\n\npage two"
    assert load_or_parse(blobs, parser, sha256, "a.pdf", defer_ocr=True) == with_ocr
    assert len(parser.names) == 3


def test_a_page_that_ocr_left_out_is_not_tried_again(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("pdf"), upload(blobs, b"one two")
    parser.ocr = True

    load_or_parse(blobs, parser, sha256, "a.pdf")
    load_or_parse(blobs, parser, sha256, "a.pdf")

    assert parser.names == ["a.pdf"]


def test_a_caller_who_waits_gets_the_stored_text_or_no_ocr(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("scan"), upload(blobs, b"scan")
    load_or_parse(blobs, parser, sha256, "a.pdf")
    parser.ocr = True

    assert load_or_parse_without_ocr(blobs, parser, sha256, "a.pdf").text == "page one"
    with pytest.raises(OcrDeferred):
        load_or_parse_without_ocr(blobs, parser, sha256, "a.tiff")


@pytest.mark.parametrize("damage", [b"", b"one tw", b"one twO", b"one two "])
def test_damaged_bytes_are_not_parsed(blobs: FolderBlobs, damage: bytes) -> None:
    parser, sha256 = StubParser("pdf"), upload(blobs, b"one two")
    blobs.write(raw_key(sha256), damage)

    with pytest.raises(DamagedFile, match="damaged on the server"):
        load_or_parse(blobs, parser, sha256, "a.pdf")

    assert parser.names == []


@pytest.mark.parametrize("damage", [lambda data: data.replace(b"one", b"ONE"), lambda data: data[:-3], lambda _: b""])
def test_a_damaged_stored_text_is_parsed_again(blobs: FolderBlobs, damage: Callable[[bytes], bytes]) -> None:
    parser, sha256 = StubParser("pdf"), upload(blobs, b"one two")
    load_or_parse(blobs, parser, sha256, "a.pdf")
    [key] = blobs.list_keys("text/")
    blobs.write(key, damage(blobs.read(key)))

    texts = [load_or_parse(blobs, parser, sha256, "a.pdf") for _ in range(2)]

    assert texts == [parsed_text("one two", "pdf")] * 2
    assert parser.names == ["a.pdf", "a.pdf"]


def test_a_text_that_an_older_version_stored_is_loaded(blobs: FolderBlobs) -> None:
    parser, sha256 = StubParser("pdf"), upload(blobs, b"one two")
    stored = parsed_text("one two", "pdf")
    data = json.dumps({"text": stored.text, "had_ocr": True, **stored.structure_to_json()}).encode()
    blobs.write(text_key(sha256, PARSER_VERSION, "pdf"), data)

    assert load_or_parse(blobs, parser, sha256, "a.pdf") == stored
    assert parser.names == []
