"""Jupyter notebooks."""

import json
from typing import Any

import pytest

from ingest.errors import InvalidFile
from tests.steps.parse.documents import Parse


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source.splitlines(keepends=True), "outputs": outputs}


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source}


def test_cells_are_read_with_headings_and_outputs(parse: Parse) -> None:
    parsed = parse(
        "a.ipynb",
        notebook(
            markdown("# Größe\n\ntext\n\n## Part\nmore"),
            code('print("a")\n1', {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}),
        ),
    )

    assert parsed.text == '# Größe\n\ntext\n\n## Part\nmore\n\nprint("a")\n1\n\na\nb'
    assert [(parsed.text[h.start :].split("\n")[0], h.level) for h in parsed.headings] == [
        ("# Größe", 1),
        ("## Part", 2),
    ]
    assert parsed.report.parts == {"cell": {"read": 2}}


def test_a_table_is_read_from_its_html_and_a_picture_is_counted(parse: Parse) -> None:
    frame = {
        "text/html": ["<table><tr><th>city</th><th>n</th></tr><tr><td>Oslo</td><td>1</td></tr></table>"],
        "text/plain": ["  city\n0 Oslo"],
    }
    plot = {"image/png": "iVBORw0KGgo" * 100, "text/plain": ["<Figure size 640x480>"]}
    parsed = parse(
        "a.ipynb",
        notebook(
            code("x", {"output_type": "execute_result", "data": frame}, {"output_type": "display_data", "data": plot})
        ),
    )

    assert parsed.text == "x\n\ncity | n\nOslo | 1\n\n<Figure size 640x480>"
    assert parsed.report.parts["image"] == {"not_read": 1}
    assert [parsed.text[t.start : t.end] for t in parsed.tables] == ["city | n\nOslo | 1"]


def test_errors_and_progress_read_as_on_the_screen(parse: Parse) -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mValueError\x1b[0m", "bad"]}
    progress = {"output_type": "stream", "text": "0%\r50%\r100%\nend\n"}

    assert parse("a.ipynb", notebook(code("x", progress, error))).text == "x\n\n100%\nend\n\nValueError\nbad"


def test_a_picture_inside_markdown_is_a_note(parse: Parse) -> None:
    parsed = parse("a.ipynb", notebook(markdown("See ![x](data:image/png;base64," + "iVBORw0KGgo" * 50 + ")")))

    assert parsed.text == "See ![x](data:image/png)"
    assert parsed.report.parts["image"] == {"not_read": 1}


def test_notebooks_of_the_third_format_are_read(parse: Parse) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Title"},
        {"cell_type": "code", "input": "x", "outputs": [{"output_type": "pyout", "text": ["1"]}]},
    ]

    assert (
        parse("a.ipynb", json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()).text
        == "Title\n\nx\n\n1"
    )


@pytest.mark.parametrize("data", [b"{", b"[1]", b"[" * 100_000, b'"text"'])
def test_what_is_no_notebook_is_invalid(parse: Parse, data: bytes) -> None:
    with pytest.raises(InvalidFile, match="not a notebook"):
        parse("a.ipynb", data)


@pytest.mark.parametrize("cell", [1, None, {}, {"cell_type": "code", "source": {"a": 1}, "outputs": [1, {"data": []}]}])
def test_odd_cells_do_not_hide_the_others(parse: Parse, cell: Any) -> None:
    assert parse("a.ipynb", notebook(cell, markdown("text"))).text.endswith("text")


@pytest.mark.parametrize("damage", ["<<<<<<< HEAD\n{}", "{}<"])
def test_a_damaged_notebook_is_read_as_text_with_a_warning(parse: Parse, damage: str) -> None:
    source = notebook(markdown("# Größe"), markdown("second cell")).decode()

    parsed = parse("a.ipynb", damage.format(source).encode())

    assert "# Größe" in parsed.text
    assert "second cell" in parsed.text
    assert [warning.code for warning in parsed.report.warnings] == ["notebook_damaged"]
