"""Files inside files: what is read, the bounds, and what becomes of damaged ones."""

import base64
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse import nested
from ingest.steps.parse.formats import HANDLERS
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.nested import (
    MAX_DEPTH,
    add_nested,
    find_handler,
    import_handler,
    read_nested,
    reset_budget,
)
from ingest.steps.parse.parsed import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.fixture(autouse=True)
def budget() -> Iterator[None]:
    """Start a new uploaded file."""
    reset_budget()
    yield
    reset_budget()


def attach(*files: tuple[str, bytes]) -> ParsedText:
    """Return what `add_nested` makes of these attachments, in this order."""
    builder = TextBuilder()
    builder.add_block("Outer text")
    for name, data in files:
        add_nested(builder, data, name)
    return builder.parsed("eml")


def warnings_of(parsed: ParsedText) -> list[tuple[str, str]]:
    return [(warning.code, warning.part) for warning in parsed.report.warnings]


def mails_in_mails(depth: int) -> bytes:
    """Return a mail with a mail as a file of any kind in it, and so on, `depth` mails; the innermost has the words."""
    source = b""
    for level in range(depth):
        mail = EmailMessage()
        mail["Subject"] = f"level {level}"
        mail["From"] = "a@example.org"
        mail["Message-ID"] = "<1@example.org>"
        mail.set_content("innermost words" if not level else "an outer mail")
        if level:
            mail.add_attachment(source, maintype="application", subtype="octet-stream", filename="inner.eml")
        source = mail.as_bytes()
    return source


def test_a_text_is_a_section_under_its_name() -> None:
    parsed = attach(("notes.txt", "Größe".encode("cp1252")))

    (section,) = parsed.sections
    assert (section.kind, section.number, section.name) == ("attachment", 1, "notes.txt")
    assert parsed.text[section.start : section.end] == "Attachment: notes.txt\n\nGröße"
    assert parsed.report.parts == {"attachment": {"read": 1}}


def test_the_structure_of_an_embedded_file_moves_with_its_text(documents: DocumentBuilder) -> None:
    page = b"<h1>Plan</h1><table><tr><th>A<th>B</tr><tr><td>1<td>2</tr></table>"
    parsed = attach(("page.html", page), ("file.pdf", documents.pdf(["One", "Two"])))

    (heading,), (table,) = parsed.headings, parsed.tables
    assert parsed.text[heading.start :].startswith("Plan\n")
    assert parsed.text[table.start : table.end] == "A | B\n1 | 2"
    assert [(s.kind, s.number, parsed.text[s.start : s.end]) for s in parsed.sections if s.kind == "page"] == [
        ("page", 1, "One"), ("page", 2, "Two")
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["words.docx", "words", "words.bin", "../../etc/words.txt"])
def test_the_content_decides_the_kind_and_not_the_name(documents: DocumentBuilder, name: str) -> None:
    parsed = read_nested(documents.docx(documents.paragraph("words of the document")), name)

    assert (parsed.kind, parsed.text) == ("docx", "words of the document")


def test_an_empty_file_is_counted_as_empty() -> None:
    parsed = attach(("empty.docx", b""), ("blank.txt", b" \n "))

    assert parsed.report.parts == {"attachment": {"empty": 2}}
    assert not parsed.report.warnings
    assert parsed.text.endswith("Attachment: empty.docx\n\nAttachment: blank.txt")


@pytest.mark.parametrize(
    ("name", "data", "outcome", "message"),
    [
        ("tool", b"\x7fELF\2\1\1", "not_read", "it is a program"),
        ("song.mp3", b"ID3\3\0\0", "not_read", "it is an audio file"),
        ("all.zip", b"PK\5\6" + bytes(18), "not_read", "it is an archive"),
        ("noise.bin", bytes(range(32)) * 8, "not_read", "is not supported"),
        ("noise.docx", bytes(range(32)) * 8, "failed", "its content is something else, or damaged"),
        ("cut.docx", b"PK\3\4" + bytes(40), "failed", "damaged"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj", "failed", "damaged or incomplete"),
        ("cut.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "failed", ""),
        ("cut.gz", b"\x1f\x8b\x08\0" + bytes(9), "failed", ""),
    ],
)
def test_what_cannot_be_read_is_named_and_the_next_file_is_read(
    name: str, data: bytes, outcome: str, message: str
) -> None:
    parsed = attach((name, data), ("next.txt", b"the next words"))

    assert parsed.text == f"Outer text\n\nAttachment: {name}\n\nAttachment: next.txt\n\nthe next words"
    assert parsed.report.parts == {"attachment": {outcome: 1, "read": 1}}
    assert warnings_of(parsed) == [("attachment_not_read", f"attachment {name}")]
    assert message in parsed.report.warnings[0].message


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_cut_document_does_not_hide_the_other_files(documents: DocumentBuilder, share: float) -> None:
    whole = documents.docx(documents.paragraph("words of the document"))
    parsed = attach(("a.docx", whole[: int(share * len(whole))]), ("b.docx", whole))

    assert parsed.text.endswith("Attachment: b.docx\n\nwords of the document")
    assert parsed.report.parts["attachment"]["read"] >= 1
    assert sum(parsed.report.parts["attachment"].values()) == 2


def test_the_warnings_of_an_embedded_file_name_it() -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["Message-ID"] = "s", "a@example.org", "<1@example.org>"
    mail.set_content("words of the mail")
    mail.add_attachment(b"\x7fELF\2", maintype="application", subtype="octet-stream", filename="tool")

    parsed = attach(("forwarded.eml", mail.as_bytes()))

    assert warnings_of(parsed) == [("attachment_not_read", "attachment forwarded.eml, attachment tool")]
    assert parsed.report.parts == {"attachment": {"read": 1, "not_read": 1}}


def test_an_exception_of_a_parser_is_a_damaged_attachment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "HANDLERS", {"rtf": "tests.steps.parse.test_nested:no_such_function"})

    parsed = attach(("a.rtf", b"{\\rtf1 x}"), ("b.txt", b"next"))

    assert parsed.report.parts == {"attachment": {"failed": 1, "read": 1}}
    assert parsed.report.warnings[0].message == "An attachment is damaged (AttributeError)."


def raise_memory_error(path: object) -> ParsedText:
    raise MemoryError


def test_the_lack_of_memory_ends_the_outer_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "import_handler", lambda target: raise_memory_error)

    with pytest.raises(MemoryError):
        attach(("a.rtf", b"{\\rtf1 x}"))


