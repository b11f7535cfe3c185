"""Rows of tables by the edges of their cells."""

import pytest

from ingest.steps.parse.formats.row_grid import Row, align_rows

WHOLE: Row = (["a", "b", "c"], (0, 1000, 2000, 3000))


def test_a_merged_cell_has_an_empty_cell_for_each_further_column() -> None:
    rows: list[Row] = [
        (["title"], (0, 3000)),
        WHOLE,
        (["wide", "c"], (0, 2000, 3000)),
        (["a", "wide"], (0, 1000, 3000)),
    ]

    assert align_rows(rows) == [["title", "", ""], ["a", "b", "c"], ["wide", "", "c"], ["a", "wide", ""]]


def test_a_row_that_begins_further_right_keeps_its_columns() -> None:
    assert align_rows([WHOLE, (["b", "c"], (1000, 2000, 3000))]) == [["a", "b", "c"], ["", "b", "c"]]


def test_edges_differ_a_little() -> None:
    assert align_rows([WHOLE, (["x", "y"], (-40, 2060, 2950))]) == [["a", "b", "c"], ["x", "", "y"]]


@pytest.mark.parametrize(
    "row",
    [
        (["x", "y"], (0, 1500, 3000)),  # an edge inside a column
        (["x", "y"], (0, 2000)),  # an edge is missing
        (["x"], ()),
        (["x", "y"], (0, 2000, 1000)),  # edges that go back
    ],
)
def test_a_row_with_edges_elsewhere_stays_as_it_is(row: Row) -> None:
    assert align_rows([WHOLE, row]) == [["a", "b", "c"], row[0]]


def test_rows_without_edges_stay_as_they_are() -> None:
    assert align_rows([]) == []
    assert align_rows([(["a", "b"], ()), (["c"], ())]) == [["a", "b"], ["c"]]
