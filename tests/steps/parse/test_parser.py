"""Each family of files, from bytes to text."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.config import Settings
from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse import Parsed, Parser
from ingest.steps.parse.formats.pdf import _tidy

if TYPE_CHECKING:
    from tests.steps.parse.conftest import Make

Parse = Callable[[str, bytes], Parsed]


@pytest.mark.parametrize(
    "filename", ["a.txt", "a.md", "a.py", "a.json", "a.ndjson", "a.yaml", "a.csv", "a.tsv", "a.rst", "a"]
)
def test_text_is_taken_as_it_is(parse: Parse, filename: str) -> None:
    text = 'key: [1,\n\t"two",   3]\n\n  "ragged","csv"\n'

    assert parse(filename, text.encode()) == Parsed(text, "text")


def test_line_ends_become_one_kind_and_nuls_vanish(parse: Parse) -> None:
    assert parse("a.txt", b"one\r\ntwo\rthree\0\n").text == "one\ntwo\nthree\n"


def test_lone_surrogates_do_not_get_through(parse: Parse) -> None:
    text = parse("a.txt", b"\xff\xfea\0\0\xd8b\0").text

    assert text.encode().decode() == text
    assert (text[0], text[-1]) == ("a", "b")


def test_an_empty_file_is_invalid(parse: Parse) -> None:
    with pytest.raises(InvalidFile, match="The file is empty"):
        parse("a.txt", b"")


@pytest.mark.parametrize("filename", ["a.txt", "a.html", "a.xml", "a.csv"])
def test_white_space_only_is_invalid(parse: Parse, filename: str) -> None:
    with pytest.raises(InvalidFile, match="The file contains no text"):
        parse(filename, b" \n\t\r\n \0 ")


def test_a_text_that_is_too_long_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes("ä".encode() * (2**19 + 1))

    with pytest.raises(InvalidFile, match="more than 1 MiB of text"):
        Parser(Settings(parse_max_text_mib=1)).parse(path, "a.txt")


@pytest.mark.parametrize("filename", ["a.txt", "a.html", "a.xml", "a.pdf", "a"])
@pytest.mark.parametrize("size", [3_001, 70 * 2**20, 400 * 2**20])
def test_nothing_but_nuls_is_no_text_however_long(tmp_path: Path, filename: str, size: int) -> None:
    path = tmp_path / "blob"
    with path.open("wb") as file:
        file.truncate(size)

    # By its own message, so it takes no child, whose memory a whole file may exceed.
    with pytest.raises(InvalidFile, match="The file contains no text"):
        Parser(Settings(parse_max_text_mib=16), handlers="none").parse(path, filename)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-be", "utf-16-le"])
def test_a_log_that_begins_with_a_hole_keeps_its_text(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "blob"
    text = "the first line after the cut\nand another\n"
    with path.open("wb") as file:
        file.truncate(2**20 + 500)
        file.seek(0, 2)
        file.write(text.encode(encoding))

    assert Parser(Settings()).parse(path, "a.log").text == text


def test_pdf_keeps_its_pages(parse: Parse, make: "Make") -> None:
    parsed = parse("a.pdf", make.pdf(["First page.", "", "Third\npage."]))

    assert parsed.kind == "pdf"
    assert [parsed.text[start:][:5] for start in (parsed.pages[0], parsed.pages[2])] == ["First", "Third"]
    assert parsed.text == "First page.\n\n\n\nThird\npage."
    assert len(parsed.pages) == 3


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("an im\ufffeportant word", "an important word"),
        ("Universit´e", "Université"),
        ("G¨oteborg\n¨\nu", "Göteborgü"),
        ("e\n\u0301\nt", "ét"),
        ("5´ 30", "5´ 30"),
        ("na\u00a8ıve", "naïve"),
    ],
)
def test_accents_and_hyphens_of_a_pdf_are_put_back_into_their_words(raw: str, tidy: str) -> None:
    assert _tidy(raw) == tidy


def test_what_was_filled_into_a_pdf_form_is_text(parse: Parse, make: "Make") -> None:
    assert parse("a.pdf", make.pdf_form("City", "Zürich")).text == "Form\nCity: Zürich"


def test_pdf_without_text_layer_is_unsupported(parse: Parse, make: "Make") -> None:
    with pytest.raises(UnsupportedFile, match="no text layer"):
        parse("a.pdf", make.pdf([""]))


def test_an_encrypted_pdf_says_what_to_do(parse: Parse, make: "Make") -> None:
    with pytest.raises(InvalidFile, match=r"The file is encrypted; remove its password and upload it again\."):
        parse("a.pdf", make.encrypted_pdf())


@pytest.mark.parametrize("length", [9, 100])
def test_a_truncated_pdf_fails_with_a_clear_error(parse: Parse, make: "Make", length: int) -> None:
    with pytest.raises((InvalidFile, UnsupportedFile), match="PDF"):
        parse("a.pdf", make.pdf(["text"])[:length])


def test_docx_keeps_headings_lists_tables_notes(parse: Parse, make: "Make") -> None:
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr>'
    body = (
        make.paragraph("Title", '<w:pStyle w:val="Heading1"/>')
        + make.paragraph("one", item.format(0))
        + make.paragraph("inner", item.format(1))
        + make.word_table([["a", "b"], ["", "d"]])
        + make.paragraph("End &amp; tail", '<w:tabs><w:tab w:val="left"/></w:tabs>')
    )

    parsed = parse(
        "a.docx", make.docx(body, header1=make.paragraph("Top"), header2=make.paragraph("Top"), footnotes1="")
    )

    assert parsed == Parsed("Top\n\nTitle\n\n- one\n  - inner\na | b\nd\n\nEnd & tail", "docx")


def test_docx_lists_have_the_numbers_that_word_shows(parse: Parse, make: "Make") -> None:
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="{}"/></w:numPr>'
    body = (
        make.paragraph("Scope", '<w:pStyle w:val="Clause"/>')
        + make.paragraph("one", item.format(0, 1))
        + make.paragraph("inner", item.format(1, 1))
        + make.paragraph("inner too", item.format(1, 1))
        + make.paragraph("two", item.format(0, 1))
        + make.paragraph("bullet", item.format(0, 2))
        + make.paragraph("other", item.format(1, 1))
        + make.paragraph("again", item.format(0, 3))
        + make.paragraph("not", '<w:pStyle w:val="Clause"/><w:numPr><w:numId w:val="0"/></w:numPr>')
        + make.paragraph("deep", '<w:pStyle w:val="Clause"/><w:numPr><w:ilvl w:val="1"/></w:numPr>')
    )

    parsed = parse("a.docx", make.numbered_docx(body))

    assert parsed.text == (
        "§ I Scope\n\n1. one\n  a) inner\n  b) inner too\n2. two\n- bullet\n  a) other\n7. again\n\nnot\n\n§ I.01 deep"
    )


def test_docx_numbers_follow_the_present_properties_of_a_paragraph_not_those_before_a_tracked_change(
    parse: Parse, make: "Make"
) -> None:
    item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    was = "<w:pPrChange><w:pPr>{}</w:pPr></w:pPrChange>"
    body = (
        make.paragraph("first", item)
        + make.paragraph("was no item", item + was.format('<w:numPr><w:numId w:val="0"/></w:numPr>'))
        + make.paragraph("is none any more", was.format(item))
    )

    assert parse("a.docx", make.numbered_docx(body)).text == "1. first\n2. was no item\n\nis none any more"


def test_docx_reads_text_boxes_once(parse: Parse, make: "Make") -> None:
    box = f"<w:txbxContent>{make.paragraph('boxed')}</w:txbxContent>"
    body = f"<w:p><w:r><w:t>around</w:t></w:r><w:r><w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback></w:r></w:p>"

    assert parse("a.docx", make.docx(body)).text == "boxed\n\naround"


def test_a_huge_docx_is_read_within_little_memory(make: "Make", tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(make.docx(make.paragraph("some words") * 30_000))  # as a tree, 17 MiB and more
    parser = Parser(Settings().model_copy(update={"parse_memory_mib": 16}))  # less than Settings allow

    parsed = parser.parse(path, "a.docx")

    assert parsed.text.count("some words") == 30_000
    parser.close()


@pytest.mark.parametrize("name", ["a.html", "a.xml"])
def test_markup_that_needs_too_much_memory_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"<a>" + b"<p>x<b>y</b></p>" * 200_000 + b"</a>")
    parser = Parser(Settings().model_copy(update={"parse_memory_mib": 64}))  # less than Settings allow

    with pytest.raises(InvalidFile, match="needs more than 64 MiB of memory"):
        parser.parse(path, name)
    parser.close()


@pytest.mark.parametrize("name", ["docx", "xlsx"])
def test_a_truncated_office_file_fails_with_a_clear_error(parse: Parse, make: "Make", name: str) -> None:
    data = make.docx(make.paragraph("text")) if name == "docx" else make.xlsx({"s": [["text"]]})

    with pytest.raises(InvalidFile, match="The file is damaged"):
        parse(f"a.{name}", data[:-40])


def test_broken_xml_in_a_docx_fails_with_a_clear_error(parse: Parse, make: "Make") -> None:
    with pytest.raises(InvalidFile, match="could not be parsed as docx"):
        parse("a.docx", make.docx("<w:p>"))


def test_xlsx_has_a_row_a_line_under_the_name_of_its_sheet(parse: Parse, make: "Make") -> None:
    rows: list[list[object]] = [["team", "cups"], ["Blues", 1], [None, 2.5], []]

    parsed = parse("a.xlsx", make.xlsx({"Cups": rows, "Empty": [], "Last": [["x\ny"]]}))

    assert parsed == Parsed("Cups\n\nteam | cups\nBlues | 1\n2.5\n\nEmpty\n\nLast\n\nx y", "xlsx")


def test_xls_has_a_row_a_line(parse: Parse, make: "Make") -> None:
    assert parse("a.xls", make.xls("Sheet", [(0, 0, "a"), (0, 1, "b"), (1, 0, "c")])).text == "Sheet\n\na | b\nc"


def test_pptx_goes_slide_by_slide_and_notes_come_last(parse: Parse, make: "Make") -> None:
    parsed = parse("a.pptx", make.pptx([("First", "one\ntwo", "I say\nmuch"), ("Second", "three", "Done")]))

    assert parsed == Parsed(
        "First\n\none\n\ntwo\n\nNotes:\nI say\nmuch\n\nSecond\n\nthree\n\nr0c0 | r0c1\nr1c0 | r1c1\n\nNotes:\nDone",
        "pptx",
        (0, 36),
    )


def test_doc_is_read_without_an_office_suite(parse: Parse, make: "Make") -> None:
    field = '\x13 HYPERLINK "http://example.com" \x14shown\x15'

    parsed = parse("a.doc", make.doc(f"Prose with Umläuten, {field}.\rcell\x07other\x07\x07\rEnd\x0c"))

    assert parsed == Parsed("Prose with Umläuten, shown.\n\ncell | other\n\nEnd", "doc")


def test_ppt_is_read_without_an_office_suite(parse: Parse, make: "Make") -> None:
    assert parse("a.ppt", make.ppt(["Title", "one\rtwo", "Title"])) == Parsed("Title\n\none\ntwo", "ppt")


@pytest.mark.parametrize("name", ["a.xlsx", "a.docx"])
def test_password_protected_office_files_say_what_to_do(parse: Parse, make: "Make", name: str) -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted; remove its password"):
        parse(name, make.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}))


def test_a_password_protected_doc_says_what_to_do(parse: Parse, make: "Make") -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted"):
        parse("a.doc", make.doc("text", encrypted=True))


def test_msg_begins_with_its_headers(parse: Parse, make: "Make") -> None:
    assert parse("a.msg", make.msg("Greetings", "Hello you.")) == Parsed("Subject: Greetings\n\nHello you.", "msg")


def test_rtf_epub_and_odt_are_read_by_pandoc(parse: Parse, make: "Make") -> None:
    rtf = parse("a.rtf", rb"{\rtf1\ansi First.\par Second \'e4.\par}")
    epub = parse("a.epub", make.epub("<h1>Chapter</h1><p>Prose.</p>"))
    odt = parse("a.odt", make.odt("Prose."))

    assert (rtf.text, epub.text, odt.text) == ("First.\n\nSecond ä.", "Chapter\n\nProse.", "Prose.")


def test_rtf_keeps_what_follows_a_character_with_a_fallback(parse: Parse) -> None:
    source = rb"{\rtf1\ansi Pell\u8217's harmonium, \u8217\'92s and \u233?t\u233? done.\par caf\'e9 {\b\uc0\u233}\par}"

    assert parse("a.rtf", source).text == "Pell’s harmonium, ’s and été done.\n\ncafé é"


def test_a_plain_zip_is_unsupported(parse: Parse, make: "Make") -> None:
    with pytest.raises(UnsupportedFile, match=r"it is an archive \(ZIP\)"):
        parse("a.zip", make.zipped({"a.txt": "text"}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(parse: Parse, make: "Make") -> None:
    data = make.claiming(make.docx("text"), 80 * 2**20)

    with pytest.raises(InvalidFile, match="would grow from"):
        parse("a.docx", data)


def test_a_container_of_very_many_members_is_refused(parse: Parse, make: "Make") -> None:
    with pytest.raises(InvalidFile, match="20001 members"):
        parse("a.docx", make.members(20_001))


def test_importing_the_package_loads_no_parser_library() -> None:
    program = "import sys, ingest.steps.parse; print(*{'unstructured', 'pandas', 'spacy', 'lxml', 'numpy'} & set(sys.modules))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not run.stdout.strip()
