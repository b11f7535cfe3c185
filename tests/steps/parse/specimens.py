"""Hostile, encrypted, damaged and misnamed files, each with the outcome that its owner must see."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.hostile_documents import (
    cyclic_doc,
    cyclic_pdf,
    encrypted_odt,
    entity_bomb,
    entity_bomb_docx,
    expanding_pdf,
    long_rtf,
    mail,
    nested_forms_pdf,
    nested_html,
    nested_mail,
    partly_encrypted_epub,
    random_bytes,
    tar_archive,
    wide_workbook,
    with_password,
)

documents = DocumentBuilder()

Outcome = Literal["completed", "invalid_file", "unsupported_file"]

ENCRYPTED = "The file is encrypted; remove its password and upload it again"
ARCHIVE = "it is an archive"
NO_TEXT = "contains no text"


@dataclass(frozen=True)
class Specimen:
    """A file with its expected outcome; `message` is a pattern that its text or its error must match."""

    name: str
    content: Callable[[], bytes]
    outcome: Outcome
    message: str


_GERMAN = "Größe und Übung für Straße: äöü.\n" * 20
_CHINESE = "这是一个用于测试编码检测的中文文本文件。\n我们希望它能够正确地被识别出来。\n" * 5

DANGEROUS = [
    # The comments are what other parsers needed for these files: 45 CPU seconds and 0.9 GB
    Specimen("paragraphs.docx", lambda: documents.docx(documents.paragraph("x") * 200_000), "completed", "^x\n\nx"),
    # 35 s and 2.4 GB
    Specimen("rows.csv", lambda: b"1,2,3\n" * 1_000_000, "completed", "^1,2,3\n"),
    # 50 s and 4.4 GB
    Specimen(
        "large.json", lambda: b"[" + b'{"a": 1, "b": [true, null]},' * 1_000_000 + b"{}]", "completed", r'^\[{"a": 1'
    ),
    # 78 s and 3.4 GB
    Specimen("paragraphs.txt", lambda: b"a\n\n" * 1_700_000, "completed", "^a\n\na"),
    # quadratic: 22 s
    Specimen("brackets.md", lambda: b"[" * 16_000 + b" end", "completed", " end$"),
    # 91 s and 7.7 GB
    Specimen("swelling.pdf", expanding_pdf, "invalid_file", "needs more than|crashed"),
    Specimen("laughs.pdf", nested_forms_pdf, "invalid_file", "needs more than|crashed|could not be parsed within"),
    Specimen("round.pdf", cyclic_pdf, "unsupported_file", "no text layer"),
    Specimen("long.rtf", lambda: long_rtf(50_000), "completed", "^word\n\nword"),
    Specimen("braces.rtf", lambda: rb"{\rtf1 " + b"{" * 100_000 + b"deep" + b"}" * 100_001, "completed", "deep"),
    Specimen(
        "laughs.xml",
        lambda: (entity_bomb("r") + "<r>before &l11; after</r>").encode(),
        "invalid_file",
        "its entities expand without end",
    ),
    Specimen(
        "loop.xml",
        lambda: b'<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]><r>before &a; after</r>',
        "invalid_file",
        "its entities expand without end",
    ),
    Specimen("laughs.docx", entity_bomb_docx, "invalid_file", "could not be parsed as docx"),
    Specimen(
        "thief.xml",
        lambda: b'<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><r>begin &f; and the tail</r>',
        "completed",
        "^begin &f; and the tail$",
    ),
    Specimen(
        "thief.rst", lambda: b".. include:: /etc/passwd\n\nText.\n", "completed", "^.. include:: /etc/passwd\n\nText."
    ),
    Specimen("thief.html", lambda: b'<html><iframe src="file:///etc/passwd"></iframe><p>Text', "completed", "^Text$"),
    Specimen("deep.html", lambda: nested_html(256), "completed", "at the bottom"),
    Specimen("deepest.html", lambda: nested_html(100_000), "completed", "at the bottom"),
    Specimen("deep.xml", lambda: b"<a>" * 200_000 + b"x" + b"</a>" * 200_000, "completed", "x"),
    Specimen("deep.json", lambda: b"[" * 1_000_000, "completed", r"^\[\["),
    Specimen("nested.eml", lambda: nested_mail(3_000), "invalid_file", "could not be parsed as a mail"),
    Specimen("wide.xlsx", wide_workbook, "completed", "last"),
    Specimen("round.doc", cyclic_doc, "completed", "^text$"),
    Specimen("one-word.txt", lambda: b"a" * 2_000_000, "completed", "^aaa"),
    Specimen("one-gap.txt", lambda: b"left" + b" " * 3_000_000 + b"right", "completed", "right$"),
    Specimen("one-row.csv", lambda: b'"' + b"never closed," * 200_000, "completed", "never closed"),
    Specimen("marks.txt", lambda: ("a" + "\u0301" * 500_000).encode(), "completed", "^a\u0301"),
    Specimen("charset.html", lambda: b'<meta charset="punycode"><p>' + b"Text " * 50_000, "completed", "^Text Text"),
    Specimen("undefined.html", lambda: b'<meta charset="undefined"><p>Text.', "completed", r"^Text\.$"),
    Specimen("charset.eml", lambda: mail("idna", b"Text. " * 50_000), "completed", "Text"),
    Specimen("undefined.eml", lambda: mail("undefined", b"Text."), "completed", "Text"),
]

LOCKED = [
    Specimen("locked.pdf", documents.encrypted_pdf, "invalid_file", ENCRYPTED),
    Specimen(
        "locked.docx",
        lambda: documents.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}),
        "invalid_file",
        ENCRYPTED,
    ),
    Specimen(
        "locked.xlsx",
        lambda: documents.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"y"}),
        "invalid_file",
        ENCRYPTED,
    ),
    Specimen("locked.doc", lambda: documents.doc("text", encrypted=True), "invalid_file", ENCRYPTED),
    Specimen("locked.odt", encrypted_odt, "invalid_file", ENCRYPTED),
    Specimen(
        "locked.epub",
        lambda: partly_encrypted_epub("http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
        "invalid_file",
        ENCRYPTED,
    ),
    Specimen(
        "fonts.epub", lambda: partly_encrypted_epub("http://www.idpf.org/2008/embedding"), "completed", r"^Prose\.$"
    ),
    Specimen("password.odt", lambda: with_password(documents.odt("text")), "invalid_file", ENCRYPTED),
    Specimen("password.docx", lambda: with_password(documents.docx("text")), "invalid_file", ENCRYPTED),
    Specimen("password.zip", lambda: with_password(documents.zipped({"a.txt": "text"})), "unsupported_file", ARCHIVE),
]

DAMAGED = [
    Specimen("cut.docx", lambda: documents.docx(documents.paragraph("text"))[:-40], "completed", "^text$"),
    Specimen("cut.xlsx", lambda: documents.xlsx({"s": [["text"]]})[:-40], "completed", "text"),
    Specimen("cut.pptx", lambda: documents.pptx([("a", "b", "c")])[:-900], "completed", "a"),
    Specimen("cut.odt", lambda: documents.odt("text")[:300], "completed", "^text$"),
    Specimen("stump.docx", lambda: documents.docx("text")[:40], "invalid_file", "The file is damaged"),
    Specimen("cut.epub", lambda: documents.epub("text")[:300], "invalid_file", "The file is damaged"),
    Specimen("cut.pdf", lambda: documents.pdf(["text"] * 3)[:150], "invalid_file", "PDF.*(damaged|incomplete)"),
    Specimen("cut.doc", lambda: documents.doc("text")[:600], "invalid_file", "damaged|could not be parsed"),
    Specimen("cut.xls", lambda: documents.xls("s", [(0, 0, "a")])[:700], "invalid_file", "damaged|could not be parsed"),
    Specimen("garbage.pdf", lambda: b"%PDF-1.7\n" + random_bytes(20_000), "invalid_file", "PDF.*(damaged|incomplete)"),
    Specimen("garbage.docx", lambda: b"PK\3\4" + random_bytes(20_000), "invalid_file", "The file is damaged"),
    Specimen(
        "garbage.doc",
        lambda: documents.doc("x")[:512] + random_bytes(20_000),
        "invalid_file",
        "damaged|could not be parsed",
    ),
    Specimen("zero.txt", lambda: b"", "invalid_file", "The file is empty"),
    Specimen("zero.pdf", lambda: b"", "invalid_file", "The file is empty"),
    Specimen("blank.txt", lambda: b" \n\t\r\n", "invalid_file", NO_TEXT),
    Specimen("hole.txt", lambda: bytes(5_000_000), "invalid_file", NO_TEXT),
    Specimen("mark-only.txt", lambda: b"\xef\xbb\xbf", "invalid_file", NO_TEXT),
    Specimen("empty.docx", lambda: documents.docx(""), "invalid_file", NO_TEXT),
    Specimen("scanned.pdf", lambda: documents.pdf(["", ""]), "unsupported_file", "no text layer"),
]

MISNAMED = [
    Specimen("pdf.docx", lambda: documents.pdf(["The page."]), "completed", r"^The page\.$"),
    Specimen(
        "docx.txt", lambda: documents.docx(documents.paragraph("The paragraph.")), "completed", r"^The paragraph\.$"
    ),
    Specimen("text.pdf", lambda: b"Only text.", "completed", r"^Only text\.$"),
    Specimen("picture.txt", lambda: b"\x89PNG\r\n\x1a\n" + random_bytes(500), "unsupported_file", "it is an image"),
    Specimen("program.txt", lambda: b"MZ\x90\0" + random_bytes(500), "unsupported_file", "it is a program"),
    Specimen("noise.docx", lambda: b"\1\2\3" + random_bytes(5_000), "invalid_file", r"named \.docx"),
    Specimen("noise.bin", lambda: b"\1\2\3" + random_bytes(5_000), "unsupported_file", r"type is not supported\.$"),
    Specimen("no-extension", lambda: b"Plain text.", "completed", r"^Plain text\.$"),
]

ENCODED = [
    Specimen(
        "nuls.txt", lambda: b"\0A\0line of\0 a padded\0\0 record \0\n" * 50, "completed", "^Aline of a padded record"
    ),
    Specimen("latin-1.txt", lambda: _GERMAN.encode("latin-1"), "completed", "^Größe und Übung"),
    Specimen("gbk.txt", lambda: _CHINESE.encode("gbk"), "completed", "^这是一个用于测试"),
    Specimen("utf-16.txt", lambda: _GERMAN.encode("utf-16"), "completed", "^Größe und Übung"),
    Specimen("utf-16-le.csv", lambda: _GERMAN.encode("utf-16-le"), "completed", "^Größe und Übung"),
    Specimen("utf-16-be.txt", lambda: _CHINESE.encode("utf-16-be"), "completed", "^这是一个用于测试"),
    Specimen("utf-32.txt", lambda: _CHINESE.encode("utf-32"), "completed", "^这是一个用于测试"),
    Specimen("utf-32-be.txt", lambda: _GERMAN.encode("utf-32-be"), "completed", "^Größe und Übung"),
]

ARCHIVES = [
    Specimen(
        "files.zip",
        lambda: documents.zipped({"../../etc/cron.d/x": "text", "a.txt": "text"}),
        "unsupported_file",
        ARCHIVE,
    ),
    Specimen("files.tar", lambda: tar_archive("../../etc/cron.d/x"), "unsupported_file", ARCHIVE),
    Specimen("files.tar.gz", lambda: gzip.compress(tar_archive("a.txt")), "unsupported_file", ARCHIVE),
    Specimen("files.bz2", lambda: bz2.compress(b"text"), "completed", "^text$"),
    Specimen("files.xz", lambda: lzma.compress(b"text"), "completed", "^text$"),
    Specimen("files.7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + random_bytes(200), "unsupported_file", ARCHIVE),
    Specimen("files.rar", lambda: b"Rar!\x1a\x07\x01\0" + random_bytes(200), "unsupported_file", ARCHIVE),
    Specimen("zeros.gz", lambda: gzip.compress(bytes(50_000_000)), "invalid_file", "contains no text"),
    Specimen("bomb.gz", lambda: gzip.compress(bytes(300_000_000)), "invalid_file", "would grow"),
    Specimen(
        "liar.docx",
        lambda: documents.with_claimed_size(documents.docx("text"), 80 * 2**20),
        "invalid_file",
        "would grow from",
    ),
    Specimen("zeros.docx", lambda: documents.docx(" " * 100_000_000), "invalid_file", "would grow from"),
    Specimen("members.docx", lambda: documents.zip_with_members(20_001), "invalid_file", "20001 members"),
]

ALL = [*DANGEROUS, *LOCKED, *DAMAGED, *MISNAMED, *ENCODED, *ARCHIVES]
