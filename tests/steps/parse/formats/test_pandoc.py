"""Formats that pandoc converts: RTF, EPUB, OpenDocument text."""

from tests.steps.parse.documents import DocumentBuilder, Parse


def test_rtf_epub_and_odt_are_read_by_pandoc(parse: Parse, documents: DocumentBuilder) -> None:
    rtf = parse("a.rtf", rb"{\rtf1\ansi First.\par Second \'e4.\par}")
    epub = parse("a.epub", documents.epub("<h1>Chapter</h1><p>Prose.</p>"))
    odt = parse("a.odt", documents.odt("Prose."))

    assert (rtf.text, epub.text, odt.text) == ("First.\n\nSecond ä.", "Chapter\n\nProse.", "Prose.")


def test_rtf_keeps_what_follows_a_character_with_a_fallback(parse: Parse) -> None:
    source = rb"{\rtf1\ansi Pell\u8217's harmonium, \u8217\'92s and \u233?t\u233? done.\par caf\'e9 {\b\uc0\u233}\par}"

    assert parse("a.rtf", source).text == "Pell’s harmonium, ’s and été done.\n\ncafé é"
