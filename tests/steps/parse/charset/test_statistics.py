"""The cost of texts under character sets."""

from collections import Counter
from itertools import pairwise

import pytest

from ingest.steps.parse.charset.statistics import (
    byte_table,
    cheapest,
    east_asian_cost,
    pair_total,
    symbol_cost,
    word_cost,
)
from ingest.steps.parse.charset.tables import pair_costs


@pytest.mark.parametrize("garbled", ["GrÃ¶Ã\x9fe", "GrцЯe", "Gr÷ße", "Gr\ufffdße"])
def test_a_word_that_was_decoded_right_has_the_lowest_cost(garbled: str) -> None:
    assert word_cost("Größe", pair_costs("de")) < word_cost(garbled, pair_costs("de"))


def test_a_word_costs_least_in_its_own_language() -> None:
    assert word_cost("été", pair_costs("fr")) < word_cost("été", pair_costs("de"))
    assert word_cost("Größe", pair_costs("de")) < word_cost("Größe", pair_costs("fr"))


def test_a_capital_after_a_small_letter_costs_more() -> None:
    assert word_cost("caFé", pair_costs("fr")) > word_cost("Café", pair_costs("fr"))


def test_symbols_cost_by_how_common_they_are() -> None:
    assert symbol_cost("–", "") < symbol_cost("¤", "") < symbol_cost("\x81", "")
    assert symbol_cost("\ufffd", "") == symbol_cost("\ue000", "") == symbol_cost("\x81", "")


def test_a_line_of_box_drawing_costs_less_than_single_signs() -> None:
    assert symbol_cost("─", "─") < symbol_cost("─", "│")


def test_the_table_of_a_codec_tells_letters_from_symbols() -> None:
    table = byte_table("cp1252")

    assert (table.letters[0x41], table.letters[0xC4], table.letters[0xE4], table.letters[0x96]) == ("a", "ä", "ä", " ")
    assert (table.capital[0xC4], table.small[0xC4], table.small[0xE4]) == (True, False, True)
    assert (table.symbols[0x20], table.symbols[0x96], table.symbols[0x81]) == (0, symbol_cost("–", ""), 40)


def test_a_capital_i_with_a_dot_is_an_i() -> None:
    assert byte_table("cp1254").letters[0xDD] == "i"


@pytest.mark.parametrize("text", ["die Größe", "DIE STRASSE ÜBER KÖLN", "schöne neue Welt"])
def test_the_total_of_pairs_of_bytes_is_the_sum_over_the_words(text: str) -> None:
    data = f" {text} ".encode("cp1252")

    totals = pair_total(Counter(pairwise(data)), "cp1252", ("de", "fr"))

    assert totals == {
        language: sum(word_cost(word, pair_costs(language)) for word in text.split()) for language in ("de", "fr")
    }


def test_east_asian_text_has_the_lowest_cost_under_its_own_codec() -> None:
    data = "会議の議題".encode("cp932")
    languages = {"cp932": "ja", "euc_jp": "ja", "gb18030": "zh", "big5hkscs": "zh-hant", "cp949": "ko"}

    costs = {codec: east_asian_cost(data.decode(codec, "replace"), codec, languages[codec]) for codec in languages}

    assert min(costs, key=costs.__getitem__) == "cp932"


def test_a_han_character_between_small_letters_costs_more_than_at_the_edge_of_a_word() -> None:
    assert east_asian_cost("caf議t", "gb18030", "zh") > east_asian_cost("caft議", "gb18030", "zh")


def test_each_word_is_counted_in_its_cheapest_language_with_the_cost_of_choosing_it() -> None:
    german, french = pair_costs("de"), pair_costs("fr")

    assert cheapest(["Größe", "été"], [(0, german), (5, french)]) == (
        word_cost("Größe", german) + word_cost("été", french) + 5
    )
