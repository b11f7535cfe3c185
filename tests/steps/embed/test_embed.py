"""The choice of an embedder, and the arithmetic that embedders share."""

from pathlib import Path

import numpy as np
import pytest

from ingest.config import EmbeddingModel, Settings
from ingest.steps.embed import MAX_PARTS, build, folder_bytes, mean_vector, normalize, spread_parts
from ingest.steps.embed.folder import FolderEmbedder
from ingest.steps.embed.local import LocalEmbedder
from ingest.steps.embed.remote import RemoteEmbedder
from tests.model_folders import write_tiny


def test_a_url_or_a_folder_chooses_the_embedder(tmp_path: Path) -> None:
    assert isinstance(build(Settings(embedding_url="http://model/v1")), RemoteEmbedder)
    assert isinstance(build(Settings(embedding_model_path=write_tiny(tmp_path))), FolderEmbedder)
    assert isinstance(build(Settings()), LocalEmbedder)


def test_rows_are_scaled_to_length_1_and_zeros_stay_zeros() -> None:
    rows = normalize(np.array([[3, 4], [0, 0]], np.float32))

    assert rows == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
    assert rows.dtype == np.float32


def test_the_parts_of_a_long_query_are_thinned_evenly() -> None:
    assert list(spread_parts(range(MAX_PARTS))) == list(range(MAX_PARTS))
    assert list(spread_parts(range(15))) == list(range(0, 15, 2))
    assert len(spread_parts(range(110))) == MAX_PARTS


def test_the_mean_of_rows_has_length_1() -> None:
    assert mean_vector(np.array([[1, 0], [0, 1]], np.float32)) == pytest.approx([0.5**0.5, 0.5**0.5])


def test_the_graphs_in_folders_are_counted_in_bytes(tmp_path: Path) -> None:
    models = tuple(EmbeddingModel(model_path=write_tiny(tmp_path / name)) for name in ("one", "two"))
    size = (tmp_path / "one/onnx/model.onnx").stat().st_size

    assert folder_bytes(Settings()) == 0
    assert folder_bytes(Settings(embedding_models=models)) == 2 * size
