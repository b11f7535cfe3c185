"""The folders of one parser process: the file to parse, which it may only read, and the files that it may write."""

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

from ingest.steps.parse.scratch import SCRATCH_FILES

_PREFIX = f"ingest-parser@{socket.gethostname()}@"
"""The machine, because several may share a data folder; the worker's pid follows."""

_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP)


class ChildFolder:
    """Folders that only this user can enter. The file to parse is a hard link where that works, else a copy.

    A descriptor would not do: parsers open the file by a path, some of them twice, and Landlock also refuses to open
    /proc/self/fd/N of a file whose path it refuses.
    """

    def __init__(self, data: Path | None) -> None:
        """Create the folders: that of the file in the data folder, if there is one, because blobs are there too.

        Raises OSError.
        """
        _remove_orphans(Path(tempfile.gettempdir()))
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}@"))
        self.scratch = tuple(self._folder / f"scratch-{number}" for number in range(SCRATCH_FILES))
        self.errors = self._folder / "stderr"
        for path in (*self.scratch, self.errors):
            path.touch(mode=0o600)
        self.input = self._make_input_folder(data)
        self._placed = self.input / "uploaded-blob"

    def place(self, path: Path) -> Path:
        """Make a file readable for the parser process and return its path there. Raises OSError."""
        self.clear()
        try:
            os.link(path, self._placed)
        except OSError as exc:
            if exc.errno not in _NO_LINK:
                raise
            shutil.copyfile(path, self._placed)
        return self._placed

    def clear(self) -> None:
        """Take the file away."""
        self._placed.unlink(missing_ok=True)

    def last_error_line(self) -> str:
        """Return the last line that the process wrote to standard error, or ""."""
        with self.errors.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 4096))
            lines = file.read().decode("utf-8", "replace").split("\n")
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")

    def remove(self) -> None:
        """Delete the folders and what is in them."""
        for folder in (self.input, self._folder):
            shutil.rmtree(folder, ignore_errors=True)

    def _make_input_folder(self, data: Path | None) -> Path:
        if data is not None and data.is_dir():
            try:
                run = data / "run"
                run.mkdir(mode=0o700, exist_ok=True)
                _remove_orphans(run)
                return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}@", dir=run))
            except OSError:  # read-only, or full: the temporary folder serves as well
                pass
        folder = self._folder / "input"
        folder.mkdir(mode=0o700)
        return folder


def _remove_orphans(parent: Path) -> None:
    """Delete the folders of workers that were killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("@")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)
