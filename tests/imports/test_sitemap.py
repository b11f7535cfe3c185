"""Sitemaps as sources."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ingest.imports import sitemap
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem
from ingest.imports.sources import FolderWalker, list_files
from ingest.imports.web import DownloadLimits, WebDownloader
from tests.imports.site import WebSite, serve_site


@pytest.fixture
def site() -> Iterator[WebSite]:
    with serve_site() as site:
        yield site


def test_the_pages_of_an_index_are_files_with_dates(site: WebSite) -> None:
    site.add_sitemap("/1.xml", {"/docs/a%20b.html": "2024-01-31", "/": ""})
    packed = gzip.compress(site.pages["/1.xml"].body.replace(b"a%20b", b"c"))
    site.add("/2.xml.gz", packed)
    index = site.add_sitemap("/sitemap.xml", {"/1.xml": "", "/2.xml.gz": ""}, root="sitemapindex")

    files, problems = _list(index)

    assert problems == []
    assert [(file.relative_path, file.upload_name, file.fingerprint and json.loads(file.fingerprint)) for file in files] == [
        ("docs/a b.html", "a b.html", {"lastmod": "2024-01-31"}), ("127.0.0.1", "127.0.0.1", ""),
        ("docs/c.html", "c.html", {"lastmod": "2024-01-31"}),
    ]  # fmt: skip
    assert {file.source for file in files} == {f"sitemap+{index}"}
    assert site.requests.count("/robots.txt") == 1


def test_other_hosts_and_what_robots_txt_forbids_are_left_out_and_named(site: WebSite) -> None:
    site.add("/robots.txt", "User-agent: *\nDisallow: /private")
    port = site.url.rpartition(":")[2]
    pages = ["/a", "/private/b", "https://elsewhere.example/c", f"http://localhost:{port}/d", "ftp://127.0.0.1/e"]
    url = site.add_sitemap("/s.xml", dict.fromkeys(pages, ""))

    files, problems = _list(url)

    assert [file.relative_path for file in files] == ["a"]
    assert [problem.reason for problem in problems] == [sitemap.NOT_ALLOWED, *[sitemap.OTHER_HOST] * 3]
    assert not any(problem.hides_files for problem in problems)


@pytest.mark.parametrize(("status", "pages"), [(404, 1), (403, 1), (500, 0), (429, 0)])
def test_a_robots_txt_that_cannot_be_read_forbids_everything(site: WebSite, status: int, pages: int) -> None:
    site.add("/robots.txt", "", status=status)
    url = site.add_sitemap("/s.xml", {"/a": ""})

    files, problems = _list(url)

    assert len(files) == pages
    assert any(problem.hides_files for problem in problems) is (pages == 0)


def test_a_sitemap_that_cannot_be_read_hides_files(site: WebSite) -> None:
    site.add_sitemap("/1.xml", {"/a": ""})
    site.add_sitemap("/nested.xml", {"/1.xml": ""}, root="sitemapindex")
    others = ["/1.xml", "/gone.xml", "/nested.xml", "https://elsewhere.example/s.xml"]
    index = site.add_sitemap("/index.xml", dict.fromkeys(others, ""), root="sitemapindex")

    files, problems = _list(index)

    assert [file.relative_path for file in files] == ["a"]
    assert {problem.reason for problem in problems} == {
        "The web server answered 404 Not Found", "An index of sitemaps in an index", sitemap.OTHER_HOST,
    }  # fmt: skip
    assert all(problem.hides_files for problem in problems)


def test_patterns_match_the_paths_and_pages_are_bounded(site: WebSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MAX_PAGES", 2)
    url = site.add_sitemap("/s.xml", dict.fromkeys(["/docs/a", "/blog/b", "/docs/c", "/docs/d"], ""))

    files, (problem,) = _list(url, PathFilter(include=["docs/**"]))

    assert [file.relative_path for file in files] == ["docs/a", "docs/c"]
    assert problem.hides_files


def test_the_date_of_a_day_that_may_not_be_over_is_not_relied_on(site: WebSite) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    url = site.add_sitemap("/s.xml", {"/a": today, "/b": f"{today}T00:00:00Z"})

    files, _ = _list(url)

    assert [bool(file.fingerprint) for file in files] == [False, True]


def test_a_sitemap_on_a_private_address_is_not_requested(site: WebSite) -> None:
    url = site.add_sitemap("/s.xml", {"/a": ""})

    items = list(list_files([f"sitemap+{url}"], FolderWalker(PathFilter())))

    assert [isinstance(item, SourceProblem) and "not public" in item.reason for item in items] == [True]
    assert site.requests == []


def _list(url: str, path_filter: PathFilter | None = None) -> tuple[list[SourceFile], list[SourceProblem]]:
    walker = FolderWalker(path_filter or PathFilter(), downloader=WebDownloader(DownloadLimits(allow_private=True)))
    items = list(list_files([f"sitemap+{url}"], walker))
    problems = [item for item in items if isinstance(item, SourceProblem)]
    return [item for item in items if isinstance(item, SourceFile)], problems
