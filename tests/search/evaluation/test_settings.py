"""Settings of evaluations, and the searches that they make."""

import pytest

from ingest.errors import InvalidRequest
from ingest.search.evaluation.golden import Expected, GoldenQuery
from ingest.search.evaluation.settings import SearchSettings, parse_changes

FILTER = {"type": "eq", "key": "year", "value": 2021}
FILES = GoldenQuery("q", (Expected("a.pdf"),), FILTER)
PASSAGES = GoldenQuery("q", (Expected(text="a"),))


def test_a_search_of_files_asks_for_one_passage_of_each() -> None:
    assert SearchSettings("s").body(FILES, 10) == {
        "query": "q", "max_num_results": 10, "max_per_file": 1, "filters": FILTER,
    }  # fmt: skip
    assert SearchSettings("s").body(PASSAGES, 20) == {"query": "q", "max_num_results": 20}


def test_settings_become_fields_of_the_search() -> None:
    changes = parse_changes(["text_weight=1, ranker=none", "index=other", "max_num_results=30", "score_threshold=0.2"])

    assert SearchSettings("s").with_changes(changes).body(PASSAGES, 10) == {
        "query": "q",
        "max_num_results": 30,
        "index": "other",
        "ranking_options": {
            "ranker": "none",
            "score_threshold": 0.2,
            "hybrid_search": {"embedding_weight": 0.0, "text_weight": 1},
        },
    }


def test_other_settings_start_from_the_first() -> None:
    first = SearchSettings("s").with_changes(parse_changes(["text_weight=1"]))

    second = first.with_changes(parse_changes(["store=t,embedding_weight=2"]))

    assert first.name == "s, text_weight=1"
    assert second.name == "t, text_weight=1, embedding_weight=2"


@pytest.mark.parametrize("option", ["weight=1", "text_weight", "=1"])
def test_an_unknown_setting_is_refused(option: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a setting"):
        parse_changes([option])
