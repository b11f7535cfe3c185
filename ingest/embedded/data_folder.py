"""The data folder before anything uses it: it exists, can be written, and belongs to one user."""

import os
from collections.abc import Callable
from pathlib import Path

from ingest.errors import Refused
from ingest.runtime import disk_space, private_files


def make_data_folder(data: Path) -> None:
    """Create a data folder unless it exists.

    Raises Refused, also when the folder above it is missing: it may be a disk that is not mounted.
    """
    try:
        data.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError as exc:
        raise Refused(f"The data folder {data} cannot be made: there is no folder {data.absolute().parent}.") from exc
    except OSError as exc:
        raise Refused(f"The data folder {data} cannot be made: {os.strerror(exc.errno or 0)}.") from exc


def prepare_data_folder(data: Path, report: Callable[[str], None]) -> None:
    """Make an existing data folder private to this user, and check that it can be written.

    Reports changed permissions, and a disk that is almost full, which refuses uploads. Raises Refused if nothing can be
    written.
    """
    try:
        changed = private_files.restrict_data_folder(data)
        if changed:
            report(f"other users could enter {changed} files or folders of {data}; now only their owner can")
    except OSError as exc:
        report(f"the permissions of {exc.filename} cannot be changed ({exc.strerror}); other users may read the data")
    try:
        disk_space.check_writable(data)
        shortage = disk_space.read(data).shortage
    except OSError as exc:
        raise Refused(f"The data folder {data} cannot be written: {exc.strerror}.") from exc
    if shortage:
        report(f"{shortage}; uploads are refused until there is room")
