"""The logs that `ingest up` keeps below its data folder, read: the last lines of all processes in the order of time, and new ones."""

import os
import re
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.errors import Refused

POLL_SECONDS = 0.25
TAIL_BYTES = 4 * 2**20
"""What is read at most of the end of a file."""

_UTC_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z")
_LOCAL_TIMES = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d\d \w{3} \d{4} \d\d:\d\d:\d\d"), "%d %b %Y %H:%M:%S"),
    (re.compile(r"(?<=^\[[A-Z] )\d{6} \d\d:\d\d:\d\d"), "%y%m%d %H:%M:%S"),
)
"""The forms of the service's own processes, of the broker and of the task monitor."""

_HEAD_CHARACTERS = 200


@dataclass(frozen=True)
class LogLine:
    """A line, the process that wrote it, and when, in seconds since 1970."""

    process: str
    at: float
    text: str


def list_processes(data: Path) -> list[str]:
    """Return the processes that have a log. Raises Refused if there is none."""
    names = sorted(path.stem for path in (data / "logs").glob("*.log"))
    if not names:
        raise Refused(f"There are no logs in {data.absolute() / 'logs'}. Name the folder of the service with --data.")
    return names


def last_lines(data: Path, processes: Sequence[str], count: int) -> list[LogLine]:
    """Return the last lines of these processes, the oldest first."""
    lines = [line for name in processes for line in _tail(data, name, count)]
    lines.sort(key=lambda line: line.at)  # stable: the lines of one process stay in their order
    return lines[-count:]


def follow(
    data: Path, processes: Sequence[str], wait: Callable[[float], object] = time.sleep
) -> Generator[LogLine, None, None]:
    """Yield what these processes write from now on, also after their logs have rotated. Does not end."""
    followers = [_Follower(data / "logs" / f"{name}.log") for name in processes]
    try:
        while True:
            new = [line for follower in followers for line in follower.read()]
            yield from sorted(new, key=lambda line: line.at)
            if not new:
                wait(POLL_SECONDS)
    finally:
        for follower in followers:
            follower.close()


class _Follower:
    """Reads what is appended to a log from its present end on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        self._file.seek(0, os.SEEK_END)
        self._rest = b""

    def read(self) -> list[LogLine]:
        block = self._file.read()
        if self._is_rotated():
            block += self._file.read()  # what was written between both
            self._file.close()
            self._file = self._path.open("rb")
            block += self._file.read()
        *whole, self._rest = (self._rest + block).split(b"\n")
        return _to_lines(self._path.stem, whole, before=time.time())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _is_rotated(self) -> bool:
        try:
            return os.stat(self._path).st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:  # between the rename and the first line of the new file
            return False


def _tail(data: Path, process: str, count: int) -> list[LogLine]:
    """Return the last lines of a process, with those of its previous file if it has too few."""
    lines: deque[bytes] = deque(maxlen=count)
    for name in (f"{process}.log.1", f"{process}.log"):
        try:
            with (data / "logs" / name).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                lines.extend(file.read().splitlines()[1 if size > TAIL_BYTES else 0 :])
        except FileNotFoundError:
            continue
    return _to_lines(process, lines, before=0.0)


def _to_lines(process: str, lines: Sequence[bytes] | deque[bytes], *, before: float) -> list[LogLine]:
    """Return lines with their times; a line without one, as of a traceback, has that of the line before."""
    made, at = [], before
    for line in lines:
        text = line.decode(errors="replace")
        at = _time_of(text) or at
        made.append(LogLine(process, at, text))
    return made


def _time_of(text: str) -> float | None:
    """Return the time that a line states, in seconds since 1970."""
    if text.startswith("{"):  # the time of a JSON line is at its end
        found = _UTC_TIME.search(text[-_HEAD_CHARACTERS:]) or _UTC_TIME.search(text)
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp() if found else None
    for pattern, time_format in _LOCAL_TIMES:
        if found := pattern.search(text[:_HEAD_CHARACTERS]):
            try:
                return datetime.strptime(found[0], time_format).astimezone().timestamp()
            except ValueError:
                continue
    return None
