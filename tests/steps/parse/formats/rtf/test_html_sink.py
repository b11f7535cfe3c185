"""HTML that Outlook encapsulates in RTF."""

from ingest.steps.parse.formats.rtf.html_sink import HtmlSink
from ingest.steps.parse.formats.story import Paragraph
from tests.steps.parse.formats.rtf.conftest import ReadRtf


def test_html_that_outlook_encapsulates_is_read_as_html(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(
        rb"{\rtf1\ansi\fromhtml1{\*\htmltag19 <html><body>}{\*\htmltag64 <h1>}\htmlrtf{\b\htmlrtf0 Offer\htmlrtf}\htmlrtf0"
        rb"{\*\htmltag72 </h1><p>}5 < 6 {\*\htmltag84 &eacute;}\htmlrtf\'e9\htmlrtf0\par{\*\mhtmltag x}{\*\htmltag72 </p>}}"
    )

    assert parsed.text == "Offer\n\n5 < 6 é"
    assert [heading.title for heading in parsed.headings] == ["Offer"]


def test_text_is_escaped_and_markup_is_not() -> None:
    text = HtmlSink()
    markup = HtmlSink(text.parts, is_markup=True)
    markup.write("<p>")
    text.write('5 < 6 & "x"', "super")
    text.end_paragraph(Paragraph())
    markup.write("</p>")

    assert text.html == markup.html == '<p>5 &lt; 6 &amp; "x"\n</p>'
