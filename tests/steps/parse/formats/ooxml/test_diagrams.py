"""Texts of diagrams."""

from ingest.steps.parse.formats.ooxml.diagrams import diagram_text

_D = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def point(identifier: str, text: str = "", kind: str = "node") -> str:
    body = f"<d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t>" if text else "<d:t/>"
    return f'<d:pt modelId="{identifier}" type="{kind}">{body}</d:pt>'


def connection(source: str, target: str, order: int) -> str:
    return f'<d:cxn srcId="{source}" destId="{target}" srcOrd="{order}"/>'


def diagram(points: str, connections: str = "") -> bytes:
    return (
        f'<d:dataModel xmlns:d="{_D}" xmlns:a="{_A}"><d:ptLst>{points}</d:ptLst><d:cxnLst>{connections}</d:cxnLst>'
        "</d:dataModel>"
    ).encode()


def test_texts_follow_the_hierarchy() -> None:
    points = point("0", kind="doc") + point("3", "Second") + point("2", "Inner") + point("1", "First")
    connections = connection("0", "3", 1) + connection("0", "1", 0) + connection("1", "2", 0)

    assert diagram_text(diagram(points, connections)) == "First\n  Inner\nSecond"


def test_layout_points_are_no_text_and_a_circle_ends() -> None:
    points = point("1", "Text") + point("2", "Layout", "pres") + point("3", "Between", "parTrans")

    assert diagram_text(diagram(points, connection("1", "1", 0))) == "Text"


def test_the_drawn_form_is_read_and_damaged_data_has_no_text() -> None:
    drawing = (
        f'<dsp:drawing xmlns:dsp="urn:d" xmlns:a="{_A}"><dsp:txBody><a:p><a:r><a:t>Step</a:t></a:r></a:p></dsp:txBody>'
        "</dsp:drawing>"
    ).encode()

    assert diagram_text(drawing) == "Step"
    assert diagram_text(b"") == ""
