"""Ranked passages for tests of single stages."""

from collections.abc import Sequence

from ingest.db.content.members import LiveFile
from ingest.search.candidates import PartScore
from ingest.search.passages import RankedPassage
from ingest.steps.index import Hit


def passages_of(*rows: int, scores: Sequence[float] | None = None, query: str = "q") -> list[RankedPassage]:
    """Return one passage for each row of a file, with falling scores unless they are given."""
    falling = [1 - number / 100 for number in range(len(rows))]
    return [
        _passage(row, number, score, query)
        for number, (row, score) in enumerate(zip(rows, scores or falling, strict=True))
    ]


def _passage(row: int, number: int, score: float, query: str) -> RankedPassage:
    hit = Hit(row=row, generation=1, number=number, text=f"text {number}", location={}, score=score)
    file = LiveFile(file_id=f"file-{row}", filename=f"{row}.txt", attributes={}, generation=1, model="fake")
    return RankedPassage(hit, file, "fake", query, PartScore(score, number + 1), None, score=score, fused_score=score)
