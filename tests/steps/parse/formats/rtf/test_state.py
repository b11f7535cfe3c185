"""The formatting that groups of RTF inherit."""

from ingest.steps.parse.formats.rtf.state import DEFAULT_SIZE, State
from ingest.steps.parse.formats.story import Paragraph, Story


def test_a_group_inherits_all_but_what_happens_at_the_end_of_the_outer_one() -> None:
    outer = State(Story())
    for name in ("is_right_to_left", "is_hidden", "is_deleted", "is_suppressed"):
        setattr(outer, name, True)
    outer.mode, outer.font, outer.right_to_left_font, outer.fallback_length = "fonts", 3, 4, 2
    outer.script, outer.small_shift, outer.size, outer.paragraph = "super", "sub", 16, Paragraph(heading=2)
    outer.on_close = lambda: None

    inner = outer.copy()

    assert inner.on_close is None
    assert [name for name in State.__slots__ if getattr(inner, name) != getattr(outer, name)] == ["on_close"]


def test_a_change_in_a_group_ends_with_the_group() -> None:
    outer = State(Story())
    inner = outer.copy()
    inner.is_hidden, inner.size, inner.paragraph = True, 10, Paragraph(table_depth=1)

    assert (outer.is_hidden, outer.size, outer.paragraph) == (False, DEFAULT_SIZE, Paragraph())
