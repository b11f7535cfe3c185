"""The `Index` protocol. `tests/contracts/test_index.py` holds every implementation to it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ingest.steps.filters import Filter
from ingest.steps.index.points import Hit, Point, PointKey, PointOwner, PointRef, StoredText
from ingest.steps.vectors import SparseVector, Vectors


class Index(Protocol):
    """The points of all stores that use one embedding model.

    A point is identified by (row, generation, number) and not by the attempt that wrote it: writes are idempotent.
    A change is visible to searches when its method returns.
    Every method raises DependencyDown("qdrant") when the index cannot be reached.
    """

    def ensure_collection(self) -> None:
        """Create the collection and its payload indexes if they are missing. Several processes may call it at once."""

    def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
        """Write points. Raises DependencyDown if a vector has the wrong number of dimensions."""

    def read_vectors(self, row: int, generation: int, numbers: range) -> dict[str, Vectors]:
        """Return the dense vectors of the existing chunks among `numbers` (a few hundred), keyed by chunk text."""

    def delete_points_of_file(self, row: int, file_id: str) -> None:
        """Delete the points of a row that name this file, and none of those that name another one."""

    def delete_chunks_from(self, row: int, generation: int, first_number: int) -> None:
        """Delete the chunks of one generation of a row whose number is `first_number` or more."""

    def count_points(self, row: int, generation: int) -> int:
        """Return the exact number of points of one generation of a row."""

    def delete_generations(self, ranges: Sequence[tuple[int, int, int]]) -> None:
        """Delete, for each (row, first, last), the points of generations `first` to `last` of the row, inclusive."""

    def delete_store(self, vector_store_id: str) -> None:
        """Delete all points of a store."""

    def set_attributes(self, owner: PointOwner) -> None:
        """Replace the filterable attributes on all points of the owner's row and file, in every generation."""

    def search(
        self,
        project: str,
        vector_store_id: str,
        *,
        dense: Vectors | None,
        sparse: SparseVector | None,
        filters: Filter | None,
        limit: int,
        rows: Sequence[int] | None = None,
    ) -> tuple[list[Hit], list[Hit]]:
        """Return the best chunks of a project's store by dense vector and by terms: two lists, best first.

        A query part that is None is not searched and returns an empty list. The inverse document frequency of a term
        comes from the whole store, whatever the filter selects. With `rows` only the points of these rows are searched.
        """

    def score_points(self, points: Sequence[PointKey], dense: Vectors) -> dict[PointKey, float]:
        """Return the exact scores of the existing points among a few hundred, as `search` gives them for this vector."""

    def read_texts(self, points: Sequence[PointKey]) -> dict[PointKey, StoredText]:
        """Return the texts of those of the points (a few hundred) that exist, in one request."""

    def scan_points(self, rows: Sequence[int] | None = None, *, with_checksums: bool = False) -> Iterator[PointRef]:
        """Yield every point, or those of at most MAX_ROWS_PER_REQUEST rows, in no useful order.

        With `with_checksums`, the texts of the points are read as well.
        """

    def find_row_above(self, row: int) -> int | None:
        """Return the row number of any point that is greater than `row`; None without one."""

    def read_points(self, row: int, generation: int, file_id: str) -> Iterator[Point]:
        """Yield the points of one generation of a row that name this file, as they were written, in no useful order."""

    def ping(self) -> None:
        """Check that the index answers."""

    def close(self) -> None:
        """Close the connections."""
