"""Word 6 to 2003 documents."""

import struct
from collections.abc import Callable

import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.doc.doc_file import DocFile, font_table, list_tables, sprm, style_sheet

ReadDoc = Callable[[bytes], ParsedText]

IN_TABLE, ROW_END = sprm(0x2416, 1), sprm(0x2416, 1) + sprm(0x2417, 1)
SUPER, SUB = sprm(0x2A48, 1), sprm(0x2A48, 2)


def test_a_doc_is_read_without_an_office_suite(parse: Parse, documents: DocumentBuilder) -> None:
    field = '\x13 HYPERLINK "http://example.com" \x14shown\x15'

    parsed = parse("a.doc", documents.doc(f"Prose with Umläuten, {field}.\rcell\x07other\x07\x07\rEnd\x0c"))

    assert (parsed.text, parsed.kind) == ("Prose with Umläuten, shown.\n\ncell | other\n\nEnd", "doc")


def test_an_encrypted_doc_is_invalid(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted"):
        parse("a.doc", documents.doc("text", encrypted=True))


def test_empty_cells_keep_their_place(read_doc: ReadDoc) -> None:
    text = "Region\x07Q1\x07Q2\x07\x07North\x07\x0777\x07\x07South\x07\x07\x07\x07after\r"
    marks = "".join(c for c in text if c in "\x07\r")
    row_ends = {3, 7, 11}
    paragraphs = {number: (0, ROW_END if number in row_ends else IN_TABLE) for number in range(len(marks) - 1)}

    parsed = read_doc(DocFile([(text, b"")], paragraphs).build())

    assert parsed.text == "Region | Q1 | Q2\nNorth |  | 77\nSouth\n\nafter"
    table = parsed.tables[0]
    assert parsed.text[table.start : table.header_end] == "Region | Q1 | Q2"
    assert parsed.text[table.start : table.end].endswith("South")


def test_the_rows_of_a_table_in_a_cell_stay_apart(read_doc: ReadDoc) -> None:
    inner = sprm(0x2416, 1) + sprm(0x6649, 2, 4)
    cell, end = inner + sprm(0x244B, 1), inner + sprm(0x244C, 1)
    text = "in1\rin2\r\rin3\rin4\r\rz\x07out\x07\x07"
    properties = [cell, cell, end, cell, cell, end, IN_TABLE, IN_TABLE, ROW_END]

    parsed = read_doc(DocFile([(text, b"")], {n: (0, p) for n, p in enumerate(properties)}).build())

    assert parsed.text == "in1 | in2; in3 | in4 z | out"


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([("10", b""), ("5", SUPER), (" H", b""), ("2", SUB), ("O", b"")], "10⁵ H₂O"),
        ([("m", b""), ("2", sprm(0x4845, 6, 2)), (" 7", sprm(0x4845, 1, 2))], "m² 7"),
        ([("kept", b""), (" hidden", sprm(0x083C, 1)), (" gone", sprm(0x0800, 1))], "kept"),
        ([("a\x1eb\x1fc\x0bd\u00ade", b"")], "a-bc\nde"),
        ([("range 5", b""), ("(", sprm(0x0855, 1) + sprm(0x6A09, 1 | 0xF0B1 << 16, 4)), ("2", b"")], "range 5±2"),
        ([("x ", b""), ("\uf0b3", sprm(0x4A4F, 1, 2)), (" 3", b"")], "x ≥ 3"),
        ([("\x13 SYMBOL 179 \\f Symbol \x14\x15 x", b"")], "≥ x"),
        ([("\x13 IF \x13 PAGE \x141\x15 > 0 \x14yes\x15", b"")], "yes"),
        ([("\x13 EQ \\f(1,2) \x15 l", b"")], "1/2 l"),
        ([("a\x05b\x02c\x08d\x15\x14e", b"")], "abcde"),
        ([("😀 smile", b"")], "😀 smile"),
    ],
)
def test_the_properties_of_characters_decide_about_text(
    read_doc: ReadDoc, runs: list[tuple[str, bytes]], text: str
) -> None:
    fonts = {0x112: font_table([("Arial", 0), ("Symbol", 2)])}

    assert read_doc(DocFile([*runs, ("\r", b"")], tables=fonts).build()).text == text


