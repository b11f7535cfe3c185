"""`ingest import` from the web: names, waits and sitemaps."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService
from tests.imports.site import WebSite, serve_site


@pytest.fixture
def site() -> Iterator[WebSite]:
    with serve_site() as site:
        yield site


def test_the_headers_of_the_server_name_the_files(ingest: Command, service: FakeService, site: WebSite) -> None:
    urls = [
        site.add("/get?id=1", "x", Content_Disposition="attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"),
        site.add("/page", "<p>x</p>", Content_Type="text/html; charset=utf-8"),
    ]

    first = ingest("import", *urls, "--store", "demo", "--base-url", service.url, "--allow-private")
    again = ingest("import", *urls, "--store", "demo", "--base-url", service.url, "--allow-private")

    assert (first.code, again.code) == (0, 0)
    assert service.uploaded_names == {"Größe.pdf", "page.html"}
    assert len(service.uploads) == 2


def test_the_output_says_that_a_server_asked_to_wait(ingest: Command, service: FakeService, site: WebSite) -> None:
    url = site.add("/a.txt", "", status=429, Retry_After="3")
    options = ("--store", "demo", "--base-url", service.url, "--allow-private", "--max-download-seconds", "5")

    ended = ingest("import", url, *options)

    assert ended.code == 1
    assert "waiting for 127.0.0.1, which answered 429 and asks to wait 3 s" in ended.out
    assert "The web server answered 429 Too Many Requests, and asks to wait 3 s: a download has 5 s" in ended.out


def test_pages_of_a_sitemap_are_requested_again_only_with_a_new_date(
    ingest: Command, service: FakeService, site: WebSite
) -> None:
    for path in ("/a.txt", "/b.txt", "/c.txt"):
        site.add(path, path)
    sitemap = site.add_sitemap("/s.xml", {"/a.txt": "2024-01-01", "/b.txt": "2024-01-01", "/c.txt": ""})
    command = ("import", "--sitemap", sitemap, "--store", "demo", "--base-url", service.url, "--allow-private")
    first = ingest(*command)
    before = {name: file_id for file_id, (name, _) in service.uploads.items()}
    site.add("/b.txt", "changed")
    site.add_sitemap("/s.xml", {"/a.txt": "2024-01-01", "/b.txt": "2024-02-02", "/c.txt": ""})
    site.requests.clear()

    second = ingest(*command)

    assert (first.code, second.code) == (0, 0)
    assert sorted(site.requests) == ["/b.txt", "/c.txt", "/robots.txt", "/s.xml"]
    after = {name: file_id for file_id, (name, _) in service.uploads.items()}
    assert service.names_in_store == ["a.txt", "b.txt", "c.txt"]
    assert [name for name in sorted(after) if after[name] != before[name]] == ["b.txt"]
    site.requests.clear()
    ingest(*command)
    assert sorted(site.requests) == ["/c.txt", "/robots.txt", "/s.xml"]


def test_the_date_of_a_file_is_an_attribute_if_it_is_asked_for(
    ingest: Command, service: FakeService, site: WebSite
) -> None:
    url = site.add("/a.txt", "x", Last_Modified="Wed, 31 Jan 2024 10:00:00 GMT")
    undated = site.add("/b.txt", "x", Last_Modified="yesterday")
    command = ("import", url, undated, "--store", "demo", "--base-url", service.url, "--allow-private", "--attr", "x=1")
    ingest(*command)
    without = _attributes(service)

    asked = [ingest(*command, "--attr-last-modified", "changed") for _ in range(2)]

    assert without == {"a.txt": {"x": 1}, "b.txt": {"x": 1}}
    assert [ended.code for ended in asked] == [0, 0]
    assert _attributes(service) == {"a.txt": {"x": 1, "changed": 1706695200}, "b.txt": {"x": 1}}
    assert len(service.uploads) == 2
    site.add("/a.txt", "new", Last_Modified="Thu, 01 Feb 2024 10:00:00 GMT")
    ingest(*command, "--attr-last-modified", "changed")
    assert _attributes(service)["a.txt"] == {"x": 1, "changed": 1706781600}
    batches = len(service.batches)
    ingest(*command, "--attr-last-modified", "changed")
    assert len(service.batches) == batches


def test_a_sitemap_is_a_url_on_the_web(ingest: Command, service: FakeService) -> None:
    ended = ingest("import", "--sitemap", "sitemap.xml", "--store", "demo", "--base-url", service.url)

    assert ended.code == 2
    assert "expected the URL of a sitemap" in ended.err


def _attributes(service: FakeService) -> dict[str, Any]:
    return {service.uploads[file_id][0]: attributes for file_id, attributes in service.stored_files.items()}
