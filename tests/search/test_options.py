"""The options of a search."""

from ingest.search.fusion import DEFAULT_WEIGHTS
from ingest.search.options import SearchOptions


def test_the_defaults_are_those_of_a_request_without_options() -> None:
    options = SearchOptions()

    assert (options.limit, options.weights, options.ranker, options.score_threshold) == (
        10,
        DEFAULT_WEIGHTS,
        "auto",
        0.0,
    )
    assert (options.max_per_file, options.fold_duplicates, options.expand) == (None, False, 0)
    assert (options.explain, options.explain_file_ids, options.index) == (False, (), "current")
