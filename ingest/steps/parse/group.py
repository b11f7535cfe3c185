"""How many threads and processes a parser has started."""

from pathlib import Path


def processes_in_group(group: int) -> int:
    """Return the number of processes in a group. It takes about 20 us for each process of the machine."""
    return sum(_group_of(entry) == group for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def threads_of(pid: int) -> int:
    """Return the number of threads of a process, or 0 if it is gone."""
    try:
        return (Path("/proc") / str(pid) / "task").stat().st_nlink - 2  # one folder for each thread
    except OSError:
        return 0


def _group_of(process: Path) -> int:
    """Return the group of a process, or 0 if it is gone."""
    try:
        stat = (process / "stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[2])  # the name in parentheses may contain anything
