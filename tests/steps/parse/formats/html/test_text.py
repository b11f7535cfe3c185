"""White space and the signs for breaks."""

from ingest.steps.parse.formats.html.text import BREAK, EDGE, block_text, cell_text, preformatted_text


def test_breaks_are_line_ends_in_blocks_and_spaces_in_cells() -> None:
    assert block_text([" a ", BREAK, "\n b", BREAK, BREAK, "c"]) == "a\nb\nc"
    assert cell_text(["a", BREAK, "b"]) == "a b"
    assert preformatted_text(["a ", BREAK, "  b"]) == "a \n  b"


def test_edges_part_words_only() -> None:
    assert block_text(["a", EDGE, EDGE, "b", EDGE, ", c"]) == "a b, c"
