"""XML to text."""

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

    parsed = parse(tmp_path, source)

    assert (parsed.text, parsed.kind) == ("a\n\nb", "html")


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


def test_titles_of_docbook_are_headings(tmp_path: Path) -> None:
    source = (
        "<book><title>Manual</title><chapter><title>Set <b>up</b></title><para>text</para>"
        "<section><title>Ports</title></section></chapter><para><title>none</title></para></book>"
    )

    parsed = parse(tmp_path, source)

    assert [(h.level, h.title) for h in parsed.headings] == [(1, "Manual"), (2, "Set up"), (3, "Ports")]
    assert parsed.text == "Manual\n\nSet up\n\ntext\n\nPorts\n\nnone"


def test_escaped_html_of_a_feed_is_read_as_html(tmp_path: Path) -> None:
    source = (
        "<rss><channel><item><title>News &amp; more</title><description>&lt;p&gt;One &amp;amp; two&lt;/p&gt;"
        "&lt;p&gt;three&lt;/p&gt;</description></item></channel></rss>"
    )

    assert parse(tmp_path, source).text == "News & more\n\nOne & two\n\nthree"


def test_a_document_inside_is_read_as_an_attachment(tmp_path: Path, documents: DocumentBuilder) -> None:
    data = base64.encodebytes(documents.docx(documents.paragraph("terms of delivery") * 40)).decode()

    parsed = parse(tmp_path, f'<invoice><id>7</id><object filename="terms.docx">{data}</object></invoice>')

    (section,) = parsed.sections
    assert (section.kind, section.name) == ("attachment", "terms.docx")
    assert "terms of delivery" in parsed.text
    assert "UEsD" not in parsed.text


def test_a_picture_inside_is_no_text(tmp_path: Path) -> None:
    data = base64.b64encode(b"\x7fELF" + bytes(range(256)) * 9).decode()

    parsed = parse(tmp_path, f"<r><a>text</a><logo>{data}</logo></r>")

    assert "text" in parsed.text
    assert data[:40] not in parsed.text
    assert parsed.report.warnings[0].part == "attachment logo"


@pytest.mark.parametrize("text", ["ACGT" * 200, "word " * 200, "0123456789" * 80])
def test_long_texts_that_are_no_base64_stay(tmp_path: Path, text: str) -> None:
    assert parse(tmp_path, f"<r><a>{text}</a></r>").text == text.strip()


def test_the_texts_of_a_drawing_are_read(tmp_path: Path) -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg"><title>Chart</title><style>.a{}</style><text x="1">North</text></svg>'
    )

    assert parse(tmp_path, source).text == "Chart\nNorth"


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


@pytest.mark.parametrize("piece", ["<![CDATA[", "<!--", "<?", "&", "<", "<a ", "<!DOCTYPE "])
def test_openers_without_end_take_linear_time(tmp_path: Path, piece: str) -> None:
    with contextlib.suppress(FileError):
        parse(tmp_path, "<r>" + piece * 50_000)
