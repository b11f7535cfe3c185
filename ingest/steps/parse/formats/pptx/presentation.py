"""Read a presentation: its slides in the order in which they are shown, hidden ones too."""

import re
from pathlib import Path

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage
from ingest.steps.parse.formats.ooxml.xml import attribute, child, children
from ingest.steps.parse.formats.pptx.comments import read_authors
from ingest.steps.parse.formats.pptx.inheritance import Backgrounds
from ingest.steps.parse.formats.pptx.slide import SlideReader
from ingest.steps.parse.parsed import ParsedText

MAX_SLIDES = 10_000
_SLIDE_NUMBER = re.compile(r"/slide(\d+)\.xml$")


def read(path: Path) -> ParsedText:
    """Return the text of a presentation, a section for each slide. Raises InvalidFile if it has no readable slide."""
    builder = TextBuilder()
    with OoxmlPackage(path) as package:
        main = package.main_part("presentation.main", "slideshow.main", "template.main") or "ppt/presentation.xml"
        slides = _slides(package, main)
        reader = SlideReader(builder, package, Backgrounds(package), read_authors(package, main))
        read_slides = 0
        for number, slide in enumerate(slides[:MAX_SLIDES], 1):
            read_slides += reader.read(slide, number)
        if slides and not read_slides:
            raise InvalidFile("The file could not be parsed as pptx: none of its slides can be read.")
        _report(builder, package, slides)
    return builder.parsed("pptx")


def _slides(package: OoxmlPackage, main: str) -> list[str]:
    """Return the names of the slides as the presentation lists them; all slides in the package if it lists none."""
    root = package.optional_root(main)
    listed = None if root is None else child(root, "sldIdLst")
    relationships = package.relationships(main)
    names: list[str] = []
    for node in () if listed is None else children(listed, "sldId"):
        identifier = next((value for key, value in node.items() if key.endswith("}id")), attribute(node, "id"))
        relationship = relationships.get(identifier)
        names.append(relationship.target if relationship is not None else "")
    if any(names):
        return names
    found = (name for name in package.names() if _SLIDE_NUMBER.search(name))
    return sorted(found, key=lambda name: int(_SLIDE_NUMBER.findall(name)[0][:9]))


def _report(builder: TextBuilder, package: OoxmlPackage, slides: list[str]) -> None:
    if len(slides) > MAX_SLIDES:
        builder.report.count("slide", "not_read", len(slides) - MAX_SLIDES)
        builder.report.warn("slides_not_read", f"Only the first {MAX_SLIDES} slides were read.")
    for name in package.damaged:
        builder.report.warn(
            "part_damaged", "A part of the presentation is damaged. What is readable in it was read.", name
        )
