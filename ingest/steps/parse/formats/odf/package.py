"""Open an OpenDocument file: a ZIP package, or one flat XML file (ODF 1.3 part 2 and part 3, 3.1)."""

import base64
import binascii
import posixpath
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.odf.names import attribute, name
from ingest.steps.parse.formats.ooxml.xml import parse

_DAMAGED_MESSAGE = "The file could not be parsed as OpenDocument: {}."
_MAX_PART_BYTES = 512 * 2**20
_ZIP_ERRORS = (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError)


class Package:
    """The XML documents of one file."""

    def __init__(self, path: Path) -> None:
        self.damaged: list[str] = []  # names of parts that were read with a loss
        self._path = path
        self._archive: zipfile.ZipFile | None = None
        self.is_flat = not zipfile.is_zipfile(path)
        if not self.is_flat:
            self._archive = zipfile.ZipFile(path)
        self._flat_root: Any = None

    def __enter__(self) -> "Package":
        """Return the package."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._archive is not None:
            self._archive.close()

    def content(self) -> Any:
        """Return the root of the document's content. Raises InvalidFile if it is missing or no XML."""
        if self.is_flat:
            self._flat_root, is_damaged = parse(self._path.read_bytes())
            if self._flat_root is None:
                raise InvalidFile(_DAMAGED_MESSAGE.format("it is no XML"))
            self.damaged += ["content"] * is_damaged
            return self._flat_root
        root = self.part("content.xml")
        if root is None:
            raise InvalidFile(_DAMAGED_MESSAGE.format("its part content.xml is missing or damaged"))
        return root

    def styles(self) -> Any:
        """Return the root of the common styles, or None."""
        return self._flat_root if self.is_flat else self.part("styles.xml")

    def part(self, member: str) -> Any:
        """Return the root of a part, or None if it is missing or cannot be read."""
        data = self.data(member)
        if data is None:
            return None
        root, is_damaged = parse(data)
        self.damaged += [member] * is_damaged
        return root

    def data(self, member: str) -> bytes | None:
        """Return the bytes of a member, or None if it is missing or damaged."""
        if self._archive is None:
            return None
        try:
            if self._archive.getinfo(member).file_size > _MAX_PART_BYTES:
                return None
            return self._archive.read(member)
        except KeyError:
            return None
        except _ZIP_ERRORS:
            self.damaged.append(member)
            return None

    def open_content(self) -> IO[bytes]:
        """Open the content as a stream. Raises InvalidFile if it is missing or damaged."""
        if self._archive is None:
            return self._path.open("rb")
        try:
            return self._archive.open("content.xml")
        except _ZIP_ERRORS as exc:
            raise InvalidFile(_DAMAGED_MESSAGE.format("its part content.xml is missing or damaged")) from exc

    def object_root(self, element: Any) -> Any:
        """Return the root of an embedded XML document (a chart, a formula, a text), or None."""
        for child in element:
            if name(child) in ("office:document", "math:math"):
                return child
        folder = self._folder(element)
        return self.part(f"{folder}/content.xml") if folder else None

    def object_data(self, element: Any) -> bytes | None:
        """Return the bytes of an embedded object of another program, or None."""
        for child in element:
            if name(child) == "office:binary-data":
                try:
                    return base64.b64decode("".join(child.itertext()))
                except (binascii.Error, ValueError):
                    return None
        folder = self._folder(element)
        return self.data(folder) if folder else None

    def mimetype(self) -> str:
        """Return what the file says of its type."""
        if self._archive is None:
            with self._path.open("rb") as file:
                head = file.read(8192)
            start = head.find(b"mimetype=")
            return head[start + 10 : start + 100].decode("latin-1") if start >= 0 else ""
        return (self.data("mimetype") or b"")[:200].decode("latin-1")

    def _folder(self, element: Any) -> str:
        target = attribute(element, "xlink:href").removeprefix("#")
        path = posixpath.normpath(target) if target else ""
        return "" if path.startswith(("/", "..")) or ":" in path else path
