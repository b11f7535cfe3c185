"""CSV manifests: separators, types of columns, and rows that do not fit."""

import io
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.imports.manifest_csv import CsvRows
from ingest.imports.manifest_lines import InvalidLine


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["01234", "12345"], ["01234", "12345"]), (["1", "2.5", "-3"], [1, 2.5, -3]), (["1", "", "2"], [1, None, 2]),
        (["true", "false"], [True, False]), (["true", "1"], ["true", "1"]), (["1", "n/a"], ["1", "n/a"]),
        (["12345", "9" * 16], ["12345", "9" * 16]), (["", ""], [None, None]), (["1e3", "5"], ["1e3", "5"]),
    ],
)  # fmt: skip
def test_a_column_has_one_type(cells: list[str], values: list[Any]) -> None:
    rows, _ = _read("path,x\n" + "".join(f"a.txt,{cell}\n" for cell in cells))

    read = [row["attributes"].get("x") for row in rows]

    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


@pytest.mark.parametrize(
    "text",
    [
        "path;year;kind\na,b.txt;2024;x\n", "path\tyear\tkind\na,b.txt\t2024\tx\n", "sep=;\npath;year;kind\na,b.txt;2024;x\n",
        'year,path,kind\r\n2024,"a,b.txt",x\r\n', "sep=|\npath|year|kind\na,b.txt|2024|x\n",
        '"path"; year ;"kind"\n"a,b.txt";2024;x',
    ],
)  # fmt: skip
def test_the_header_tells_the_separator(text: str) -> None:
    rows, problems = _read(text)

    assert (rows, problems) == ([{"path": "a,b.txt", "name": "", "attributes": {"year": 2024, "kind": "x"}}], [])


def test_rows_that_do_not_fit_are_named_by_their_line_and_no_other_row_is_lost() -> None:
    rows, problems = _read("path,x\na,1\nb\n\nc,2,3\nd,4\n,5\ne,6\n")

    assert [row["path"] for row in rows] == ["a", "d", "e"]
    assert [line for line, _ in problems] == [3, 5, 7]


def test_a_quotation_mark_that_is_not_closed_is_a_problem() -> None:
    rows, problems = _read('path,x\na,1\nb,"2\nc,3\nd,4\n')

    assert [row["path"] for row in rows] == ["a"]
    assert problems == [(3, "A quotation mark is not closed, up to line 5")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "needs a column named path"), ("file,x\n", "needs a column named path"),
        ("path,x,x\n", "two columns named 'x'"), ("sep=ab\npath\n", "not CSV"),
    ],
)  # fmt: skip
def test_a_header_that_loses_values_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        _read(text)


def _read(text: str) -> tuple[list[Any], list[tuple[int, str]]]:
    """Return the rows, and (line, reason) of the problems."""
    source = CsvRows(lambda: io.StringIO(text, newline=""))
    rows, problems = [], []
    while True:
        try:
            rows.append(next(source))
        except InvalidLine as exc:
            problems.append((source.line_number, str(exc)))
        except StopIteration:
            return rows, problems
