"""What the control words of RTF do."""

from collections.abc import Callable

from ingest.steps.parse.formats.docx.fields import instruction_text
from ingest.steps.parse.formats.rtf import words
from ingest.steps.parse.formats.rtf.charsets import Font, codec_of_code_page
from ingest.steps.parse.formats.rtf.embedded import read_object
from ingest.steps.parse.formats.rtf.fields import Form
from ingest.steps.parse.formats.rtf.html_sink import HtmlSink
from ingest.steps.parse.formats.rtf.reader import Action, Field, Reader
from ingest.steps.parse.formats.story import Capture, Paragraph, Sink, Story

_MAX_OBJECTS = 200
_MIN_RAISED_HALF_POINTS = 3  # smaller shifts are typography


def enter_destination(reader: Reader, word: str, end: int) -> bool:
    """Direct the text of the current group as its destination says. Return whether the word is a known destination."""
    if word in words.SKIPPED:
        reader.skip_group(end)
    elif word == "pict":
        reader.document.images += 1
        reader.skip_group(end)
    elif word == "objdata":
        _read_object(reader, end)
    elif word == "upr":  # the first group in it is for programs without Unicode
        start = reader.data.find(b"{", end)
        if start >= 0:
            reader.skip_group(start + 1)
            reader.next_position = (reader.next_position or 0) + 1
    elif word in _STORIES:
        _STORIES[word](reader)
    elif word in _CAPTURES:
        _CAPTURES[word](reader)
    elif word.endswith("Pr") and word.startswith("m"):  # properties of formulas
        reader.skip_group(end)
    else:
        return word in words.TRANSPARENT
    return True


def _start_story(reader: Reader, stories: list[Story]) -> None:
    story = _new_story(reader)
    stories.append(story)


def _new_story(reader: Reader) -> Story:
    """Direct the current group to a new story, which ends with the group."""
    story, state = Story(), reader.state
    state.sink, state.paragraph, state.script = story, Paragraph(), ""
    state.on_close = lambda: story.end(state.paragraph)
    return story


def _start_box(reader: Reader) -> None:
    outer = reader.state.sink
    box = _new_story(reader)
    if isinstance(outer, Story):
        outer.add_box(box)


def _start_comment(reader: Reader) -> None:
    author, reader.document.author = reader.document.author, Capture()
    reader.document.comments.append((author, _new_story(reader)))


def _start_capture(reader: Reader, capture: Capture, on_close: Callable[[], None] | None = None) -> None:
    reader.state.sink = capture
    reader.state.script = ""
    reader.state.on_close = on_close


def _start_author(reader: Reader) -> None:
    reader.document.author = Capture()
    _start_capture(reader, reader.document.author)


def _start_marker(reader: Reader) -> None:
    marker, story = Capture(), reader.state.sink

    def end() -> None:
        if isinstance(story, Story):
            story.set_marker(marker.text)

    _start_capture(reader, marker, end)


def _start_field(reader: Reader) -> None:
    field = Field(reader.written)
    reader.fields.append(field)

    def end() -> None:
        if field in reader.fields[-1:]:
            reader.fields.pop()
        if reader.written == field.start:
            shown = instruction_text(field.instruction.text)
            reader.write(shown or (field.form.shown if field.form else ""))

    reader.state.on_close = end


def _start_instruction(reader: Reader) -> None:
    _start_capture(reader, reader.fields[-1].instruction if reader.fields else Capture())


def _start_form(reader: Reader) -> None:
    if reader.fields:
        reader.fields[-1].form = Form()
    _start_capture(reader, Capture())


def _start_form_option(reader: Reader) -> None:
    option, form = Capture(), _form(reader)
    _start_capture(reader, option, lambda: form.options.append(option.text))


def _start_form_text(reader: Reader) -> None:
    text, form = Capture(), _form(reader)

    def end() -> None:
        form.text = text.text

    _start_capture(reader, text, end)


def _form(reader: Reader) -> Form:
    return (reader.fields[-1].form if reader.fields else None) or Form()


