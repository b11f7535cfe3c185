"""Lines of a manifest: bounded in length, and counted."""

from typing import TextIO

MAX_LINE_CHARACTERS = 1_000_000
"""A longer line is a problem of the manifest, and is not read into memory."""

_LINE_ENDS = ("\n", "\r")


class InvalidLine(Exception):
    """A line of a manifest that cannot be parsed."""


class Lines:
    """The lines of a file. Raises InvalidLine for one that is too long, and goes on with the next one."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0
        """Of the last line that was read, from 1."""

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) < MAX_LINE_CHARACTERS or line.endswith(_LINE_ENDS):
            return line
        while (rest := self._file.readline(MAX_LINE_CHARACTERS)) and not rest.endswith(_LINE_ENDS):
            pass
        raise InvalidLine(f"Longer than {MAX_LINE_CHARACTERS:,} characters")
