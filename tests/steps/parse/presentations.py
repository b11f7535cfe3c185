"""Presentations that tests build part by part, as small as the format allows."""

from collections.abc import Mapping, Sequence

from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.workbooks import RELATIONSHIPS, Relationship, relationships

P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml"
_NAMESPACES = (
    f'xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{RELATIONSHIPS}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main"'
)
_CONTENT = "application/vnd.openxmlformats-officedocument.presentationml"


def paragraph(text: str, properties: str = "") -> str:
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


def shape(*paragraphs: str, placeholder: str = "", list_style: str = "", description: str = "", place: str = "") -> str:
    """Return a shape with text. `placeholder` is the attributes of p:ph, `place` those of a:off."""
    kind = f"<p:ph {placeholder}/>" if placeholder else ""
    where = f"<a:xfrm><a:off {place}/></a:xfrm>" if place else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="s" descr="{description}"/><p:cNvSpPr/><p:nvPr>{kind}</p:nvPr></p:nvSpPr>'
        f"<p:spPr>{where}</p:spPr><p:txBody><a:bodyPr/><a:lstStyle>{list_style}</a:lstStyle>{''.join(paragraphs)}</p:txBody>"
        "</p:sp>"
    )


def title(text: str) -> str:
    return shape(paragraph(text), placeholder='type="title"')


def picture(description: str = "", extra: str = "") -> str:
    return (
        f'<p:pic><p:nvPicPr><p:cNvPr id="7" name="Picture" descr="{description}">{extra}</p:cNvPr><p:cNvPicPr/>'
        "<p:nvPr/></p:nvPicPr></p:pic>"
    )


def frame(content: str, uri: str = "") -> str:
    return (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="5" name="f"/></p:nvGraphicFramePr>'
        f'<a:graphic><a:graphicData uri="{uri}">{content}</a:graphicData></a:graphic></p:graphicFrame>'
    )


def table(*rows: Sequence[str]) -> str:
    """Return a table; a cell may be "text" or a whole a:tc."""
    cells = (
        "".join(c if c.startswith("<a:tc") else f"<a:tc><a:txBody>{paragraph(c)}</a:txBody></a:tc>" for c in row)
        for row in rows
    )
    return frame("<a:tbl>" + "".join(f"<a:tr>{row}</a:tr>" for row in cells) + "</a:tbl>")


def slide_xml(shapes: str, root: str = "sld", attributes: str = "", more: str = "") -> str:
    return (
        f"<p:{root} {_NAMESPACES} {attributes}><p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>{shapes}</p:spTree></p:cSld>"
        f"{more}</p:{root}>"
    )


def pptx(
    slides: Sequence[str],
    *,
    related: Sequence[Relationship] = (),
    presentation_related: Sequence[Relationship] = (),
    parts: Mapping[str, str | bytes] | None = None,
    kind: str = "presentation",
    is_strict: bool = False,
    order: Sequence[int] | None = None,
    attributes: str = "",
) -> bytes:
    """Return a presentation of slides by the content of their shape trees; the first one is related to `related`."""
    targets = [("slide", f"slides/slide{number}.xml") for number in range(1, len(slides) + 1)]
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in (order or range(1, len(slides) + 1)))
    override = f'<Override PartName="/ppt/presentation.xml" ContentType="{_CONTENT}.{kind}.main+xml"/>'
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    base = f"{_STRICT}/officeDocument/relationships" if is_strict else RELATIONSHIPS
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{types}">{override}</Types>',
        "_rels/.rels": relationships([("officeDocument", "ppt/presentation.xml")], base),
        "ppt/presentation.xml": f"<p:presentation {_NAMESPACES}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relationships([*targets, *presentation_related], base),
    }
    for number, shapes in enumerate(slides, 1):
        members[f"ppt/slides/slide{number}.xml"] = slide_xml(shapes, attributes=attributes if number == 1 else "")
    if related:
        members["ppt/slides/_rels/slide1.xml.rels"] = relationships(related, base)
    members |= dict(parts or {})
    if is_strict:
        for name, content in members.items():
            if isinstance(content, str):
                content = content.replace(P, f"{_STRICT}/presentationml/main").replace(A, f"{_STRICT}/drawingml/main")
                members[name] = content.replace(RELATIONSHIPS, base)
    return DocumentBuilder().zipped(members)