def _start_shape_property_name(reader: Reader) -> None:
    reader.shape_property = Capture()
    _start_capture(reader, reader.shape_property)


def _start_shape_property(reader: Reader) -> None:
    """Read the value of a shape's property: the text of WordArt is one."""
    name, outer = reader.shape_property.text, reader.state.sink
    value = Capture()

    def end() -> None:
        if name == "gtextUNICODE" and isinstance(outer, Story):
            box = Story()
            box.write(value.text)
            box.end_paragraph(Paragraph())
            outer.add_box(box)

    _start_capture(reader, value, end)


def _start_tag(reader: Reader) -> None:
    sink = reader.document.body
    if isinstance(sink, HtmlSink):
        reader.state.sink = HtmlSink(sink.parts, is_markup=True)
        reader.state.is_suppressed = False
    else:
        reader.state.sink = Sink()


def _read_object(reader: Reader, end: int) -> None:
    data = reader.skip_group(end)
    document = reader.document
    file = read_object(data, len(document.files) + 1) if len(document.files) < _MAX_OBJECTS else None
    if file is None:
        document.unread_objects += 1
    else:
        document.files.append(file)


def _set_mode(reader: Reader, mode: str) -> None:
    reader.state.mode = mode
    if mode == "fonts":
        reader.state.on_close = reader.document.charsets.clear_cache


_STORIES: dict[str, Callable[[Reader], None]] = {
    **dict.fromkeys(words.HEADERS, lambda reader: _start_story(reader, reader.document.headers)),
    **dict.fromkeys(words.FOOTERS, lambda reader: _start_story(reader, reader.document.footers)),
    **dict.fromkeys(words.TEXT_BOXES, _start_box),
    "footnote": lambda reader: _start_story(reader, reader.document.notes),
    "annotation": _start_comment,
}
_CAPTURES: dict[str, Callable[[Reader], None]] = {
    "atnauthor": _start_author,
    **dict.fromkeys(("listtext", "pntext"), _start_marker),
    "field": _start_field,
    "fldinst": _start_instruction,
    "formfield": _start_form,
    "ffl": _start_form_option,
    "ffdeftext": _start_form_text,
    **dict.fromkeys(("ffname", "ffformat", "ffhelptext", "ffstattext", "ffentrymcr", "ffexitmcr"), lambda reader: None),
    "sn": _start_shape_property_name,
    "sv": _start_shape_property,
    "htmltag": _start_tag,
    "fonttbl": lambda reader: _set_mode(reader, "fonts"),
    "stylesheet": lambda reader: _set_mode(reader, "styles"),
}


def _set_font(reader: Reader, number: int | None) -> None:
    number = number or 0
    if reader.state.mode == "fonts":
        reader.font_number = number
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
    state.script = ""
    state.font = reader.default_font


def _set_script(reader: Reader, script: str) -> None:
    reader.state.script = script


def _set_default_font(reader: Reader, number: int | None) -> None:
    reader.default_font = reader.state.font = number or 0


def _end_cell(reader: Reader, depth: int) -> None:
    state = reader.state
    if isinstance(state.sink, Story):
        state.sink.end_cell(state.paragraph, depth)


def _end_row(reader: Reader, depth: int) -> None:
    if isinstance(reader.state.sink, Story):
        reader.state.sink.end_row(depth)


def _start_row(reader: Reader) -> None:
    if isinstance(reader.state.sink, Story):
        reader.state.sink.is_row_open = True


def _set_html(reader: Reader) -> None:
    reader.document.body = reader.state.sink = HtmlSink()


def _set_form(reader: Reader, name: str, number: int | None) -> None:
    setattr(_form(reader), name, number or 0)


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
    "up": lambda reader, number: _set_script(reader, "super" if (number or 6) >= _MIN_RAISED_HALF_POINTS else ""),
    "dn": lambda reader, number: _set_script(reader, "sub" if (number or 6) >= _MIN_RAISED_HALF_POINTS else ""),
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
