"""The classes of characters."""

import numpy as np
import pytest

from ingest.steps.bm25.characters import IN_WORD, JOINER, SEGMENTED, UNSPACED, WORD, ascii_words, flags_of_characters


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("aZ9_\u00e9\u0436\u0639\u05d0\u0301\u0939\u093f\u0640", WORD),
        ("\u6771\u3042\u30a2\ud55c", UNSPACED),
        ("\u0e01\u0e31\u1780", SEGMENTED),
        (" .,-\n\u2014\u3002\u05be", 0),
    ],
)
def test_every_character_is_in_one_class(characters: str, expected: int) -> None:
    assert [flags_of_characters()[ord(character)] & IN_WORD for character in characters] == [expected] * len(characters)


def test_characters_in_words_join_nothing() -> None:
    flags = flags_of_characters()
    assert not np.any((flags & IN_WORD != 0) & (flags & JOINER != 0))


def test_the_table_for_ascii_agrees() -> None:
    table, flags = ascii_words(), flags_of_characters()
    assert [table[code] != " " for code in range(128)] == [bool(flags[code] & IN_WORD) for code in range(128)]
