"""The HTML that Outlook encapsulates in RTF ([MS-OXRTFEX])."""

from html import escape

from ingest.steps.parse.formats.story import Paragraph, Sink


class HtmlSink(Sink):
    """Keeps the HTML that Outlook encapsulates in RTF ([MS-OXRTFEX]). Text outside of tags is escaped."""

    is_text = True

    def __init__(self, parts: list[str] | None = None, *, is_markup: bool = False) -> None:
        self.parts = [] if parts is None else parts
        self._is_markup = is_markup

    def write(self, text: str, script: str = "") -> None:
        """Add text, or markup if this is the sink for it."""
        self.parts.append(text if self._is_markup else escape(text, quote=False))

    def end_paragraph(self, paragraph: Paragraph) -> None:
        """Add a line end of the source."""
        self.parts.append("\n")

    @property
    def html(self) -> str:
        """Return the HTML so far."""
        return "".join(self.parts)
