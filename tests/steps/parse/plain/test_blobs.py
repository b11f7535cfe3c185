"""Base64 in text."""

import base64
import random

import pytest

from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.plain.blobs import may_have_blobs, replace_blobs

PICTURE = base64.b64encode(random.Random(1).randbytes(3000)).decode()


def text_of(text: str, suffix: str) -> str:
    return read_plain(text.encode(), suffix).text


def test_a_picture_in_markdown_is_a_note_and_is_counted() -> None:
    parsed = read_plain(f"# A\n\nSee ![plan](data:image/png;base64,{PICTURE}) here\n\n## B\n".encode(), "md")

    assert parsed.text == "# A\n\nSee ![plan](data:image/png) here\n\n## B\n"
    assert [(parsed.text[h.start :][:4], h.title) for h in parsed.headings] == [("# A\n", "A"), ("## B", "B")]
    assert parsed.report.parts == {"image": {"not_read": 1}}
    assert not parsed.report.warnings


def test_a_text_of_nothing_but_a_picture_has_a_warning() -> None:
    parsed = read_plain(f"![](data:image/png;base64,{PICTURE})".encode(), "md")

    assert [warning.code for warning in parsed.report.warnings] == ["pictures_not_read"]


def test_base64_in_lines_is_a_note() -> None:
    lines = "\n".join(PICTURE[at : at + 64] for at in range(0, 2000, 64))

    assert text_of(f"one {PICTURE} two", "log") == "one [base64] two"
    assert text_of(f"-----BEGIN-----\n{lines}\n-----END-----\n", "txt") == "-----BEGIN-----\n[base64]\n-----END-----\n"


@pytest.mark.parametrize("text", ["ACGT" * 200, "中文没有空格" * 100, "a" * 1000, "0123456789abcdef\n" * 40, "=" * 500])
def test_long_runs_that_are_no_base64_stay(text: str) -> None:
    assert text_of(text, "txt") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("word " * 500, False), (f"x {PICTURE}", True), ("", False), ("a" * 40, False), ("a" * 460, True)],
)
def test_only_long_runs_without_a_space_may_be_base64(text: str, expected: bool) -> None:
    assert may_have_blobs(text) is expected


def test_only_pictures_are_counted() -> None:
    assert replace_blobs(f"data:application/pdf;base64,{PICTURE}, data:image/png;base64,{PICTURE}") == (
        "data:application/pdf, data:image/png",
        1,
    )
    assert replace_blobs(f"data:;base64,{PICTURE}") == ("data:text/plain", 0)


def test_a_short_data_uri_stays() -> None:
    assert replace_blobs("data:image/png;base64,AAAA b") == ("data:image/png;base64,AAAA b", 0)


@pytest.mark.parametrize("following", ["end", "Best", "Regards", "}", "See you", "tomorrow", "NOTE", "4711"])
def test_the_word_below_a_block_of_base64_stays(following: str) -> None:
    block = "\n".join(PICTURE[at : at + 64] for at in range(0, 640, 64))

    assert replace_blobs(f"{block}\n{following}\n")[0] == f"[base64]\n{following}\n"


@pytest.mark.parametrize("last", ["QkJD", "QQ==", "aGVsbG8=", "x" * 40])
def test_the_short_last_line_of_a_block_of_base64_belongs_to_it(last: str) -> None:
    block = "\n> ".join(PICTURE[at : at + 64] for at in range(0, 640, 64))

    assert replace_blobs(f"> {block}\n> {last}\nend")[0] == "> [base64]\nend"


@pytest.mark.parametrize("width", [60, 64, 72, 76, 80])
@pytest.mark.parametrize("indent", [0, 2, 4, 8])
def test_indented_base64_is_found_wherever_its_lines_end(width: int, indent: int) -> None:
    data = base64.b64encode(random.Random(width).randbytes(6_000)).decode()
    lines = [" " * indent + data[at : at + width] for at in range(0, len(data), width)]

    assert may_have_blobs("key: |\n" + "\n".join(lines) + "\n")


def test_a_table_of_words_needs_no_search_for_base64() -> None:
    assert not may_have_blobs("council,logistics,policy\n" * 1000)
