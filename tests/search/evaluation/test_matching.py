"""Ranks of expected files and passages among results."""

from ingest.search.evaluation.golden import Expected, GoldenQuery
from ingest.search.evaluation.matching import FoundPassage, rank_expected


def found(file_id: str, text: str = "", pages: tuple[int, int] | None = None) -> FoundPassage:
    return FoundPassage(file_id, f"{file_id}.pdf", text, pages)


def ranks(results: list[FoundPassage], *expected: Expected) -> list[int | None]:
    return rank_expected(GoldenQuery("q", expected), results)


def test_a_file_is_found_by_its_name_or_its_id() -> None:
    results = [found("file-a"), found("file-b")]

    assert ranks(results, Expected("file-b.pdf"), Expected("file-a"), Expected("c.pdf")) == [2, 1, None]


def test_ranks_of_whole_files_count_files_and_not_passages() -> None:
    results = [found("file-a"), found("file-a"), found("file-a"), found("file-b")]

    assert ranks(results, Expected("file-b")) == [2]


def test_ranks_of_passages_count_passages() -> None:
    results = [found("file-a", "one"), found("file-a", "two"), found("file-b", "three")]

    assert ranks(results, Expected(text="three"), Expected("file-b")) == [3, 3]


def test_a_text_is_found_whatever_its_case_white_space_and_width() -> None:
    results = [found("file-a", "other"), found("file-b", "The  NOTICE\nperiod is ３ months. Straße")]

    assert ranks(results, Expected(text="notice period is 3 months"), Expected(text="STRASSE")) == [2, 2]


def test_a_text_with_a_file_counts_in_that_file_only() -> None:
    results = [found("file-a", "the same"), found("file-b", "the same")]

    assert ranks(results, Expected("file-b", None, "the same")) == [2]


def test_a_page_is_found_in_a_passage_that_covers_it() -> None:
    results = [found("file-a", pages=(1, 2)), found("file-a", pages=(3, 3)), found("file-b")]

    assert ranks(results, Expected("file-a", 2), Expected("file-a", 3), Expected("file-b", 1)) == [1, 2, None]


def test_nothing_is_found_without_results() -> None:
    assert ranks([], Expected("file-a"), Expected(text="x")) == [None, None]
