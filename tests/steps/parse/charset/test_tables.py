"""The costs of pairs of letters and of characters."""

from ingest.steps.parse.charset.candidates import EAST_ASIAN, SINGLE_BYTE
from ingest.steps.parse.charset.tables import RARE, character_costs, pair_costs


def test_frequent_pairs_of_a_language_cost_less_than_rare_ones() -> None:
    german = pair_costs("de")

    assert german["ch"] < german["sc"] < RARE
    assert "qx" not in german


def test_a_space_stands_for_the_edge_of_a_word() -> None:
    german = pair_costs("de")

    assert german["n "] < german["ch"] + 10
    assert " d" in german


def test_the_same_pair_costs_differently_in_each_language() -> None:
    assert pair_costs("fr")[" é"] < pair_costs("en").get(" é", RARE)
    assert "щи" in pair_costs("ru")
    assert "щи" not in pair_costs("de")


def test_the_costs_of_common_characters_grow_with_their_rank() -> None:
    costs = list(character_costs("ja").values())

    assert costs == sorted(costs)
    assert costs[0] < costs[-1] < RARE + 10
    assert character_costs("ja")["の"] == costs[0]


def test_each_language_of_a_candidate_has_costs() -> None:
    assert all(pair_costs(language) for candidate in SINGLE_BYTE.values() for language in candidate.languages)
    assert all(character_costs(language) for candidate in EAST_ASIAN.values() for language in candidate.languages)
