"""The choice of an embedder, and the arithmetic that embedders share."""

import numpy as np
import pytest

from ingest.config import Settings
from ingest.steps.embed import build, mean_vector, normalize
from ingest.steps.embed.local import LocalEmbedder
from ingest.steps.embed.remote import RemoteEmbedder


def test_a_url_chooses_the_remote_embedder() -> None:
    assert isinstance(build(Settings(embedding_url="http://model/v1")), RemoteEmbedder)
    assert isinstance(build(Settings()), LocalEmbedder)


def test_rows_are_scaled_to_length_1_and_zeros_stay_zeros() -> None:
    rows = normalize(np.array([[3, 4], [0, 0]], np.float32))

    assert rows == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
    assert rows.dtype == np.float32


def test_the_mean_of_rows_has_length_1() -> None:
    assert mean_vector(np.array([[1, 0], [0, 1]], np.float32)) == pytest.approx([0.5**0.5, 0.5**0.5])
