"""Subtitles."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.subtitles import read
from tests.steps.parse.documents import Parse
from tests.timing import assert_linear

SRT = """\ufeff1
00:00:01,000 --> 00:00:03,500
<i>Good evening,</i>

2
00:00:03,600 --> 00:00:05,000
{\\an8}and welcome to Größe &amp; Co.

3
01:02:03,000 --> 01:02:04,000
After a pause.

"""
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE not spoken

intro
00:01.000 --> 00:03.000 align:start position:0%
<v Mary Smith>Hello <00:02.000><c.yellow>there</c></v>

00:03.100 --> 00:05.000
Hello there
who are you?
"""


def test_cues_of_subrip_are_paragraphs_with_their_time(parse: Parse) -> None:
    parsed = parse("talk.srt", SRT.replace("\n", "\r\n").encode())

    assert parsed.text == "[0:00:01] Good evening,\nand welcome to Größe & Co.\n\n[1:02:03] After a pause."
    assert parsed.kind == "subtitles"


def test_webvtt_has_speakers_and_no_styles_and_notes(parse: Parse) -> None:
    assert parse("talk.vtt", VTT.encode()).text == "[0:00:01] Mary Smith: Hello there\nHello there\nwho are you?"


def test_a_line_that_live_captions_repeat_is_there_once(parse: Parse) -> None:
    cues = "00:01.000 --> 00:02.000\none\n\n00:02.000 --> 00:03.000\none\ntwo\n\n00:03.000 --> 00:04.000\ntwo\nthree\n"

    assert parse("talk.vtt", f"WEBVTT\n\n{cues}".encode()).text == "[0:00:01] one\ntwo\nthree"


def test_an_empty_line_inside_a_cue_ends_no_cue(parse: Parse) -> None:
    assert parse("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\none\n\nstill one\n").text == "[0:00:01] one\nstill one"


def test_subtitles_in_an_old_character_set_are_decoded(parse: Parse) -> None:
    cue = "1\n00:00:01,000 --> 00:00:02,000\nПривет, как дела?\n"

    assert parse("a.srt", cue.encode("cp1251")).text == "[0:00:01] Привет, как дела?"


def test_a_long_speech_is_divided_at_sentences(parse: Parse) -> None:
    cues = "".join(
        f"{n}\n00:{n // 6:02}:{n % 6}0,000 --> 00:{n // 6:02}:{n % 6}9,000\nSentence {n}.\n\n" for n in range(9)
    )

    assert parse("a.srt", cues.encode()).text.count("[0:0") == 3


@pytest.mark.parametrize("unit", ["0:", "-->", "<v a", "{\\", "\n", "00:01.000 --> 00:02.000\na\n\n", "a\n", "&#", "<"])
def test_repeated_signs_take_linear_time(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "blob"

    def read_repeated(size: int) -> None:
        path.write_text("00:01.000 --> 00:02.000\n" + unit * (size // len(unit)))
        read(path)

    assert_linear(read_repeated, 200_000)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["1", "", "00:01.000 --> 00:02.000", "a --> b", "<v x>", "text é", "NOTE", "99:99:99 --> 0:0"])
    )
)
def test_any_lines_are_read(lines: list[str]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write("\n".join(lines).encode())
        file.flush()
        assert "-->" not in read(Path(file.name)).text.replace("a --> b", "")
