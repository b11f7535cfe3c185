"""What users write for the URL of the service."""

import pytest

from ingest.imports.service_url import complete_url


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("ingest.example", "http://ingest.example/v1"),
        ("https://host.example/prefix/v1", "https://host.example/prefix/v1"),
        ("https://host.example/prefix", "https://host.example/prefix"),
    ],
)
def test_the_scheme_and_the_version_may_be_left_out(written: str, expected: str) -> None:
    assert complete_url(written) == expected
