"""The parts of an RTF document: paragraphs, headings, lists, tables, notes, comments, headers, fields, objects."""

import struct
from collections.abc import Callable

import pytest

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.rtf import write_rtf

ReadRtf = Callable[[bytes], ParsedText]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"First.\par Second.\sect Third.", "First.\n\nSecond.\n\nThird."),
        (rb"kept {\v hidden \v0 shown} {\deleted gone}{\revised new}", "kept shown new"),
        (rb"{\*\unknown gone}{\unknown kept}{\info{\title gone}}", "kept"),
        (rb"{\stylesheet{\s0 Normal;}{\s1 heading 1;}}{\colortbl;\red0;}text", "text"),
        (rb"{\pict\pngblip 89504e47}text{\*\shppict{\pict 00}}{\nonshppict{\pict 00}}", "text"),
        (rb"a{\bkmkstart b}c{\xe{\v index}}", "ac"),
        (
            rb"before{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt in a box\par}}}\par after",
            "before\n\nin a box\n\nafter",
        ),
        (rb"before{\*\do\dptxbx{\dptxbxtext in a box\par}}\par", "before\n\nin a box"),
        (rb"x{\shp{\*\shpinst{\sp{\sn gtextUNICODE}{\sv Word art}}}}", "x\n\nWord art"),
        (rb"a{\object\objemb{\result shown}}b", "ashownb"),
        (rb"{\*\mmath{\*\moMath{\*\mf{\*\mfPr{\*\mctrlPr\f1}}{\*\mnum{\mr x}}}}}", "x"),
    ],
)
def test_what_is_text_and_what_is_not(read_rtf: ReadRtf, source: bytes, text: str) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


def test_headings_come_from_outline_levels_and_from_styles(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(
        rb"\ansi{\stylesheet{Normal;}{\s1\outlinelevel0 Chapter;}{\s2 heading 2;}{\s3 Title;}{\s4\outlinelevel9 Body;}}"
        rb"\pard\s3 Book\par\pard\s1 One\par\pard\s2 Two\par\pard\outlinelevel2 Three\par\pard\s4 text\par\pard\s0 end\par"
    )

    assert [(heading.level, heading.title) for heading in parsed.headings] == [
        (1, "Book"),
        (1, "One"),
        (2, "Two"),
        (3, "Three"),
    ]
    assert all(parsed.text[heading.start :].startswith(heading.title) for heading in parsed.headings)


def test_list_numbers_are_those_in_the_file(read_rtf: ReadRtf) -> None:
    source = (
        rb"\ansi{\listtext 7.\tab}\ls1 seven\par{\listtext a)\tab}\ilvl1 under it\par{\pntext\f3\'b7\tab}\pard bullet\par"
        rb"{\*\pn\pnlvlblt{\pntxtb gone}}\pard end\par"
    )

    assert read_rtf(source).text == "7. seven\n  a) under it\n- bullet\n\nend"


def test_empty_cells_keep_their_place(read_rtf: ReadRtf) -> None:
    row = rb"\trowd\cellx1\cellx2\cellx3\cellx4\cellx5 \pard\intbl %s\cell %s\cell %s\cell %s\cell %s\cell\row"
    rows = [(b"Region", b"Q1", b"Q2", b"Q3", b"Q4"), (b"North", b"", b"", b"", b"77"), (b"", b"3", b"1", b"", b"")]

    parsed = read_rtf(rb"\ansi before\par" + b"".join(row % cells for cells in rows) + rb"\pard after\par")

    table = "Region | Q1 | Q2 | Q3 | Q4\nNorth |  |  |  | 77\n | 3 | 1"
    assert parsed.text == f"before\n\n{table}\n\nafter"
    assert [parsed.text[one.start : one.end] for one in parsed.tables] == [table]
    assert parsed.text[parsed.tables[0].start : parsed.tables[0].header_end] == "Region | Q1 | Q2 | Q3 | Q4"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"\trowd\cellx1\cellx2 a\cell b\cell\row c", "a | b\n\nc"),  # without \intbl
        (rb"\trowd\intbl one\par two\cell b\cell\row", "one two | b"),
        (rb"\trowd\clmgf\cellx1\clmrg\cellx2\intbl wide\cell\cell c\cell\row", "wide |  | c"),
        (
            rb"\trowd\intbl\itap2 in1\nestcell in2\nestcell{\*\nesttableprops\trowd\nestrow}{\nonesttables\par}"
            rb"in3\nestcell in4\nestcell{\*\nesttableprops\trowd\nestrow}\pard\intbl\itap1\cell z\cell\row",
            "in1 | in2; in3 | in4 | z",
        ),
        (rb"\trowd\intbl a\cell b", "a | b"),
    ],
)
def test_tables_of_many_makers(read_rtf: ReadRtf, source: bytes, text: str) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


