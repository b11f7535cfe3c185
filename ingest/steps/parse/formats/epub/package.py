"""The package of an e-book: which files are chapters, in which order, and what they are called (EPUB 3.3, 5)."""

import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from ingest.steps.parse.formats.html.stylesheets import raised_classes
from ingest.steps.parse.formats.ooxml.xml import local_name, parse

_CONTAINER = "META-INF/container.xml"
_XHTML = "application/xhtml+xml"
_HTML_TYPES = frozenset([_XHTML, "text/html", "text/x-oeb1-document", "application/x-dtbook+xml", "application/xml"])
_HTML_NAME = re.compile(r"\.(?:xhtml|html|htm|xht)$", re.I)
_NO_TITLES = frozenset(
    ["untitled", "untitled document", "unknown", "unknown author", "unknown title", "[no title]"]
)  # of converters
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|webp|gif)$", re.I)
_NUMBER = re.compile(r"(\d+)")
_MAX_STYLE_SHEETS = 50
_MAX_STYLE_SHEET_BYTES = 2**20
_MAX_CHAPTERS = 10_000
_MAX_CHAPTER_BYTES = 128 * 2**20
_ZIP_ERRORS = (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError)


@dataclass(frozen=True)
class Chapter:
    """A file in reading order. `name` is empty if the table of contents does not list it."""

    path: str
    name: str
    is_html: bool


@dataclass(frozen=True)
class _Item:
    path: str
    media_type: str
    properties: frozenset[str]

    @property
    def is_html(self) -> bool:
        return self.media_type in _HTML_TYPES or _HTML_NAME.search(self.path) is not None


