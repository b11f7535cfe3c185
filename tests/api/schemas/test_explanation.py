"""Explanations as JSON."""

from api.schemas.explanation import Explanation, PageExplanation
from ingest.search.absence import FileExplanation
from ingest.search.explanation import DenseExplanation, LexicalExplanation, RerankExplanation
from ingest.search.explanation import Explanation as Ranked

DENSE = DenseExplanation(rank=1, cosine=0.6, floor=0.2, part=0.5, weight=0.6)
LEXICAL = LexicalExplanation(rank=None, bm25=2.0, ceiling=8.0, part=0.25, weight=0.4, matched_terms=("safe",))
RANKED = Ranked(
    query="safe",
    rank=2,
    score=0.9,
    fused_rank=3,
    fused_score=0.4,
    fusion="absolute",
    dense=DENSE,
    lexical=LEXICAL,
    rerank=RerankExplanation(1, 0.9),
    filter="matched",
)


def test_a_ranked_result_is_shown_with_all_keys() -> None:
    assert Explanation.from_ranked(RANKED).model_dump(mode="json") == {
        "query": "safe",
        "rank": 2,
        "score": 0.9,
        "fused_rank": 3,
        "fused_score": 0.4,
        "fusion": "absolute",
        "dense": {"rank": 1, "cosine": 0.6, "floor": 0.2, "part": 0.5, "weight": 0.6},
        "lexical": {
            "rank": None,
            "bm25": 2.0,
            "ceiling": 8.0,
            "part": 0.25,
            "weight": 0.4,
            "matched_terms": ["safe"],
        },
        "rerank": {"rank": 1, "score": 0.9},
        "filter": "matched",
    }


def test_a_file_is_explained_with_the_keys_that_apply() -> None:
    files = [
        FileExplanation("file-1", "not_in_store", "It is not there."),
        FileExplanation("file-2", "beyond_limit", "It is late.", rank=14, score=0.0),
    ]

    assert PageExplanation.of_files(files).model_dump(mode="json") == {
        "files": [
            {"file_id": "file-1", "reason": "not_in_store", "message": "It is not there."},
            {"file_id": "file-2", "reason": "beyond_limit", "message": "It is late.", "rank": 14, "score": 0.0},
        ]
    }
