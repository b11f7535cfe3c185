"""What the placeholders of a slide inherit."""

from pathlib import Path

import pytest
from lxml import etree

from ingest.steps.parse.formats.ooxml.package import OoxmlPackage
from ingest.steps.parse.formats.pptx.inheritance import Backgrounds, Placeholder, placeholder_of
from tests.steps.parse.documents import Parse
from tests.steps.parse.presentations import P, paragraph, picture, pptx, shape, slide_xml
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


@pytest.mark.parametrize(
    ("attributes", "placeholder", "is_title"),
    [
        ('type="ctrTitle"', Placeholder("ctrTitle", ""), True),
        ('type="title" idx="2"', Placeholder("title", "2"), True),
        ('type="subTitle" idx="1"', Placeholder("subTitle", "1"), False),
        ('idx="3"', Placeholder("", "3"), False),
    ],
)
def test_a_shape_fills_a_placeholder(attributes: str, placeholder: Placeholder, *, is_title: bool) -> None:
    (found,) = etree.fromstring(slide_xml(shape(placeholder=attributes))).iter(f"{{{P}}}sp")

    assert placeholder_of(found) == placeholder
    assert placeholder.is_title == is_title


def test_pictures_may_fill_placeholders_and_other_shapes_fill_none() -> None:
    filled = picture().replace("<p:nvPr/>", '<p:nvPr><p:ph type="pic" idx="5"/></p:nvPr>')
    root = etree.fromstring(slide_xml(filled + picture() + shape()))

    shapes = list(root.iter(f"{{{P}}}pic", f"{{{P}}}sp"))
    assert list(map(placeholder_of, shapes)) == [Placeholder("pic", "5"), None, None]


def _style(name: str) -> str:
    return f'<a:lvl1pPr><a:buChar char="{name}"/></a:lvl1pPr>'


def test_styles_are_those_of_the_layout_then_of_the_master_by_kind(tmp_path: Path) -> None:
    layout = slide_xml(
        shape(placeholder='type="title"', list_style=_style("layout title"))
        + shape(placeholder='type="body" idx="1"', list_style=_style("layout body"))
        + shape(placeholder='type="dt" idx="10"', list_style=_style("layout date")),
        "sldLayout",
    )
    master = slide_xml(
        shape(placeholder='type="title"', list_style=_style("master title"))
        + shape(placeholder='type="body" idx="10"', list_style=_style("master body")),
        "sldMaster",
        more=f"<p:txStyles><p:titleStyle>{_style('titles')}</p:titleStyle><p:bodyStyle>{_style('bodies')}</p:bodyStyle>"
        f"<p:otherStyle>{_style('others')}</p:otherStyle></p:txStyles>",
    )
    path = tmp_path / "deck"
    path.write_bytes(
        pptx(
            ["", ""],
            related=[("slideLayout", "../slideLayouts/l.xml")],
            parts={
                "ppt/slideLayouts/l.xml": layout,
                "ppt/slideLayouts/_rels/l.xml.rels": relationships([("slideMaster", "../slideMasters/m.xml")]),
                "ppt/slideMasters/m.xml": master,
                "ppt/slides/_rels/slide2.xml.rels": relationships([("slideLayout", "../slideLayouts/gone.xml")]),
            },
        )
    )
    with OoxmlPackage(path) as package:
        backgrounds = Backgrounds(package)
        background = backgrounds.of_slide("ppt/slides/slide1.xml")
        assert background is not None
        assert background is backgrounds.of_slide("ppt/slides/slide1.xml")
        assert backgrounds.of_slide("ppt/slides/slide2.xml") is None
        assert backgrounds.of_notes("ppt/slides/slide1.xml") is None

    def names(kind: str, index: str = "") -> list[str]:
        return [style[0][0].get("char", "") for style in background.styles(Placeholder(kind, index))]

    assert names("ctrTitle") == ["layout title", "master title", "titles"]
    assert names("", "1") == ["layout body", "master body", "bodies"]
    assert names("", "10") == ["layout date", "others"]
    assert names("sldNum", "12") == ["others"]