class EpubPackage:
    """An open e-book."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        names = [info.filename for info in self._archive.infolist() if not info.is_dir()]
        self._names = set(names)
        self._by_key = {_key(name): name for name in reversed(names)}
        self.title_lines: list[str] = []
        self.chapters: list[Chapter] = []
        opf_path = self._find_opf()
        root = self._parse(opf_path) if opf_path else None
        self.has_manifest = root is not None
        if root is not None:
            self._read_opf(root, posixpath.dirname(opf_path))
        if not self.chapters:
            self.has_manifest = False
            self._list_html_files()

    def __enter__(self) -> "EpubPackage":
        """Return the package."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._archive.close()

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, or None if it is missing or damaged. Case and escapes in `path` do not matter."""
        name = path if path in self._names else self._by_key.get(_key(path))
        if name is None:
            return None
        try:
            return self._archive.read(name) if self._archive.getinfo(name).file_size <= _MAX_CHAPTER_BYTES else None
        except _ZIP_ERRORS:
            return None

    def raised_classes(self) -> dict[str, str]:
        """Return the classes of all style sheets that raise or lower text."""
        sheets = sorted(name for name in self._names if name.lower().endswith(".css"))[:_MAX_STYLE_SHEETS]
        classes: dict[str, str] = {}
        for name in sheets:
            if self._archive.getinfo(name).file_size <= _MAX_STYLE_SHEET_BYTES:
                classes |= raised_classes((self.read(name) or b"").decode("utf-8", "replace"))
        return classes

    def pictures(self) -> list[str]:
        """Return the names of the photographs and scans, sorted with numbers by their value."""
        return sorted(filter(_PICTURE_NAME.search, self._names), key=_natural_key)

    def _parse(self, path: str) -> Any:
        data = self.read(path)
        return None if data is None else parse(data)[0]

    def _find_opf(self) -> str:
        root = self._parse(_CONTAINER)
        for rootfile in root.iter("{*}rootfile") if root is not None else ():
            path = str(rootfile.get("full-path") or "")
            if self.read(path) is not None:
                return path
        return next((name for name in sorted(self._names) if name.lower().endswith(".opf")), "")

    def _read_opf(self, root: Any, folder: str) -> None:
        items: dict[str, _Item] = {}
        order: list[str] = []
        toc = ""
        for node in root.iter("{*}item", "{*}itemref", "{*}spine", "{*}title", "{*}creator"):
            match local_name(node):
                case "item":
                    path = _resolve(folder, node.get("href") or "")
                    properties = frozenset((node.get("properties") or "").split())
                    items[node.get("id") or path] = _Item(path, (node.get("media-type") or "").lower(), properties)
                case "itemref":
                    order.append(node.get("idref") or "")
                case "spine":
                    toc = node.get("toc") or ""
                case _:
                    self._add_title_line(node)
        self._add_chapters(items, order, self._names_of_chapters(items, toc))

    def _add_title_line(self, node: Any) -> None:
        line = " ".join("".join(node.itertext()).split())
        if line and line.lower() not in _NO_TITLES and line not in self.title_lines and len(self.title_lines) < 10:
            self.title_lines.append(line)

    def _add_chapters(self, items: dict[str, _Item], order: list[str], names: dict[str, str]) -> None:
        """Add the spine, then chapters that the manifest has and the spine lacks."""
        spine = [items.get(identifier, _Item(identifier, _XHTML, frozenset())) for identifier in order]
        if items.keys().isdisjoint(order):
            spine = []
        paths = {item.path for item in spine}
        rest = [
            item
            for item in items.values()
            if spine
            and item.is_html
            and item.path not in paths
            and "nav" not in item.properties
            and self.read(item.path) is not None
        ]
        for item in [*spine, *rest][:_MAX_CHAPTERS]:
            self.chapters.append(Chapter(item.path, names.get(_key(item.path), ""), item.is_html))

    def _names_of_chapters(self, items: dict[str, _Item], toc: str) -> dict[str, str]:
        """Return the names of chapters by the keys of their paths; the first entry for a file counts."""
        names: dict[str, str] = {}
        for item in items.values():
            if "nav" in item.properties:
                self._read_links(item.path, "{*}a", "href", names)
        ncx = items.get(toc) or next((item for item in items.values() if item.path.lower().endswith(".ncx")), None)
        if not names and ncx is not None:
            self._read_ncx(ncx.path, names)
        return names

    def _read_links(self, path: str, tag: str, attribute: str, names: dict[str, str]) -> None:
        root = self._parse(path)
        for link in root.iter(tag) if root is not None else ():
            self._name(path, link.get(attribute) or "", link, names)

    def _read_ncx(self, path: str, names: dict[str, str]) -> None:
        root = self._parse(path)
        for point in root.iter("{*}navPoint") if root is not None else ():
            label = next(point.iterchildren("{*}navLabel"), None)
            content = next(point.iterchildren("{*}content"), None)
            if label is not None and content is not None:
                self._name(path, content.get("src") or "", label, names)

    def _name(self, base: str, target: str, label: Any, names: dict[str, str]) -> None:
        name = " ".join("".join(map(str, label.itertext())).split())
        if target and name:
            names.setdefault(_key(_resolve(posixpath.dirname(base), target)), name)

    def _list_html_files(self) -> None:
        """Take all HTML files as chapters, sorted by name with numbers by their value."""
        names = [name for name in self._names if _HTML_NAME.search(name) and not name.startswith("__MACOSX/")]
        for name in sorted(names, key=_natural_key)[:_MAX_CHAPTERS]:
            self.chapters.append(Chapter(name, "", True))


def _resolve(folder: str, target: str) -> str:
    """Return the path of a relative reference in the archive."""
    path = unquote(target.partition("#")[0]).replace("\\", "/")
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/") if path else ""


def _key(path: str) -> str:
    """Return a form of a path in which case, escapes and separators do not matter."""
    return posixpath.normpath(unquote(path).replace("\\", "/")).lstrip("/").casefold()


def _natural_key(name: str) -> list[tuple[int, str]]:
    parts = _NUMBER.split(name.lower())
    return [(int(part[:9]), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts]
