"""Objects embedded in OpenDocument files."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText

ReadOdf = Callable[[bytes], ParsedText]


def test_formulas_charts_and_tables_in_objects_are_read(odf: Any, read_odf: ReadOdf) -> None:
    chart = (
        "<chart:chart><chart:title><text:p>Visitors</text:p></chart:title><chart:plot-area><chart:axis><chart:title>"
        "<text:p>Harbour</text:p></chart:title></chart:axis></chart:plot-area><table:table><table:table-header-rows>"
        f"{odf.row('', 'May')}</table:table-header-rows><table:table-rows>{odf.row('Bergen', '7')}</table:table-rows>"
        "</table:table></chart:chart>"
    )
    formula = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>'
        '</mrow><annotation encoding="StarMath 5.0">m c^2</annotation></semantics></math>'
    )
    body = (
        '<text:p>E = <draw:frame><draw:object xlink:href="./Object 1"/><draw:image xlink:href="r"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:object xlink:href="./Object 2"/><draw:image xlink:href="r"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:object-ole xlink:href="./Object 3"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:object xlink:href="../gone"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:image xlink:href="p.png"/></draw:frame></text:p>'
    )
    parts = {
        "Object 1/content.xml": formula.encode(),
        "Object 2/content.xml": odf.part("chart", chart),
        "Object 3": b"Text of the object.",
    }

    parsed = read_odf(odf.package("text", body, parts=parts))

    assert parsed.text == (
        "E = mc²\n\nVisitors\n\nHarbour\n\n | May\nBergen | 7\n\nAttachment: Object 3\n\nText of the object."
    )
    assert parsed.report.parts == {"embedded_object": {"read": 2, "not_read": 1}, "image": {"not_read": 1}}
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"]


def test_the_objects_of_a_flat_file_are_inside_it(odf: Any, read_odf: ReadOdf) -> None:
    inner = "<office:document><office:body><office:text><text:p>Inner text</text:p></office:text></office:body></office:document>"
    binary = "<office:binary-data>VGhlIGJvYXJkIG1ldC4=</office:binary-data>"
    body = (
        f"<text:p>Outer<draw:frame><draw:object>{inner}</draw:object></draw:frame></text:p>"
        f"<text:p><draw:frame><draw:object-ole>{binary}</draw:object-ole></draw:frame></text:p>"
    )

    parsed = read_odf(odf.flat("text", body))

    assert parsed.text == "Outer\n\nInner text\n\nAttachment: Object 2\n\nThe board met."
    assert parsed.report.parts == {"embedded_object": {"read": 2}}


def test_an_object_that_contains_itself_is_read_once(odf: Any, read_odf: ReadOdf) -> None:
    frame = '<text:p>text<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>'

    parsed = read_odf(odf.package("text", frame, parts={"Object 1/content.xml": odf.part("text", frame)}))

    assert parsed.text == "text\n\ntext"
    assert parsed.report.parts == {"embedded_object": {"read": 1}}


def test_damaged_base64_is_reported(odf: Any, read_odf: ReadOdf) -> None:
    binary = "<office:binary-data>abc</office:binary-data>"

    parsed = read_odf(
        odf.flat("text", f"<text:p>Text<draw:frame><draw:object-ole>{binary}</draw:object-ole></draw:frame></text:p>")
    )

    assert parsed.text == "Text"
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"]


def test_the_picture_that_stands_for_an_object_is_not_counted(odf: Any, read_odf: ReadOdf) -> None:
    chart = f"<chart:chart><table:table>{odf.row('a', 'b')}</table:table></chart:chart>"
    body = (
        '<text:p>Text<draw:frame><draw:object xlink:href="./O"/><draw:image xlink:href="r.png"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:image xlink:href="p.png"/></draw:frame></text:p>'
    )

    parsed = read_odf(odf.package("text", body, parts={"O/content.xml": odf.part("chart", chart)}))

    assert parsed.text == "Text\n\na | b"
    assert parsed.report.parts == {"embedded_object": {"read": 1}, "image": {"not_read": 1}}
