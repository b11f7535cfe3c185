"""The parser of one worker process: it decodes plain text itself and sends every other file to a child process."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.errors import DependencyDown, FileError, InvalidFile, OcrDeferred, UnsupportedFile
from ingest.steps.parse.deadline import Deadline
from ingest.steps.parse.language import detect_language
from ingest.steps.parse.ocr.availability import is_available
from ingest.steps.parse.options import ParseOptions
from ingest.steps.parse.parsed import NO_TEXT_MESSAGE, PARSER_VERSION, ParsedText, check_text
from ingest.steps.parse.parser_process import (
    CpuBudgetSpent,
    ParserCrashed,
    ParserNotStarted,
    ParserProcess,
    ParserTimeout,
)
from ingest.steps.parse.parser_starter import ParserStarter, log_failure
from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.sniff import HEAD_BYTES, sniff, suffix_of

if TYPE_CHECKING:
    from ingest.config import Settings

_HANDLERS = "ingest.steps.parse.formats"
_FILES_PER_PROCESS = 500  # libraries leak a little memory; a new process costs about 0.1 s
_MAX_GROWTH_SHARE = 0.25  # a process that has grown by this share of a file's memory is replaced at once
_MIN_CPU_SECONDS_OF_RETRY = 2.0
_BLOCK_BYTES = 2**20


def ignore_progress(done: int, total: int) -> None:
    """Do nothing with the pages that are done and the pages of the file."""


@dataclass
class _Attempt:
    """A file for the child process. `deadline` is that of the latest try."""

    path: Path
    request: dict[str, Any]
    size: int
    still_wanted: Callable[[], bool]
    on_progress: Callable[[int, int], None]
    deadline: Deadline | None = None


class Parser:
    """Turns files into text. A worker process has one, and uses it from one thread that lives as long as the parser.

    The first file that needs a child process starts it. The child ends with the thread that started it (PDEATHSIG).
    `handlers` is the module whose HANDLERS map kinds to functions; only tests give another one.
    """

    def __init__(
        self, settings: "Settings", handlers: str = _HANDLERS, files_per_process: int = _FILES_PER_PROCESS
    ) -> None:
        self._settings = settings
        self._starter = ParserStarter(settings, handlers)
        self._files_per_process = files_per_process
        self._process: ParserProcess | None = None
        self._files = 0

    @property
    def has_ocr(self) -> bool:
        """Whether scanned pages and pictures are read."""
        return is_available(ParseOptions.of(self._settings))

    def parse(
        self,
        path: Path,
        filename: str,
        still_wanted: Callable[[], bool] = lambda: True,
        *,
        defer_ocr: bool = False,
        on_progress: Callable[[int, int], None] = ignore_progress,
    ) -> ParsedText:
        """Return the text of the file at `path`, which was uploaded as `filename`.

        `on_progress` is called now and then with the pages that are done and the pages of the file. Raises
        UnsupportedFile or InvalidFile with a message for the file's owner, and Abandoned when `still_wanted` (called
        every half second) returns false. Raises OcrDeferred for a file that needs OCR, if that is to be deferred, and
        DependencyDown if the child process cannot be started.
        """
        size = path.stat().st_size
        if not size:
            raise InvalidFile("The file is empty.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        kind = sniff(head, filename)
        if kind == "text":
            return _with_origin(self._decode_text(path, filename, size, head))
        options = ParseOptions.of(self._settings, defer_ocr=defer_ocr)
        request = {"kind": kind, "options": options.to_json()}
        return _with_origin(self._parse_in_child(_Attempt(path, request, size, still_wanted, on_progress)))

    def close(self) -> None:
        """Kill the child process, if there is one. The next file starts another."""
        if self._process is not None:
            self._process.kill()
        self._process = None

    def _decode_text(self, path: Path, filename: str, size: int, head: bytes) -> ParsedText:
        limit = self._settings.parse_max_text_mib
        max_file_bytes_per_text_byte = 4 if b"\0" in head else 1
        if size > max_file_bytes_per_text_byte * limit * 2**20:  # too long in every character set: do not read it
            if not head.strip(b"\0"):
                raise InvalidFile(NO_TEXT_MESSAGE)
            raise InvalidFile(f"The file contains more than {limit} MiB of text. Split it and upload the parts.")
        data = (
            _read_after_leading_nuls(path)
            if head.startswith(b"\0")
            else path.read_bytes()
            if size > len(head)
            else head
        )
        return check_text(read_plain(data, suffix_of(filename)), limit)

    def _parse_in_child(self, attempt: _Attempt) -> ParsedText:
        cpu_seconds, started_at = self._settings.parse_cpu_budget_seconds(attempt.size), time.monotonic()
        try:
            try:
                parsed = self._try(attempt, cpu_seconds)
            except (ParserCrashed, ParserNotStarted) as exc:
                # Try once more: the system may have been short of memory, or an operator killed it.
                log_failure(exc)
                self.close()
                left = cpu_seconds - (time.monotonic() - started_at)
                parsed = self._try(attempt, max(left, _MIN_CPU_SECONDS_OF_RETRY))
        except ParserNotStarted as exc:
            self.close()
            raise DependencyDown("parser", str(exc)) from exc
        except ParserCrashed as exc:
            log_failure(exc)
            self.close()
            limit = self._settings.parse_memory_mib
            raise InvalidFile(
                f"The file crashed its parser; perhaps it needs more than {limit} MiB of memory."
            ) from exc
        except ParserTimeout as exc:
            self.close()
            raise InvalidFile(self._timeout_message(exc, attempt)) from exc
        except (FileError, OcrDeferred):  # answers of the child
            raise
        except BaseException:  # abandoned or interrupted: a late answer would be taken for that of the next file
            self.close()
            raise
        return parsed

    def _try(self, attempt: _Attempt, cpu_seconds: float) -> ParsedText:
        """Send a file to the child process, which is started if there is none, and return its text."""
        settings = self._settings
        can_recognize = self.has_ocr and not attempt.request["options"]["defer_ocr"]
        attempt.deadline = deadline = Deadline(
            settings.parse_deadline_seconds(attempt.size),
            ocr_page_seconds=settings.ocr_page_seconds,
            ocr_max_pages=settings.ocr_max_pages if can_recognize else 0,
        )
        process = self._running_process(attempt.still_wanted)
        answer = process.request(
            attempt.path, attempt.request, deadline, cpu_seconds, attempt.still_wanted, attempt.on_progress
        )
        return self._read_answer(answer)

    def _read_answer(self, answer: tuple[dict[str, Any], bytes]) -> ParsedText:
        """Return the text in an answer. Raises FileError, OcrDeferred, ParserNotStarted, or ParserCrashed for no answer."""
        header, body = answer
        try:
            self._replace_if_needed(header)
            return _to_parsed_text(header, body)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:  # it runs foreign code
            raise ParserCrashed(f"its answer is not valid ({type(exc).__name__})") from exc

    def _timeout_message(self, exc: ParserTimeout, attempt: _Attempt) -> str:
        if isinstance(exc, CpuBudgetSpent):
            seconds = math.ceil(self._settings.parse_cpu_budget_seconds(attempt.size))
            return (
                f"The file could not be parsed within {seconds} s of processor time, which is the limit for its size."
            )
        if attempt.deadline is not None and attempt.deadline.is_in_ocr:
            return f"OCR of a page did not end within {math.ceil(self._settings.ocr_page_seconds)} s."
        return (
            f"The file could not be parsed within {math.ceil(self._settings.parse_deadline_seconds(attempt.size))} s."
        )

    def _running_process(self, still_wanted: Callable[[], bool]) -> ParserProcess:
        """Return the child process; start it if there is none. Raises ParserNotStarted."""
        if self._process is not None and not self._process.is_alive():
            self.close()
        if self._process is None:
            self._process = self._starter.start(still_wanted)
            self._files = 0
        return self._process

    def _replace_if_needed(self, header: dict[str, Any]) -> None:
        self._files += 1
        has_grown = header["grown_mib"] > self._settings.parse_memory_mib * _MAX_GROWTH_SHARE
        if header["must_restart"] or self._files >= self._files_per_process or has_grown:
            self.close()


def _read_after_leading_nuls(path: Path) -> bytes:
    """Read a file without its leading NULs: a log that was truncated while in use has many MiB of them."""
    nuls = bytes(_BLOCK_BYTES)
    with path.open("rb") as file:
        start = 0
        while (block := file.read(_BLOCK_BYTES)) == nuls:
            start += _BLOCK_BYTES
        start += len(block) - len(block.lstrip(b"\0"))
        file.seek(start // 4 * 4)  # in UTF-16 and UTF-32 a NUL may be part of the first character
        return file.read()


def _to_parsed_text(header: dict[str, Any], body: bytes) -> ParsedText:
    match header["outcome"]:
        case "parsed":
            return ParsedText.from_json(body.decode(), header["structure"])
        case "needs_ocr":
            raise OcrDeferred("the file needs OCR")
        case "not_ready":
            raise ParserNotStarted(str(header["message"]))
        case "unsupported":
            raise UnsupportedFile(str(header["message"]), header.get("report"))
        case _:
            raise InvalidFile(str(header["message"]), header.get("report"))


def _with_origin(parsed: ParsedText) -> ParsedText:
    """Return `parsed` with the language and the reader of its text in the report: ours, unless a library is named there."""
    report = parsed.report
    reader, version = (report.reader, report.reader_version) if report.reader else ("ingest", PARSER_VERSION)
    language = report.language or detect_language(parsed.text)
    return replace(parsed, report=replace(report, reader=reader, reader_version=version, language=language))
