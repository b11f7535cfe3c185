"""The source of XML: its character set, entities and damage."""


import base64
import contextlib
from pathlib import Path
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.errors import FileError, InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.xml import read
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.xml.reading import parse
from ingest.steps.parse.formats.xml.source import decode_xml, parse_xml, recover_xml, strip_markup


def test_no_entity_is_resolved_and_what_follows_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret content")
    source = (
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}"><!ENTITY i "inner">]>'
        "<r>head &x; middle &i; tail <p>&x;</p> end</r>"
    )

    assert parse(tmp_path, source).text == "head &x; middle &i; tail &x; end"


def test_an_entity_bomb_is_refused_and_not_truncated_silently(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))

    with pytest.raises(InvalidFile, match="its entities expand without end"):
        parse(tmp_path, f'<!DOCTYPE r [<!ENTITY e0 "ha">{entities}]><r>before &e11; after</r>')


@pytest.mark.parametrize(
    ("damaged", "text"),
    [
        ("<p>R&D costs rise</p><p>x < y holds</p>", "R&D costs rise\nx < y holds"),
        ("<p>AT&T; and B&B</p>", "AT&T; and B&B"),
        ("<p>caf&eacute;&nbsp;&euro;</p>", "café €"),
        ("<p>a \1 b</p>", "a b"),
        ("<p>if a<b then</p>", "if a<b then"),
        ("<p>open <b>bold</p>", "open bold"),
        ("<p>R&D</p><p><![CDATA[x < y & z]]><!-- a < b & c --></p>", "R&D\nx < y & z"),
    ],
)
def test_signs_that_are_no_markup_lose_no_text(tmp_path: Path, damaged: str, text: str) -> None:
    parsed = parse(tmp_path, f'<?xml version="1.0"?><r>{damaged}<q>end</q></r>')

    assert parsed.text.split() == f"{text}\nend".split()


def test_a_file_that_is_no_tree_is_read_between_its_tags_with_a_warning(tmp_path: Path) -> None:
    parsed = parse(tmp_path, "<r><p>one</p></r><r><p>two</p></r>")

    assert parsed.text == "one\ntwo"
    assert [warning.code for warning in parsed.report.warnings] == ["xml_damaged"]


@pytest.mark.parametrize(
    ("declared", "written"),
    [("utf-8", "utf-8"), ("iso-8859-1", "cp1252"), ("iso-8859-1", "utf-8"), ("utf-8", "cp1252"), ("utf-16", "utf-16")],
)
def test_the_encoding_is_the_declared_one_unless_that_is_wrong(tmp_path: Path, declared: str, written: str) -> None:
    source = f'<?xml version="1.0" encoding="{declared}"?><r>Größe der Höfe</r>'
    (tmp_path / "blob").write_bytes(source.encode(written))

    assert read(tmp_path / "blob").text == "Größe der Höfe"


@pytest.mark.parametrize("piece", ["<![CDATA[", "<!--", "<?", "&", "<", "<a ", "<!DOCTYPE "])
def test_openers_without_end_take_linear_time(tmp_path: Path, piece: str) -> None:
    with contextlib.suppress(FileError):
        parse(tmp_path, "<r>" + piece * 50_000)
