"""Lines and spaces where pdfium takes lines for columns of characters."""

from ingest.steps.parse.formats.pdf.flow import TORN, with_lines
from ingest.steps.parse.formats.pdf.glyphs import Glyphs


def placed(*glyphs: tuple[str, float, float]) -> Glyphs:
    """Return glyphs of 10 points, each 6 wide, from characters, lefts and bottoms. Line ends have no size."""
    sizes = [(0, 0) if character in "\r\n" else (6, 10) for character, _, _ in glyphs]
    return Glyphs(
        "".join(character for character, _, _ in glyphs),
        [left for _, left, _ in glyphs],
        [left + width for (_, left, _), (width, _) in zip(glyphs, sizes, strict=True)],
        [bottom for _, _, bottom in glyphs],
        [bottom + height for (_, _, bottom), (_, height) in zip(glyphs, sizes, strict=True)],
    )


def test_characters_on_lines_of_their_own_are_joined_and_gaps_become_spaces() -> None:
    torn = placed(
        ("A", 0, 50), ("\n", 6, 50), ("n", 6, 50), ("\n", 12, 50), ("B", 18, 50), ("\n", 24, 50), ("c", 0, 36)
    )

    assert with_lines(torn).text == "An B\nc"


def test_a_step_back_on_the_same_line_is_a_new_line() -> None:
    assert with_lines(placed(("b", 50, 0), ("a", 0, 0))).text == "b\na"


def test_a_space_that_the_page_draws_stays() -> None:
    assert with_lines(placed(("a", 0, 0), (" ", 6, 0), ("b", 6.5, 0))).text == "a b"


def test_glyphs_keep_their_places_behind_the_new_spaces() -> None:
    lined = with_lines(placed(("a", 0, 0), ("b", 20, 0)))

    assert (lined.text, lined.left[2], lined.right[2]) == ("a b", 20, 26)


def test_nothing_but_line_ends_stays_as_it_is() -> None:
    empty = placed(("\n", 0, 0))

    assert with_lines(empty) is empty


def test_only_many_short_lines_in_a_row_are_torn() -> None:
    assert TORN.search("Title\r\n" + "a\r\n" * 6)
    assert not TORN.search("Some text\r\n1\r\n2\r\n3\r\nmore text\r\n")
