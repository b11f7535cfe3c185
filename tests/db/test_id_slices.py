"""Slices of id lists."""

from ingest.db.id_slices import MAX_IDS, slices


def test_slices_keep_all_ids_in_their_order() -> None:
    ids = list(range(2 * MAX_IDS + 1))

    parts = list(slices(ids))

    assert [len(part) for part in parts] == [MAX_IDS, MAX_IDS, 1]
    assert [i for part in parts for i in part] == ids


def test_no_ids_make_no_slice() -> None:
    assert list(slices([])) == []