def test_headings_come_from_styles_and_outline_levels(read_doc: ReadDoc) -> None:
    styles = style_sheet([(0, 0xFFF, b""), (1, 0, b""), (62, 0, b""), (0xFFE, 1, b""), (0xFFE, 0, sprm(0x2640, 2))])
    text = "Book\rOne\rOwn\rThree\rDirect\rtext\r"
    paragraphs = {0: (2, b""), 1: (1, b""), 2: (3, b""), 3: (4, b""), 4: (0, sprm(0x2640, 1)), 5: (1, sprm(0x2640, 9))}

    parsed = read_doc(DocFile([(text, b"")], paragraphs, tables={0xA2: styles}).build())

    levels = [(heading.level, heading.title) for heading in parsed.headings]
    assert levels == [(1, "Book"), (1, "One"), (1, "Own"), (3, "Three"), (2, "Direct")]
    assert all(parsed.text[heading.start :].startswith(heading.title) for heading in parsed.headings)


def test_list_numbers_are_counted_as_word_counts_them(read_doc: ReadDoc) -> None:
    lists = list_tables([(5, 0, "\0."), (1, 4, "\1)")], [{}, {0: 9}])
    styles = style_sheet([(0, 0xFFF, b""), (1, 0, sprm(0x460B, 1, 2))])
    first, second, other = (
        sprm(0x460B, 1, 2),
        sprm(0x460B, 1, 2) + sprm(0x260A, 1),
        sprm(0x460B, 2, 2),
    )
    text = "five\rsub a\rsub b\rsix\rnine\rHead\rplain\r"
    properties = [(0, first), (0, second), (0, second), (0, first), (0, other), (1, b""), (1, sprm(0x460B, 0, 2))]

    parsed = read_doc(DocFile([(text, b"")], dict(enumerate(properties)), tables={0xA2: styles, **lists}).build())

    assert parsed.text == "5. five\n  a) sub a\n  b) sub b\n6. six\n9. nine\n\n10. Head\n\nplain"
    assert [heading.title for heading in parsed.headings] == ["Head", "plain"]


def test_the_stories_of_a_document_have_their_places(read_doc: ReadDoc) -> None:
    stories = {
        "main": "Body\x02 text\x05\r",
        "footnotes": "\x02 A note\r",
        "headers": "Head\rFoot\r",
        "comments": "\x05Why?\r",
        "endnotes": "An end note\r",
        "boxes": "In a box\r",
    }
    bounds = [0] * 7 + [0, 5, 5, 10, 10, 10]
    author = struct.pack("<H", 1) + "A".encode("utf-16-le").ljust(18, b"\0") + struct.pack("<H", 0) + bytes(8)
    tables = {
        0xF2: struct.pack(f"<{len(bounds)}I", *bounds),
        0xC2: struct.pack("<II", 0, 6),
        0xBA: struct.pack("<II", 9, 10) + author,
        0x1BA: struct.pack("<H", 3) + "Ann".encode("utf-16-le"),
    }
    lengths = {name: len(text) for name, text in stories.items()}

    parsed = read_doc(DocFile([("".join(stories.values()), b"")], lengths=lengths, tables=tables).build())

    assert parsed.text == "Head\n\nBody text\n\nIn a box\n\nA note\n\nAn end note\n\nComment (Ann): Why?\n\nFoot"
    assert parsed.report.parts == {"comment": {"read": 1}}


