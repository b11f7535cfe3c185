"""Read one slide: title, shapes, embedded objects, notes and comments."""

from collections.abc import Iterable
from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml import embedded
from ingest.steps.parse.formats.ooxml.drawingml import text_of_body
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError
from ingest.steps.parse.formats.ooxml.xml import attribute, child, local_name
from ingest.steps.parse.formats.pptx.comments import read_comments
from ingest.steps.parse.formats.pptx.inheritance import Background, Backgrounds, Placeholder, placeholder_of
from ingest.steps.parse.formats.pptx.pictures import read_pictures
from ingest.steps.parse.formats.pptx.shapes import ShapeWalker

_NUMBERS_AND_PICTURES = frozenset(["sldNum", "sldImg"])
_REPEATED = frozenset(["ftr", "hdr", "dt"])
"""Placeholders whose text is the same on all slides."""


class SlideReader:
    """Adds slides to a builder. Text that layouts repeat on many slides is added to the first of them."""

    def __init__(
        self, builder: TextBuilder, package: OoxmlPackage, backgrounds: Backgrounds, authors: dict[str, str]
    ) -> None:
        self._builder = builder
        self._package = package
        self._backgrounds = backgrounds
        self._authors = authors
        self._repeated: set[str] = set()

    def read(self, name: str, number: int) -> bool:
        """Add a slide as a section, and return whether it could be read."""
        try:
            root = self._package.root(name)
        except PartError as exc:
            with self._builder.section("slide", number=number):
                self._builder.report.count("slide", "failed")
                self._builder.report.warn("slide_not_read", f"A slide could not be read: it {exc}.", f"slide {number}")
            return False
        layout = self._backgrounds.of_slide(name)
        walker = ShapeWalker(self._builder, self._package, name, lambda shape: _inherited_styles(shape, layout))
        shapes = list(walker.shapes(_tree(root)))
        title = next((shape for shape in shapes if _is_title(shape) and _text(shape)), None)
        heading = "" if title is None else " ".join(_text(title).split())
        with self._builder.section("slide", heading, number):
            start = len(self._builder)
            self._add_shapes(walker, title, shapes, heading)
            self._add_background(layout, root)
            has_text = title is not None or walker.counts.texts > 0
            self._add_pictures(walker, root, name, f"slide {number}", has_text=has_text)
            self._add_objects(walker, name)
            self._add_notes(name)
            self._add_comments(name)
            is_empty = len(self._builder) == start
        has_unread = not has_text and bool(walker.counts.pictures)
        self._builder.report.count("slide", "read" if not is_empty else "not_read" if has_unread else "empty")
        return True

    def _add_shapes(self, walker: ShapeWalker, title: Any, shapes: Iterable[Any], heading: str) -> None:
        if title is not None:
            self._builder.add_heading(_text(title), 1, heading)
        for shape in shapes:
            placeholder = placeholder_of(shape)
            if shape is title or (placeholder is not None and placeholder.kind in _NUMBERS_AND_PICTURES):
                continue
            if placeholder is not None and placeholder.kind in _REPEATED:
                self._add_once(shape, placeholder)
            else:
                walker.add(shape)

    def _add_once(self, shape: Any, placeholder: Placeholder) -> None:
        """Add a footer the first time that it occurs. A date that is always today's is no text of the slide."""
        text = _text(shape)
        if text in self._repeated or (placeholder.kind == "dt" and next(shape.iter("{*}fld"), None) is not None):
            return
        self._repeated.add(text)
        self._builder.add_block(text)

    def _add_background(self, layout: Background | None, root: Any) -> None:
        """Add the text that a layout and its master draw on their slides, which is not in a placeholder."""
        background, is_shown = layout, root.get("showMasterSp", "1") not in ("0", "false")
        while background is not None and is_shown and background.name not in self._repeated:
            self._repeated.add(background.name)
            walker = ShapeWalker(self._builder, self._package, background.name)
            for shape in walker.shapes(_tree(background.root)):
                text = _text(shape) if local_name(shape) == "sp" and placeholder_of(shape) is None else ""
                if text and text not in self._repeated:
                    self._repeated.add(text)
                    walker.add(shape)
            is_shown = background.root.get("showMasterSp", "1") not in ("0", "false")
            background = background.parent

    def _add_pictures(self, walker: ShapeWalker, root: Any, name: str, part: str, *, has_text: bool) -> None:
        """Count the pictures and media of a slide, and read the pictures if they are all that it has."""
        counts, report = walker.counts, self._builder.report
        if counts.media:
            report.count("media", "not_read", counts.media)
            report.warn("media_not_read", "Sound and video on a slide are not read.", part)
        if not has_text:
            filled = child(root, "cSld", "bg")
            blips = () if filled is None else filled.iter("{*}blip")
            counts.pictures.extend(attribute(blip, "embed") for blip in blips)
        if not counts.pictures:
            return
        if has_text:
            report.count("image", "not_read", len(counts.pictures))
        else:
            read_pictures(self._builder, self._package, self._package.relationships(name), counts.pictures, part)

    def _add_objects(self, walker: ShapeWalker, name: str) -> None:
        relationships = self._package.relationships(name) if walker.counts.objects else {}
        for identifier in walker.counts.objects:
            relationship = relationships.get(identifier)
            if relationship is not None and not relationship.is_external:
                add_object(self._builder, self._package, relationship.target)

    def _add_notes(self, name: str) -> None:
        for part in self._package.related(name, "notesSlide"):
            root = self._package.optional_root(part)
            texts = [] if root is None else [_note(shape) for shape in _tree(root).iter("{*}sp")]
            text = "\n".join(filter(None, texts))
            if text:
                self._builder.add_block(f"Notes:\n{text}")

    def _add_comments(self, name: str) -> None:
        for text in read_comments(self._package, name, self._authors):
            self._builder.report.count("comment", "read")
            self._builder.add_block(text)


def add_object(builder: TextBuilder, package: OoxmlPackage, part: str) -> None:
    """Add the text of an embedded object, such as a workbook in a slide."""
    try:
        data = package.read(part)
    except PartError as exc:
        builder.report.count("embedded_object", "failed")
        builder.report.warn("embedded_object_not_read", f"An embedded object could not be read: it {exc}.", part)
        return
    embedded.add_object(builder, data, package.file_name(part))


def _tree(root: Any) -> Any:
    tree = child(root, "cSld", "spTree")
    return root if tree is None else tree


def _is_title(shape: Any) -> bool:
    placeholder = placeholder_of(shape)
    return placeholder is not None and placeholder.is_title


def _text(shape: Any) -> str:
    body = child(shape, "txBody")
    return "" if body is None else text_of_body(body)


def _note(shape: Any) -> str:
    placeholder = placeholder_of(shape)
    if placeholder is not None and placeholder.kind in _NUMBERS_AND_PICTURES | _REPEATED:
        return ""
    return _text(shape)


def _inherited_styles(shape: Any, layout: Background | None) -> list[Any]:
    placeholder = placeholder_of(shape)
    return [] if placeholder is None or layout is None else layout.styles(placeholder)