def test_files_are_read_to_the_greatest_depth() -> None:
    parsed = attach(("mail.eml", mails_in_mails(MAX_DEPTH)))

    assert "innermost words" in parsed.text
    assert not parsed.report.warnings


def test_a_deeper_file_is_named_and_the_outer_ones_are_read() -> None:
    parsed = attach(("mail.eml", mails_in_mails(MAX_DEPTH + 1)), ("next.txt", b"the next words"))

    assert "level 1" in parsed.text
    assert "innermost words" not in parsed.text
    assert parsed.text.endswith("the next words")
    assert [warning.message for warning in parsed.report.warnings] == [
        f"An attachment was not read. It is nested more than {MAX_DEPTH} levels deep."
    ]


def test_a_failure_leaves_the_depth_as_it_was() -> None:
    broken = b"%PDF-1.7\n1 0 obj"
    for _ in range(MAX_DEPTH + 1):
        with pytest.raises(InvalidFile):
            read_nested(broken, "cut.pdf")

    assert read_nested(b"{\\rtf1 words}", "a.rtf").text == "words"


def test_the_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "MAX_FILES", 3)

    parsed = attach(*((f"{number}.txt", b"words") for number in range(5)))

    assert parsed.report.parts == {"attachment": {"read": 3, "failed": 2}}
    assert warnings_of(parsed) == [
        ("attachment_not_read", "attachment 3.txt"),
        ("attachment_not_read", "attachment 4.txt"),
    ]
    assert "The file contains more than 3 files." in parsed.report.warnings[0].message


def test_the_files_of_files_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "MAX_FILES", 2)

    parsed = attach(("mail.eml", mails_in_mails(3)))

    assert parsed.report.parts == {"attachment": {"read": 2, "failed": 1}}


def test_the_bytes_of_all_files_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "MAX_BYTES", 2 * 2**20)

    parsed = attach(*((f"{number}.txt", b"words " * 150_000) for number in range(3)))

    assert parsed.report.parts == {"attachment": {"read": 2, "failed": 1}}
    assert "The files in it are larger than 2 MiB together." in parsed.report.warnings[0].message


def test_each_uploaded_file_has_a_budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "MAX_FILES", 1)
    read_nested(b"words", "a.txt")
    with pytest.raises(InvalidFile):
        read_nested(b"words", "b.txt")

    reset_budget()

    assert read_nested(b"words", "c.txt").text == "words"


def test_one_file_after_another_in_the_sandbox_has_the_whole_depth(parse: Parse) -> None:
    for _ in range(2):
        assert "innermost words" in parse("a.eml", mails_in_mails(MAX_DEPTH + 1)).text


def test_a_document_in_xml_in_a_mail_is_read(documents: DocumentBuilder) -> None:
    encoded = base64.b64encode(documents.docx(documents.paragraph("terms of delivery"))).decode()
    invoice = f'<?xml version="1.0"?><invoice><file filename="terms.docx">{encoded}</file></invoice>'

    parsed = attach(("invoice.xml", invoice.encode()))

    assert [section.name for section in parsed.sections] == ["invoice.xml", "terms.docx"]
    assert parsed.text.endswith("Attachment: terms.docx\n\nterms of delivery")
    assert parsed.report.parts == {"attachment": {"read": 2}}


def test_vocabularies_without_a_parser_of_their_own_are_xml() -> None:
    assert find_handler({"xml": "module:read"}, "spreadsheetml") == "module:read"
    assert find_handler({"xml": "module:read", "wordml": "other:read"}, "wordml") == "other:read"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("image", "an image, and OCR is not configured"),
        ("odp", "an OpenDocument presentation"),
        ("other", "a file of the kind 'other'"),
        ("spreadsheetml", "a file of the kind 'spreadsheetml'"),
    ],
)
def test_a_kind_without_a_parser_is_named(kind: str, message: str) -> None:
    with pytest.raises(UnsupportedFile, match=message):
        find_handler({}, kind)


@pytest.mark.parametrize("target", sorted(set(HANDLERS.values())))
def test_each_handler_can_be_imported(target: str) -> None:
    assert import_handler(target).__name__ == target.partition(":")[2]
