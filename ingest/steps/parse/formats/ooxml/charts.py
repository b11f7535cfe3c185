"""Charts: title, axes, and the values that they show, as a table (ECMA-376 part 1, 21.2; charts of Office 2016: cx)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder, join_cells
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.drawingml import text_of_body
from ingest.steps.parse.formats.ooxml.xml import attribute, child, children
from ingest.steps.parse.formats.sheets.number_format import compile_format

MAX_TITLES = 100
MAX_POINTS = 20_000
"""Points of a chart that are read; a chart of a measurement may have any number."""

_AXES = ("catAx", "valAx", "dateAx", "serAx")


@dataclass
class _Series:
    name: str = ""
    categories: dict[int, str] = field(default_factory=dict)
    values: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, str] = field(default_factory=dict)


@dataclass
class _Chart:
    titles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    series: list[_Series] = field(default_factory=list)

    def rows(self) -> Iterator[list[str]]:
        """Yield a header row and a row for each category; series with other categories follow with rows of their own."""
        groups: list[list[_Series]] = []
        for one in self.series:
            if groups and (not one.categories or one.categories == groups[-1][0].categories):
                groups[-1].append(one)
            else:
                groups.append([one])
        for group in groups:
            if any(one.name for one in group):
                yield ["", *(one.name for one in group)]
            for number in sorted(set().union(*({*one.values, *one.categories} for one in group))):
                cells = (_cell(one, number) for one in group)
                yield [group[0].categories.get(number, ""), *cells]


def add_chart(builder: TextBuilder, data: bytes) -> bool:
    """Add a chart as its titles and a table. Return whether it had text; XML that cannot be read has none."""
    chart = _read(data)
    size = len(builder)
    for line in chart.titles:
        builder.add_block(line)
    builder.end_list()
    for row in chart.rows():
        builder.add_row(row)
    builder.end_list()
    for line in chart.notes:
        builder.add_block(line)
    return len(builder) > size


def chart_text(data: bytes) -> str:
    """Return the text of a chart, one line for each title and row."""
    chart = _read(data)
    rows = (join_cells(row) for row in chart.rows())
    return "\n".join(filter(None, [*chart.titles, *rows, *chart.notes]))


def _read(data: bytes) -> _Chart:
    root, _ = xml.parse(data)
    if root is None:
        return _Chart()
    # The elements of charts of Office 2016 are in a namespace that ends in "chartex".
    return _read_extended(root) if "chartex" in str(root.tag) else _read_chart(root)


def _read_chart(root: Any) -> _Chart:
    chart = _Chart()
    for title in root.iter("{*}title"):
        is_axis = xml.local_name(title.getparent()) in _AXES
        text = _text_of(title)
        if text and len(chart.titles) < MAX_TITLES and not (is_axis and text in chart.titles):
            chart.titles.append(text)
    chart.series = [_read_series(series) for series in root.iter("{*}ser")]
    for label in root.iter("{*}dLbl"):
        chart.notes += filter(None, [_text_of(label)])
    for name in root.iter("{*}trendline"):
        node = child(name, "name")
        chart.notes += filter(None, [(node.text or "").strip() if node is not None else ""])
    return chart


def _text_of(element: Any) -> str:
    """Return the text of a title or label: typed in the chart, or the value of a cell."""
    node = child(element, "tx")
    if node is None:
        return ""
    bodies = (" ".join(text_of_body(body).split("\n")) for body in children(node, "rich"))
    cached = (point.text or "" for point in node.iter("{*}v"))
    return " ".join(filter(None, [*bodies, *cached])).strip()


def _read_series(element: Any) -> _Series:
    series = _Series(_text_of(element))
    for names, values in (
        (("cat", "xVal"), series.categories),
        (("val", "yVal"), series.values),
        (("bubbleSize",), series.sizes),
    ):
        for name in names:
            for node in children(element, name):
                values.update(_points(node))
    return series


def _points(source: Any) -> dict[int, str]:
    """Return the points of a cache by their numbers. The levels of categories are joined, the outermost first."""
    format_node = next(source.iter("{*}formatCode"), None)
    number_format = "" if format_node is None else format_node.text or ""
    levels = list(source.iter("{*}lvl"))
    if not levels:
        return dict(_level_points(source, number_format))
    points: dict[int, str] = {}
    for level in levels:  # the innermost level is first; outer ones have a point only where they change
        outer = dict(_level_points(level, number_format))
        if not points:
            points = outer
            continue
        name = ""
        for number in sorted(points):
            name = outer.get(number, name)
            points[number] = f"{name} {points[number]}".strip()
    return points


def _level_points(source: Any, number_format: str) -> Iterator[tuple[int, str]]:
    for count, point in enumerate(source.iter("{*}pt")):
        if count >= MAX_POINTS:
            return
        node = child(point, "v")
        text = (point if node is None else node).text or ""
        own_format = point.get("formatCode") or number_format
        yield xml.to_int(point.get("idx", ""), count), _format(text.strip(), own_format)


def _format(text: str, number_format: str) -> str:
    """Return a number as the chart shows it, in the format of its cells."""
    try:
        number = float(text)
        return compile_format(number_format or "General")(number) if math.isfinite(number) else text
    except (ValueError, OverflowError):
        return text


def _cell(series: _Series, number: int) -> str:
    value, size = series.values.get(number, ""), series.sizes.get(number, "")
    return f"{value} ({size})" if size else value


def _read_extended(root: Any) -> _Chart:
    chart = _Chart()
    for title in root.iter("{*}title"):
        node = child(title, "tx")
        if node is not None and (text := _extended_text(node)):
            chart.titles.append(text)
    data = {node.get("id", ""): node for node in root.iter("{*}data")}
    for element in root.iter("{*}series"):
        node = child(element, "tx")
        series = _Series("" if node is None else _extended_text(node))
        reference = child(element, "dataId")
        source = None if reference is None else data.get(attribute(reference, "val"))
        for dimension in () if source is None else source.iterchildren("{*}strDim", "{*}numDim"):
            points = _extended_points(dimension)
            (series.categories if xml.local_name(dimension) == "strDim" else series.values).update(points)
        chart.series.append(series)
    return chart


def _extended_text(node: Any) -> str:
    bodies = (" ".join(text_of_body(body).split("\n")) for body in node.iter("{*}rich"))
    cached = (point.text or "" for point in node.iter("{*}v"))
    return next(filter(None, (text.strip() for text in (*bodies, *cached))), "")


def _extended_points(dimension: Any) -> dict[int, str]:
    points: dict[int, str] = {}
    for level in children(dimension, "lvl"):
        for number, text in _level_points(level, level.get("formatCode", "")):
            points[number] = f"{text} {points[number]}" if number in points else text
    return points
