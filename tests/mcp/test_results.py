"""Ids, titles and the part of a long text that `fetch` returns."""

import pytest

from ingest.mcp.results import document_id, parse_document_id, title_of, window


@pytest.mark.parametrize("start", [None, 0, 4_000])
def test_an_id_names_store_file_and_character(start: int | None) -> None:
    assert parse_document_id(document_id("vs_a", "file-b", start)) == ("vs_a", "file-b", start or 0)


@pytest.mark.parametrize("text", ["", "file-b", "vs_a", "vs_a/", "vs_a/b/c", "vs_a/file-b@x", "vs_a/file-b@-1"])
def test_another_text_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="no id of a search result"):
        parse_document_id(text)


def test_a_title_says_page_and_heading() -> None:
    assert title_of("a.pdf", {"pages": [3, 3], "headings": ["One", "Two"]}) == "a.pdf · page 3 · Two"
    assert title_of("a.pdf", {"pages": [3, 4], "headings": None}) == "a.pdf · pages 3-4"
    assert title_of("a.txt", {}) == "a.txt"


@pytest.mark.parametrize("start", [0, 10, 500, 990, 5_000])
def test_of_a_long_text_the_part_around_the_passage_is_shown(start: int) -> None:
    first, end = window("x" * 1_000, start, 100)

    assert 0 <= first < end <= 1_000
    assert end - first == 100
    assert first <= min(start, 999) < end


def test_a_short_text_is_shown_whole() -> None:
    assert window("short", 3, 100) == (0, 5)
