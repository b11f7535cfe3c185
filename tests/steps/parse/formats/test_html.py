"""HTML to text."""

import pytest

from ingest.steps.parse.formats.html import decode_html, html_to_text


def test_block_elements_start_a_new_line_and_inline_elements_do_not() -> None:
    html = "<title>T</title><h1>Head</h1><p>One <b>bold</b>\n word<br>next</p><div>a</div><div>b &amp; &eacute;</div>"

    assert html_to_text(html) == "T\n\nHead\n\nOne bold word\nnext\n\na\nb & é"


def test_scripts_styles_and_comments_are_ignored() -> None:
    html = (
        "<head><style>p{}</style><script>x()</script></head><body><!-- c --><p>kept</p><script>y</script> tail</body>"
    )

    assert html_to_text(html) == "kept\n\ntail"


def test_lists_keep_their_markers_and_depth() -> None:
    html = "<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul><ol><li>x</li><li>y</li></ol>"

    assert html_to_text(html) == "- a\n  - b\n- c\n\n1. x\n2. y"


def test_tables_become_rows() -> None:
    html = (
        "<p>before</p><table><tr><th>h1</th><th>h2</th></tr><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>after"
    )

    assert html_to_text(html) == "before\n\nh1 | h2\na b | c\n\nafter"


def test_layout_tables_keep_the_text_of_the_page() -> None:
    html = "<table><tr><td><h1>Head</h1><p>text</p><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"

    assert html_to_text(html) == "Head\n\ntext\n\na | b"


def test_preformatted_text_keeps_its_white_space() -> None:
    assert html_to_text("<p>x</p><pre>\nif a:\n    b\n\n    c\n</pre>") == "x\n\nif a:\n    b\n\n    c"


@pytest.mark.parametrize("depth", [1_000, 20_000])
@pytest.mark.parametrize("tag", ["div", "b", "table", "ul", "font"])
def test_deep_nesting_loses_no_text(tag: str, depth: int) -> None:
    assert "deep" in html_to_text(f"<html><body>{f'<{tag}>' * depth}deep{f'</{tag}>' * depth}")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("<meta charset=utf-8>ä".encode(), "ä"),
        ("<meta charset='windows-1251'>да".encode("cp1251"), "да"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=gb2312">中文'.encode("gbk"), "中文"),
        ('<?xml version="1.0" encoding="shift_jis"?>日本'.encode("shift_jis"), "日本"),
        ("<meta charset=utf-8>größer".encode("latin-1"), "größer"),
        ("<meta charset=utf-16>ä".encode(), "ä"),
        ("<meta charset=nonsense>ä".encode(), "ä"),
        ("<meta charset=latin-1>ä".encode("utf-16"), "ä"),
    ],
)
def test_the_character_set_is_the_declared_one_unless_that_is_wrong(data: bytes, expected: str) -> None:
    assert decode_html(data).partition(">")[2] == expected
