"""Schemes, local paths and canonical bucket URLs of addresses."""

import pytest

from ingest.errors import Refused
from ingest.imports.addresses import canonical_bucket_url, glob_base, is_local, is_valid_address, is_web, local_path


@pytest.mark.parametrize(
    ("address", "local", "web"),
    [
        ("/srv/a.txt", True, False), ("docs/a.txt", True, False), ("file:///srv/a.txt", True, False),
        ("FILE:///srv/a.txt", True, False), ("local:///srv", True, False), ("https://example.org/a", False, True),
        ("HTTP://example.org", False, True), ("s3://bucket/a", False, False),
    ],
)  # fmt: skip
def test_an_address_is_local_on_the_web_or_in_a_bucket(address: str, local: bool, web: bool) -> None:
    assert (is_local(address), is_web(address)) == (local, web)


def test_a_file_url_is_decoded_and_a_local_url_is_not() -> None:
    assert local_path("file:///srv/a%20b.txt") == "/srv/a b.txt"
    assert local_path("local:///srv/a%20b.txt") == "/srv/a%20b.txt"


def test_a_file_url_that_cannot_be_parsed_is_refused() -> None:
    with pytest.raises(Refused, match="not valid"):
        local_path("file://[x")


@pytest.mark.parametrize("address", ["", "a\0b", "s3://", "http://", "https:///a", "http://a:99999/", "file://"])
def test_an_address_that_names_nothing_is_invalid(address: str) -> None:
    assert not is_valid_address(address)


@pytest.mark.parametrize(
    ("pattern", "base"), [("/srv/*/a.txt", "/srv"), ("*.txt", "."), ("/*", "/"), ("/srv/a.txt", "/srv/a.txt")]
)
def test_the_base_of_a_glob_ends_before_the_first_wildcard(pattern: str, base: str) -> None:
    assert glob_base(pattern) == base


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("s3a://Company//a/", "s3://company/a"), ("gcs://bucket", "gs://bucket"), ("s3://key@host:9000/a", "s3://host/a"),
        ("abfss://container@account/a", "abfs://container/a"),
    ],
)  # fmt: skip
def test_equal_buckets_have_one_canonical_url(url: str, canonical: str) -> None:
    assert canonical_bucket_url(url) == canonical
