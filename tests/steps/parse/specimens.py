"""Files that somebody made to do harm, or that came to harm: each with the outcome that its owner must see."""

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.steps.parse.conftest import Make

make = Make()

Outcome = Literal["completed", "invalid_file", "unsupported_file"]

ENCRYPTED = "The file is encrypted; remove its password and upload it again"
ARCHIVE = "it is an archive"
NO_TEXT = "contains no text"


@dataclass(frozen=True)
class Specimen:
    """A file: its name, what makes its bytes, how it must end, and what its text or its error says (a pattern)."""

    name: str
    content: Callable[[], bytes]
    outcome: Outcome
    says: str


def _pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return body + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        body.rindex(b"xref\n0"),
    )


_PAGES = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[4 0 R]>>")
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>/XObject<</X 6 0 R>>>>/Contents 5 0 R>>"


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(data, 9)
    return b"<</Filter/FlateDecode/Length %d%s>>stream\n%s\nendstream" % (len(packed), entries, packed)


def _pdf_that_swells() -> bytes:
    """128 KB that are 128 MB of instructions to draw text."""
    return _pdf(*_PAGES, _FONT, _PAGE, _stream(b"BT /F 1 Tf " + b"(a) Tj " * (18 * 2**20) + b"ET"))


def _pdf_of_laughs() -> bytes:
    """Each of twelve forms draws the next one ten times."""
    forms = []
    for number in range(6, 18):
        inside = b"<</XObject<</X %d 0 R>>/Font<</F 3 0 R>>>>" % (number + 1)
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources%s" % inside
        drawn = b"/X Do " * 10 if number < 17 else b"BT /F 12 Tf (ha) Tj ET"
        forms.append(_stream(drawn, entries))
    return _pdf(*_PAGES, _FONT, _PAGE, _stream(b"/X Do"), *forms)


def _pdf_whose_pages_go_round() -> bytes:
    return _pdf(_PAGES[0], b"<</Type/Pages/Count 1000000/Kids[2 0 R 2 0 R]>>")


def _html_nested(depth: int) -> bytes:
    return b"<html><body>" + b"<div>" * depth + b"at the bottom" + b"</div>" * depth + b"</body></html>"


def _laughs(root: str) -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "ha">{entities}]>'


def _docx_of_laughs() -> bytes:
    body = (
        f'<w:document xmlns:w="{_W}"><w:body><w:p><w:r><w:t>before &l11; after</w:t></w:r></w:p></w:body></w:document>'
    )
    return make.zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": _laughs("w:document") + body})


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def _wide_workbook() -> bytes:
    """One cell at each end of the largest sheet there is."""
    workbook = make.xlsx({"s": [["first"]]})
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>first</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>last</t></is></c></row></sheetData></worksheet>'
    )
    return _replaced(workbook, "xl/worksheets/sheet1.xml", sheet.encode())


