"""The folder through which the processes of `ingest up` share their metrics: in memory, so that a full disk does not matter."""

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")

_OWNER = "supervisor.pid"


def make_metrics_folder(data: Path) -> Path:
    """Return an empty folder: in shared memory if that works, else below the data folder."""
    folder, folder_on_disk = _folder_in_memory(data), data / "run" / "metrics"
    shutil.rmtree(folder_on_disk, ignore_errors=True)
    try:
        _delete_abandoned()
        _recreate(folder)
    except OSError:  # no shared memory, a full one, or a folder of another user with this name
        folder = folder_on_disk
        with suppress(OSError):  # on a full disk, each process counts for itself
            folder.mkdir(parents=True, exist_ok=True)
    return folder


def delete_metrics_folder(data: Path) -> None:
    """Free the shared memory. Without this, the next start of the same data folder frees it."""
    shutil.rmtree(_folder_in_memory(data), ignore_errors=True)


def _folder_in_memory(data: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:16]
    return SHARED_MEMORY / f"ingest-{os.getuid()}-{digest}"


def _recreate(folder: Path) -> None:
    with suppress(FileNotFoundError):
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
            raise PermissionError(f"{folder} is not ours")
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    (folder / _OWNER).write_text(str(os.getpid()))


def _delete_abandoned() -> None:
    """Delete the folders of services that were killed, also those of data folders that nobody uses again."""
    for owner in SHARED_MEMORY.glob(f"ingest-{os.getuid()}-*/{_OWNER}"):
        try:
            os.kill(int(owner.read_text()), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(owner.parent, ignore_errors=True)
        except OSError:  # gone meanwhile
            continue
