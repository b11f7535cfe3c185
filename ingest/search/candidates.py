"""Candidates of a search: what the index returned, joined with what the database says about the files.

The points in the index lag behind the database. A candidate counts only if the database has the same file under its row
number, the same generation of the file, and attributes that still match the filter. The file differs if the database or
the index was restored from a backup: row numbers then come again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.db.content.members import LiveFile
from ingest.runtime.cancellation import checked
from ingest.steps import filters as filtering
from ingest.steps.filters import Filter
from ingest.steps.index import Hit

PassageKey = tuple[int, int]
"""The row of a file in a store, and the number of the chunk."""

HitsByModel = Mapping[str, Sequence[Hit]]


def passage_key(hit: Hit) -> PassageKey:
    """Return the identity of a hit's passage, which is the same in dense and lexical lists."""
    return hit.row, hit.number


@dataclass(frozen=True)
class PartScore:
    """The score of a passage in one list, and its rank there from 1; None if the list does not reach down to it."""

    score: float
    rank: int | None


@dataclass(frozen=True)
class Candidate:
    """A passage, the embedding model of its point, and its scores in the dense and the lexical list."""

    hit: Hit
    model: str
    dense: PartScore | None = None
    lexical: PartScore | None = None


@dataclass(frozen=True)
class LeastScores:
    """The greatest score that a passage can have which is not in the list of its model.

    It is the last score of a full list. A lexical list that ended before its depth has every passage with a word of the
    query, so the others have 0; a dense list says nothing then.
    """

    dense: Mapping[str, float]
    lexical: Mapping[str, float]


@dataclass(frozen=True)
class Candidates:
    """Dense and lexical hits by embedding model. Both have the same models."""

    dense: HitsByModel
    lexical: HitsByModel

    def all_hits(self) -> Iterator[tuple[str, Hit]]:
        """Yield each hit with its model."""
        for model, hits in self.dense.items():
            for hit in (*hits, *self.lexical[model]):
                yield model, hit

    def rows(self) -> list[int]:
        """Return the sorted rows of the files that have hits."""
        return sorted({hit.row for _, hit in self.all_hits()})

    def passages(self) -> dict[PassageKey, Candidate]:
        """Return the passages with their scores. The lists of each model have ranks of their own."""
        found: dict[PassageKey, Candidate] = {}
        for model, hits in self.dense.items():
            for rank, hit in enumerate(hits, 1):
                found[passage_key(hit)] = Candidate(hit, model, dense=PartScore(hit.score, rank))
        for model, hits in self.lexical.items():
            for rank, hit in enumerate(hits, 1):
                candidate = found.get(passage_key(hit)) or Candidate(hit, model)
                found[passage_key(hit)] = replace(candidate, lexical=PartScore(hit.score, rank))
        return found

    def least_scores(self, depth: int) -> "LeastScores":
        """Return what the lists of a search of this depth say about passages that they do not have."""
        return LeastScores(
            dense={model: hits[-1].score if len(hits) >= depth else 1.0 for model, hits in self.dense.items()},
            lexical={model: hits[-1].score if len(hits) >= depth else 0.0 for model, hits in self.lexical.items()},
        )

    def are_exhausted(self, depth: int) -> bool:
        """Return whether every list ended before `depth`, so that a deeper search finds nothing more."""
        return all(len(hits) < depth for part in (self.dense, self.lexical) for hits in part.values())

    def miss_a_replaced_file(self, live_files: Mapping[int, LiveFile]) -> bool:
        """Return whether a file has hits of older generations only.

        It may have been replaced after the index was read. Then neither version of it would be found.
        """
        hits = [
            hit
            for model, hit in self.all_hits()
            if hit.row in live_files and model == live_files[hit.row].model and _is_of(hit, live_files[hit.row])
        ]
        current_rows = {hit.row for hit in hits if hit.generation == live_files[hit.row].generation}
        outdated_rows = {hit.row for hit in hits if hit.generation < live_files[hit.row].generation}
        return not outdated_rows <= current_rows

    def current(
        self, live_files: Mapping[int, LiveFile], filters: Filter | None, *, include_standby: bool
    ) -> "Candidates":
        """Return the hits that the database confirms.

        With `include_standby`, a file without hits of its live generation is represented by those of its standby
        generation: it may have cut over after its new points were searched. A file never counts with both.
        """
        standby = self._standby_generations(live_files) if include_standby else {}

        def is_current(model: str, hit: Hit) -> bool:
            file = live_files.get(hit.row)
            if file is None or not _is_of(hit, file):
                return False
            if not _is_live(model, hit, file) and standby.get(hit.row) != hit.generation:
                return False
            return filters is None or filtering.matches(filters, file.attributes, file.filename)

        return Candidates(
            dense={m: [hit for hit in checked(hits) if is_current(m, hit)] for m, hits in self.dense.items()},
            lexical={m: [hit for hit in checked(hits) if is_current(m, hit)] for m, hits in self.lexical.items()},
        )

    def _standby_generations(self, live_files: Mapping[int, LiveFile]) -> dict[int, int]:
        """Return the standby generations of the files without hits of their live generation."""
        rows_with_live_hits = {
            hit.row
            for model, hit in self.all_hits()
            if hit.row in live_files and _is_live(model, hit, live_files[hit.row])
        }
        return {
            row: file.standby_generation
            for row, file in live_files.items()
            if row not in rows_with_live_hits and file.standby_generation is not None
        }


def _is_of(hit: Hit, file: LiveFile) -> bool:
    return hit.file_id == file.file_id


def _is_live(model: str, hit: Hit, file: LiveFile) -> bool:
    return _is_of(hit, file) and file.model == model and file.generation == hit.generation
