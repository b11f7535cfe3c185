"""Golden files: their format, and the errors of wrong lines."""

import json

import pytest

from ingest.errors import InvalidRequest
from ingest.search.evaluation.golden import Expected, GoldenQuery, parse_lines, parse_query

FILTER = {"type": "eq", "key": "year", "value": 2021}


def test_a_text_is_the_name_or_the_id_of_a_file() -> None:
    [query] = parse_lines(['{"query": "who signs", "expected": ["contract.pdf", "file-abc"]}'])

    assert query == GoldenQuery("who signs", (Expected("contract.pdf"), Expected("file-abc")))
    assert query.expects_files


def test_an_object_names_a_page_or_a_text_and_a_grade() -> None:
    expected = [{"file": "contract.pdf", "page": 3, "grade": 2}, {"text": "signed by"}, {"file": "a", "text": "b"}]

    query = parse_query({"query": "who signs", "expected": expected, "filters": FILTER})

    assert query.expected == (
        Expected("contract.pdf", 3, None, 2.0),
        Expected(text="signed by"),
        Expected("a", None, "b"),
    )
    assert query.filters == FILTER
    assert not query.expects_files


def test_empty_lines_are_skipped() -> None:
    queries = parse_lines(
        ["\ufeff" + '{"query": "a", "expected": ["b"]}', "", "  \n", '{"query": "c", "expected": ["d"]}']
    )

    assert [query.query for query in queries] == ["a", "c"]


def test_a_query_survives_json() -> None:
    query = parse_query({"query": "q", "expected": ["f", {"file": "g", "page": 2, "grade": 3}], "filters": FILTER})

    assert parse_query(json.loads(json.dumps(query.to_json()))) == query


WRONG_QUERIES = {
    "Unknown key 'answer'": {"query": "a", "expected": ["b"], "answer": 1},
    "'query' must be a text": {"query": " ", "expected": ["b"]},
    "'query' must be a text of 1": {"query": 5, "expected": ["b"]},
    "'expected' must be a list": {"query": "a", "expected": "b"},
    "'expected' must be a list of 1": {"query": "a"},
    "needs a 'file' or a 'text'": {"query": "a", "expected": [{"grade": 1}]},
    "Unknown key 'name'": {"query": "a", "expected": [{"name": "b"}]},
    "'text' must be a text": {"query": "a", "expected": [{"text": ""}]},
    "'page' must be a whole number": {"query": "a", "expected": [{"file": "b", "page": True}]},
    "it goes with 'file'": {"query": "a", "expected": [{"text": "b", "page": 1}]},
    "'grade' must be a number above 0": {"query": "a", "expected": [{"file": "b", "grade": 0}]},
    "'file' may have at most": {"query": "a", "expected": ["x" * 5_000]},
    "must be the name or the id": {"query": "a", "expected": [7]},
    "must be an object, as in a search": {"query": "a", "expected": ["b"], "filters": []},
    "'filters.type' must be one of": {"query": "a", "expected": ["b"], "filters": {"type": "near"}},
    "must be a JSON object": ["a", "b"],
}


@pytest.mark.parametrize("message", WRONG_QUERIES)
def test_a_wrong_query_is_refused_with_its_line(message: str) -> None:
    lines = ['{"query": "a", "expected": ["b"]}', "", json.dumps(WRONG_QUERIES[message])]

    with pytest.raises(InvalidRequest, match=rf"^Line 3: .*{message}"):
        parse_lines(lines)


@pytest.mark.parametrize("line", ["{'query': 'a'}", "[" * 100_000, '{"query": "a"'])
def test_a_line_that_is_not_json_is_refused(line: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^Line 1: This is not JSON"):
        parse_lines([line])


def test_a_file_without_queries_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="There are no golden queries"):
        parse_lines(["", "\n"])
