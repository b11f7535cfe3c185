"""Word documents (.docx and siblings): the parts of a package in the order of reading."""

import re
from collections.abc import Sequence
from pathlib import Path

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.docx.blocks import BlockReader
from ingest.steps.parse.formats.docx.definitions import read_definitions
from ingest.steps.parse.formats.docx.pictures import add_pictures
from ingest.steps.parse.formats.docx.references import PartReferences
from ingest.steps.parse.formats.docx.streaming import DamagedPart, stream_blocks
from ingest.steps.parse.formats.docx.styles import Definitions
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.package import UNREADABLE, OoxmlPackage, PartError
from ingest.steps.parse.parsed import ParsedText

STREAMED_BYTES = 2**20
"""Size from which a part is read as a stream: as a tree it takes about ten times its size."""

_PROLOG_BYTES = 4096
_MAIN_TYPES = (
    "wordprocessingml.document.main",
    "wordprocessingml.template.main",
    "ms-word.document",
    "ms-word.template",
)
_MAIN_NAME = re.compile(r"word/document\d*\.xml")
_KINDS_BEFORE_BODY = ("header",)
_KINDS_AFTER_BODY = ("footnotes", "endnotes", "comments", "footer")
_KINDS = frozenset([*_KINDS_BEFORE_BODY, *_KINDS_AFTER_BODY])
_USUAL_NAME = re.compile(r"/?(header|footnotes|endnotes|comments|footer)\d*\.xml")


def read_package(path: Path) -> ParsedText:
    """Return the text of a document: headers, body, notes, comments, footers."""
    with OoxmlPackage(path) as package:
        return DocumentReader(package, _find_main(package)).read()


def _find_main(package: OoxmlPackage) -> str:
    """Return the name of the main part: as the package declares it, or else by its usual name."""
    usual = list(filter(_MAIN_NAME.fullmatch, package.names("word/document")))
    if usual == ["word/document.xml"]:
        return usual[0]
    main = package.main_part(*_MAIN_TYPES) or next(iter(usual), None)
    if main is None:
        raise InvalidFile("The file could not be parsed as docx: its main part is missing.")
    return main


class DocumentReader:
    """Reads the parts of one document."""

    def __init__(self, package: OoxmlPackage, main: str) -> None:
        self._package = package
        self._main = main
        self._builder = TextBuilder()
        self._references = PartReferences(package, main)
        self._definitions: Definitions | None = None

    def read(self) -> ParsedText:
        """Return the text. Raises InvalidFile if the main part cannot be read and the others have no text."""
        names = self._part_names()
        for kind in _KINDS_BEFORE_BODY:
            self._add_parts(kind, names.get(kind, ()))
        failure = self._add_main()
        for kind in _KINDS_AFTER_BODY:
            self._add_parts(kind, names.get(kind, ()))
        add_pictures(self._builder, self._package, self._references.relationships)
        if failure:
            if not len(self._builder):
                raise InvalidFile(f"The file could not be parsed as docx: {failure}")
            self._builder.report.warn("document_damaged", failure)
        for name in dict.fromkeys(self._package.damaged):
            self._builder.report.warn("part_damaged", "A part of the document is damaged; text may be missing.", name)
        return self._builder.parsed("docx")

    def _add_main(self) -> str:
        """Add the body. Return what is wrong with it, "" if nothing is."""
        try:
            self._read_part(self._main, self._builder, self._references)
            self._references.add_rest(self._builder)
        except DamagedPart:
            return "Its main part is damaged; text may be missing."
        except PartError as exc:
            return f"Its main part {exc}."
        if self._main in self._package.damaged and not len(self._builder):
            return "Its main part is damaged."
        return ""

    def _add_parts(self, kind: str, names: Sequence[str]) -> None:
        """Add the parts of one kind, equal ones once: the headers of all sections are mostly the same."""
        seen: set[str] = set()
        for name in names:
            builder = TextBuilder()
            try:
                references = PartReferences(self._package, name)
                self._read_part(name, builder, references)
            except (PartError, DamagedPart):
                self._builder.report.warn("part_damaged", f"The {kind} of the document cannot be read.", name)
            text = builder.build()
            if text not in seen:
                seen.add(text)
                self._builder.add_parsed(builder.parsed("docx"), "")

    def _part_names(self) -> dict[str, list[str]]:
        """Return the parts by kind, whether they are referred to or only have the usual name."""
        names: dict[str, set[str]] = {}
        for relationship in self._references.relationships.values():
            if relationship.kind in _KINDS and not relationship.is_external:
                name = self._package.find(relationship.target)
                if name is not None:
                    names.setdefault(relationship.kind, set()).add(name)
                    continue
                message = f"The {relationship.kind} of the document is missing in the file."
                self._builder.report.warn("part_not_read", message, relationship.target)
        folder = self._main.rpartition("/")[0]
        for name in self._package.names(f"{folder}/" if folder else ""):
            if match := _USUAL_NAME.fullmatch(name, len(folder)):
                names.setdefault(match[1], set()).add(name)
        return {kind: sorted(found, key=lambda name: (len(name), name)) for kind, found in names.items()}

    def _read_part(self, name: str, builder: TextBuilder, references: PartReferences) -> None:
        reader = BlockReader(builder, self._load_definitions, references)
        if self._package.size(name) < STREAMED_BYTES:
            reader.read(self._package.root(name))
            reader.end()
            return
        try:
            with self._package.open(name) as stream:
                if xml.declares_entities(stream.read(_PROLOG_BYTES)):
                    raise PartError("declares entities")
            with self._package.open(name) as stream:
                reader.read(stream_blocks(stream))
        except UNREADABLE as exc:
            raise DamagedPart from exc
        finally:
            reader.end()

    def _load_definitions(self) -> Definitions:
        """Return the styles and lists, which most documents need and some do not."""
        if self._definitions is None:
            self._definitions = read_definitions(self._package, self._main, self._references.relationships)
        return self._definitions
