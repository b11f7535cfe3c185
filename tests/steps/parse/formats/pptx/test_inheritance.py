"""What the placeholders of a slide inherit."""

from pathlib import Path

from lxml import etree

from ingest.steps.parse.formats.ooxml.package import OoxmlPackage
from ingest.steps.parse.formats.pptx.inheritance import Backgrounds, Placeholder, placeholder_of
from tests.steps.parse.documents import Parse
from tests.steps.parse.presentations import A, P, paragraph, picture, pptx, shape, slide_xml, title
from tests.steps.parse.workbooks import relationships


def test_bullets_are_inherited_from_the_shape_the_layout_and_the_master(parse: Parse) -> None:
    level = "<a:lvl1pPr><a:bu{}/></a:lvl1pPr>"
    char, none = level.format('Char char="•"'), level.format("None")
    layout = slide_xml(
        shape(placeholder='type="body" idx="3"') + shape(placeholder='type="body" idx="4"', list_style=none),
        "sldLayout",
    )
    styles = f"<p:txStyles><p:bodyStyle>{char}</p:bodyStyle></p:txStyles>"
    master = slide_xml(shape(placeholder='type="body" idx="1"'), "sldMaster", more=styles)
    slide = (
        shape(paragraph("of the master"), placeholder='idx="3"')
        + shape(paragraph("of the layout"), placeholder='idx="4"')
        + shape(paragraph("of the shape"), placeholder='idx="4"', list_style=char)
        + shape(paragraph("its own", "<a:pPr><a:buNone/></a:pPr>"), placeholder='idx="3"')
        + shape(paragraph("no placeholder"))
    )
    data = pptx(
        [slide],
        related=[("slideLayout", "../slideLayouts/l.xml")],
        parts={
            "ppt/slideLayouts/l.xml": layout,
            "ppt/slideLayouts/_rels/l.xml.rels": relationships([("slideMaster", "../slideMasters/m.xml")]),
            "ppt/slideMasters/m.xml": master,
        },
    )

    assert parse("a.pptx", data).text == (
        "- of the master\n\nof the layout\n\n- of the shape\n\nits own\n\nno placeholder"
    )
