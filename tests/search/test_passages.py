"""Passages and results."""

import hashlib

from ingest.db.content.members import LiveFile
from ingest.search.passages import RankedPassage, to_result
from ingest.steps.index import Hit

FILE = LiveFile(generation=2, file_id="file-1", filename="a.txt", attributes={"year": 2024.0}, model="m")


def passage(score: float, text: str = "heron", number: int = 3) -> RankedPassage:
    hit = Hit(row=7, generation=2, number=number, text=text, score=0.5, location={"start": 0, "end": 5})
    return RankedPassage(hit, FILE, "m", "query", None, None, score=score, fused_score=score)


def test_a_result_shows_its_score_clipped_to_zero_and_one() -> None:
    assert [to_result(passage(score)).score for score in (-0.5, 0.25, 1.5)] == [0.0, 0.25, 1.0]


def test_a_result_has_its_file_and_where_in_it_the_passage_is() -> None:
    result = to_result(passage(0.5))

    assert (result.file_id, result.filename, result.attributes, result.text) == (
        "file-1",
        "a.txt",
        {"year": 2024.0},
        "heron",
    )
    digest = hashlib.sha256(b"heron").hexdigest()
    assert result.location == {"start": 0, "end": 5, "content_hash": digest, "generation": 2}
    assert (result.duplicates, result.explanation) == (None, None)


def test_a_passage_is_identified_by_its_row_and_number() -> None:
    assert passage(0.5).key == (7, 3)
