"""Logs of terminals."""

import pytest

from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.plain.terminal import remove_progress, remove_terminal_codes


def text_of(text: str, suffix: str) -> str:
    return read_plain(text.encode(), suffix).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("2024 \x1b[31mERROR\x1b[0m disk full", "2024 ERROR disk full"),
        ("\x1b[1;38;5;12mbold\x1b[K \x1b]0;title\x07text\x1b(B", "bold text"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("N\bNA\bAM\bME\bE and _\bu_\bs", "NAME and us"),
        ("teh\b\bhe", "the"),
        ("a\n10% [=   ]\r50% [==  ]\r100% [====]\nb", "a\n100% [====]\nb"),
        ("a\nLoading\rDone\n", "a\nLoading\nDone\n"),
        ("one\rtwo\rthree", "one\ntwo\nthree"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
    ],
)
def test_a_log_reads_as_the_terminal_showed_it(source: str, text: str) -> None:
    assert text_of(source, "log") == text


def test_both_forms_of_control_sequences_are_removed() -> None:
    assert remove_terminal_codes("\x1b[1mbold\x1b[0m a\x9b2Kb") == "bold ab"


def test_a_lost_escape_character_is_removed_without_its_neighbours() -> None:
    assert remove_terminal_codes("price \x1b€ 12") == "price € 12"


def test_a_backspace_before_the_start_of_a_line_stays_in_the_line() -> None:
    assert remove_terminal_codes("first\n\b\bx\bsecond") == "first\nsecond"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a\r\nL 1%\rL 2%\rL 3%\r\nx\ry", "a\nL 3%\nx\ry"),
        ("10%\r100%\r", "100%"),
        ("Loading\r       \rDone", "Loading\rDone"),
        ("100\r200\r300\n", "100\r200\r300\n"),
        ("1.5, 2\r1.7, 3\n", "1.5, 2\r1.7, 3\n"),
        ("\r\r\n", "\n"),
    ],
)
def test_only_states_that_the_next_one_repeats_are_dropped(source: str, text: str) -> None:
    assert remove_progress(source) == text
