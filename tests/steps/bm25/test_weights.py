"""BM25 weights of documents."""

import numpy as np
import pytest

from ingest.steps.bm25.counts import TermCounts
from ingest.steps.bm25.hashing import title_id
from ingest.steps.bm25.title import title_terms
from ingest.steps.bm25.weights import document_vector


def term_counts(ids: list[int], counts: list[int], length: int) -> TermCounts:
    return TermCounts(np.array(ids), np.array(counts), length)


def test_weights_are_those_of_bm25() -> None:
    counts = term_counts([1, 2], [1, 3], 200)

    vector = document_vector(counts, mean_length=100.0)

    assert list(vector.indices) == [1, 2]
    assert list(vector.values) == pytest.approx([1 * 2.2 / (1 + 1.2 * 1.75), 3 * 2.2 / (3 + 1.2 * 1.75)])


def test_a_mean_length_of_zero_means_the_length_of_the_text_itself() -> None:
    assert list(document_vector(term_counts([1], [1], 10), 0.0).values) == pytest.approx([1.0])


def test_the_title_field_does_not_depend_on_the_length_of_the_text() -> None:
    title = title_terms("dog.txt")

    of_short, of_long = (document_vector(term_counts([1], [1], length), 10.0, title) for length in (5, 500))

    for vector in (of_short, of_long):
        weights = dict(zip(vector.indices, vector.values, strict=True))
        assert list(vector.indices) == sorted(vector.indices)
        assert weights[title_id("dog")] == 1.0
