"""Formulas of RTF: the elements of OMML, each as a destination with an "m" before its name (RTF 1.9.1, "Math")."""

from typing import Any

from lxml import etree

from ingest.steps.parse.formats.ooxml.math import math_text
from ingest.steps.parse.formats.story import Paragraph, Sink

STRUCTURES = frozenset(
    [
        *("mr", "mt", "me", "mnum", "mden", "mdeg", "msub", "msup", "mlim", "mfName", "mf", "mrad", "md", "mnary"),
        *("mbar", "mbox", "mborderBox", "mfunc", "mgroupChr", "mlimLow", "mlimUpp", "mm", "mmr", "meqArr", "macc"),
        *("mphant", "msPre", "msSub", "msSubSup", "msSup"),
    ]
)
VALUES = frozenset(["mchr", "mbegChr", "mendChr", "msepChr", "mdegHide", "mtype", "mpos"])
"""Properties of structures that decide about text. Their text is their value."""

PROPERTIES = frozenset(["mfPr", "mradPr", "mdPr", "mnaryPr", "mbarPr", "maccPr"])


class FormulaSink(Sink):
    """Collects the text of one element of a formula. With `is_value` the text is its value."""

    is_text = True

    def __init__(self, element: Any = None, *, is_value: bool = False) -> None:
        self.element = etree.Element("oMath") if element is None else element
        self._is_value = is_value

    def write(self, text: str, script: str = "") -> None:
        """Add text to the element."""
        text = "".join(character for character in text if character >= " ")
        if self._is_value:
            self.element.set("val", self.element.get("val", "") + text)
        else:
            etree.SubElement(self.element, "t").text = text

    def end_paragraph(self, paragraph: Paragraph) -> None:
        """Ignore the end of a paragraph."""

    def inner(self, word: str) -> "FormulaSink":
        """Return the sink of an element in this one."""
        return FormulaSink(etree.SubElement(self.element, word[1:]), is_value=word in VALUES)

    @property
    def text(self) -> str:
        """Return the formula in one line."""
        return math_text(self.element)
