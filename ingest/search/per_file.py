"""The cap on passages of one file, `max_per_file`."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ingest.search.passages import RankedPassage


def cap_per_file(passages: Sequence[RankedPassage], max_per_file: int | None) -> list[RankedPassage]:
    """Return the passages in their order, of each file the first `max_per_file`; all if it is None."""
    if max_per_file is None:
        return list(passages)
    seen: Counter[int] = Counter()
    kept = []
    for passage in passages:
        seen[passage.hit.row] += 1
        if seen[passage.hit.row] <= max_per_file:
            kept.append(passage)
    return kept


def count_within_cap(file_rows: Iterable[int], max_per_file: int | None) -> int:
    """Return how many passages of these files a cap leaves; `file_rows` has the file of each passage."""
    counts = Counter(file_rows)
    return sum(count if max_per_file is None else min(count, max_per_file) for count in counts.values())
