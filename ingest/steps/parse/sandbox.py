"""The parser's child process: locked (`cage`), limited in memory, and killed when its worker dies.

parser_process.py starts it as `python -P -m ingest.steps.parse.sandbox <arguments as JSON>`. Its first frame says that it
is ready and what restricts it.
"""

import contextlib
import errno
import importlib
import os
import re
import socket
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.errors import FileError, InvalidFile, UnsupportedFile
from ingest.runtime.pdeathsig import die_with_parent
from ingest.steps.parse import frames, progress, second_reader
from ingest.steps.parse.cage import CageState, Rights, lock, set_hard_limits
from ingest.steps.parse.guardian import start_guardian
from ingest.steps.parse.memory_limit import limit_memory, used_memory_mib, without_memory_limit
from ingest.steps.parse.nested import find_handler, import_handler, kind_of_container, reset_budget
from ingest.steps.parse.ocr import NeedsOcr
from ingest.steps.parse.options import ParseOptions, set_current_options
from ingest.steps.parse.parsed import ParsedText, check_text
from ingest.steps.parse.sandbox_options import StartArguments
from ingest.steps.parse.scratch import use_scratch_files

_KIND_NAMES = {
    "html": "HTML",
    "xml": "XML",
    "pdf": "PDF",
    "rtf": "RTF",
    "eml": "a mail",
    "msg": "an Outlook mail",
    "zip": "a ZIP container",
    "ole": "an old Office document",
}

_MACHINE_ERRORS = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO])
_LIBXML2_NO_MEMORY = 2  # lxml reports it as a syntax error with the text "unknown error"
_XML_SOURCE = re.compile(r" \(<?[\w.]+>?, line \d+\)$")  # lxml appends the source's name and repeats the line


def main(arguments: list[str]) -> None:
    """Lock this process, say that it is ready, and answer requests until the worker closes the channel."""
    start = StartArguments.from_json(arguments[0])
    options = start.options
    die_with_parent(start.worker_pid)
    os.set_inheritable(start.channel, False)
    os.dup2(2, 1)  # the output of libraries must never go into the channel
    _prefer_as_oom_victim()
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    handlers: dict[str, str] = importlib.import_module(options.handlers).HANDLERS
    use_scratch_files([Path(path) for path in start.scratch_files])
    resident_at_start = used_memory_mib()[1]
    set_hard_limits(options.hard_memory_mib)
    cage = _lock(start) if options.cage != "off" else CageState(0, False)
    sys.addaudithook(_refuse_network)
    with socket.socket(fileno=start.channel) as channel:
        frames.send_frame(channel, {"cage": asdict(cage)})
        progress.listen(lambda message: frames.send_frame(channel, {"progress": dict(message)}))
        while (request := frames.receive_frame(channel, 0)) is not None:
            header, body = _handle_request(request[0], handlers, options.memory_mib, options.max_text_mib)
            header["grown_mib"] = used_memory_mib()[1] - resident_at_start
            frames.send_frame(channel, header, body)


def _lock(start: StartArguments) -> CageState:
    """Lock this process. Exits if the options require more than the kernel has."""
    options = start.options
    guardians = (start_guardian(),) if options.may_run_programs else ()
    protected = (start.worker_pid, *guardians)
    rights = Rights(os.getpid(), options.may_start_threads, options.may_run_programs, protected)
    writable = [*map(Path, start.scratch_files), Path(os.devnull)]
    state = lock(
        rights,
        handlers=options.handlers,
        readable=[Path(start.input_folder)],
        writable=writable,
        private=options.private_paths,
    )
    if options.cage == "require" and state.missing:
        sys.exit(f"INGEST_PARSER_CAGE=require, and the kernel does not offer {state.missing}")
    return state


