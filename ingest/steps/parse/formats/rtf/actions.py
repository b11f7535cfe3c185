"""What the control words of RTF do that are no destinations."""

from ingest.steps.parse.formats.rtf.charsets import Font, codec_of_code_page
from ingest.steps.parse.formats.rtf.destinations import form_of
from ingest.steps.parse.formats.rtf.html_sink import HtmlSink
from ingest.steps.parse.formats.rtf.reader import Action, Reader
from ingest.steps.parse.formats.rtf.state import DEFAULT_SIZE
from ingest.steps.parse.formats.story import MAX_EDGES, Paragraph, Story

_MIN_RAISED_HALF_POINTS = 3  # smaller shifts of full-sized text are typography
_MAX_FONTS = 5_000


def _set_font(reader: Reader, number: int | None) -> None:
    number = number or 0
    if reader.state.mode == "fonts":
        reader.font_number = number
        if len(reader.document.charsets.fonts) < _MAX_FONTS:
            reader.document.charsets.fonts[number] = Font()
    else:
        reader.state.font = number


def _set_font_charset(reader: Reader, number: int | None) -> None:
    if font := reader.document.charsets.fonts.get(reader.font_number):
        font.charset = number


def _set_font_code_page(reader: Reader, number: int | None) -> None:
    if font := reader.document.charsets.fonts.get(reader.font_number):
        font.code_page = number


def _set_style(reader: Reader, number: int | None) -> None:
    if reader.state.mode == "styles":
        reader.style_number = number or 0
    else:
        _set_paragraph(reader, heading=reader.document.headings.get(number or 0, 0))


def _set_outline_level(reader: Reader, number: int | None) -> None:
    if reader.state.mode == "styles":
        reader.style_outline_level = number
    elif number is not None and 0 <= number <= 8:
        _set_paragraph(reader, heading=number + 1)


def _set_paragraph(
    reader: Reader, *, table_depth: int | None = None, heading: int | None = None, list_level: int | None = None
) -> None:
    old = reader.state.paragraph
    reader.state.paragraph = Paragraph(
        old.table_depth if table_depth is None else table_depth,
        old.heading if heading is None else heading,
        old.list_level if list_level is None else list_level,
    )


def _reset_characters(reader: Reader, number: int | None) -> None:
    state = reader.state
    state.is_hidden = state.is_deleted = state.is_right_to_left = False
    state.script = state.small_shift = ""
    state.size = DEFAULT_SIZE
    state.font = reader.default_font


def _set_script(reader: Reader, script: str) -> None:
    reader.state.script, reader.state.small_shift = script, ""


def _shift(reader: Reader, script: str, number: int | None) -> None:
    r"""Raise or lower text. LibreOffice writes the index of H2O as {\*\updnprop8000}\dn2: with 80 % of the size."""
    half_points = 6 if number is None else number
    is_script = half_points >= _MIN_RAISED_HALF_POINTS or 0 < reader.script_percent < 100
    reader.script_percent = 0
    reader.state.script = script if is_script and half_points else ""
    reader.state.small_shift = script if half_points and not is_script else ""


def _set_default_font(reader: Reader, number: int | None) -> None:
    reader.default_font = reader.state.font = number or 0


def _end_cell(reader: Reader, depth: int) -> None:
    state = reader.state
    if isinstance(state.sink, Story):
        state.sink.end_cell(state.paragraph, depth)


def _end_row(reader: Reader, depth: int) -> None:
    if isinstance(reader.state.sink, Story):
        reader.state.sink.end_row(depth, reader.cell_edges)


def _start_row(reader: Reader) -> None:
    reader.cell_edges = [0]
    if isinstance(reader.state.sink, Story):
        reader.state.sink.is_row_open = True


def _set_left_edge(reader: Reader, number: int | None) -> None:
    reader.cell_edges[0] = number or 0


def _add_cell_edge(reader: Reader, number: int | None) -> None:
    if len(reader.cell_edges) < MAX_EDGES:
        reader.cell_edges.append(number or 0)


def _set_html(reader: Reader) -> None:
    reader.document.body = reader.state.sink = HtmlSink()


def _set_form(reader: Reader, name: str, number: int | None) -> None:
    setattr(form_of(reader), name, number or 0)


def _flag(name: str) -> Action:
    def action(reader: Reader, number: int | None) -> None:
        setattr(reader.state, name, number != 0)

    return action


ACTIONS: dict[str, Action] = {
    "u": lambda reader, number: reader.write_code(number or 0),
    "uc": lambda reader, number: setattr(reader.state, "fallback_length", max(number or 0, 0)),
    "par": lambda reader, number: reader.end_paragraph(),
    "sect": lambda reader, number: reader.end_paragraph(),
    "cell": lambda reader, number: _end_cell(reader, 1),
    "nestcell": lambda reader, number: _end_cell(reader, max(reader.state.paragraph.table_depth, 2)),
    "row": lambda reader, number: _end_row(reader, 1),
    "nestrow": lambda reader, number: _end_row(reader, max(reader.state.paragraph.table_depth, 2)),
    "trleft": _set_left_edge,
    "cellx": _add_cell_edge,
    "trowd": lambda reader, number: _start_row(reader),
    "pard": lambda reader, number: setattr(reader.state, "paragraph", Paragraph()),
    "plain": _reset_characters,
    "intbl": lambda reader, number: _set_paragraph(reader, table_depth=max(reader.state.paragraph.table_depth, 1)),
    "itap": lambda reader, number: _set_paragraph(reader, table_depth=max(number or 0, 0)),
    "ilvl": lambda reader, number: _set_paragraph(reader, list_level=max(number or 0, 0)),
    "outlinelevel": _set_outline_level,
    "s": _set_style,
    "f": _set_font,
    "af": lambda reader, number: setattr(reader.state, "right_to_left_font", number or 0),
    "fcharset": _set_font_charset,
    "cpg": _set_font_code_page,
    "deff": _set_default_font,
    "rtlch": lambda reader, number: setattr(reader.state, "is_right_to_left", True),
    "ltrch": lambda reader, number: setattr(reader.state, "is_right_to_left", False),
    "v": _flag("is_hidden"),
    "deleted": _flag("is_deleted"),
    "htmlrtf": _flag("is_suppressed"),
    "super": lambda reader, number: _set_script(reader, "" if number == 0 else "super"),
    "sub": lambda reader, number: _set_script(reader, "" if number == 0 else "sub"),
    "nosupersub": lambda reader, number: _set_script(reader, ""),
    "updnprop": lambda reader, number: setattr(reader, "script_percent", (number or 0) // 100),
    "up": lambda reader, number: _shift(reader, "super", number),
    "dn": lambda reader, number: _shift(reader, "sub", number),
    "fs": lambda reader, number: setattr(reader.state, "size", number or DEFAULT_SIZE),
    "ansicpg": lambda reader, number: reader.document.charsets.declare(codec_of_code_page(number or 0)),
    "mac": lambda reader, number: reader.document.charsets.declare("mac_roman"),
    "pc": lambda reader, number: reader.document.charsets.declare("cp437"),
    "pca": lambda reader, number: reader.document.charsets.declare("cp850"),
    "deflang": lambda reader, number: setattr(reader.document.charsets, "language", number or 0),
    "fromhtml": lambda reader, number: _set_html(reader),
    "fftype": lambda reader, number: _set_form(reader, "kind", number),
    "ffres": lambda reader, number: _set_form(reader, "result", number),
    "ffdefres": lambda reader, number: _set_form(reader, "default", number),
}
