"""HTML documents as a whole."""

from pathlib import Path

import pytest

from ingest.steps.parse.formats.html import decode_html, html_to_text, read, write_html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText


def parse(html: str) -> ParsedText:
    builder = TextBuilder()
    write_html(builder, html)
    return builder.parsed("html")


@pytest.mark.parametrize("depth", [1_000, 20_000])
@pytest.mark.parametrize("tag", ["div", "b", "table", "ul", "font"])
def test_deep_nesting_loses_no_text(tag: str, depth: int) -> None:
    assert "deep" in html_to_text(f"<html><body>{f'<{tag}>' * depth}deep{f'</{tag}>' * depth}")


def test_pictures_are_counted_without_a_warning() -> None:
    parsed = parse("<p>text<img src=a></p><img src=b alt='A map'>")

    assert parsed.text == "text\n\nA map"
    assert parsed.report.parts == {"image": {"not_read": 2}}
    assert not parsed.report.warnings


def test_a_page_of_nothing_but_pictures_has_a_warning(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("<body><img src=a><img src=b></body>")

    parsed = read(tmp_path / "blob")

    assert (parsed.text, parsed.report.parts) == ("", {"image": {"not_read": 2}})
    assert [warning.code for warning in parsed.report.warnings] == ["only_pictures"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<noscript>Please switch on JavaScript</noscript><div></div>", "Please switch on JavaScript"),
        ("<noscript>Please switch on JavaScript</noscript><div>app</div>", "app"),
        ("<template><p>in a template</p></template>", "in a template"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_fallbacks_are_read_only_where_there_is_nothing_else(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_the_character_set_of_a_header_counts() -> None:
    builder = TextBuilder()
    write_html(builder, "<p>да</p>".encode("koi8_r"), "koi8-r")

    assert builder.build() == "да"
    assert decode_html("<p>да</p>".encode("koi8_r"), "koi8-r") == "<p>да</p>"


def test_html_is_added_as_blocks_of_its_own() -> None:
    builder = TextBuilder()
    builder.add_line("before")
    write_html(builder, "<h1>Title</h1><ul><li>item</ul>")
    builder.add_line("after")

    parsed = builder.parsed("eml")

    assert parsed.text == "before\n\nTitle\n\n- item\n\nafter"
    assert [(parsed.text[h.start :][:5], h.level) for h in parsed.headings] == [("Title", 1)]


def test_the_headers_of_a_saved_http_response_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>answer</body></html>")

    assert read(path).text == "answer"