def _replaced(archive: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return out.getvalue()


def _locked_odt() -> bytes:
    """As office programs write it: the manifest is readable and tells how the rest was encrypted."""
    manifest = '<m:manifest xmlns:m="urn:m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    kind = "application/vnd.oasis.opendocument.text"
    return make.zipped({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": _noise(2_000)})


def _epub(algorithm: str) -> bytes:
    """An e-book in which something is encrypted."""
    how = f'<e:EncryptionMethod xmlns:e="urn:e" Algorithm="{algorithm}"/>'
    return _replaced(make.epub("<p>Prose.</p>"), "META-INF/encryption.xml", how.encode())


def _with_password(document: bytes) -> bytes:
    """A document whose ZIP container asks for a password."""
    archive = bytearray(document)
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = archive.find(mark)
        while at >= 0:
            archive[at + flags] |= 1
            at = archive.find(mark, at + 4)
    return bytes(archive)


def _tar(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"text"))
    return out.getvalue()


def _mail_nested(depth: int) -> bytes:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    return b"From: a@b.c\nSubject: Matryoshka\nMIME-Version: 1.0\n" + head + b"Content-Type: text/plain\n\ninnermost\n"


def _mail(charset: str, body: bytes) -> bytes:
    return b"From: a@b.c\nSubject: Hello\nContent-Type: text/plain; charset=" + charset.encode() + b"\n\n" + body


def long_rtf(paragraphs: int) -> bytes:
    """A file that keeps pandoc, which is a child of the parser, busy."""
    return rb"{\rtf1 " + rb"word\par " * paragraphs + b"}"


def _ole_that_goes_round() -> bytes:
    """An old Word document whose table of sectors leads back to where it began."""
    data = bytearray(make.doc("text"))
    table = len(data) - 512
    struct.pack_into("<I", data, table, 0)
    return bytes(data)


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


_GERMAN = "Größe und Übung für Straße: äöü.\n" * 20
_CHINESE = "这是一个用于测试编码检测的中文文本文件。\n我们希望它能够正确地被识别出来。\n" * 5

DANGEROUS = [
    # measured with other parsers: 45 CPU seconds and 0.9 GB
    Specimen("paragraphs.docx", lambda: make.docx(make.paragraph("x") * 200_000), "completed", "^x\n\nx"),
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
    Specimen("swelling.pdf", _pdf_that_swells, "invalid_file", "needs more than|crashed"),
    Specimen("laughs.pdf", _pdf_of_laughs, "invalid_file", "needs more than|crashed|could not be parsed within"),
    Specimen("round.pdf", _pdf_whose_pages_go_round, "unsupported_file", "no text layer"),
    Specimen("long.rtf", lambda: long_rtf(50_000), "completed", "^word\n\nword"),
    Specimen("braces.rtf", lambda: rb"{\rtf1 " + b"{" * 100_000 + b"deep" + b"}" * 100_001, "completed", "deep"),
    Specimen(
        "laughs.xml",
        lambda: (_laughs("r") + "<r>before &l11; after</r>").encode(),
        "invalid_file",
        "its entities expand without end",
    ),
    Specimen(
        "loop.xml",
        lambda: b'<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]><r>before &a; after</r>',
        "invalid_file",
        "its entities expand without end",
    ),
    Specimen("laughs.docx", _docx_of_laughs, "invalid_file", "could not be parsed as docx"),
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
    Specimen("deep.html", lambda: _html_nested(256), "completed", "at the bottom"),
    Specimen("deepest.html", lambda: _html_nested(100_000), "completed", "at the bottom"),
    Specimen("deep.xml", lambda: b"<a>" * 200_000 + b"x" + b"</a>" * 200_000, "completed", "x"),
    Specimen("deep.json", lambda: b"[" * 1_000_000, "completed", r"^\[\["),
    Specimen("nested.eml", lambda: _mail_nested(3_000), "invalid_file", "could not be parsed as a mail"),
    Specimen("wide.xlsx", _wide_workbook, "completed", "last"),
    Specimen("round.doc", _ole_that_goes_round, "completed", "^text$"),
    Specimen("one-word.txt", lambda: b"a" * 2_000_000, "completed", "^aaa"),
    Specimen("one-gap.txt", lambda: b"left" + b" " * 3_000_000 + b"right", "completed", "right$"),
    Specimen("one-row.csv", lambda: b'"' + b"never closed," * 200_000, "completed", "never closed"),
    Specimen("marks.txt", lambda: ("a" + "\u0301" * 500_000).encode(), "completed", "^a\u0301"),
    Specimen("charset.html", lambda: b'<meta charset="punycode"><p>' + b"Text " * 50_000, "completed", "^Text Text"),
    Specimen("undefined.html", lambda: b'<meta charset="undefined"><p>Text.', "completed", r"^Text\.$"),
    Specimen("charset.eml", lambda: _mail("idna", b"Text. " * 50_000), "completed", "Text"),
    Specimen("undefined.eml", lambda: _mail("undefined", b"Text."), "completed", "Text"),
]

LOCKED = [
    Specimen("locked.pdf", make.encrypted_pdf, "invalid_file", ENCRYPTED),
    Specimen(
        "locked.docx", lambda: make.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), "invalid_file", ENCRYPTED
    ),
    Specimen(
        "locked.xlsx", lambda: make.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"y"}), "invalid_file", ENCRYPTED
    ),
    Specimen("locked.doc", lambda: make.doc("text", encrypted=True), "invalid_file", ENCRYPTED),
    Specimen("locked.odt", _locked_odt, "invalid_file", ENCRYPTED),
    Specimen("locked.epub", lambda: _epub("http://www.w3.org/2001/04/xmlenc#aes128-cbc"), "invalid_file", ENCRYPTED),
    Specimen("fonts.epub", lambda: _epub("http://www.idpf.org/2008/embedding"), "completed", r"^Prose\.$"),
    Specimen("password.odt", lambda: _with_password(make.odt("text")), "invalid_file", ENCRYPTED),
    Specimen("password.docx", lambda: _with_password(make.docx("text")), "invalid_file", ENCRYPTED),
    Specimen("password.zip", lambda: _with_password(make.zipped({"a.txt": "text"})), "unsupported_file", ARCHIVE),
]