def _handle_request(
    request: dict[str, Any], handlers: dict[str, str], memory_mib: int, max_text_mib: int
) -> tuple[dict[str, Any], bytes]:
    """Parse one file. Return the answer's header, with `outcome` and for a failure `message`, and the text as body."""
    path, kind = Path(request["path"]), request["kind"]
    set_current_options(ParseOptions.from_json(request["options"]))
    reset_budget()
    limit_memory(memory_mib)  # once a file: what a first attempt leaves behind counts in the second
    try:
        parsed = check_text(_read(path, kind, handlers), max_text_mib)
        body = parsed.text.encode()
    except NeedsOcr:
        return {"outcome": "needs_ocr", "must_restart": False}, b""
    except UnsupportedFile as exc:
        return {"outcome": "unsupported", "message": str(exc), "report": exc.report, "must_restart": False}, b""
    except InvalidFile as exc:
        return {"outcome": "invalid", "message": str(exc), "report": exc.report, "must_restart": False}, b""
    except Exception as exc:  # noqa: BLE001 - a library may raise anything, and the worker needs an answer
        if _is_out_of_memory(exc):
            message = f"The file needs more than {memory_mib} MiB of memory to parse."
            return {"outcome": "invalid", "message": message, "must_restart": True}, b""
        if (reason := _fault_of_this_machine(exc)) is not None:
            return {"outcome": "not_ready", "message": reason, "must_restart": True}, b""
        return {
            "outcome": "invalid",
            "message": _describe(exc, _known_kind(kind, path), path),
            "must_restart": False,
        }, b""
    return {"outcome": "parsed", "structure": parsed.structure_to_json(), "must_restart": False}, body


def _read(path: Path, kind: str, handlers: dict[str, str]) -> ParsedText:
    """Parse one file; if its parser refuses it, try what `second_reader` offers. Raises what the first attempt raised."""

    def read_copy(copy: Path) -> ParsedText:
        return _read_once(copy, kind, handlers)

    try:
        parsed = read_copy(path)
    except Exception as exc:
        if _is_out_of_memory(exc) or not second_reader.may_help(exc):
            raise
        again = second_reader.read_repaired(path, kind, read_copy)
        again = again or _read_with_library(path, _known_kind(kind, path))
        if again is None:
            raise
        return again
    if parsed.text.strip() or not parsed.report.warnings:
        return parsed
    return second_reader.read_repaired(path, kind, read_copy) or parsed


def _read_with_library(path: Path, kind: str) -> ParsedText | None:
    with without_memory_limit():  # memory for the library does not count against the file
        read = second_reader.load_library(kind)
    return None if read is None else read(path)


def _known_kind(kind: str, path: Path) -> str:
    """Return the kind of the document in a container, or the kind of the container if it cannot be told."""
    try:
        return kind_of_container(kind, path)
    except FileError:
        return kind


def _read_once(path: Path, kind: str, handlers: dict[str, str]) -> ParsedText:
    kind = kind_of_container(kind, path)
    with without_memory_limit():  # memory for the handler's libraries does not count against the file
        handler = import_handler(find_handler(handlers, kind))
    return handler(path).normalized()


def _describe(exc: Exception, kind: str, path: Path) -> str:
    reason = " ".join(_XML_SOURCE.sub("", str(exc)).split())
    reason = reason.replace(str(path), "the file").replace(path.name, "the file")[:200]
    # A message that is only an index, or that names a path of this server, does not help the file's owner.
    if not isinstance(exc, (ValueError, SyntaxError)) or isinstance(exc, UnicodeError) or "/" in reason or not reason:
        reason = f"it is damaged, or of a variant that is not read ({type(exc).__name__})"
    return f"The file could not be parsed as {_KIND_NAMES.get(kind, kind)}: {reason}"


def _is_out_of_memory(exc: BaseException | None) -> bool:
    while exc is not None:
        if isinstance(exc, MemoryError) or "out of memory" in str(exc).lower():
            return True
        if isinstance(exc, ImportError) and "failed to map segment" in str(exc):  # a library, under the limit of a file
            return True
        if type(exc).__name__ == "XMLSyntaxError" and getattr(exc, "code", None) == _LIBXML2_NO_MEMORY:
            return True
        exc = exc.__cause__ or exc.__context__
    return False


def _fault_of_this_machine(exc: BaseException) -> str | None:
    """Return why this process cannot parse any file, or None if the file is at fault."""
    if isinstance(exc, ImportError):  # the environment is incomplete, or was upgraded while this process ran
        return f"a part of the parser is missing: {exc}"
    if isinstance(exc, OSError) and exc.errno in _MACHINE_ERRORS:
        return os.strerror(exc.errno)
    return None


def _prefer_as_oom_victim() -> None:
    """Make the kernel kill this process before a worker or a database if the machine runs out of memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        raise PermissionError("parsers have no network")


if __name__ == "__main__":
    main(sys.argv[1:])
