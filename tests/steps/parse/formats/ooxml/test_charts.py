"""Charts as text."""

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.charts import add_chart, chart_text

_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def chart(content: str) -> bytes:
    return f'<c:chartSpace xmlns:c="{_C}" xmlns:a="{_A}"><c:chart>{content}</c:chart></c:chartSpace>'.encode()


def title(text: str) -> str:
    return f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{text}</a:t></a:r></a:p></c:rich></c:tx></c:title>"


def points(*values: str) -> str:
    return "".join(f'<c:pt idx="{number}"><c:v>{value}</c:v></c:pt>' for number, value in enumerate(values))


def series(name: str, categories: str, values: str, number_format: str = "General") -> str:
    return (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points(name)}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{categories}</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache>"
        f"<c:formatCode>{number_format}</c:formatCode>{values}</c:numCache></c:numRef></c:val></c:ser>"
    )


def test_a_chart_is_its_titles_and_a_table_of_its_values() -> None:
    axis = f"<c:valAx>{title('Million euros')}</c:valAx>"
    data = chart(
        title("Sales")
        + "<c:plotArea>"
        + series("2023", points("Kent", "Essex"), points("1.5", "0.30000000000000004"))
        + series("2024", points("Kent", "Essex"), points("2", "3"))
        + axis
        + "</c:plotArea>"
    )
    builder = TextBuilder()

    assert add_chart(builder, data)

    parsed = builder.parsed("docx")
    assert parsed.text == "Sales\n\nMillion euros\n\n | 2023 | 2024\nKent | 1.5 | 2\nEssex | 0.3 | 3"
    assert [parsed.text[t.start : t.header_end] for t in parsed.tables] == [" | 2023 | 2024"]
    assert chart_text(data) == "Sales\nMillion euros\n | 2023 | 2024\nKent | 1.5 | 2\nEssex | 0.3 | 3"


def test_percentages_and_dates_are_shown_as_such() -> None:
    data = chart(
        series("Share", points("a"), points("0.155"), "0.0%")
        + series("Day", points("a"), points("45292"), "yyyy\\-mm\\-dd")
    )

    assert chart_text(data) == " | Share | Day\na | 15.5% | 2024-01-01"


def test_a_missing_point_leaves_its_cell_empty() -> None:
    values = '<c:pt idx="1"><c:v>2</c:v></c:pt>'

    assert chart_text(chart(series("s", points("a", "b"), values))) == " | s\na\nb | 2"


def test_categories_of_several_levels_are_joined() -> None:
    levels = f"<c:lvl>{points('Q1', 'Q2', 'Q1')}</c:lvl><c:lvl><c:pt idx='0'><c:v>2023</c:v></c:pt><c:pt idx='2'><c:v>2024</c:v></c:pt></c:lvl>"

    assert (
        chart_text(chart(series("s", levels, points("1", "2", "3")))) == " | s\n2023 Q1 | 1\n2023 Q2 | 2\n2024 Q1 | 3"
    )


def test_scatter_charts_have_their_pairs_and_bubbles_their_sizes() -> None:
    def cache(name: str, value: str) -> str:
        return f"<c:{name}><c:numRef><c:numCache>{points(value)}</c:numCache></c:numRef></c:{name}>"

    data = chart(f"<c:ser>{cache('xVal', '1')}{cache('yVal', '2')}{cache('bubbleSize', '7')}</c:ser>")

    assert chart_text(data) == "1 | 2 (7)"


def test_charts_of_office_2016_are_read() -> None:
    data = (
        '<cx:chartSpace xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex" xmlns:a="' + _A + '">'
        '<cx:chartData><cx:data id="0"><cx:strDim type="cat"><cx:lvl><cx:pt idx="0">Kent</cx:pt></cx:lvl></cx:strDim>'
        '<cx:numDim type="val"><cx:lvl><cx:pt idx="0">5</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartData><cx:chart>'
        "<cx:title><cx:tx><cx:rich><a:p><a:r><a:t>Funnel</a:t></a:r></a:p></cx:rich></cx:tx></cx:title><cx:plotArea>"
        '<cx:series><cx:tx><cx:txData><cx:v>2024</cx:v></cx:txData></cx:tx><cx:dataId val="0"/></cx:series>'
        "</cx:plotArea></cx:chart></cx:chartSpace>"
    ).encode()

    assert chart_text(data) == "Funnel\n | 2024\nKent | 5"


def test_what_is_no_chart_has_no_text() -> None:
    assert chart_text(b"no XML") == chart_text(b"<a/>") == chart_text(chart("")) == ""
