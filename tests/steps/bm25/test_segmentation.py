"""Words of scripts without spaces."""

import pytest

from ingest.steps.bm25.segmentation import segment


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("สัญญาเช่า", ["สัญญา", "เช่า"]),  # Thai: a contract of lease
        ("ປະເທດລາວ", ["ປະເທດ", "ລາວ"]),  # Lao: the country Laos
        ("របស់ប្រទេស", ["របស់", "ប្រទេស"]),  # Khmer: of the country
        ("စကားသည်", ["စကား", "သည်"]),  # Burmese: the language
    ],
)
def test_words_are_found_without_spaces(run: str, words: list[str]) -> None:
    assert segment(run) == [(0, words[0]), (0, run), (len(words[0]), words[1])]


@pytest.mark.parametrize("run", ["", "ก", "\u0e48\u0e48", "กรุงเทพมหานคร" * 100])
def test_the_segments_are_where_their_offsets_say(run: str) -> None:
    segments = segment(run)

    assert all(run[start : start + len(word)] == word and word for start, word in segments)
    assert {i for start, word in segments for i in range(start, start + len(word))} == set(range(len(run)))
