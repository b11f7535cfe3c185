"""The source of XML: its character set, entities and damage."""

import contextlib
from pathlib import Path

import pytest
from lxml import etree

from ingest.errors import FileError, InvalidFile
from ingest.steps.parse.formats.xml import read
from ingest.steps.parse.formats.xml.source import decode_xml, parse_xml, recover_xml, strip_markup
from tests.steps.parse.formats.xml.reading import parse
from tests.timing import assert_linear


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
    def read_openers(count: int) -> None:
        with contextlib.suppress(FileError):
            parse(tmp_path, "<r>" + piece * count)

    assert_linear(read_openers, 50_000)


def test_the_declared_character_set_is_told() -> None:
    decoded = decode_xml('<?xml version="1.0" encoding="iso-8859-2"?><r>ą</r>'.encode("iso8859_2"))

    assert (decoded.text[-8:], decoded.charset) == ("<r>ą</r>", "iso8859_2")


@pytest.mark.parametrize(
    "source", ["<r><a>1</a></r>", "\ufeff\n<?xml version='1.0' encoding='utf-16'?><r><a>1</a></r>"]
)
def test_a_well_formed_source_is_not_damaged(source: str) -> None:
    root, is_damaged = parse_xml(source)

    assert (root.tag, root[0].text, is_damaged) == ("r", "1", False)


@pytest.mark.parametrize(("source", "expected"), [("<r>a & b</r>", False), ("<r><b>x</r>", True)])
def test_signs_that_were_escaped_are_no_damage(source: str, expected: bool) -> None:
    root, is_damaged = parse_xml(source)

    assert root is not None
    assert is_damaged is expected


@pytest.mark.parametrize("source", ["no elements", "<a>x</a><b>y</b>", ""])
def test_a_source_whose_text_a_parser_would_lose_has_no_root(source: str) -> None:
    assert parse_xml(source) == (None, True)


def test_damaged_xml_is_recovered_up_to_its_end() -> None:
    root = recover_xml("<r><a>1 & 2</a><b>cut")

    assert [element.text for element in root] == ["1 & 2", "cut"]


def test_nothing_cannot_be_recovered() -> None:
    with pytest.raises(etree.XMLSyntaxError):
        recover_xml("")


def test_text_between_tags_keeps_cdata_and_drops_comments_and_instructions() -> None:
    source = "<r a='1'>one<!-- c --><p>two &amp; <![CDATA[<three>]]></p> <?pi x?> four"

    assert strip_markup(source) == "one\ntwo & <three>\nfour"
