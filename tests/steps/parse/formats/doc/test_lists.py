"""The list definitions of a Word document."""

import pytest

from ingest.steps.parse.formats.doc.lists import read_lists
from ingest.steps.parse.formats.docx.numbering import ListLevel, Numbering
from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile, list_tables, sprm, style_sheet


def test_list_numbers_are_counted_as_word_counts_them(read_doc: ReadDoc) -> None:
    lists = list_tables([(5, 0, "\0."), (1, 4, "\1)")], [{}, {0: 9}])
    styles = style_sheet([(0, 0xFFF, b""), (1, 0, sprm(0x460B, 1, 2))])
    first, second, other = (
        sprm(0x460B, 1, 2),
        sprm(0x460B, 1, 2) + sprm(0x260A, 1),
        sprm(0x460B, 2, 2),
    )
    text = "five\rsub a\rsub b\rsix\rnine\rHead\rplain\r"
    properties = [(0, first), (0, second), (0, second), (0, first), (0, other), (1, b""), (1, sprm(0x460B, 0, 2))]

    parsed = read_doc(DocFile([(text, b"")], dict(enumerate(properties)), tables={0xA2: styles, **lists}).build())

    assert parsed.text == "5. five\n  a) sub a\n  b) sub b\n6. six\n9. nine\n\n10. Head\n\nplain"
    assert [heading.title for heading in parsed.headings] == ["Head", "plain"]


def _read(levels: list[tuple[int, int, str]], overrides: list[dict[int, int]], cut: int | None = None) -> Numbering:
    definitions, references = list_tables(levels, overrides).values()
    table = (definitions + references)[:cut]
    return read_lists(table, (0, len(definitions)), (len(definitions), len(references)))


def test_levels_have_patterns_formats_and_starts() -> None:
    numbering = _read([(5, 0, "\0."), (1, 4, "\0.\1)"), (1, 23, "\uf0b7")], [{}])

    levels = numbering.lists["1"].levels
    assert levels[0] == ListLevel("decimal", "%1.", 5)
    assert levels[1] == ListLevel("lowerLetter", "%1.%2)", 1)
    assert levels[2] == ListLevel("bullet", "", 1)
    assert levels[3].number_format == "none"


def test_an_override_restarts_levels_of_the_list_it_shares() -> None:
    numbering = _read([(1, 0, "\0.")], [{}, {0: 9, 1: 3}])

    first, second = numbering.lists["1"], numbering.lists["2"]
    assert first.counters == second.counters
    assert (first.restarts, second.restarts) == ({}, {0: 9, 1: 3})


@pytest.mark.parametrize("cut", [0, 1, 40, 100])
def test_damaged_definitions_give_no_lists(cut: int) -> None:
    assert _read([(1, 0, "\0.")], [{}], cut).lists == {}


def test_a_document_may_have_no_lists() -> None:
    assert read_lists(b"", (0, 0), (0, 0)).lists == {}
