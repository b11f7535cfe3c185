"""Lock this process, as far as the kernel can."""

import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.steps.parse.cage.kernel import drop_capabilities, set_no_new_privileges
from ingest.steps.parse.cage.landlock import restrict_files
from ingest.steps.parse.cage.readable import readable_paths
from ingest.steps.parse.cage.seccomp import Rights, install_filter
from ingest.steps.parse.memory_limit import used_memory_mib

MAX_OPEN_FILES = 256
MAX_WRITTEN_BYTES = 512 * 2**20
"""Size of one file that a parser writes: what the files in a file may have together (nested.py)."""

_LIBRARY_MIB = 4096
"""Address space for libraries, whose import does not count against a file: onnxruntime and OpenCV take about 1 GiB."""


@dataclass(frozen=True)
class CageState:
    """What restricts a process. `landlock` is the version of the kernel's interface, or 0; `missing` says what is not
    there and why, or is empty."""

    landlock: int
    seccomp: bool
    missing: str = ""


def set_hard_limits(memory_mib: int) -> None:
    """Set the limits that this process cannot raise. `memory_mib` is the memory of a file and of its OCR together."""
    memory = (used_memory_mib()[0] + memory_mib + _LIBRARY_MIB) * 2**20
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _lower(resource.RLIMIT_FSIZE, MAX_WRITTEN_BYTES)
    _lower(resource.RLIMIT_AS, memory)


def lock(
    rights: Rights, *, handlers: str, readable: Sequence[Path], writable: Sequence[Path], private: Sequence[Path]
) -> CageState:
    """Restrict this process for ever, and return what the kernel enforces.

    It may read what Python and `handlers` need, and `readable`, but nothing in `private`, and may write the files
    `writable`.
    """
    missing: list[str] = []
    version, is_filtered = 0, False
    drop_capabilities()
    set_no_new_privileges()
    try:
        folders = [*readable_paths(handlers, private), *readable]
        version = restrict_files(folders, writable, may_execute=rights.may_run_programs)
    except OSError as exc:
        missing.append(f"Landlock ({exc.strerror})")
    try:
        install_filter(rights)
        is_filtered = True
    except OSError as exc:
        missing.append(f"seccomp ({exc.strerror})")
    return CageState(version, is_filtered, ", ".join(missing))


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))
