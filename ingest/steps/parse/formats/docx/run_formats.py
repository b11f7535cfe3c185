"""The formatting of runs that decides about text: raised and lowered text, and fonts of symbols."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse.formats.docx.styles import Definitions, Script, to_script
from ingest.steps.parse.formats.ooxml.xml import LOCAL_NAMES, attribute, local_name, to_int
from ingest.steps.parse.formats.symbols import is_symbol_font

_DEFAULT_SIZE = 22
"""Size of text in half points, where no run tells it."""


class RunFormats:
    """Reads the properties of the runs of one part in their order."""

    def __init__(self, definitions: Callable[[], Definitions]) -> None:
        self._definitions = definitions
        self._text_size = _DEFAULT_SIZE  # of the last run with a size that is neither raised nor lowered

    def read(self, properties: Any) -> tuple[Script, str]:
        """Return whether a run is raised or lowered, and its font if that is one of symbols."""
        script: Script = ""
        font = ""
        shift = size = 0
        for node in properties:
            name = LOCAL_NAMES.get(node.tag) or local_name(node)
            if name == "vertAlign":
                script = to_script(attribute(node, "val"))
            elif name == "rFonts":
                name = attribute(node, "ascii") or attribute(node, "hAnsi")
                font = name if is_symbol_font(name) else ""
            elif name == "rStyle" and not script:
                script = self._definitions().style(attribute(node, "val")).script
            elif name == "position":
                shift = _signed(attribute(node, "val"))
            elif name == "sz":
                size = to_int(attribute(node, "val"))
        return script or self._script_of(shift, size), font

    def _script_of(self, shift: int, size: int) -> Script:
        """Return the script of a shift, which makes one of smaller text. LibreOffice writes superscripts like this."""
        if shift and 0 < size < self._text_size:
            return "superscript" if shift > 0 else "subscript"
        if size and not shift:
            self._text_size = size
        return ""


def _signed(text: str) -> int:
    return -to_int(text[1:]) if text[:1] == "-" else to_int(text)
