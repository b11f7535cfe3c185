"""Fingerprints of web files."""

import json

from ingest.imports.web_fingerprint import last_modified_of, lastmod_fingerprint, lastmod_of, with_lastmod_of


def test_a_fingerprint_keeps_its_headers_and_gets_the_date_of_another() -> None:
    held = json.dumps({"etag": '"1"', "lastmod": "2024-01-01"})

    newer = with_lastmod_of(held, lastmod_fingerprint("2024-02-02"))

    assert json.loads(newer) == {"etag": '"1"', "lastmod": "2024-02-02"}
    assert json.loads(with_lastmod_of(newer, "")) == {"etag": '"1"'}
    assert (lastmod_of(newer), lastmod_of(""), with_lastmod_of("", ""), lastmod_fingerprint("")) == (
        "2024-02-02",
        "",
        "",
        "",
    )


def test_the_date_of_a_download_is_in_its_fingerprint() -> None:
    dates = ["Thu, 01 Jan 1970 00:01:40 GMT", "yesterday", ""]

    assert [last_modified_of(json.dumps({"last-modified": date})) for date in dates] == [100, None, None]
    assert [last_modified_of(fingerprint) for fingerprint in ("", "1706695200000", '{"etag": "1"}')] == [
        None,
        None,
        None,
    ]
