"""Read the chapters of an e-book in reading order, each as a section under its name in the table of contents."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.epub.package import Chapter, EpubPackage
from ingest.steps.parse.formats.html import decode_html, write_html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.xml import parse
from ingest.steps.parse.formats.pictures import report_pictures
from ingest.steps.parse.parsed import ParsedText

_MAX_TITLE_CHARACTERS = 5_000
_START_CHARACTERS = 3_000


def read(path: Path) -> ParsedText:
    """Return the text of an e-book. Raises InvalidFile if it has no chapter that can be read."""
    chapters = TextBuilder()
    with EpubPackage(path) as package:
        if not package.chapters:
            raise InvalidFile("The file could not be parsed as EPUB: it has no chapters.")
        raised = package.raised_classes()
        for number, chapter in enumerate(package.chapters):
            _add_chapter(chapters, package, chapter, raised, is_cover=number == 0)
        if not len(chapters):
            pictures = [(name, partial(package.read, name)) for name in package.pictures()]
            report_pictures(chapters, len(pictures), pictures)
        builder = TextBuilder()
        start = chapters.build()[:_START_CHARACTERS].casefold()
        for line in package.title_lines:
            if line.casefold() not in start:
                builder.add_block(line)
    if not package.has_manifest:
        builder.report.warn("manifest_missing", "The list of chapters is missing or damaged; they are sorted by name.")
    builder.add_parsed(chapters.parsed("epub"), "")
    return builder.parsed("epub")


def _add_chapter(
    builder: TextBuilder, package: EpubPackage, chapter: Chapter, raised: Mapping[str, str], *, is_cover: bool
) -> None:
    part = f"chapter {chapter.path}"
    data = package.read(chapter.path)
    with builder.section("chapter", chapter.name):
        if data is None:
            builder.report.count("chapter", "failed")
            builder.report.warn("chapter_not_read", "A chapter of the e-book is missing or damaged.", part)
            return
        if not chapter.is_html:
            _add_foreign(builder, chapter, data)
            return
        before = len(builder)
        source = _without_title(decode_html(data))
        write_html(builder, source, raised=raised)
        is_empty = len(builder) == before
        builder.report.count("chapter", "empty" if is_empty else "read")
        if is_empty and not is_cover and ("<img" in source or "<image" in source):
            builder.report.warn("image_not_read", "A page of the e-book is a picture, which was not read.", part)


def _add_foreign(builder: TextBuilder, chapter: Chapter, data: bytes) -> None:
    """Add a chapter of another type than HTML: a drawing, or a PDF."""
    from ingest.steps.parse.nested import add_nested

    if not chapter.path.lower().endswith(".svg"):
        add_nested(builder, data, chapter.path)
        return
    root, _ = parse(data)
    before = len(builder)
    for node in root.iter("{*}text") if root is not None else ():
        builder.add_line(" ".join("".join(map(str, node.itertext())).split()))
    builder.report.count("chapter", "read" if len(builder) > before else "empty")


def _without_title(source: str) -> str:
    """Return a chapter without its title element, which readers of e-books do not show: it often names the book."""
    start = source.lower().find("<title")
    if start < 0:
        return source
    end = source.find("</title>", start, start + _MAX_TITLE_CHARACTERS)
    return source if end < 0 else source[:start] + source[end + len("</title>") :]
