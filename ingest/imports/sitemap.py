"""Sitemaps as sources: the pages of one host that a sitemap, or an index of sitemaps, names and robots.txt allows."""

import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ingest.imports import robots
from ingest.imports.addresses import is_valid_address, is_web, sitemap_url
from ingest.imports.attributes import Attributes
from ingest.imports.patterns import PathFilter
from ingest.imports.remote import web_file
from ingest.imports.sitemap_file import MAX_BYTES, MAX_ENTRIES, MAX_URL_CHARACTERS, SitemapError, read_sitemap
from ingest.imports.source_files import SourceFile, SourceProblem, os_error_message, to_printable
from ingest.imports.web import WebDownloader, WebStatusError
from ingest.imports.web_fingerprint import lastmod_fingerprint

MAX_SITEMAPS = 1_000
MAX_PAGES = 200_000

OTHER_HOST = "On another host than the sitemap"
NOT_ALLOWED = "robots.txt does not allow it"

_DATE_CHARACTERS = len("2024-01-31")


def list_pages(
    address: str, source: str, attributes: Attributes, path_filter: PathFilter, downloader: WebDownloader
) -> Iterator[SourceFile | SourceProblem]:
    """Yield the pages of a sitemap, whose address is `sitemap+https://...`, and a problem for what is left out."""
    with tempfile.TemporaryDirectory(prefix="ingest-import-") as folder:
        site = _Site(downloader, Path(folder))
        pages = 0
        for url, lastmod in site.entries(sitemap_url(address)):
            if problem := site.rejection(url):
                yield SourceProblem(to_printable(url), problem)
                continue
            path = to_printable(unquote(urlsplit(url).path).strip("/")) or str(urlsplit(url).hostname)
            if not path_filter.accepts(path):
                continue
            pages += 1
            if pages > MAX_PAGES:
                reason = f"The sitemap has more than {MAX_PAGES:,} pages; the others are left out"
                yield SourceProblem(to_printable(address), reason, hides_files=True)
                break
            file = web_file(url, source, "", attributes)
            yield replace(file, relative_path=path, fingerprint=lastmod_fingerprint(_reliable(lastmod)))
        yield from site.problems


class _Site:
    """The sitemaps of a host, read one after the other."""

    def __init__(self, downloader: WebDownloader, folder: Path) -> None:
        self.problems: list[SourceProblem] = []
        """Sitemaps that could not be read. Pages may be named there."""
        self._downloader = downloader
        self._target = folder / "file"
        self._hosts: set[str] = set()
        self._robots: dict[str, robots.RobotsRules | None] = {}

    def entries(self, first: str) -> Iterator[tuple[str, str]]:
        """Yield (URL, lastmod) of the pages, each once."""
        self._hosts.add(_host(first))
        pending, known, pages = deque([first]), {first}, set[str]()
        while pending:
            url = pending.popleft()
            try:
                download = self._downloader.download(url, self._target, max_bytes=MAX_BYTES)
                if url == first and download is not None:
                    self._hosts.add(_host(download.url))  # example.org may redirect to www.example.org
                sitemap = read_sitemap(self._target)
            except (OSError, SitemapError) as exc:
                self._add_problem(url, os_error_message(exc) if isinstance(exc, OSError) else str(exc))
                continue
            if sitemap.is_cut:
                self._add_problem(url, f"The sitemap has more than {MAX_ENTRIES:,} entries; the others are left out")
            if not sitemap.is_index:
                yield from ((page, lastmod) for page, lastmod in sitemap.entries if _is_new(page, pages))
                continue
            for nested, _ in sitemap.entries:
                if url != first:
                    self._add_problem(url, "An index of sitemaps in an index")
                    break
                if not self._is_on_host(nested):
                    self._add_problem(nested, OTHER_HOST)
                elif len(known) >= MAX_SITEMAPS:
                    self._add_problem(url, f"More than {MAX_SITEMAPS:,} sitemaps; the others are left out")
                    break
                elif _is_new(nested, known):
                    pending.append(nested)

    def rejection(self, url: str) -> str:
        """Return why a page is left out, or ""."""
        if not self._is_on_host(url):
            return OTHER_HOST
        root = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if root not in self._robots:
            self._robots[root] = self._read_robots(f"{root}/robots.txt")
        rules = self._robots[root]
        return "" if rules is not None and rules.allows(url) else NOT_ALLOWED

    def _is_on_host(self, url: str) -> bool:
        is_usable = len(url) <= MAX_URL_CHARACTERS and is_web(url) and is_valid_address(url)
        return is_usable and _host(url) in self._hosts

    def _read_robots(self, url: str) -> robots.RobotsRules | None:
        """Return a site's rules; None when they cannot be read, which forbids everything (RFC 9309, section 2.3.1)."""
        try:
            self._downloader.download(url, self._target, max_bytes=robots.MAX_BYTES)
            return robots.RobotsRules.parse(self._target.read_text("utf-8", errors="replace"))
        except WebStatusError as exc:
            if 400 <= exc.status < 500 and exc.status != 429:
                return robots.ALLOW_ALL
            self._add_problem(url, f"{exc.strerror}, so no page is requested")
        except OSError as exc:
            self._add_problem(url, f"{os_error_message(exc)}, so no page is requested")
        return None

    def _add_problem(self, url: str, reason: str) -> None:
        self.problems.append(SourceProblem(to_printable(url[:MAX_URL_CHARACTERS]), reason, hides_files=True))


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or ''}"


def _is_new(item: str, known: set[str]) -> bool:
    if item in known:
        return False
    known.add(item)
    return True


def _reliable(lastmod: str) -> str:
    """Return a date that tells a later change apart; "" for a day that may not be over where the site is."""
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    return "" if len(lastmod) == _DATE_CHARACTERS and lastmod >= yesterday else lastmod
