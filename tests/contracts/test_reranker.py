"""The contract of `Reranker`, for `FakeReranker`, a server of each format on this machine, and a generated local model."""

from collections.abc import Iterator
from typing import Any

import pytest

from ingest.config import Settings
from ingest.steps import rerank
from ingest.steps.rerank import Reranker
from tests.fakes import FakeReranker
from tests.rerankers import rerank_server, write_cross_encoder

QUERY = "heron at dawn"


@pytest.fixture(scope="module", params=["fake", "cohere", "cohere-objects", "tei", "logits", "local"])
def reranker(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reranker]:
    if request.param == "fake":
        yield FakeReranker()
        return
    with rerank_server() as server:
        server.logits = request.param == "logits"
        server.speaks = "cohere" if server.logits or request.param == "local" else request.param
        if request.param == "local":
            settings = Settings(rerank_model_path=write_cross_encoder(tmp_path_factory.mktemp("model")))
        else:
            settings = Settings(rerank_url=server.url)
        built = rerank.build(settings)
        assert built is not None
        yield built
        built.close()


def scores_of(reranker: Reranker, *pairs: rerank.Pair) -> list[float]:
    scores = [score for score in reranker.score(pairs) if score is not None]
    assert len(scores) == len(pairs)
    return scores


def test_a_passage_with_more_of_the_query_has_a_higher_score(reranker: Reranker) -> None:
    none, one, all_words = scores_of(reranker, (QUERY, "the otter"), (QUERY, "a heron"), (QUERY, "heron at dawn"))

    assert 0 <= none < one < all_words <= 1


def test_scores_come_in_the_order_of_the_pairs_whatever_their_queries(reranker: Reranker) -> None:
    pairs = [("heron", "heron"), ("otter", "heron"), ("heron", "otter"), ("otter", "otter")]
    near, far, far_too, near_too = scores_of(reranker, *pairs)

    assert near == near_too > far == far_too


def test_a_score_does_not_depend_on_the_other_pairs(reranker: Reranker) -> None:
    [alone] = scores_of(reranker, (QUERY, "a heron"))

    assert scores_of(reranker, *[(QUERY, "the otter")] * 40, (QUERY, "a heron"))[-1] == alone


def test_no_pairs_have_no_scores(reranker: Reranker) -> None:
    assert reranker.score([]) == []


def test_a_closed_reranker_may_be_used_again(reranker: Reranker) -> None:
    reranker.close()

    assert len(scores_of(reranker, (QUERY, "a heron"))) == 1
