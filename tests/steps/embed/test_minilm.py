import os
from pathlib import Path

import numpy as np
import pytest

from ingest.config import Settings
from ingest.errors import DependencyDown, Refused
from ingest.steps.embed import build, minilm
from ingest.steps.embed.local import LocalEmbedder


@pytest.fixture(scope="module")
def embedder() -> LocalEmbedder:
    return LocalEmbedder(Settings())


def test_vectors_are_near_the_published_models(embedder: LocalEmbedder) -> None:
    # Computed in fp32 from the same weights by a second, plain numpy implementation of BERT.
    expected = np.load(Path(__file__).parent / "minilm_fp32.npz")

    rows = np.concatenate(embedder.embed([str(text) for text in expected["texts"]]))

    assert (rows * expected["vectors"]).sum(axis=1).min() > 0.99


def test_a_text_has_the_same_vector_whatever_stands_beside_it(embedder: LocalEmbedder) -> None:
    alone = embedder.embed(["a text"])[0]
    beside = embedder.embed(["another, much longer text " * 20, "a text"])[1]

    assert np.array_equal(alone, beside)


def test_padding_and_truncation_of_the_published_tokenizer_are_off(embedder: LocalEmbedder) -> None:
    assert [len(rows) for rows in embedder.embed(["one", "word " * 290, "word " * 310, "word " * 900])] == [1, 1, 2, 4]


def test_a_built_graph_is_found_and_not_built_again(tmp_path: Path) -> None:
    built = minilm.built([Settings().models_dir, tmp_path])
    before = built.stat().st_mtime_ns

    assert minilm.built([tmp_path, built.parent]) == built
    assert built.stat().st_mtime_ns == before
    assert list(tmp_path.iterdir()) == []


def test_it_is_built_in_the_next_folder_if_the_first_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    built = minilm.built([tmp_path / "file" / "models", tmp_path / "data"])

    assert built.parent == tmp_path / "data"
    assert not [name for name in os.listdir(built.parent) if name.endswith(".tmp")]


def test_no_folder_to_write_to_is_a_dependency_down(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DependencyDown, match="no folder"):
        minilm.built([tmp_path / "file" / "models"])


@pytest.mark.parametrize("other", [{"embedding_model": "text-embedding-3-small"}, {"embedding_dimensions": 1536}])
def test_another_model_without_a_url_is_refused(other: dict[str, str | int]) -> None:
    with pytest.raises(Refused, match="INGEST_EMBEDDING_URL"):
        build(Settings.model_validate(other))
