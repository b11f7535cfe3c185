"""Word documents that tests build, from the XML of their body and of further parts."""

import base64
import io
import zipfile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="{REL}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str, properties: str = "") -> str:
    """Return a paragraph of a text, or of runs if `content` is XML."""
    content = content if content.startswith("<") else run(content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def styled(text: str, style: str) -> str:
    return paragraph(text, f'<w:pStyle w:val="{style}"/>')


def table(*rows: list[str]) -> str:
    """Return a table; a cell that begins with "<" is the XML of a whole cell or of its blocks."""
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(map(_cell, row))}</w:tr>" for row in rows) + "</w:tbl>"


def _cell(content: str) -> str:
    if content.startswith("<w:tc"):
        return content
    return f"<w:tc>{content if content.startswith('<') else paragraph(content)}</w:tc>"


def field(instruction: str, result: str | None = None, data: str = "") -> str:
    """Return the runs of a field; without a result the field has no separator."""
    begin = f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r>'
    body = "" if result is None else f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}'
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    return f"{begin}<w:r><w:instrText>{instruction}</w:instrText></w:r>{body}{end}"


def box(text: str) -> str:
    """Return the content of a text box with one paragraph."""
    return f"<w:txbxContent>{paragraph(text)}</w:txbxContent>"


def control(properties: str, content: str) -> str:
    """Return a content control."""
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def alternatives(choice: str, fallback: str) -> str:
    return (
        f'<mc:AlternateContent><mc:Choice Requires="wps">{choice}</mc:Choice><mc:Fallback>{fallback}</mc:Fallback>'
        "</mc:AlternateContent>"
    )


def part(root: str, content: str) -> str:
    return f"<w:{root} {NAMESPACES}>{content}</w:{root}>"


def styles(*definitions: tuple[str, str, str]) -> str:
    """Return a part of styles (id, name, further XML)."""
    return part(
        "styles",
        "".join(
            f'<w:style w:type="paragraph" w:styleId="{identifier}"><w:name w:val="{name}"/>{more}</w:style>'
            for identifier, name, more in definitions
        ),
    )


def relationships(*targets: tuple[str, str]) -> str:
    """Return the relationships rId1, rId2 ... of (kind, target)."""
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{REL}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{items}</Relationships>'


def members(
    body: str, parts: dict[str, str | bytes] | None = None, targets: list[tuple[str, str]] | None = None
) -> dict[str, str | bytes]:
    """Return the members of a package with a body, further parts below word/, and relationships of the main part."""
    found: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": relationships(("officeDocument", "word/document.xml")),
        "word/document.xml": part("document", f"<w:body>{body}</w:body>"),
    }
    found |= {f"word/{name}": content for name, content in (parts or {}).items()}
    if targets:
        found["word/_rels/document.xml.rels"] = relationships(*targets)
    return found


def zipped(content: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def docx(body: str, parts: dict[str, str | bytes] | None = None, targets: list[tuple[str, str]] | None = None) -> bytes:
    return zipped(members(body, parts, targets))


def flat(content: dict[str, str | bytes]) -> bytes:
    """Return a package as one XML file (flat OPC)."""
    parts = ""
    for name, data in content.items():
        if isinstance(data, str):
            parts += f'<pkg:part pkg:name="/{name}"><pkg:xmlData>{data}</pkg:xmlData></pkg:part>'
        else:
            encoded = base64.b64encode(data).decode()
            parts += f'<pkg:part pkg:name="/{name}"><pkg:binaryData>{encoded}</pkg:binaryData></pkg:part>'
    namespace = "http://schemas.microsoft.com/office/2006/xmlPackage"
    start = '<?xml version="1.0" standalone="yes"?><?mso-application progid="Word.Document"?>'
    return f'{start}<pkg:package xmlns:pkg="{namespace}">{parts}</pkg:package>'.encode()


def word2003(body: str, styles: str = "") -> bytes:
    """Return a document in the XML of Word 2003."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Word.Document"?>'
        '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" '
        'xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint" '
        'xmlns:aml="http://schemas.microsoft.com/aml/2001/core" xmlns:v="urn:schemas-microsoft-com:vml">'
        f"<w:styles>{styles}</w:styles><w:body><wx:sect>{body}</wx:sect></w:body></w:wordDocument>"
    ).encode()


BODY = styled("Scope", "Heading1") + paragraph(run("The fee is ") + run("700")) + table(["a", "b"], ["1", "2"])
"""The body of a small document with a heading, a paragraph and a table."""
TEXT = "Scope\n\nThe fee is 700\n\na | b\n1 | 2"
"""The text of this body."""
