"""The formatting of RTF that decides about text. A group inherits it from the group around it."""

from collections.abc import Callable

from ingest.steps.parse.formats.story import Paragraph, Sink

DEFAULT_SIZE = 24
"""Size of text without a size of its own, in half points."""


class State:
    """The state of one open group."""

    __slots__ = (
        "fallback_length",
        "font",
        "is_deleted",
        "is_hidden",
        "is_right_to_left",
        "is_suppressed",
        "mode",
        "on_close",
        "paragraph",
        "right_to_left_font",
        "script",
        "sink",
        "size",
        "small_shift",
    )

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.mode = ""  # "fonts" and "styles": text defines a font or a style
        self.font = -1
        self.right_to_left_font = -1
        self.is_right_to_left = False
        self.fallback_length = 1
        self.is_hidden = False
        self.is_deleted = False
        self.is_suppressed = False  # in HTML inside RTF: the RTF form of something that is there as HTML too
        self.script = ""  # "super" or "sub"
        self.small_shift = ""  # the same for a shift that makes a script of smaller text only
        self.size = DEFAULT_SIZE
        self.paragraph = Paragraph()
        self.on_close: Callable[[], None] | None = None  # what happens when the group ends

    def copy(self) -> "State":
        """Return the state of a group inside this one."""
        new = State.__new__(State)
        new.sink = self.sink
        new.mode = self.mode
        new.font = self.font
        new.right_to_left_font = self.right_to_left_font
        new.is_right_to_left = self.is_right_to_left
        new.fallback_length = self.fallback_length
        new.is_hidden = self.is_hidden
        new.is_deleted = self.is_deleted
        new.is_suppressed = self.is_suppressed
        new.script = self.script
        new.small_shift = self.small_shift
        new.size = self.size
        new.paragraph = self.paragraph
        new.on_close = None
        return new
