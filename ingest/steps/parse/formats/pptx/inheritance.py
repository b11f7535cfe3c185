"""What the placeholders of a slide inherit from its layout and master: the bullets of their paragraphs."""

from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError
from ingest.steps.parse.formats.ooxml.xml import child

_BODY_TYPES = frozenset(["", "obj", "body", "subTitle", "chart", "tbl", "clipArt", "dgm", "media", "pic"])
_TITLE_TYPES = frozenset(["title", "ctrTitle"])


@dataclass(frozen=True)
class Placeholder:
    """The kind of a placeholder ("title", "body", "ftr" ...; "" is content of any kind) and its number in the layout."""

    kind: str
    index: str

    @property
    def is_title(self) -> bool:
        """Return whether it holds the title of the slide."""
        return self.kind in _TITLE_TYPES


@dataclass
class Background:
    """A layout or master: its root, the list styles of its placeholders, and its own background."""

    name: str
    root: Any
    by_index: dict[str, Any] = field(default_factory=dict)
    by_kind: dict[str, Any] = field(default_factory=dict)
    parent: "Background | None" = None

    def styles(self, placeholder: Placeholder) -> list[Any]:
        """Return the list styles that a placeholder inherits, the nearest first."""
        found: list[Any] = []
        background: Background | None = self
        kind = placeholder.kind
        while background is not None:
            shape = background._find(placeholder.index, kind)
            if shape is not None:
                if (own := placeholder_of(shape)) is not None and own.kind:
                    kind = own.kind
                style = child(shape, "txBody", "lstStyle")
                found += [] if style is None else [style]
            if background.parent is None:
                found += background._general_styles(kind)
            background = background.parent
        return found

    def _find(self, index: str, kind: str) -> Any:
        if self.parent is not None and index and index in self.by_index:  # numbers count in layouts only
            return self.by_index[index]
        kinds = [kind, "title"] if kind in _TITLE_TYPES else [kind, "body"] if kind in _BODY_TYPES else [kind]
        return next((self.by_kind[name] for name in kinds if name in self.by_kind), None)

    def _general_styles(self, kind: str) -> list[Any]:
        name = "titleStyle" if kind in _TITLE_TYPES else "bodyStyle" if kind in _BODY_TYPES else "otherStyle"
        style = child(self.root, "txStyles", name)
        return [] if style is None else [style]


def placeholder_of(shape: Any) -> Placeholder | None:
    """Return the placeholder that a shape fills, or None."""
    node = None
    for properties in shape.iterchildren("{*}nvSpPr", "{*}nvPicPr", "{*}nvGraphicFramePr"):
        node = child(properties, "nvPr", "ph")
    return None if node is None else Placeholder(node.get("type", ""), node.get("idx", ""))


class Backgrounds:
    """The layouts and masters of a presentation; each is parsed once."""

    def __init__(self, package: OoxmlPackage) -> None:
        self._package = package
        self._known: dict[str, Background | None] = {}

    def of_slide(self, slide: str) -> Background | None:
        """Return the layout of a slide, with its master as parent."""
        return self._related(slide, "slideLayout")

    def of_notes(self, notes: str) -> Background | None:
        """Return the master of a page of notes."""
        return self._related(notes, "notesMaster")

    def _related(self, part: str, kind: str) -> Background | None:
        name = next(iter(self._package.related(part, kind)), None)
        if name is None:
            return None
        if name not in self._known:
            self._known[name] = self._load(name, kind)
        return self._known[name]

    def _load(self, name: str, kind: str) -> Background | None:
        try:
            root = self._package.root(name)
        except PartError:
            return None
        background = Background(name, root)
        for shape in root.iter("{*}sp"):
            placeholder = placeholder_of(shape)
            if placeholder is not None:
                background.by_kind.setdefault(placeholder.kind, shape)
                background.by_index.setdefault(placeholder.index, shape)
        if kind == "slideLayout":
            background.parent = self._related(name, "slideMaster")
        return background
