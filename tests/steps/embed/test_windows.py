"""Windows of chunks that are longer than the model's context."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.embed.windows import Span, WindowPlan, fits_one_window, plan_windows


def cut(total: int, max_tokens: int, overlap: int) -> list[Span]:
    starts = range(0, max(total - overlap, min(total, 1)), max_tokens - overlap)
    return [Span(start, min(start + max_tokens, total)) for start in starts]


def embedded_share(plan: WindowPlan, total: int) -> float:
    return sum(span.end - span.start for span in plan.spans) / total


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """(total, max_tokens, overlap, window_tokens) as the API allows them."""
    max_tokens = draw(st.integers(100, 4096))
    return draw(st.integers(1, 20_000)), max_tokens, draw(st.integers(0, max_tokens // 2)), draw(st.integers(40, 2_000))


@given(layouts())
def test_every_token_of_a_chunk_is_in_one_of_its_windows(layout: tuple[int, int, int, int]) -> None:
    total, max_tokens, overlap, window_tokens = layout
    chunks = cut(total, max_tokens, overlap)

    plan = plan_windows(chunks, window_tokens)

    for span, indexes in zip(chunks, plan.windows_of_chunk, strict=True):
        spans = [plan.spans[i] for i in indexes]
        assert spans[0].start <= span.start
        assert spans[-1].end >= span.end
        assert all(earlier.end == later.start for earlier, later in itertools.pairwise(spans))


@given(layouts())
def test_windows_are_of_bounded_length_and_none_is_unused(layout: tuple[int, int, int, int]) -> None:
    total, max_tokens, overlap, window_tokens = layout

    plan = plan_windows(cut(total, max_tokens, overlap), window_tokens)

    assert all(0 < span.end - span.start <= window_tokens * 1.1 for span in plan.spans)
    assert {i for indexes in plan.windows_of_chunk for i in indexes} == set(range(len(plan.spans)))


@given(layouts())
def test_a_token_is_embedded_once(layout: tuple[int, int, int, int]) -> None:
    total, max_tokens, overlap, window_tokens = layout

    plan = plan_windows(cut(total, max_tokens, overlap), window_tokens)

    assert embedded_share(plan, total) <= 1


@pytest.mark.parametrize(
    ("window_tokens", "fits"), [(None, True), (800, True), (728, True), (727, False), (200, False)]
)
def test_a_chunk_fits_a_window_that_is_about_as_long(window_tokens: int | None, fits: bool) -> None:
    assert fits_one_window(800, window_tokens) is fits


def test_default_chunks_share_windows_of_200_tokens() -> None:
    plan = plan_windows(cut(2_000, 800, 400), 200)

    assert plan.spans == [Span(i, i + 200) for i in range(0, 2_000, 200)]
    assert plan.windows_of_chunk == [range(4), range(2, 6), range(4, 8), range(6, 10)]


@pytest.mark.parametrize(
    ("max_tokens", "overlap"), [(800, 400), (800, 0), (800, 200), (512, 128), (1000, 200), (400, 200)]
)
def test_windows_of_round_settings_end_where_chunks_end(max_tokens: int, overlap: int) -> None:
    chunks = cut(10_000, max_tokens, overlap)

    plan = plan_windows(chunks, 200)

    assert all(
        (plan.spans[indexes.start].start, plan.spans[indexes.stop - 1].end) == (span.start, span.end)
        for span, indexes in zip(chunks, plan.windows_of_chunk, strict=True)
    )


def test_windows_are_not_much_shorter_than_asked_for() -> None:
    for max_tokens in range(250, 1_000, 7):
        for overlap in range(0, max_tokens // 2, 11):
            plan = plan_windows(cut(10_000, max_tokens, overlap), 200)

            assert 10_000 / len(plan.spans) >= 85


def test_a_short_rest_joins_the_last_window() -> None:
    plan = plan_windows(cut(805, 800, 400), 200)

    assert plan.spans[-1] == Span(602, 805)


def test_no_chunks_have_no_windows() -> None:
    assert plan_windows([], 200) == WindowPlan([], [])


def test_windows_of_omitted_chunks_are_omitted() -> None:
    plan = plan_windows([Span(0, 400), Span(2_000, 2_400)], 200)

    assert plan.spans == [Span(0, 200), Span(200, 400), Span(2_000, 2_200), Span(2_200, 2_400)]
    assert plan.windows_of_chunk == [range(2), range(2, 4)]


def test_chunks_that_end_a_little_before_the_next_start_share_its_windows() -> None:
    chunks = [Span(0, 790), Span(405, 1_190), Span(790, 1_580), Span(1_200, 1_990)]

    plan = plan_windows(chunks, 200)

    assert [span.start for span in plan.spans] == [0, 202, 405, 597, 790, 995, 1_200, 1_390, 1_580, 1_785]
    assert plan.windows_of_chunk == [range(4), range(2, 6), range(4, 8), range(6, 10)]
