"""Pictures on slides: counted, and read by OCR on slides that have nothing else."""

from dataclasses import replace

from ingest.errors import FileError
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError, Relationship

MAX_PICTURES = 20
"""Pictures of one slide that are read by OCR."""

_DRAWINGS = (".emf", ".wmf", ".svg", ".emz", ".wmz")
"""Suffixes of pictures that are made of lines, which OCR does not read."""


def read_pictures(
    builder: TextBuilder,
    package: OoxmlPackage,
    relationships: dict[str, Relationship],
    identifiers: list[str],
    part: str,
    what: str = "slide",
) -> None:
    """Add the text of the pictures of a slide without text, and count them. Without OCR there is a warning.

    `identifiers` are those of the pictures in `relationships`; `what` is "slide" or "sheet".
    """
    from ingest.steps.parse import ocr

    names = [r.target for i in identifiers if (r := relationships.get(i)) is not None and not r.is_external]
    scans = [name for name in dict.fromkeys(names) if not name.lower().endswith(_DRAWINGS)][:MAX_PICTURES]
    if not scans or not ocr.is_available():
        builder.report.count("image", "not_read", len(identifiers))
        builder.report.warn("picture_not_read", ocr.unread_file_message(f"A {what} has pictures but no text"), part)
        return
    if len(identifiers) > len(scans):
        builder.report.count("image", "not_read", len(identifiers) - len(scans))
    for name in scans:
        _recognize(builder, package, name, part)


def _recognize(builder: TextBuilder, package: OoxmlPackage, name: str, part: str) -> None:
    from ingest.steps.parse.nested import read_nested

    try:
        parsed = read_nested(package.read(name), package.file_name(name))
    except (FileError, PartError) as exc:
        builder.report.count("image", "failed")
        builder.report.warn("picture_not_read", f"A picture was not read. {exc}", part)
        return
    builder.report.count("image", "ocr" if parsed.text.strip() else "empty")
    builder.report.add(replace(parsed.report, parts={}), part)
    builder.add_block(parsed.text)  # without its section: the slide is what a citation names
