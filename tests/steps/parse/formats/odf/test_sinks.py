"""The blocks in a cell as one line."""

from ingest.steps.parse.formats.odf.sinks import CellSink


def test_blocks_in_a_cell_are_one_line() -> None:
    sink = CellSink()
    sink.add_heading("Head", 2, "Head")
    sink.add_block("first\nline  end")
    sink.add_line("  - item")

    assert sink.text == "Head first line end - item"


def test_semicolons_keep_the_rows_of_a_nested_table_apart() -> None:
    sink = CellSink()
    sink.add_block("before")
    sink.add_row(["a", "b"])
    sink.add_row(["c", "", "d"], 2)
    sink.add_block("after")

    assert sink.text == "before a | b; c | | d after"


def test_two_tables_in_a_cell_are_not_rows_of_one() -> None:
    sink = CellSink()
    sink.add_row(["a"])
    sink.end_list()
    sink.add_row(["b"])

    assert sink.text == "a b"


def test_empty_rows_and_an_empty_cell_have_no_text() -> None:
    sink = CellSink()
    assert sink.text == ""

    sink.add_row(["", ""])
    sink.add_block("")

    assert sink.text == ""
