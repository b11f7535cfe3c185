"""Windows of passages for a reranking server with a short context."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.chunk import Tokens
from ingest.steps.rerank.fitting import MAX_CHARACTERS, fit_query, split_passage

CONTEXT_TOKENS = 64


def words(count: int) -> str:
    return " ".join(f"word{n}" for n in range(count))


def test_without_a_bound_texts_stay_whole() -> None:
    assert fit_query(words(500), 0) == words(500)
    assert split_passage(words(500), "q", 0) == [words(500)]


def test_texts_of_any_length_are_cut_at_a_maximum() -> None:
    assert len(fit_query("x" * 100_000, 0)) == MAX_CHARACTERS
    assert len(split_passage("x" * 100_000, "q", 0)[0]) == MAX_CHARACTERS


def test_what_utf8_cannot_encode_is_replaced() -> None:
    assert fit_query("a\ud800", 0) == "a?"
    assert split_passage("a\ud800", "q", CONTEXT_TOKENS) == ["a?"]


def test_a_short_passage_stays_whole() -> None:
    assert split_passage("The heron fishes.", "heron", CONTEXT_TOKENS) == ["The heron fishes."]


def test_a_long_query_leaves_half_of_the_context_to_the_passage() -> None:
    query = fit_query(words(100), CONTEXT_TOKENS)

    assert words(100).startswith(query)
    assert 16 <= len(Tokens.from_text(query)) <= CONTEXT_TOKENS // 2


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.integers(1, 60), st.sampled_from([32, 64, 512]))
def test_windows_cover_the_passage_and_fit_beside_the_query(passage: int, query: int, context: int) -> None:
    fitted = fit_query(words(query), context)

    windows = split_passage(words(passage), fitted, context)

    assert "".join(windows) == words(passage)
    assert all(len(Tokens.from_text(window)) + len(Tokens.from_text(fitted)) <= context for window in windows)
    lengths = [len(Tokens.from_text(window)) for window in windows]
    assert max(lengths) - min(lengths) <= 1 + len(lengths) // 2, "no window is much shorter than the others"


def test_a_passage_of_whitespace_gives_one_text() -> None:
    assert len(split_passage(" \n" * 400, "q", CONTEXT_TOKENS)) == 1
