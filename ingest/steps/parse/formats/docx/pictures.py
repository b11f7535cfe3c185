"""Pictures of a Word document: counted, and read by OCR where they are all that the document has."""

from collections.abc import Mapping

from ingest.errors import FileError, UnsupportedFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError, Relationship

_MAX_PICTURES = 200
_NOT_A_SCAN = (".emf", ".wmf", ".svg", ".emz", ".wmz")


def add_pictures(builder: TextBuilder, package: OoxmlPackage, relationships: Mapping[str, Relationship]) -> None:
    """Count the pictures, and read them if the document has no other text.

    Raises UnsupportedFile if it has pictures only and nothing here can read them.
    """
    targets = {r.target: None for r in relationships.values() if r.kind == "image" and not r.is_external}
    names = [name for target in targets if (name := package.find(target))]
    if not names:
        return
    if len(builder):
        builder.report.count("image", "not_read", len(names))
        return
    from ingest.steps.parse import ocr

    scans = [name for name in names if not name.endswith(_NOT_A_SCAN)]
    if not scans or not ocr.is_available():
        raise UnsupportedFile(ocr.unread_file_message("The document has no text, only pictures"))
    for number, name in enumerate(scans[:_MAX_PICTURES], 1):
        _recognize(builder, package, name)
        ocr.report_progress(number, len(scans))


def _recognize(builder: TextBuilder, package: OoxmlPackage, name: str) -> None:
    from ingest.steps.parse.nested import read_nested

    filename = package.file_name(name)
    try:
        parsed = read_nested(package.read(name), filename)
    except (FileError, PartError) as exc:
        builder.report.count("image", "failed")
        builder.report.warn("image_not_read", f"A picture was not read. {exc}", filename)
        return
    builder.report.count("image", "ocr" if parsed.text.strip() else "empty")
    builder.add_parsed(parsed, filename)
