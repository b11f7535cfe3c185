"""XML files as a whole."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileError
from ingest.steps.parse.formats.xml import read
from tests.steps.parse.formats.xml.reading import parse


@pytest.mark.parametrize("source", ["<r><a style='nothing said'/></r>", "<<<", "<a>" * 50_000 + "x"])
def test_without_text_and_attributes_the_source_is_the_text(tmp_path: Path, source: str) -> None:
    assert parse(tmp_path, source).text


def test_xhtml_is_read_as_html(tmp_path: Path) -> None:
    source = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>a</p><p>b</p></body></html>'

    parsed = parse(tmp_path, source)

    assert (parsed.text, parsed.kind) == ("a\n\nb", "html")


_PIECES = st.sampled_from(
    [
        "<a>",
        "</a>",
        "<b/>",
        "&",
        "<",
        "&amp;",
        "&x;",
        "]]>",
        "<![CDATA[",
        "<!--",
        "-->",
        "<?",
        "?>",
        "text ",
        "ü",
        "\0",
        "<!DOCTYPE a>",
    ]
)


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(_PIECES, max_size=30))
def test_any_source_has_an_outcome(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.xml"
    path.write_text("<r>" + "".join(pieces))
    with contextlib.suppress(FileError):
        read(path)


def test_replaced_bytes_are_counted(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes("<r>Größe und Übung für Straße äöü ".encode() + b"\xff\xfe</r>")

    assert read(tmp_path / "blob").report.replaced_characters == 2
