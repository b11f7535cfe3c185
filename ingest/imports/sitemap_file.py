"""Sitemap files: XML, an index of others, or text with one URL a line; also packed with gzip."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ingest.net.unpacking import unpack

MAX_BYTES = 50 * 2**20
"""Of one sitemap, unpacked, as sitemaps.org has it."""

MAX_ENTRIES = 50_000
"""Of one sitemap, as sitemaps.org has it."""

MAX_URL_CHARACTERS = 4_096

_BLOCK_BYTES = 64 * 1024
_GZIP_START = b"\x1f\x8b"
_DATE = re.compile(r"\d{4}-\d\d-\d\d[\dTtZz:.+-]{0,40}")
_URL_DEPTH = 3  # urlset/url/loc; image:loc and others are deeper


class SitemapError(Exception):
    """A file that is no sitemap."""


@dataclass
class SitemapFile:
    """What a sitemap contains: pages, or (`is_index`) other sitemaps."""

    is_index: bool = False
    entries: list[tuple[str, str]] = field(default_factory=list)
    """(URL, lastmod or "")."""
    is_cut: bool = False
    """There are more than MAX_ENTRIES entries."""


def read_sitemap(path: Path) -> SitemapFile:
    """Return what a downloaded sitemap contains. Raises SitemapError, and OSError."""
    blocks = _unpacked(path)
    head = next(blocks, b"")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _XmlReader().read(head, blocks)
    try:
        text = (head + b"".join(blocks)).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SitemapError("Neither XML nor text in UTF-8") from exc
    urls = [line.strip() for line in text.splitlines() if line.strip()]
    if not urls or not all(url.startswith(("http://", "https://")) for url in urls):
        raise SitemapError("Neither XML nor a list of URLs")
    return SitemapFile(entries=[(url, "") for url in urls[:MAX_ENTRIES]], is_cut=len(urls) > MAX_ENTRIES)


def _unpacked(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP_START
        file.seek(0)
        yield from unpack(iter(lambda: file.read(_BLOCK_BYTES), b""), "gzip" if is_packed else "", MAX_BYTES)


class _XmlReader:
    """Reads elements `loc` and `lastmod`, and refuses document types: entities could grow without end."""

    def __init__(self) -> None:
        self._sitemap = SitemapFile()
        self._depth = 0
        self._text: list[str] | None = None
        self._url = self._lastmod = ""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, head: bytes, blocks: Iterator[bytes]) -> SitemapFile:
        try:
            self._parser.Parse(head)
            for block in blocks:
                self._parser.Parse(block)
            self._parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as exc:
            raise SitemapError(f"The XML cannot be parsed: {exc}") from exc
        return self._sitemap

    def _refuse_document_type(self, *_: Any) -> None:
        raise SitemapError("The XML has a document type")

    def _start(self, name: str, _attributes: Any) -> None:
        self._depth += 1
        local_name = name.rpartition(" ")[2]
        if self._depth == 1:
            if local_name not in ("urlset", "sitemapindex"):
                raise SitemapError(f"Not a sitemap: its element is <{local_name[:40]}>")
            self._sitemap.is_index = local_name == "sitemapindex"
        elif self._depth == _URL_DEPTH - 1:
            self._url = self._lastmod = ""
        elif self._depth == _URL_DEPTH and local_name in ("loc", "lastmod"):
            self._text = []

    def _end(self, name: str) -> None:
        if self._depth == _URL_DEPTH and self._text is not None:
            text, self._text = "".join(self._text).strip(), None
            if name.rpartition(" ")[2] == "loc":
                self._url = text
            elif _DATE.fullmatch(text):
                self._lastmod = text
        elif self._depth == _URL_DEPTH - 1 and self._url:
            if len(self._sitemap.entries) < MAX_ENTRIES:
                self._sitemap.entries.append((self._url, self._lastmod))
            else:
                self._sitemap.is_cut = True
        self._depth -= 1

    def _characters(self, text: str) -> None:
        if self._text is not None and sum(map(len, self._text)) + len(text) <= MAX_URL_CHARACTERS:
            self._text.append(text)
