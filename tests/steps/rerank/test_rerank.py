"""The choice of a reranker, and what both kinds share."""

from math import exp
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.steps import rerank
from ingest.steps.rerank.cross_encoder import LocalCrossEncoder
from ingest.steps.rerank.server import RerankServer


def test_without_settings_there_is_no_reranker() -> None:
    assert rerank.build(Settings()) is None


def test_a_url_means_a_server_and_a_folder_a_local_model(tmp_path: Path) -> None:
    assert isinstance(rerank.build(Settings(rerank_url="http://reranker")), RerankServer)
    assert isinstance(rerank.build(Settings(rerank_model_path=tmp_path)), LocalCrossEncoder)


@pytest.mark.parametrize("logit", [-800.0, -3.0, 0.0, 0.5, 800.0])
def test_a_sigmoid_is_a_probability_at_any_logit(logit: float) -> None:
    expected = 0.0 if logit < -700 else 1 / (1 + exp(-logit))

    assert rerank.sigmoid(logit) == pytest.approx(expected)
    assert 0 <= rerank.sigmoid(logit) <= 1


def test_the_best_score_ignores_windows_without_one() -> None:
    assert rerank.best([None, 0.2, 0.7]) == 0.7
    assert rerank.best([None]) is None
    assert rerank.best([0.0]) == 0.0