def _form(kind: int, result: int, options: list[str]) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<H", len(value)) + (value + "\0").encode("utf-16-le")

    body = struct.pack("<IHHH", 0xFFFFFFFF, kind | result << 2, 0, 0) + text("name")
    body += text("typed") if kind == 0 else struct.pack("<H", 0)
    body += text("") * 5
    body += struct.pack("<HHH", 0xFFFF, len(options), 0)
    body += b"".join(struct.pack("<H", len(option)) + option.encode("utf-16-le") for option in options)
    return struct.pack("<IH", len(body) + 68, 68) + bytes(62) + body


@pytest.mark.parametrize(
    ("instruction", "data", "text"),
    [
        ("FORMDROPDOWN", _form(2, 1, ["A positive", "B negative"]), "B negative"),
        ("FORMDROPDOWN", _form(2, 25, ["A positive", "B negative"]), "A positive"),
        ("FORMCHECKBOX", _form(1, 1, []), "☒"),
        ("FORMCHECKBOX", _form(1, 0, []), "☐"),
        ("FORMTEXT", _form(0, 0, []), "typed"),
        ("FORMDROPDOWN", b"cut", ""),
    ],
)
def test_old_form_fields_show_their_value(read_doc: ReadDoc, instruction: str, data: bytes, text: str) -> None:
    runs = [(f"Blood: \x13 {instruction} ", b""), ("\x01", sprm(0x6A03, 0, 4)), ("\x14\x15.\r", b"")]

    assert read_doc(DocFile(runs, data=data).build()).text == f"Blood: {text}."


def test_pictures_are_counted(read_doc: ReadDoc) -> None:
    parsed = read_doc(DocFile([("A \x01 and \x01\r", b"")]).build())

    assert parsed.report.parts == {"image": {"not_read": 2}}


@pytest.mark.parametrize(
    ("language", "charset", "encoding", "text"),
    [
        (0x0409, 0, "cp1252", "Größe – café"),
        (0x0419, 204, "cp1251", "Привет, мир"),
        (0x0415, 238, "cp1250", "zażółć"),
        (0x0411, 128, "cp932", "会議の議題"),
    ],
)
def test_word_6_and_95_are_read_in_their_code_page(
    read_doc: ReadDoc, language: int, charset: int, encoding: str, text: str
) -> None:
    by_language = DocFile([(f"{text}\rnext\r", b"")], word6=True, encoding=encoding, language=language)
    by_font = DocFile(
        [(f"{text}\rnext\r", b"\x5d\x01\0")],
        word6=True,
        encoding=encoding,
        tables={0xD0: font_table([("Arial", 0), ("Other", charset)], word6=True)},
    )

    assert read_doc(by_language.build()).text == f"{text}\n\nnext"
    assert read_doc(by_font.build()).text == f"{text}\n\nnext"


def test_a_table_of_word_6_keeps_its_empty_cells(read_doc: ReadDoc) -> None:
    in_table, row_end = b"\x18\1", b"\x18\1\x19\1"
    text = "a\x07\x07c\x07\x07x\x07y\x07z\x07\x07"
    properties = [in_table, in_table, in_table, row_end] * 2
    document = DocFile(
        [(text, b""), ("m", b""), ("2", b"\x68\1"), ("\r", b"")],
        {number: (0, grpprl) for number, grpprl in enumerate(properties)},
        word6=True,
        encoding="cp1252",
    )

    assert read_doc(document.build()).text == "a |  | c\nx | y | z\n\nm²"


def test_word_2_is_refused(read_doc: ReadDoc) -> None:
    data = bytearray(DocFile([("text\r", b"")]).build())
    at = data.index(b"\xec\xa5\xc1\0")
    data[at + 2] = 45

    with pytest.raises(UnsupportedFile, match="Word 2 or older"):
        read_doc(bytes(data))


def test_text_of_one_byte_each_is_windows_1252(read_doc: ReadDoc) -> None:
    assert read_doc(DocFile([("“Größe” – 5 €\r", b"")], encoding="cp1252").build()).text == "“Größe” – 5 €"
