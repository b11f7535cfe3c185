"""The ids of terms."""

from ingest.steps.bm25.hashing import term_id, title_id


def test_term_ids_never_change() -> None:
    assert term_id("dog") == 0x812C397D  # crc32 of "dog": changing it makes every index unreadable


def test_the_same_word_has_another_id_in_the_title_field() -> None:
    assert title_id("dog") == term_id("\x01title:dog")
    assert title_id("dog") != term_id("dog")


def test_a_lone_surrogate_has_an_id() -> None:
    assert term_id("\ud800") == term_id("?")
