"""Settings that are lists."""

from ingest.config.lists import split_commas


def test_a_list_has_no_spaces_and_no_empty_parts() -> None:
    assert split_commas(" a, b c ,,d,") == ["a", "b c", "d"]
    assert split_commas(" , ") == []
