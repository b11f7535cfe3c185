"""The definitions of lists, of which documents made from one template have the same."""

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from ingest.steps.parse.formats import numbering
from ingest.steps.parse.formats.numbering import Numbering, Place, read_numbering

if TYPE_CHECKING:
    from tests.steps.parse.conftest import Make

FIRST_LIST = Place("1")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The parts that were read so far."""
    seen: list[bytes] = []
    read = numbering._root

    def noted(xml: bytes) -> object:
        seen.append(xml)
        return read(xml)

    monkeypatch.setattr(numbering, "_root", noted)
    numbering._kept.cache_clear()
    return seen


def of(document: bytes) -> Numbering:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return read_numbering(archive)


def test_documents_of_one_template_count_by_themselves_and_its_definitions_are_read_once(
    make: "Make", reads: list[bytes]
) -> None:
    one, other = of(make.numbered_docx("first text")), of(make.numbered_docx("second text"))

    assert [one.next(FIRST_LIST), one.next(FIRST_LIST), other.next(FIRST_LIST)] == ["1.", "2.", "1."]
    assert len(reads) == 2


def test_another_template_has_its_own_definitions(make: "Make", reads: list[bytes]) -> None:
    one, other = of(make.numbered_docx("text")), of(make.numbered_docx("text", first="(%1)"))

    assert [one.next(FIRST_LIST), other.next(FIRST_LIST)] == ["1.", "(1)"]
    assert len(reads) == 4


def test_only_the_templates_of_the_last_few_documents_are_kept(make: "Make", reads: list[bytes]) -> None:
    of(make.numbered_docx("text", first="oldest %1"))
    of(make.numbered_docx("text", first="used %1"))
    for number in range(numbering._KEPT - 1):
        of(make.numbered_docx("text", first=f"%1 {number}"))
        of(make.numbered_docx("text", first="used %1"))
    reads.clear()

    of(make.numbered_docx("text", first="used %1"))
    assert not reads
    of(make.numbered_docx("text", first="oldest %1"))
    assert reads


def test_long_definitions_are_not_kept(make: "Make", reads: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "_KEPT_BYTES", 100)

    of(make.numbered_docx("text"))
    of(make.numbered_docx("text"))

    assert len(reads) == 4


def test_a_document_without_lists_has_no_numbers(make: "Make", reads: list[bytes]) -> None:
    assert of(make.docx("text")).next(FIRST_LIST) == ""
