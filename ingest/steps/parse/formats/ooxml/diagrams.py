"""Texts of diagrams (SmartArt), indented by their hierarchy (ECMA-376 part 1, 21.4)."""

from typing import Any

from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.drawingml import text_of_body
from ingest.steps.parse.formats.ooxml.xml import child, children

_MAX_LEVEL = 8


def diagram_text(data: bytes) -> str:
    """Return the texts of a diagram's data part (or of its drawing part), one in each line, "" if it cannot be read."""
    root, _ = xml.parse(data)
    if root is None:
        return ""
    points = {point.get("modelId", ""): point for point in root.iter("{*}pt")}
    if not points:
        bodies = (text_of_body(body) for body in root.iter("{*}txBody"))
        return "\n".join(filter(None, bodies))
    return "\n".join(_lines(root, points))


def _lines(root: Any, points: dict[str, Any]) -> list[str]:
    """Return the texts in the order of the hierarchy, and then those of the points that are not in it."""
    inner: dict[str, list[tuple[int, str]]] = {}
    for connection in root.iter("{*}cxn"):
        if connection.get("type", "parOf") == "parOf":
            order = xml.to_int(connection.get("srcOrd", ""))
            inner.setdefault(connection.get("srcId", ""), []).append((order, connection.get("destId", "")))
    lines: list[str] = []
    seen: set[str] = set()
    starts = [identifier for identifier, point in points.items() if point.get("type") == "doc"]
    # The document itself has no text, so that its children are on the first level.
    waiting = [(identifier, -1) for identifier in reversed([*starts, *points])]
    while waiting:
        identifier, level = waiting.pop()
        if identifier in seen or identifier not in points:
            continue
        seen.add(identifier)
        lines += _point_lines(points[identifier], level)
        waiting += [(inner_id, level + 1) for _, inner_id in sorted(inner.get(identifier, []), reverse=True)]
    return lines


def _point_lines(point: Any, level: int) -> list[str]:
    if point.get("type") in ("pres", "parTrans"):
        return []
    bodies = (text_of_body(body) for body in children(point, "t"))
    indent = "  " * max(0, min(level, _MAX_LEVEL))
    lines = [f"{indent}{line}" for body in bodies if body for line in body.split("\n")]
    return lines or _placeholder_lines(point, indent)


def _placeholder_lines(point: Any, indent: str) -> list[str]:
    """Return nothing: the prompt of an empty point ("[Text]") is not content. Its alternative text is."""
    properties = child(point, "extLst", "ext", "cNvPr")
    text = "" if properties is None else properties.get("descr", "").strip()
    return [indent + text] if text else []
