"""Builders of documents that are encrypted, damaged, or made to exhaust a parser."""

import io
import random
import struct
import tarfile
import zipfile
import zlib

from tests.steps.parse.documents import DocumentBuilder

documents = DocumentBuilder()


def _pdf_of_objects(*objects: bytes) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalogue."""
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


def expanding_pdf() -> bytes:
    """Return 128 KB that expand to 128 MB of instructions to draw text."""
    return _pdf_of_objects(*_PAGES, _FONT, _PAGE, _stream(b"BT /F 1 Tf " + b"(a) Tj " * (18 * 2**20) + b"ET"))


def nested_forms_pdf() -> bytes:
    """Return a PDF of twelve forms, each of which draws the next one ten times."""
    forms = []
    for number in range(6, 18):
        inside = b"<</XObject<</X %d 0 R>>/Font<</F 3 0 R>>>>" % (number + 1)
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources%s" % inside
        drawn = b"/X Do " * 10 if number < 17 else b"BT /F 12 Tf (ha) Tj ET"
        forms.append(_stream(drawn, entries))
    return _pdf_of_objects(*_PAGES, _FONT, _PAGE, _stream(b"/X Do"), *forms)


def cyclic_pdf() -> bytes:
    return _pdf_of_objects(_PAGES[0], b"<</Type/Pages/Count 1000000/Kids[2 0 R 2 0 R]>>")


def nested_html(depth: int) -> bytes:
    return b"<html><body>" + b"<div>" * depth + b"at the bottom" + b"</div>" * depth + b"</body></html>"


def entity_bomb(root: str) -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "ha">{entities}]>'


def entity_bomb_docx() -> bytes:
    body = (
        f'<w:document xmlns:w="{_W}"><w:body><w:p><w:r><w:t>before &l11; after</w:t></w:r></w:p></w:body></w:document>'
    )
    return documents.zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": entity_bomb("w:document") + body})


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def wide_workbook() -> bytes:
    """Return a workbook with one cell in each of two opposite corners of the largest sheet."""
    workbook = documents.xlsx({"s": [["first"]]})
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>first</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>last</t></is></c></row></sheetData></worksheet>'
    )
    return _with_member(workbook, "xl/worksheets/sheet1.xml", sheet.encode())


def _with_member(archive: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return out.getvalue()


def encrypted_odt() -> bytes:
    """Return an encrypted document as office programs write it: only the manifest is readable."""
    manifest = '<m:manifest xmlns:m="urn:m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    kind = "application/vnd.oasis.opendocument.text"
    return documents.zipped({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": random_bytes(2_000)})


def partly_encrypted_epub(algorithm: str) -> bytes:
    """Return an e-book with one member encrypted by this algorithm."""
    how = f'<e:EncryptionMethod xmlns:e="urn:e" Algorithm="{algorithm}"/>'
    return _with_member(documents.epub("<p>Prose.</p>"), "META-INF/encryption.xml", how.encode())


def with_password(document: bytes) -> bytes:
    """Mark every member of a document's ZIP container as encrypted."""
    archive = bytearray(document)
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = archive.find(mark)
        while at >= 0:
            archive[at + flags] |= 1
            at = archive.find(mark, at + 4)
    return bytes(archive)


def tar_archive(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"text"))
    return out.getvalue()


def nested_mail(depth: int) -> bytes:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    return b"From: a@b.c\nSubject: Matryoshka\nMIME-Version: 1.0\n" + head + b"Content-Type: text/plain\n\ninnermost\n"


def mail(charset: str, body: bytes) -> bytes:
    return b"From: a@b.c\nSubject: Hello\nContent-Type: text/plain; charset=" + charset.encode() + b"\n\n" + body


def long_rtf(paragraphs: int) -> bytes:
    """Return a file of many short paragraphs, which keeps the parser busy."""
    return rb"{\rtf1 " + rb"word\par " * paragraphs + b"}"


def cyclic_doc() -> bytes:
    """Return a Word 97 document whose sector table has a cycle."""
    data = bytearray(documents.doc("text"))
    table = len(data) - 512
    struct.pack_into("<I", data, table, 0)
    return bytes(data)


def random_bytes(size: int) -> bytes:
    return random.Random(7).randbytes(size)
