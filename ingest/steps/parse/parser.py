"""The parser of one worker process: reads text itself and gives everything else to a child it can afford to lose."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.charset import decode
from ingest.steps.parse.child import Child, Died, Overdue
from ingest.steps.parse.parsed import NO_TEXT, Parsed, check, clean
from ingest.steps.parse.sniff import HEAD_BYTES, sniff

if TYPE_CHECKING:
    from ingest.config import Settings

_HANDLERS = "ingest.steps.parse.formats"
_FILES_PER_CHILD = 500  # libraries leak a little; a new child costs about 0.1 s
_GROWTH_MIB = 512  # ... and a child that has kept this much is replaced at once
_BLOCK = 2**20  # bytes


class Parser:
    """Turns files into text; one per worker process, used from one thread that lives as long as it does.

    The child is started by the first file that needs it, and ends with the thread that parsed that file.

    `handlers` names the module whose HANDLERS say what reads which kind; only tests give another one.
    """

    def __init__(
        self, settings: "Settings", handlers: str = _HANDLERS, files_per_child: int = _FILES_PER_CHILD
    ) -> None:
        self._settings = settings
        self._handlers = handlers
        self._files_per_child = files_per_child
        self._child: Child | None = None
        self._files = 0

    def parse(self, path: Path, filename: str, still_wanted: Callable[[], bool] = lambda: True) -> Parsed:
        """Return the text of the file at `path`, whose owner calls it `filename`.

        Raises UnsupportedFile or InvalidFile with a message for the owner, and Abandoned when `still_wanted` (asked
        every half second) turns false.
        """
        size = path.stat().st_size
        if not size:
            raise InvalidFile("The file is empty.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        kind = sniff(head, filename)
        if kind == "text":
            return self._read_text(path, size, head)
        return self._ask(path, kind, size, still_wanted)

    def close(self) -> None:
        """End the child, if there is one; the next file starts another."""
        if self._child is not None:
            self._child.kill()
        self._child = None

    def _read_text(self, path: Path, size: int, head: bytes) -> Parsed:
        limit = self._settings.parse_max_text_mib
        widest = 4 if b"\0" in head else 1  # bytes of the file, at the most, for one byte of text
        if size > widest * limit * 2**20:  # too long in every character set, so do not read it
            if not head.strip(b"\0"):
                raise InvalidFile(NO_TEXT)
            raise InvalidFile(f"The file contains more than {limit} MiB of text. Split it and upload the parts.")
        return check(Parsed(clean(decode(_after_hole(path))), "text"), limit)

    def _ask(self, path: Path, kind: str, size: int, still_wanted: Callable[[], bool]) -> Parsed:
        request = {"path": str(path.absolute()), "kind": kind}
        seconds = self._settings.parse_deadline_seconds(size)
        try:
            try:
                header, body = self._running_child().ask(request, seconds, still_wanted)
            except Died:  # once may be bad luck: the system was short of memory, or an operator killed it
                self.close()
                header, body = self._running_child().ask(request, seconds, still_wanted)
        except Died as exc:
            self.close()
            limit = self._settings.parse_memory_mib
            raise InvalidFile(
                f"The file crashed its parser; perhaps it needs more than {limit} MiB of memory."
            ) from exc
        except Overdue as exc:
            self.close()
            raise InvalidFile(f"The file could not be parsed within {math.ceil(seconds)} s.") from exc
        except BaseException:  # abandoned or interrupted: the answer would be taken for the next file's
            self.close()
            raise
        self._retire_if_worn(header)
        return _outcome(header, body)

    def _running_child(self) -> Child:
        if self._child is not None and not self._child.is_alive():
            self.close()
        if self._child is None:
            settings = self._settings
            self._child = Child(settings.parse_memory_mib, settings.parse_max_text_mib, self._handlers)
            self._files = 0
        return self._child

    def _retire_if_worn(self, header: dict[str, Any]) -> None:
        self._files += 1
        if header["worn"] or self._files >= self._files_per_child or header["grown_mib"] > _GROWTH_MIB:
            self.close()


def _after_hole(path: Path) -> bytes:
    """Return the file without the NULs it begins with: a log that was cut while in use has many MiB of them."""
    hole = bytes(_BLOCK)
    with path.open("rb") as file:
        start = 0
        while (block := file.read(_BLOCK)) == hole:
            start += _BLOCK
        start += len(block) - len(block.lstrip(b"\0"))
        file.seek(start // 4 * 4)  # NULs are also halves and quarters of characters
        return file.read()


def _outcome(header: dict[str, Any], body: bytes) -> Parsed:
    match header["outcome"]:
        case "parsed":
            return Parsed(body.decode(), header["kind"], tuple(header["pages"]))
        case "unsupported":
            raise UnsupportedFile(header["message"])
        case _:
            raise InvalidFile(header["message"])
