"""The elements and attributes of XML as lines."""

from pathlib import Path

from tests.steps.parse.formats.xml.reading import parse
from tests.timing import assert_linear


def test_each_element_has_a_line_but_running_text_stays_together(tmp_path: Path) -> None:
    source = "<r><name>A &amp; B</name><p>some <b>bold</b> words</p><!-- no --><q><![CDATA[<c>]]></q></r>"

    assert parse(tmp_path, source).text == "A & B\nsome bold words\n<c>"


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


def test_the_texts_of_a_drawing_are_read(tmp_path: Path) -> None:
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg"><title>Chart</title><style>.a{}</style><text x="1">North</text></svg>'
    )

    assert parse(tmp_path, source).text == "Chart\nNorth"


def test_line_ends_in_running_text_are_blanks(tmp_path: Path) -> None:
    assert parse(tmp_path, "<r><p>one<br/>two<lb/>three</p></r>").text == "one two three"


def test_raised_and_lowered_digits_in_running_text_stay_so(tmp_path: Path) -> None:
    source = "<r><p>H<sub>2</sub>O, 10<sup>5</sup>, m<superscript>2</superscript></p><sup>7</sup></r>"

    assert parse(tmp_path, source).text == "H₂O, 10⁵, m²\n7"


def test_unknown_entities_stay_where_they_are(tmp_path: Path) -> None:
    source = '<!DOCTYPE r SYSTEM "r.dtd"><r><p>&a;one&b;&c; two<b/>&d;three<i>&e;</i>&f;</p></r>'

    assert parse(tmp_path, source).text == "&a;one&b;&c; two&d;three&e;&f;"


def test_many_unknown_entities_take_linear_time(tmp_path: Path) -> None:
    def read_entities(count: int) -> None:
        assert parse(tmp_path, f"<r>{'&a;' * count}</r>").text == "&a;" * count

    assert_linear(read_entities, 50_000)
