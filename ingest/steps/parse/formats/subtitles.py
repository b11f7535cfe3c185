"""SubRip (.srt) and WebVTT (.vtt) subtitles: what is said, in paragraphs that begin with their time.

W3C WebVTT, sections 4 and 6. SubRip has no standard; its cues are blocks of a number, a line of times, and lines of text.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ingest.steps.parse.charset import decode_counted
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText, normalize_text

_TIMES = re.compile(
    r"\s*((?:\d{1,3}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?)\s*-->\s*((?:\d{1,3}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?)"
)
_SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>\n]{1,100})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^}\n]{0,100}\}")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)]?$")
_PAUSE_SECONDS = 4.0
_LONG_PARAGRAPH_SECONDS = 30.0
_BLOCKS_WITHOUT_SPEECH = ("STYLE", "REGION", "NOTE")


class _Cue(NamedTuple):
    start: float
    end: float
    lines: list[str]


def read(path: Path) -> ParsedText:
    """Return the cues as paragraphs. A pause, or a sentence's end after half a minute, ends a paragraph."""
    decoded = decode_counted(path.read_bytes())
    builder = TextBuilder()
    builder.report.count_replaced_characters(decoded.replaced)
    lines: list[str] = []
    start = end = 0.0
    for cue in _cues(normalize_text(decoded.text)):
        is_long = cue.start - start > _LONG_PARAGRAPH_SECONDS and lines and _SENTENCE_END.search(lines[-1])
        if lines and (cue.start - end > _PAUSE_SECONDS or cue.start < start or is_long):
            _add_paragraph(builder, start, lines)
            lines = []
        if not lines:
            start = cue.start
        end = max(end, cue.end) if lines else cue.end
        # Live captions repeat the line above in the next cue.
        lines += [line for line in cue.lines if line not in lines[-2:]]
    _add_paragraph(builder, start, lines)
    return builder.parsed("subtitles")


def _add_paragraph(builder: TextBuilder, start: float, lines: list[str]) -> None:
    if lines:
        builder.add_block(f"[{_clock(start)}] " + "\n".join(lines))


def _cues(text: str) -> Iterator[_Cue]:
    """Yield the cues, and the text of notes as cues of the time before them."""
    times: tuple[float, float] = (0.0, 0.0)
    lines: list[str] = []
    is_speech = False
    all_lines = text.split("\n")
    for index, line in enumerate(all_lines):
        if "-->" in line and (match := _TIMES.match(line)):
            if lines:
                yield _Cue(*times, lines)
            times, lines, is_speech = (_seconds(match[1]), _seconds(match[2])), [], True
        elif not line.strip():
            # SubRip files have empty lines inside a cue; what follows is a new cue if a number and times come next.
            is_speech = is_speech and not _starts_block(all_lines, index + 1)
        elif is_speech and (spoken := _plain(line)):
            lines.append(spoken)
    if lines:
        yield _Cue(*times, lines)


def _starts_block(lines: list[str], index: int) -> bool:
    """Return whether the lines from `index` on are a cue or a block without speech."""
    following = lines[index : index + 2]
    if not following:
        return True
    return following[0].startswith(_BLOCKS_WITHOUT_SPEECH) or any("-->" in line for line in following)


def _plain(line: str) -> str:
    line = _SPEAKER.sub(r"\1: ", line)
    return html.unescape(_TAG.sub("", line)).strip()


def _seconds(clock: str) -> float:
    seconds = 0.0
    for part in clock.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