def test_headers_notes_comments_and_footers_have_their_places(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(
        rb"\ansi{\header\pard Header of the page\par}{\headerf Header of the page}{\footer Foot \chpgn\par}"
        rb"\pard Body{\super\chftn}{\footnote\pard{\super\chftn} A note\par}"
        rb"{\*\atnid AB}{\*\atnauthor Ann}{\*\annotation{\*\atndate 1}Remark\par} text\par"
    )

    assert parsed.text == "Header of the page\n\nBody text\n\nA note\n\nComment (Ann): Remark\n\nFoot"
    assert parsed.report.parts == {"comment": {"read": 1}}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb'{\field{\*\fldinst HYPERLINK "http://a.example"}{\fldrslt shown}}', "shown"),
        (rb'{\field{\*\fldinst SYMBOL 179 \\f "Symbol"}{\fldrslt}}', "≥"),
        (rb"{\field{\*\fldinst EQ \\f(1,2)}{\fldrslt}}", "1/2"),
        (rb"{\field{\*\fldinst MACROBUTTON NoMacro [Click here]}{\fldrslt }}", "[Click here]"),
        (rb"{\field{\*\fldinst PAGE}}", ""),
        (
            rb"{\field{\*\fldinst FORMDROPDOWN{\*\formfield{\fftype2\ffres1{\*\ffname D}{\*\ffl A pos}{\*\ffl B neg}}}}"
            rb"{\fldrslt}}",
            "B neg",
        ),
        (rb"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1}}}{\fldrslt}} yes", "☒ yes"),
        (rb"{\field{\*\fldinst FORMTEXT{\*\formfield{\fftype0{\*\ffdeftext none}}}}{\fldrslt Oslo}}", "Oslo"),
    ],
)
def test_fields_show_their_result_or_what_follows_from_their_instruction(
    read_rtf: ReadRtf, source: bytes, text: str
) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


def test_html_that_outlook_encapsulates_is_read_as_html(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(
        rb"{\rtf1\ansi\fromhtml1{\*\htmltag19 <html><body>}{\*\htmltag64 <h1>}\htmlrtf{\b\htmlrtf0 Offer\htmlrtf}\htmlrtf0"
        rb"{\*\htmltag72 </h1><p>}5 < 6 {\*\htmltag84 &eacute;}\htmlrtf\'e9\htmlrtf0\par{\*\mhtmltag x}{\*\htmltag72 </p>}}"
    )

    assert parsed.text == "Offer\n\n5 < 6 é"
    assert [heading.title for heading in parsed.headings] == ["Offer"]


def _package(name: bytes, content: bytes) -> bytes:
    native = b"\2\0" + name + b"\0C:\\" + name + b"\0" + struct.pack("<II", 0x30000, 4) + b"tmp\0"
    native += struct.pack("<I", len(content)) + content
    head = struct.pack("<III", 0x501, 2, 8) + b"Package\0" + struct.pack("<II", 0, 0)
    return (head + struct.pack("<I", len(native)) + native).hex().encode()


def test_a_file_in_the_document_is_read_under_its_name(read_rtf: ReadRtf) -> None:
    data = _package(b"terms.txt", b"The embedded terms.")

    parsed = read_rtf(rb"\ansi Text{\object\objemb{\*\objclass Package}{\*\objdata " + data + rb"}{\result{\pict 00}}}")

    assert parsed.text == "Text\n\nAttachment: terms.txt\n\nThe embedded terms."
    section = parsed.sections[0]
    assert (section.kind, section.name) == ("attachment", "terms.txt")
    assert parsed.text[section.start : section.end].endswith("The embedded terms.")
    assert parsed.report.parts == {"image": {"not_read": 1}, "embedded_object": {"read": 1}}


def test_an_object_that_cannot_be_read_is_named(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(rb"\ansi Text{\object\objemb{\*\objdata 01050000}}")

    assert parsed.report.parts == {"embedded_object": {"not_read": 1}}
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (b"{\\rtf1 {\\b bold", "bold"),
        (b"{\\rtf1 a}} b\\par c}", "a b\n\nc"),
        (b"{\\rtf1 text}\0\0\xff\xfe garbage", "text"),
        (b"{\\rtf1 one\\par}{\\rtf1 two\\par}", "one\n\ntwo"),
        (b"{\\rtf1 {\\footnote a", "a"),
        (b"{\\rtf1 x\\bin99999999 y", "x"),
        (b"{\\rtf1 x\\'zz\\u\\f\\s\\itap-5\\ilvl-3\\uc-1 y}", "xzzy"),
        (b"{\\rtf1 " + b"{" * 20_000 + b"deep", "deep"),
        (b"{\\rtf1 " + b"{\\footnote " * 2_000 + b"deep", "deep"),
        (b"{\\rtf1 " + b"{\\shptxt " * 2_000 + b"deep", "deep"),
        (b"{\\rtf1\\intbl\\itap9999 deep\\nestcell", "deep"),
    ],
)
def test_damaged_files_keep_their_text(source: bytes, text: str) -> None:
    builder = TextBuilder()
    write_rtf(builder, source)

    assert builder.build() == text


def test_a_file_that_ends_in_a_picture_says_so(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(rb"{\rtf1 text{\pict 00")

    assert (parsed.text, [warning.code for warning in parsed.report.warnings]) == ("text", ["file_cut"])
