"""The local model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ingest.config import Settings
from ingest.errors import Abandoned, Refused
from ingest.steps.embed import MAX_PARTS, build
from ingest.steps.embed.local import LocalEmbedder
from ingest.steps.vectors import Vectors


@pytest.fixture(scope="module")
def embedder() -> LocalEmbedder:
    return LocalEmbedder(Settings())


def test_vectors_are_close_to_those_of_the_published_model(embedder: LocalEmbedder) -> None:
    # Computed in fp32 from the same weights by a second, plain numpy implementation of BERT.
    expected = np.load(Path(__file__).parent / "minilm_fp32.npz")

    rows = np.concatenate(embedder.embed([str(text) for text in expected["texts"]]))

    assert (rows * expected["vectors"]).sum(axis=1).min() > 0.99


def test_a_vector_does_not_depend_on_the_other_texts(embedder: LocalEmbedder) -> None:
    alone = embedder.embed(["a text"])[0]
    among_others = embedder.embed(["another, much longer text " * 20, "a text"])[1]

    assert np.array_equal(alone, among_others)


def test_padding_and_truncation_of_the_published_tokenizer_are_off(embedder: LocalEmbedder) -> None:
    assert [len(rows) for rows in embedder.embed(["one", "word " * 290, "word " * 310, "word " * 900])] == [1, 1, 2, 4]


def test_a_very_long_query_is_read_in_a_bounded_number_of_parts(
    embedder: LocalEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def read(part: Sequence[int]) -> Vectors:
        lengths.append(len(part))
        return np.ones((1, embedder.dimensions), np.float32)

    monkeypatch.setattr(embedder, "_row", read)

    assert embedder.embed_query("." * 32_768).shape == (embedder.dimensions,)
    assert len(lengths) == MAX_PARTS


@pytest.mark.parametrize("sign", [".", "=", "_", "的", "\ufdfa", "a ", "!"])
def test_a_text_of_one_repeated_sign_is_read_in_few_parts(
    embedder: LocalEmbedder, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    lengths: list[int] = []

    def read(part: Sequence[int]) -> Vectors:
        lengths.append(len(part))
        return np.ones((1, embedder.dimensions), np.float32)

    monkeypatch.setattr(embedder, "_row", read)
    windows = [sign * 12_800] * 10

    vectors = embedder.embed(windows)

    assert all(1 <= len(rows) <= MAX_PARTS for rows in vectors)
    assert len(lengths) <= MAX_PARTS  # equal windows are embedded once


def test_a_window_of_different_signs_is_read_in_a_bounded_number_of_parts(
    embedder: LocalEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def read(part: Sequence[int]) -> Vectors:
        lengths.append(len(part))
        return np.ones((1, embedder.dimensions), np.float32)

    monkeypatch.setattr(embedder, "_row", read)

    embedder.embed(["".join(sign * 64 for sign in ".-=_*#/" * 30)])

    assert len(lengths) == MAX_PARTS


@pytest.mark.parametrize("other", [{"embedding_model": "text-embedding-3-small"}, {"embedding_dimensions": 1536}])
def test_another_model_without_a_url_is_refused(other: dict[str, str | int]) -> None:
    with pytest.raises(Refused, match="INGEST_EMBEDDING_URL"):
        build(Settings.model_validate(other))


def test_a_file_that_is_no_longer_wanted_is_abandoned_within_16_windows(embedder: LocalEmbedder) -> None:
    answers = iter([True, False])

    with pytest.raises(Abandoned):
        embedder.embed(["a text"] * 17, lambda: next(answers))
