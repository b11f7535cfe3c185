"""XML to text."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.xml import read


def parse(tmp_path: Path, source: str) -> ParsedText:
    path = tmp_path / "blob"
    path.write_text(source)
    return read(path)


def test_each_element_has_a_line_but_running_text_stays_together(tmp_path: Path) -> None:
    source = "<r><name>A &amp; B</name><p>some <b>bold</b> words</p><!-- no --><q><![CDATA[<c>]]></q></r>"

    assert parse(tmp_path, source).text == "A & B\nsome bold words\n<c>"


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


def test_attributes_are_named_in_a_line_before_their_element(tmp_path: Path) -> None:
    source = '<incident number="IR-77-XYZ" status=" open\n"><a>willow trunk</a><empty lat="1.5" note=""/></incident>'

    assert parse(tmp_path, source).text == "number: IR-77-XYZ, status: open\nwillow trunk\nlat: 1.5"


def test_attributes_within_running_text_follow_it(tmp_path: Path) -> None:
    source = '<p n="1">see <ref target="IR-1">that <b k="v">report</b></ref> first</p>'

    assert parse(tmp_path, source).text == "n: 1\nsee that report first\ntarget: IR-1\nk: v"


def test_attributes_for_xml_or_presentation_are_dropped(tmp_path: Path) -> None:
    source = (
        '<r xmlns="urn:a" xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="urn:a a.xsd"'
        ' xml:lang="en" style="color: red" icon="data:image/png;base64,AAAA" xmlns:l="urn:l" l:href="kept">'
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg></r>'
    )

    assert parse(tmp_path, source).text == "href: kept"


@pytest.mark.parametrize("source", ["<r><a style='nothing said'/></r>", "<<<", "<a>" * 50_000 + "x"])
def test_without_text_and_attributes_the_source_is_the_text(tmp_path: Path, source: str) -> None:
    assert parse(tmp_path, source).text


def test_xhtml_is_read_as_html(tmp_path: Path) -> None:
    source = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>a</p><p>b</p></body></html>'

    assert parse(tmp_path, source) == ParsedText("a\n\nb", "html")
