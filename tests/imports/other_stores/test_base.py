"""Records of other services: their text, name and attributes."""

from pathlib import Path
from typing import Any

import pytest

from ingest.imports.other_stores.base import InvalidRecord, SourceServer, to_record


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({}, {"text": "T", "year": 2024, "ok": True, "none": None}, ("7.txt", {"year": 2024, "ok": True})),
        ({"text_key": "page_content", "name_key": "metadata.source"}, {"page_content": "T", "metadata": {"source": "/a/b.pdf"}},
         ("b.pdf", {"metadata.source": "/a/b.pdf"})),
        ({"name_key": "title"}, {"text": "T", "title": "A title"}, ("A title.txt", {"title": "A title"})),
        ({"attribute_keys": ["a"]}, {"text": "T", "a": 1, "b": 2}, ("7.txt", {"a": 1})),
        ({}, {"text": "T", "tags": ["x", "ü"]}, ("7.txt", {"tags": '["x", "ü"]'})),
    ],
)  # fmt: skip
def test_keys_of_a_record_are_its_text_its_name_and_its_attributes(
    options: dict[str, Any], values: dict[str, Any], expected: tuple[str, dict[str, Any]]
) -> None:
    record = to_record(SourceServer(**options), "7", values)

    assert (record.text, record.name, record.attributes) == ("T", *expected)


@pytest.mark.parametrize("values", [{}, {"text": ""}, {"text": 1}, {"content": "T"}])
def test_a_record_without_a_text_names_its_keys(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord, match=r"No text under the key 'text' \(--text-key\). Its keys: (content|none)"):
        to_record(SourceServer(), "7", values)


def test_a_text_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    record = to_record(SourceServer(), "7", {"text": "ü" * 3})

    with pytest.raises(OSError, match="Larger than 5 bytes"):
        record.write(tmp_path / "target", 5)
