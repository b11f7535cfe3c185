"""Chunks: their limits, edges and repeated header rows."""

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.chunk import Chunk, Tokens, chunk

PROSE = (
    "The heron stood in the water. It waited for a fish, and nothing moved! Was it asleep? Nobody knew. " * 200
).strip()
ROWS = "Name | Town | Year\n" + "".join(f"Person {n} | Town {n % 7} | {1900 + n % 100}\n" for n in range(400))


@dataclass(frozen=True)
class Table:
    start: int
    header_end: int
    end: int


texts = st.one_of(
    st.integers(0, 3_000).map(lambda words: " a" * words),
    st.lists(st.sampled_from(["One two. ", "three\n", "四五六。", "seven ", "8" * 30, "\n\n"]), max_size=300).map(
        "".join
    ),
)


@given(texts, st.integers(1, 900), st.integers(0, 800))
@settings(max_examples=60, deadline=None)
def test_chunks_cover_the_text_within_their_limit_and_none_is_contained_in_the_previous_one(
    text: str, max_tokens: int, overlap: int
) -> None:
    overlap = min(overlap, max_tokens // 2)
    tokens = Tokens.from_text(text)

    chunks = chunk(tokens, max_tokens, overlap)

    assert all(0 < part.end - part.start <= max_tokens for part in chunks)
    assert all(one.start < two.start and one.end < two.end for one, two in itertools.pairwise(chunks))
    edges = [0, *(edge for part in chunks for edge in (part.start, part.end)), len(tokens)]
    between = [tokens.text(end, start) for end, start in zip(edges[::2], edges[1::2], strict=True) if end < start]
    assert not "".join(between).strip()  # only blank chunks are left out


@pytest.mark.parametrize(("max_tokens", "overlap"), [(800, 400), (400, 100), (100, 50), (512, 128)])
def test_good_edges_cost_no_chunks(max_tokens: int, overlap: int) -> None:
    tokens = Tokens.from_text(PROSE)
    at_exact_distances = len(range(0, len(tokens) - overlap, max_tokens - overlap))

    assert len(chunk(tokens, max_tokens, overlap)) <= at_exact_distances


def test_chunks_of_prose_begin_and_end_with_a_sentence() -> None:
    tokens = Tokens.from_text(PROSE)

    texts = [tokens.text(part.start, part.end) for part in chunk(tokens, 800, 400)]

    assert all(text.rstrip()[-1] in ".!?" for text in texts)
    assert all(text.lstrip()[0].isupper() for text in texts)


@pytest.mark.parametrize("overlap", [0, 10, 400])
def test_no_chunk_ends_inside_a_word_of_a_text_without_sentences(overlap: int) -> None:
    words = [f"{first}{second}ation" for first in ("inform", "regul", "oper") for second in "abcdefghij"] * 100
    tokens = Tokens.from_text(" ".join(words))

    for part in chunk(tokens, 800, overlap):
        assert set(tokens.text(part.start, part.end).split()) <= set(words)


def test_default_chunks_overlap_by_about_half_and_start_where_an_earlier_one_ends() -> None:
    tokens = Tokens.from_text(PROSE)

    chunks = chunk(tokens, 800, 400)

    overlaps = [one.end - two.start for one, two in itertools.pairwise(chunks)]
    assert all(300 <= overlap <= 450 for overlap in overlaps)
    shared = [one.end == three.start for one, three in zip(chunks, chunks[2:], strict=False)]
    assert sum(shared) >= 0.8 * len(shared)


def test_without_overlap_consecutive_chunks_add_up_to_the_text() -> None:
    tokens = Tokens.from_text(PROSE)

    assert "".join(tokens.text(part.start, part.end) for part in chunk(tokens, 200, 0)) == PROSE


def test_a_chunk_that_continues_a_table_repeats_its_header_within_its_limit() -> None:
    text = f"About people.\n\n{ROWS}\nAfter the table."
    start = text.index("Name |")
    table = Table(start, text.index("\n", start), start + len(ROWS) - 1)
    tokens = Tokens.from_text(text)

    first, *others = chunk(tokens, 200, 100, [table])

    assert first.header is None
    continued = [part for part in others if tokens.character_offset(part.start) < table.end]
    assert len(continued) > 20
    assert {part.header for part in continued} == {(table.start, table.header_end)}
    header_tokens = len(Tokens.from_text("Name | Town | Year\n"))
    assert all(part.end - part.start + header_tokens <= 200 for part in others)
    assert all(one.end >= two.start for one, two in itertools.pairwise([first, *others]))


def test_a_header_of_more_than_a_quarter_of_a_chunk_is_not_repeated() -> None:
    header = " | ".join(f"column {n}" for n in range(40))
    text = header + "\n" + "\n".join("x | y" for _ in range(400))
    tokens = Tokens.from_text(text)

    chunks = chunk(tokens, 200, 100, [Table(0, len(header), len(text))])

    assert {part.header for part in chunks} == {None}


def test_a_text_of_exactly_one_window_is_one_chunk() -> None:
    assert chunk(Tokens.from_text(" a" * 800), 800, 400) == [Chunk(0, 800)]


def test_one_more_token_than_a_window_makes_a_second_chunk() -> None:
    assert chunk(Tokens.from_text(" a" * 801), 800, 400) == [Chunk(0, 800), Chunk(400, 801)]


@pytest.mark.parametrize("text", ["", " \n\t\n  ", "\u3000" * 5_000])
def test_whitespace_makes_no_chunk(text: str) -> None:
    assert chunk(Tokens.from_text(text), 100, 0) == []


def test_a_blank_window_between_words_is_left_out() -> None:
    tokens = Tokens.from_text("start" + " \n\t" * 5_000 + "end")

    chunks = chunk(tokens, 100, 0)

    assert [tokens.text(part.start, part.end).strip() for part in chunks] == ["start", "end"]


def test_an_overlap_as_long_as_the_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        chunk(Tokens.from_text("word"), 100, 100)


def test_a_chunk_of_prose_tokenised_again_is_not_longer() -> None:
    text = "The committee shall, without delay, notify every member (see §4.2) of the 1,024 changes; don't wait. " * 300
    tokens = Tokens.from_text(text)

    longest = max(len(Tokens.from_text(tokens.text(span.start, span.end))) for span in chunk(tokens, 100, 50))

    assert longest <= 100
