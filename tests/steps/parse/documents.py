"""Documents that tests build, as small as their formats allow."""

import io
import struct
import zipfile
from collections.abc import Callable

from ingest.steps.parse import ParsedText

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

Parse = Callable[[str, bytes], ParsedText]
"""Parses bytes under a file name."""


class DocumentBuilder:
    """Builds small documents, as small as their formats allow."""

    def zipped(self, members: dict[str, str | bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return buffer.getvalue()

    def with_claimed_size(self, archive: bytes, size: int) -> bytes:
        """Return a ZIP whose first member claims this unpacked size."""
        entry = archive.index(b"PK\1\2") + 24
        return archive[:entry] + struct.pack("<I", size) + archive[entry + 4 :]

    def zip_with_members(self, count: int) -> bytes:
        """Return a ZIP that lists its only member `count` times."""
        archive = self.zipped({"a": ""})
        directory, end = archive.index(b"PK\1\2"), archive.index(b"PK\5\6")
        entries = archive[directory:end] * count
        counts = struct.pack("<HHI", count, count, len(entries))
        return archive[:directory] + entries + archive[end : end + 8] + counts + archive[end + 16 :]

    def docx(self, body: str, **parts: str) -> bytes:
        members = {"[Content_Types].xml": "<Types/>", "word/document.xml": self.word_part("document", body)}
        members |= {f"word/{name}.xml": self.word_part(name.rstrip("12"), part) for name, part in parts.items()}
        return self.zipped(dict(members))

    def word_part(self, root: str, body: str) -> str:
        return f'<w:{root} xmlns:w="{W}"><w:body>{body}</w:body></w:{root}>'

    def numbered_docx(self, body: str, first: str = "%1.") -> bytes:
        """Return a document with numbered lists.

        List 1 counts "1." and "a)", with `first` as the pattern of its first level. List 2 has bullets. List 3 is list 1
        restarted at 7. The style Clause counts "§ I.01".
        """
        level = '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'.format
        formats = (
            level(0, "decimal", first) + level(1, "lowerLetter", "%2)"),
            level(0, "bullet", "\uf0b7"),
            level(0, "upperRoman", "§ %1") + level(1, "decimalZero", "§ %1.%2"),
        )
        abstract = "".join(
            f'<w:abstractNum w:abstractNumId="{number}">{levels}</w:abstractNum>'
            for number, levels in enumerate(formats)
        )
        override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'
        lists = "".join(
            f'<w:num w:numId="{number}"><w:abstractNumId w:val="{counters}"/>{more}</w:num>'
            for number, counters, more in ((1, 0, ""), (2, 1, ""), (3, 0, override), (4, 2, ""))
        )
        style = (
            '<w:style w:styleId="Numbered"><w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr></w:style>'
            '<w:style w:styleId="Clause"><w:basedOn w:val="Numbered"/></w:style>'
        )
        return self.zipped(
            {
                "word/document.xml": self.word_part("document", body),
                "word/numbering.xml": f'<w:numbering xmlns:w="{W}">{abstract}{lists}</w:numbering>',
                "word/styles.xml": f'<w:styles xmlns:w="{W}">{style}</w:styles>',
            }
        )

    def paragraph(self, text: str, properties: str = "") -> str:
        return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    def word_table(self, rows: list[list[str]]) -> str:
        cells = ("".join(f"<w:tc>{self.paragraph(cell)}</w:tc>" for cell in row) for row in rows)
        return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"

    def xlsx(self, sheets: dict[str, list[list[object]]]) -> bytes:
        import openpyxl

        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for name, rows in sheets.items():
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(row)
        buffer = io.BytesIO()
        workbook.save(buffer)
        return buffer.getvalue()

    def pptx(self, slides: list[tuple[str, str, str]]) -> bytes:
        """Return slides of (title, body, notes). The last slide also has a table."""
        import pptx

        deck = pptx.Presentation()
        for title, body, notes in slides:
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = title
            slide.placeholders[1].text = body
            if notes:
                slide.notes_slide.notes_text_frame.text = notes
        table = slide.shapes.add_table(2, 2, 0, 6_000_000, 1_000_000, 1_000_000).table
        for row in range(2):
            for column in range(2):
                table.cell(row, column).text = f"r{row}c{column}"
        buffer = io.BytesIO()
        deck.save(buffer)
        return buffer.getvalue()

    def pdf(self, pages: list[str]) -> bytes:
        """Return a PDF with Latin text on each page; a page for "" has no text."""
        objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
        objects.append("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
        kids = []
        for text in pages:
            kids.append(f"{len(objects) + 1} 0 R")
            objects.append(
                f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>"
                f"/Contents {len(objects) + 2} 0 R>>"
            )
            lines = "".join(f"({line}) Tj T* " for line in text.split("\n") if line)
            stream = f"BT /F 12 Tf 14 TL 50 700 Td {lines}ET"
            objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
        objects[1] = f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(kids)}]>>"
        body, offsets = "%PDF-1.4\n", []
        for number, content in enumerate(objects, 1):
            offsets.append(len(body))
            body += f"{number} 0 obj{content}endobj\n"
        table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
        body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        body += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{body.index('xref')}\n%%EOF"
        return body.encode("latin-1")

    def pdf_form(self, name: str, value: str) -> bytes:
        import pypdf
        from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, TextStringObject

        writer = pypdf.PdfWriter(io.BytesIO(self.pdf(["Form"])))
        field = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/FT"): NameObject("/Tx"),
                NameObject("/T"): TextStringObject(name),
                NameObject("/V"): TextStringObject(value),
                NameObject("/Rect"): ArrayObject([FloatObject(n) for n in (0, 0, 90, 20)]),
            }
        )
        reference = writer._add_object(field)
        writer.pages[0][NameObject("/Annots")] = ArrayObject([reference])
        form = DictionaryObject({NameObject("/Fields"): ArrayObject([reference])})
        writer.root_object[NameObject("/AcroForm")] = form
        buffer = io.BytesIO()
        writer.write(buffer)
        return buffer.getvalue()

    def encrypted_pdf(self) -> bytes:
        import pypdf

        writer = pypdf.PdfWriter(io.BytesIO(self.pdf(["secret"])))
        writer.encrypt("password", algorithm="RC4-128")
        buffer = io.BytesIO()
        writer.write(buffer)
        return buffer.getvalue()

    def ole(self, streams: dict[str, bytes]) -> bytes:
        """Return a compound file with its streams in the root.

        Each stream is padded to 4 KiB, because shorter streams are stored in another way.
        """
        padded = {name: data.ljust(4096, b"\0") for name, data in streams.items()}
        sectors: list[bytes] = []
        chains: list[int] = []

        def put(data: bytes) -> int:
            start = len(sectors)
            for offset in range(0, len(data), 512):
                sectors.append(data[offset : offset + 512].ljust(512, b"\0"))
                chains.append(len(sectors))
            chains[-1] = 0xFFFFFFFE
            return start

        names = sorted(padded, key=lambda name: (len(name), name.upper()))
        starts = {name: put(padded[name]) for name in names}
        entries = [_entry("Root Entry", 5, child=1, start=0xFFFFFFFE, size=0)]
        for number, name in enumerate(names, 1):
            right = number + 1 if number < len(names) else 0xFFFFFFFF
            entries.append(_entry(name, 2, right=right, start=starts[name], size=len(padded[name])))
        directory = put(b"".join(entries))
        fat_sector = len(sectors)
        fat = [*chains, 0xFFFFFFFD]
        assert len(fat) <= 128, "one sector of the table is enough for tests"
        fat += [0xFFFFFFFF] * (128 - len(fat))
        header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
        header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
        header += struct.pack("<IIIIIIIII", 0, 1, directory, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
        header += struct.pack("<109I", fat_sector, *[0xFFFFFFFF] * 108)
        return header + b"".join(sectors) + struct.pack("<128I", *fat)

    def doc(self, text: str, *, encrypted: bool = False) -> bytes:
        body = text.encode("utf-16-le")
        clx = b"\x02" + struct.pack("<I", 16) + struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, 2048, 0)
        head = bytearray(2048)
        struct.pack_into("<HH", head, 0, 0xA5EC, 0xC1)
        struct.pack_into("<H", head, 0x0A, 0x0200 | (0x0100 if encrypted else 0))
        struct.pack_into("<II", head, 0x01A2, 0, len(clx))
        return self.ole({"WordDocument": bytes(head) + body, "1Table": clx})

    def ppt(self, texts: list[str]) -> bytes:
        atoms = b"".join(_record(0, 0x0FA0, text.encode("utf-16-le")) for text in texts)
        return self.ole({"PowerPoint Document": _record(0x0F, 0x03EE, atoms)})

    def xls(self, name: str, cells: list[tuple[int, int, str]]) -> bytes:
        start = _biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
        label = name.encode("latin-1")
        offset = len(start) + 4 + 8 + len(label) + 4
        start += _biff(0x85, struct.pack("<IBBBB", offset, 0, 0, len(label), 0) + label) + _biff(0x0A, b"")
        sheet = _biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
        for row, column, text in cells:
            data = text.encode("latin-1")
            sheet += _biff(0x204, struct.pack("<HHHHB", row, column, 0, len(data), 0) + data)
        return self.ole({"Workbook": start + sheet + _biff(0x0A, b"")})

    def msg(self, subject: str, body: str) -> bytes:
        values = {0x0037: subject, 0x1000: body}
        properties = bytes(32)
        streams = {}
        for identifier, text in values.items():
            data = text.encode("utf-16-le")
            properties += struct.pack("<HHIII", 0x001F, identifier, 6, len(data) + 2, 0)
            streams[f"__substg1.0_{identifier:04X}001F"] = data
        return self.ole({"__properties_version1.0": properties} | streams)

    def epub(self, chapter: str) -> bytes:
        rootfile = '<rootfile full-path="c.opf" media-type="application/oebps-package+xml"/>'
        container = "urn:oasis:names:tc:opendocument:xmlns:container"
        return self.zipped(
            {
                "mimetype": "application/epub+zip",
                "META-INF/container.xml": f'<container xmlns="{container}"><rootfiles>{rootfile}</rootfiles></container>',
                "c.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
                '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
                '<spine><itemref idref="a"/></spine></package>',
                "a.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{chapter}</body></html>',
            }
        )

    def odt(self, paragraph: str) -> bytes:
        office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
        text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
        return self.zipped(
            {
                "mimetype": "application/vnd.oasis.opendocument.text",
                "content.xml": f'<o:document-content xmlns:o="{office}" xmlns:t="{text}"><o:body><o:text>'
                f"<t:p>{paragraph}</t:p></o:text></o:body></o:document-content>",
                "styles.xml": f'<o:document-styles xmlns:o="{office}"><o:styles/></o:document-styles>',
            }
        )


def _entry(name: str, kind: int, *, start: int, size: int, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return head + struct.pack("<III36xIII", 0xFFFFFFFF, right, child, start, size, 0)


def _record(version: int, kind: int, body: bytes) -> bytes:
    return struct.pack("<HHI", version, kind, len(body)) + body


def _biff(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body
