"""python-calamine as the second reader: the same text as the first one for cells without number formats."""

import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.sheets import second_reader, xls, xlsx
from tests.steps.parse import workbooks
from tests.steps.parse.documents import DocumentBuilder

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
VALUES = st.none() | TEXTS.filter(lambda text: text[0] not in "=#-+.0123456789") | st.booleans() | st.integers(0, 10**9)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(VALUES | st.floats(0, 1e9), max_size=5), max_size=5))
def test_both_readers_agree_on_workbooks_of_an_independent_writer(tmp_path: Path, rows: list[list[object]]) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(DocumentBuilder().xlsx({"One": rows, "Two": [["x", 1]]}))

    first, second = xlsx.read(path), second_reader.read(path, "xlsx")

    assert first.text == second.text
    assert (first.sections, first.tables) == (second.sections, second.tables)


def test_both_readers_take_texts_and_booleans_above_numbers_for_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(DocumentBuilder().xlsx({"One": [["a", "b"], ["c", 1], [], ["d", True], ["e", 2]]}))

    first, second = xlsx.read(path), second_reader.read(path, "xlsx")

    assert first.text == second.text == "One\n\na | b\nc | 1\n\nd | TRUE\ne | 2"
    assert first.tables == second.tables


def test_both_readers_agree_on_workbooks_of_excel_97(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(workbooks.xls([(1, 0, "a", 0), (3, 1, 2.5, 0), (3, 2, "c", 0)]))

    first, second = xls.read(path), second_reader.read(path, "xls")

    assert first.text == second.text == "Data\n\na\n\n | 2.5 | c"
    assert first.tables == second.tables
    assert second.tables[0].row_numbers == ((9, 4),)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "TRUE"),
        (2.0, "2"),
        (datetime.date(2024, 3, 1), "2024-03-01"),
        (datetime.datetime(2024, 3, 1, 14, 30), "2024-03-01 14:30:00"),  # noqa: DTZ001 - cells have no time zone
        (datetime.datetime(2024, 3, 1), "2024-03-01"),  # noqa: DTZ001 - cells have no time zone
        (datetime.time(14, 30), "14:30:00"),
        (datetime.timedelta(hours=30, minutes=15), "30:15:00"),
        ("text", "text"),
    ],
)
def test_values_are_shown_without_number_formats(value: object, shown: str) -> None:
    assert second_reader.format_value(value) == shown
