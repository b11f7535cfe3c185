"""The memory limit of the parser process: its address space above what it has already."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

_MIB = 2**20

_statm: tuple[int, int] | None = None
"""The pid of this process and its open /proc/self/statm: after its start, the parser process cannot open it."""


def limit_memory(mib: int) -> None:
    """Let this process allocate `mib` MiB more than it has now."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = (used_memory_mib()[0] + mib) * _MIB
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def lift_memory_limit() -> None:
    """Let this process allocate what the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


@contextmanager
def without_memory_limit() -> Iterator[None]:
    """Lift the limit inside the context. What the process allocates meanwhile and keeps does not count afterwards."""
    if not is_memory_limited():
        yield
        return
    limit, before = address_space_limit(), used_memory_mib()[0]
    lift_memory_limit()
    try:
        yield
    finally:
        grown_mib = max(0, used_memory_mib()[0] - before)
        set_address_space_limit(limit + grown_mib * _MIB)


def is_memory_limited() -> bool:
    """Return whether this process has a limit below that of the system."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    return soft != hard


def used_memory_mib() -> tuple[int, int]:
    """Return the address space and the resident set of this process in MiB."""
    global _statm
    if _statm is None or _statm[0] != os.getpid():
        _statm = os.getpid(), os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    pages = os.pread(_statm[1], 256, 0).split()
    page_bytes = resource.getpagesize()
    return int(pages[0]) * page_bytes // _MIB, int(pages[1]) * page_bytes // _MIB


def address_space_limit() -> int:
    """Return the present limit in bytes."""
    return resource.getrlimit(resource.RLIMIT_AS)[0]


def set_address_space_limit(limit: int) -> None:
    """Set the limit in bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
