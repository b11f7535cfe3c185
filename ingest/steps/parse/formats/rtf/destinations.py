"""The destinations of RTF: where the text of a group goes, such as a header, a note or a field."""

from collections.abc import Callable
from functools import partial

from ingest.steps.parse.formats.docx.fields import instruction_text
from ingest.steps.parse.formats.rtf import formulas, words
from ingest.steps.parse.formats.rtf.embedded import is_scan, read_object, read_picture
from ingest.steps.parse.formats.rtf.fields import Form
from ingest.steps.parse.formats.rtf.formulas import FormulaSink
from ingest.steps.parse.formats.rtf.html_sink import HtmlSink
from ingest.steps.parse.formats.rtf.reader import Field, Reader
from ingest.steps.parse.formats.story import Capture, Paragraph, Sink, Story

_MAX_OBJECTS = 200


def enter_destination(reader: Reader, word: str, end: int) -> bool:
    """Direct the text of the current group as its destination says. Return whether the word is a known destination."""
    if word in words.SKIPPED:
        reader.skip_group(end)
    elif word == "pict":
        _keep_picture(reader, reader.skip_group(end))
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
    elif isinstance(reader.state.sink, FormulaSink) and word in _FORMULA_PARTS:
        reader.state.sink = reader.state.sink.inner(word)
    elif word.endswith("Pr") and word.startswith("m"):  # other properties of formulas
        reader.skip_group(end)
    else:
        return word in words.TRANSPARENT or word in _FORMULA_PARTS
    return True


def _start_story(reader: Reader, stories: list[Story]) -> None:
    story = _new_story(reader)
    stories.append(story)


def _new_story(reader: Reader) -> Story:
    """Direct the current group to a new story, which ends with the group."""
    story, state = Story(), reader.state
    state.sink, state.paragraph, state.script, state.small_shift = story, Paragraph(), "", ""
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
    reader.state.script = reader.state.small_shift = ""
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
    option, form = Capture(), form_of(reader)
    _start_capture(reader, option, lambda: form.options.append(option.text))


def _start_form_text(reader: Reader) -> None:
    text, form = Capture(), form_of(reader)

    def end() -> None:
        form.text = text.text

    _start_capture(reader, text, end)


def form_of(reader: Reader) -> Form:
    """Return the form field that is being read, or one that nobody sees."""
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


def _keep_picture(reader: Reader, group: bytes) -> None:
    document = reader.document
    document.images += 1
    if len(document.pictures) < _MAX_OBJECTS and is_scan(group):
        document.pictures.append((f"picture {document.images}", partial(read_picture, group)))


def _read_object(reader: Reader, end: int) -> None:
    data = reader.skip_group(end)
    document = reader.document
    file = read_object(data, len(document.files) + 1) if len(document.files) < _MAX_OBJECTS else None
    if file is None:
        document.unread_objects += 1
    else:
        document.files.append(file)


def _start_formula(reader: Reader) -> None:
    formula, outer = FormulaSink(), reader.state.sink

    def end() -> None:
        reader.written += outer.is_text
        outer.write(formula.text)

    reader.state.sink = formula
    reader.state.on_close = end


def _start_nested_properties(reader: Reader) -> None:
    """Read the definition of a row in a cell; the open row of the outer table keeps its edges."""
    edges, reader.cell_edges = reader.cell_edges, [0]

    def end() -> None:
        reader.cell_edges = edges

    reader.state.on_close = end


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
    **dict.fromkeys(("moMath", "oMath"), _start_formula),
    "nesttableprops": _start_nested_properties,
    "fonttbl": lambda reader: _set_mode(reader, "fonts"),
    "stylesheet": lambda reader: _set_mode(reader, "styles"),
}
_FORMULA_PARTS = formulas.STRUCTURES | formulas.PROPERTIES | formulas.VALUES
DESTINATIONS = frozenset(
    ["pict", "objdata", "upr", *words.SKIPPED, *words.TRANSPARENT, *_STORIES, *_CAPTURES, *_FORMULA_PARTS]
)
"""The names of all destinations that are known."""
