"""Options that several commands share."""

import pytest

from tests.cli.conftest import Command

EMPTY_NAMES = [
    ("import", ".", "--store", ""),
    ("search", "", "query"),
    ("stores", "show", " "),
    ("stores", "create", ""),
    ("files", "list", ""),
    ("files", "show", "file-1", "--store", ""),
    ("files", "text", "file-1", "--store", ""),
    ("files", "delete", "file-1", "--store", "", "--yes"),
    ("retry", "vsfb_1", "--store", ""),
    ("reindex", ""),
    ("schedule", "list", ""),
    ("status", ""),
]


@pytest.mark.parametrize("command", EMPTY_NAMES, ids=" ".join)
def test_an_empty_name_is_refused_before_anything_is_asked_or_deleted(
    command: tuple[str, ...], ingest: Command
) -> None:
    ended = ingest(*command)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "is empty. Give a name or an id." in ended.err
