"""The parser of one worker process: it decodes plain text itself and sends every other file to a child process."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.errors import InvalidFile, OcrDeferred, UnsupportedFile
from ingest.steps.parse.deadline import Deadline
from ingest.steps.parse.language import detect_language
from ingest.steps.parse.ocr.availability import is_available
from ingest.steps.parse.options import ParseOptions
from ingest.steps.parse.parsed import NO_TEXT_MESSAGE, PARSER_VERSION, ParsedText, check_text
from ingest.steps.parse.parser_process import ParserCrashed, ParserProcess, ParserTimeout
from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.sniff import HEAD_BYTES, sniff, suffix_of

if TYPE_CHECKING:
    from ingest.config import Settings

_HANDLERS = "ingest.steps.parse.formats"
_FILES_PER_PROCESS = 500  # libraries leak a little memory; a new process costs about 0.1 s
_MAX_GROWTH_SHARE = 0.25  # a process that has grown by this share of a file's memory is replaced at once
_BLOCK_BYTES = 2**20


def ignore_progress(done: int, total: int) -> None:
    """Do nothing with the pages that are done and the pages of the file."""


class Parser:
    """Turns files into text. A worker process has one, and uses it from one thread that lives as long as the parser.

    The first file that needs a child process starts it. The child ends with the thread that started it (PDEATHSIG).
    `handlers` is the module whose HANDLERS map kinds to functions; only tests give another one.
    """

    def __init__(
        self, settings: "Settings", handlers: str = _HANDLERS, files_per_process: int = _FILES_PER_PROCESS
    ) -> None:
        self._settings = settings
        self._handlers = handlers
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
        every half second) returns false. Raises OcrDeferred for a file that needs OCR, if that is to be deferred.
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
        request = {"path": str(path.absolute()), "kind": kind, "options": options.to_json()}
        return _with_origin(self._parse_in_child(request, size, still_wanted, on_progress))

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

    def _parse_in_child(
        self,
        request: dict[str, Any],
        size: int,
        still_wanted: Callable[[], bool],
        on_progress: Callable[[int, int], None],
    ) -> ParsedText:
        deadline = self._deadline(size)
        try:
            try:
                header, body = self._running_process().request(request, deadline, still_wanted, on_progress)
            except ParserCrashed:  # try once more: the system may have been short of memory, or an operator killed it
                self.close()
                deadline = self._deadline(size)
                header, body = self._running_process().request(request, deadline, still_wanted, on_progress)
        except ParserCrashed as exc:
            self.close()
            limit = self._settings.parse_memory_mib
            raise InvalidFile(
                f"The file crashed its parser; perhaps it needs more than {limit} MiB of memory."
            ) from exc
        except ParserTimeout as exc:
            self.close()
            raise InvalidFile(self._timeout_message(deadline, size)) from exc
        except BaseException:  # abandoned or interrupted: a late answer would be taken for that of the next file
            self.close()
            raise
        self._replace_if_needed(header)
        return _to_parsed_text(header, body)

    def _deadline(self, size: int) -> Deadline:
        settings = self._settings
        return Deadline(
            settings.parse_deadline_seconds(size),
            ocr_page_seconds=settings.ocr_page_seconds,
            ocr_max_pages=settings.ocr_max_pages,
        )

    def _timeout_message(self, deadline: Deadline, size: int) -> str:
        if deadline.is_in_ocr:
            return f"OCR of a page did not end within {math.ceil(self._settings.ocr_page_seconds)} s."
        return f"The file could not be parsed within {math.ceil(self._settings.parse_deadline_seconds(size))} s."

    def _running_process(self) -> ParserProcess:
        if self._process is not None and not self._process.is_alive():
            self.close()
        if self._process is None:
            settings = self._settings
            self._process = ParserProcess(settings.parse_memory_mib, settings.parse_max_text_mib, self._handlers)
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
        case "unsupported":
            raise UnsupportedFile(header["message"], header.get("report"))
        case _:
            raise InvalidFile(header["message"], header.get("report"))


def _with_origin(parsed: ParsedText) -> ParsedText:
    """Return `parsed` with the language and the reader of its text in the report: ours, unless a library is named there."""
    report = parsed.report
    reader, version = (report.reader, report.reader_version) if report.reader else ("ingest", PARSER_VERSION)
    language = report.language or detect_language(parsed.text)
    return replace(parsed, report=replace(report, reader=reader, reader_version=version, language=language))
