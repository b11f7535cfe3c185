"""Where a chunk comes from in its file."""

from typing import Any

import pytest

from ingest.steps.location import Locator, names_above
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.layout import TextBuilder


def locate(parsed: ParsedText, first: str, last: str = "") -> dict[str, Any]:
    """Locate the characters from the start of `first` to the end of `last`, without their offsets."""
    start = parsed.text.index(first)
    end = parsed.text.index(last or first, start) + len(last or first)
    location = Locator(parsed).locate(start, end)
    assert (location.pop("start"), location.pop("end")) == (start, end)
    return location


def pdf(pages: int) -> TextBuilder:
    builder = TextBuilder()
    for number in range(1, pages + 1):
        with builder.section("page"):
            if number % 10 == 1:
                builder.add_heading(f"Chapter {number // 10 + 1}", 1)
            if number != 7:
                builder.add_block(f"Words of page {number:02}.")
    return builder


@pytest.mark.parametrize("number", [1, 2, 6, 8, 49, 50])
def test_a_passage_of_one_page_names_it(number: int) -> None:
    location = locate(pdf(50).parsed("pdf"), f"Words of page {number:02}.")

    assert location == {"pages": [number, number], "headings": [f"Chapter {(number - 1) // 10 + 1}"]}


def test_a_passage_across_pages_names_the_first_and_the_last() -> None:
    parsed = pdf(50).parsed("pdf")

    assert locate(parsed, "Words of page 05.", "Words of page 09.")["pages"] == [5, 9]
    assert locate(parsed, "of page 06.", "of page 08.")["pages"] == [6, 8]
    assert locate(parsed, "Words of page 41.", "Words of page 50.")["pages"] == [41, 50]


def test_white_space_before_a_page_does_not_count_as_the_page_before() -> None:
    parsed = pdf(3).parsed("pdf")
    start = parsed.text.index("\n\nWords of page 02.")

    assert Locator(parsed).locate(start, start + 10)["pages"] == [2, 2]


def test_rows_of_a_sheet_have_their_numbers() -> None:
    builder = TextBuilder()
    with builder.section("sheet", "Staff"):
        builder.add_block("Staff")
        for number in (2, 3, 4, 9, 10):
            builder.add_row([f"row{number}", "x"], number)
    with builder.section("sheet", "Rooms"):
        builder.add_row(["cell", "y"], 1)
    parsed = builder.parsed("xlsx")

    assert locate(parsed, "row2 | x\nrow3 | x") == {"sheet": "Staff", "rows": [2, 3]}
    assert locate(parsed, "row4", "row9 | x") == {"sheet": "Staff", "rows": [4, 9]}
    assert locate(parsed, "ow10 | x") == {"sheet": "Staff", "rows": [10, 10]}
    assert locate(parsed, "Staff", "row2 | x") == {"sheet": "Staff", "rows": [2, 2]}
    assert locate(parsed, "cell | y") == {"sheet": "Rooms", "rows": [1, 1]}


def test_headings_are_those_above_from_the_highest_level() -> None:
    builder = TextBuilder()
    for level, title in [(1, "A"), (2, "B"), (3, "C"), (2, "D"), (4, "E"), (1, "F")]:
        builder.add_heading(title, level)
        builder.add_block(f"below {title}")
    parsed = builder.parsed("docx")

    paths = {title: locate(parsed, f"below {title}").get("headings") for title in "ABCDEF"}

    assert paths == {
        "A": ["A"],
        "B": ["A", "B"],
        "C": ["A", "B", "C"],
        "D": ["A", "D"],
        "E": ["A", "D", "E"],
        "F": ["F"],
    }


def test_a_passage_of_an_attachment_names_the_files_around_it_and_the_page_inside() -> None:
    inner = TextBuilder()
    inner.add_block("In the mail.")
    with inner.section("attachment", "report.pdf"):
        inner.add_block("Attachment: report.pdf")
        inner.add_parsed(pdf(12).parsed("pdf"), "attachment report.pdf")
    outer = TextBuilder()
    for subject in ("First", "Second"):
        with outer.section("message", subject):
            outer.add_heading(subject, 1)
            outer.add_block(f"Body of {subject}.")
            if subject == "Second":
                with outer.section("attachment", "forwarded.eml"):
                    outer.add_parsed(inner.parsed("eml"), "attachment forwarded.eml")
                outer.add_block("Signature.")
    parsed = outer.parsed("mbox")

    assert locate(parsed, "Body of First.") == {"message": "First", "headings": ["First"]}
    assert locate(parsed, "In the mail.") == {"attachments": ["forwarded.eml"]}
    assert locate(parsed, "Words of page 09.", "Words of page 12.") == {
        "attachments": ["forwarded.eml", "report.pdf"],
        "pages": [9, 12],
        "headings": ["Chapter 1"],
    }
    assert locate(parsed, "Words of page 12.", "Signature.")["pages"] == [12, 12]
    assert locate(parsed, "Signature.")["message"] == "Second"


def test_a_text_without_structure_has_its_offsets_and_the_repeated_header() -> None:
    locator = Locator(ParsedText("one two three", "text"))

    assert locator.locate(4, 7) == {"start": 4, "end": 7}
    assert locator.locate(4, 7, (0, 3)) == {"start": 4, "end": 7, "header": [0, 3]}


def test_many_sections_are_located_quickly() -> None:
    builder = TextBuilder()
    with builder.section("attachment", "long.pdf"):
        for number in range(20_000):
            with builder.section("page"):
                builder.add_heading(f"Title {number}", 2)
    parsed = builder.parsed("eml")
    locator = Locator(parsed)

    locations = [locator.locate(section.start, section.end) for section in parsed.sections[1::10]]

    assert [location["pages"][0] for location in locations] == list(range(1, 20_001, 10))


def test_the_names_above_a_chunk_begin_with_the_outermost() -> None:
    location = {
        "start": 0,
        "end": 1,
        "headings": ["Part", "Chapter"],
        "sheet": "Staff",
        "attachments": ["a.zip", "b.xlsx"],
    }

    assert names_above(location) == ("a.zip", "b.xlsx", "Staff", "Part", "Chapter")
    assert names_above({"start": 0, "end": 1}) == ()
