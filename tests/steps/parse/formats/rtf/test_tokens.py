"""The tokens of RTF."""

import pytest

from ingest.steps.parse.formats.rtf import tokens
from tests.timing import assert_linear


def test_a_source_is_split_into_words_bytes_symbols_braces_and_text() -> None:
    source = rb"{\b\fs24 caf\'e9\~x \u-3917?\*" + b"\r\n}"

    found = [(match.lastindex, match[0]) for match in tokens.TOKEN.finditer(source)]

    assert found == [
        (tokens.BRACE, b"{"),
        (tokens.WORD, rb"\b"),
        (tokens.WORD_WITH_NUMBER, rb"\fs24 "),
        (tokens.TEXT, b"caf"),
        (tokens.BYTE, rb"\'e9"),
        (tokens.SYMBOL, rb"\~"),
        (tokens.TEXT, b"x "),
        (tokens.WORD_WITH_NUMBER, rb"\u-3917"),
        (tokens.TEXT, b"?"),
        (tokens.SYMBOL, rb"\*"),
        (None, b"\r\n"),
        (tokens.BRACE, b"}"),
    ]


@pytest.mark.parametrize(
    ("rest", "skipped"),
    [
        (b"text} more}", b"text"),
        (b"a{b{c}}d}e", b"a{b{c}}d"),
        (rb"a\}b\{c\\}d", rb"a\}b\{c" + b"\\\\"),
        (b"\\bin3 }{}x}y", b"\\bin3 }{}x"),
        (b"\\bin2{{}", b"\\bin2{{"),
    ],
)
def test_a_group_ends_at_its_own_brace(rest: bytes, skipped: bytes) -> None:
    assert tokens.end_of_group(b"{" + rest, 1) == 1 + len(skipped)


@pytest.mark.parametrize("rest", [b"", b"text", b"{}", rb"\}", b"\\bin99999999 }"])
def test_a_group_that_is_cut_has_no_end(rest: bytes) -> None:
    assert tokens.end_of_group(rest, 0) is None


def test_the_end_of_a_long_group_is_found_in_linear_time() -> None:
    def find_end(count: int) -> None:
        assert tokens.end_of_group(b"{\\bin1 }" * count, 0) is None

    assert_linear(find_end, 100_000)
