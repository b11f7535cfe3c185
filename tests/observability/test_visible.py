"""Text of others cannot control a terminal."""

import pytest

from ingest.observability.visible import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("Größe 文書 👩‍👩‍👧 a\u00a0b", "Größe 文書 👩‍👩‍👧 a\u00a0b"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("\u2066a\u2069\u200f\ufeff\u200b", r"\u2066a\u2069\u200f\ufeff\u200b"),
        ("\udc80", r"\udc80"),
        ("\U000e0041", r"\U000e0041"),
        ("\0\x7f", r"\x00\x7f"),
        ("[red]a[/red] :smile:", "[red]a[/red] :smile:"),
    ],
)
def test_what_controls_a_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_lines() -> None:
    assert visible_lines("a\x1b\nb\tc") == "a\\x1b\nb\\tc"