DAMAGED = [
    Specimen("cut.docx", lambda: make.docx(make.paragraph("text"))[:-40], "invalid_file", "The file is damaged"),
    Specimen("cut.xlsx", lambda: make.xlsx({"s": [["text"]]})[:-40], "invalid_file", "The file is damaged"),
    Specimen("cut.pptx", lambda: make.pptx([("a", "b", "c")])[:-900], "invalid_file", "The file is damaged"),
    Specimen("cut.odt", lambda: make.odt("text")[:300], "invalid_file", "The file is damaged"),
    Specimen("cut.epub", lambda: make.epub("text")[:300], "invalid_file", "The file is damaged"),
    Specimen("cut.pdf", lambda: make.pdf(["text"] * 3)[:150], "invalid_file", "PDF.*(damaged|incomplete)"),
    Specimen("cut.doc", lambda: make.doc("text")[:600], "invalid_file", "damaged|could not be parsed"),
    Specimen("cut.xls", lambda: make.xls("s", [(0, 0, "a")])[:700], "invalid_file", "damaged|could not be parsed"),
    Specimen("garbage.pdf", lambda: b"%PDF-1.7\n" + _noise(20_000), "invalid_file", "PDF.*(damaged|incomplete)"),
    Specimen("garbage.docx", lambda: b"PK\3\4" + _noise(20_000), "invalid_file", "The file is damaged"),
    Specimen(
        "garbage.doc", lambda: make.doc("x")[:512] + _noise(20_000), "invalid_file", "damaged|could not be parsed"
    ),
    Specimen("zero.txt", lambda: b"", "invalid_file", "The file is empty"),
    Specimen("zero.pdf", lambda: b"", "invalid_file", "The file is empty"),
    Specimen("blank.txt", lambda: b" \n\t\r\n", "invalid_file", NO_TEXT),
    Specimen("hole.txt", lambda: bytes(5_000_000), "invalid_file", NO_TEXT),
    Specimen("mark-only.txt", lambda: b"\xef\xbb\xbf", "invalid_file", NO_TEXT),
    Specimen("empty.docx", lambda: make.docx(""), "invalid_file", NO_TEXT),
    Specimen("scanned.pdf", lambda: make.pdf(["", ""]), "unsupported_file", "no text layer"),
]

MISNAMED = [
    Specimen("pdf.docx", lambda: make.pdf(["The page."]), "completed", r"^The page\.$"),
    Specimen("docx.txt", lambda: make.docx(make.paragraph("The paragraph.")), "completed", r"^The paragraph\.$"),
    Specimen("text.pdf", lambda: b"Only text.", "completed", r"^Only text\.$"),
    Specimen("picture.txt", lambda: b"\x89PNG\r\n\x1a\n" + _noise(500), "unsupported_file", "it is an image"),
    Specimen("program.txt", lambda: b"MZ\x90\0" + _noise(500), "unsupported_file", "it is a program"),
    Specimen("noise.docx", lambda: b"\1\2\3" + _noise(5_000), "invalid_file", r"named \.docx"),
    Specimen("noise.bin", lambda: b"\1\2\3" + _noise(5_000), "unsupported_file", r"type is not supported\.$"),
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
        "files.zip", lambda: make.zipped({"../../etc/cron.d/x": "text", "a.txt": "text"}), "unsupported_file", ARCHIVE
    ),
    Specimen("files.tar", lambda: _tar("../../etc/cron.d/x"), "unsupported_file", ARCHIVE),
    Specimen("files.tar.gz", lambda: gzip.compress(_tar("a.txt")), "unsupported_file", ARCHIVE),
    Specimen("files.bz2", lambda: bz2.compress(b"text"), "unsupported_file", ARCHIVE),
    Specimen("files.xz", lambda: lzma.compress(b"text"), "unsupported_file", ARCHIVE),
    Specimen("files.7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + _noise(200), "unsupported_file", ARCHIVE),
    Specimen("files.rar", lambda: b"Rar!\x1a\x07\x01\0" + _noise(200), "unsupported_file", ARCHIVE),
    Specimen("zeros.gz", lambda: gzip.compress(bytes(50_000_000)), "unsupported_file", ARCHIVE),
    Specimen("liar.docx", lambda: make.claiming(make.docx("text"), 80 * 2**20), "invalid_file", "would grow from"),
    Specimen("zeros.docx", lambda: make.docx(" " * 100_000_000), "invalid_file", "would grow from"),
    Specimen("members.docx", lambda: make.members(20_001), "invalid_file", "20001 members"),
]

ALL = [*DANGEROUS, *LOCKED, *DAMAGED, *MISNAMED, *ENCODED, *ARCHIVES]
