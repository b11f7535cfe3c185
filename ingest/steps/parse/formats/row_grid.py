"""Align the rows of a table whose cells have positions on the page: a merged cell spans the columns of others.

RTF and Word 97 store no spans. A row with merged cells has fewer cells, and their edges tell the columns.
"""

from collections.abc import Sequence

_TOLERANCE = 60  # twips; Word rounds the edges of a row
MAX_EDGES = 200
"""Edges of one row that are kept. Word allows 63 cells in a row."""

Row = tuple[list[str], tuple[int, ...]]
"""The cells of a row, and the edges of the cells from left to right: one more than cells, in twips."""


def align_rows(rows: Sequence[Row]) -> list[list[str]]:
    """Return the cells of all rows with an empty cell for each further column that a cell spans.

    The columns are those of the row with the most cells. A row with an edge elsewhere stays as it is.
    """
    columns = max((edges for cells, edges in rows if len(edges) == len(cells) + 1), key=len, default=())
    return [_aligned(cells, edges, columns) for cells, edges in rows]


def _aligned(cells: list[str], edges: tuple[int, ...], columns: tuple[int, ...]) -> list[str]:
    if len(edges) != len(cells) + 1 or (len(edges) >= len(columns) and edges[0] == columns[0]):
        return cells
    positions: list[int] = []
    for edge in edges:
        first = positions[-1] + 1 if positions else 0
        found = next((n for n in range(first, len(columns)) if abs(columns[n] - edge) <= _TOLERANCE), None)
        if found is None:
            return cells
        positions.append(found)
    aligned = [""] * (len(columns) - 1)
    for position, cell in zip(positions, cells, strict=False):
        aligned[position] = cell
    return aligned
