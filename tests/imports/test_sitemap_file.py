"""Sitemap files: formats, bounds, and files that are none."""

import gzip
from pathlib import Path

import pytest

from ingest.imports import sitemap_file
from ingest.imports.sitemap_file import SitemapError, read_sitemap
from ingest.net.egress_guard import Unreachable

PAGES = (
    '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:i="http://i/1.1">'
    "<url><loc> https://e.org/a?x=1&amp;y=2 </loc><lastmod>2024-01-31T10:00:00+01:00</lastmod>"
    "<i:image><i:loc>https://e.org/a.png</i:loc></i:image></url>"
    "<url><loc>https://e.org/b</loc><lastmod>yesterday</lastmod></url><url><lastmod>2024-01-31</lastmod></url></urlset>"
)


@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: gzip.compress(text.encode()), lambda text: text.encode("utf-16")]
)
def test_a_sitemap_has_pages_with_dates(tmp_path: Path, encode: object) -> None:
    assert callable(encode)
    (tmp_path / "sitemap").write_bytes(encode(PAGES))

    sitemap = read_sitemap(tmp_path / "sitemap")

    assert sitemap.entries == [("https://e.org/a?x=1&y=2", "2024-01-31T10:00:00+01:00"), ("https://e.org/b", "")]
    assert not sitemap.is_index


def test_an_index_has_sitemaps_and_a_text_has_urls(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("<sitemapindex><sitemap><loc>https://e.org/1.xml</loc></sitemap></sitemapindex>")
    (tmp_path / "text").write_text("\ufeffhttps://e.org/a\n\nhttps://e.org/b\n")

    index, text = read_sitemap(tmp_path / "index"), read_sitemap(tmp_path / "text")

    assert (index.is_index, index.entries) == (True, [("https://e.org/1.xml", "")])
    assert (text.is_index, text.entries) == (False, [("https://e.org/a", ""), ("https://e.org/b", "")])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html><body/></html>", "Not a sitemap: its element is <html>"), (b"", "Neither XML nor a list"),
        (b"<urlset><url>", "cannot be parsed"), (b"\x00\xff", "Neither XML nor text"), (b"Not found", "Neither XML nor a list"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><urlset>&a;</urlset>', "has a document type"),
        (b'<?xml version="1.0" encoding="nonsense"?><urlset/>', "cannot be parsed"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sitemap_says_why(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "sitemap").write_bytes(data)

    with pytest.raises(SitemapError, match=reason):
        read_sitemap(tmp_path / "sitemap")


def test_a_sitemap_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap_file, "MAX_ENTRIES", 1)
    (tmp_path / "long").write_text(PAGES)
    (tmp_path / "bomb").write_bytes(gzip.compress(b"<urlset>" + b" " * 100_000_000))

    sitemap = read_sitemap(tmp_path / "long")

    assert (len(sitemap.entries), sitemap.is_cut) == (1, True)
    with pytest.raises(Unreachable, match=r"unpacks to far more bytes|Larger than"):
        read_sitemap(tmp_path / "bomb")
