"""Golden files as arguments."""

from pathlib import Path

import pytest

from ingest.cli.golden_file import read_golden
from ingest.errors import Refused


def test_the_queries_of_a_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text('{"query": "a", "expected": ["b"]}\n', encoding="utf-8")

    assert [query.query for query in read_golden(path)] == ["a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b'{"query": 1}', "Line 1: 'query' must be a text"), (b"\xff\xfe", "is not UTF-8"), (None, "cannot be read")],
)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "golden.jsonl"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Refused, match=message):
        read_golden(path)
