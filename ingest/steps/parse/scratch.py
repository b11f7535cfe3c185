"""Temporary files of the parser process.

Its worker makes a fixed number of files for it, and the cage lets it write no others: so their number times the size that
RLIMIT_FSIZE allows bounds what a hostile file can take of the disk. Other processes use ordinary temporary files.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SCRATCH_FILES = 6
"""Enough for a repaired copy and for one file at each level of files in files (nested.MAX_DEPTH)."""

_free: list[Path] | None = None


def use_scratch_files(paths: Sequence[Path]) -> None:
    """Have `scratch_file` lend these files, which exist, and no others."""
    global _free
    _free = list(paths)
    # Libraries ask for the folder when they are imported, and Python would look for one by writing.
    tempfile.tempdir = str(_free[0].parent)


@contextmanager
def scratch_file() -> Iterator[Path]:
    """Lend an empty file for the time of the context. Raises OSError if all are lent."""
    if _free is None:
        with tempfile.NamedTemporaryFile(prefix="ingest-parse-") as file:
            yield Path(file.name)
        return
    if not _free:
        raise OSError("a parser uses too many temporary files at a time")
    path = _free.pop()
    try:
        yield path
    finally:
        path.open("wb").close()  # empty again
        _free.append(path)
