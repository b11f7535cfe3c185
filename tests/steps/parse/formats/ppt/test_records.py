"""The records of PowerPoint 97 to 2003."""

import pytest

from ingest.steps.parse.formats.ppt import records
from ingest.steps.parse.formats.ppt.records import Record, children, descendants, record_at, text_of
from tests.steps.parse.formats.ppt.ppt_file import container, record


def test_a_record_has_a_kind_and_its_content() -> None:
    data = b"before" + record(0x0FA8, b"text", version=2, instance=5) + b"after"

    found = record_at(data, 6)

    assert found == Record(kind=0x0FA8, version=2, instance=5, start=14, end=18)
    assert not found.is_container


@pytest.mark.parametrize(("position", "end"), [(-1, None), (5, None), (0, 7), (2**31, None)])
def test_there_is_no_record_without_a_whole_header(position: int, end: int | None) -> None:
    assert record_at(record(0x0FA8, b"text"), position, end) is None


def test_a_record_ends_where_its_container_or_the_stream_ends() -> None:
    data = container(0x03EE, record(0x0FA8, b"text")[:-2]) + b"more"

    parent = record_at(data, 0)

    assert parent is not None
    assert [(child.start, child.end) for child in children(data, parent)] == [(16, 18)]


def test_descendants_are_the_outermost_records_of_a_kind() -> None:
    inner = container(0xF003, record(0x0FA8, b"in"))
    data = container(0x03EE, record(0x0FA8, b"first"), container(0xF002, inner, record(0x0FA8, b"last")))
    parent = record_at(data, 0)
    assert parent is not None

    texts = [text_of(data, found) for found in descendants(data, parent, records.TEXT_BYTES)]
    groups = list(descendants(data, parent, records.GROUP))

    assert (texts, len(groups)) == (["first", "in", "last"], 1)
    assert [text_of(data, found) for found in children(data, groups[0])] == ["in"]


def test_containers_are_followed_to_a_depth() -> None:
    data = record(0x0FA8, b"deep")
    for _ in range(500):
        data = container(0xF003, data)
    parent = record_at(data, 0)
    assert parent is not None

    assert list(descendants(data, parent, records.TEXT_BYTES)) == []


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        (records.TEXT_BYTES, b" caf\xe9\rnext\vline ", "café\nnext\nline"),
        (records.TEXT_CHARS, "日本\u00ad語 😀\r".encode("utf-16-le"), "日本語 😀"),
        (records.TEXT_CHARS, b"a\0b", "a\ufffd"),
    ],
)
def test_texts_are_bytes_or_unicode(kind: int, content: bytes, text: str) -> None:
    data = record(kind, content)
    found = record_at(data, 0)
    assert found is not None

    assert text_of(data, found) == text
