"""The parser's child process: bounded in memory, without network, and dead when its worker is.

Started by child.py as `python -m ingest.steps.parse.sandbox <fd> <worker pid> <memory MiB> <text MiB> <handlers>`.
"""

import contextlib
import importlib
import os
import re
import resource
import socket
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.runtime.pdeathsig import die_with_parent
from ingest.steps.parse import frames
from ingest.steps.parse.containers import kind_in_ole, kind_in_zip
from ingest.steps.parse.parsed import Parsed, check, clean

_NAMES = {
    "html": "HTML",
    "xml": "XML",
    "pdf": "PDF",
    "rtf": "RTF",
    "eml": "a mail",
    "msg": "an Outlook mail",
    "zip": "a ZIP container",
    "ole": "an old Office document",
}

_LIBXML2_NO_MEMORY = 2  # lxml calls it a syntax error with the text "unknown error"
_XML_SOURCE = re.compile(r" \(<?[\w.]+>?, line \d+\)$")  # lxml's name for what it read, and the line again


def main(arguments: list[str]) -> None:
    """Answer requests until the worker closes the channel."""
    descriptor, worker, memory_mib, max_text_mib = map(int, arguments[:4])
    die_with_parent(worker)
    os.set_inheritable(descriptor, False)
    os.dup2(2, 1)  # what libraries print must reach the log, never the channel
    _be_first_to_go()
    sys.addaudithook(_refuse_network)
    warnings.simplefilter("ignore")
    handlers: dict[str, str] = importlib.import_module(arguments[4]).HANDLERS
    at_start = _size_mib()[1]
    with socket.socket(fileno=descriptor) as channel:
        while (request := frames.receive(channel, 0)) is not None:
            header, body = _answer(request[0], handlers, memory_mib, max_text_mib)
            header["grown_mib"] = _size_mib()[1] - at_start
            frames.send(channel, header, body)


def _answer(
    request: dict[str, Any], handlers: dict[str, str], memory_mib: int, max_text_mib: int
) -> tuple[dict[str, Any], bytes]:
    """Parse one file; whatever happens becomes a header that parser.py understands."""
    path, kind = Path(request["path"]), request["kind"]
    try:
        _limit_memory(memory_mib)
        if kind == "zip":
            kind = kind_in_zip(path)
        elif kind == "ole":
            kind = kind_in_ole(path)
        _lift_memory_limit()  # what the handler's libraries take is not the file's
        handler = _load(handlers[kind])
        _limit_memory(memory_mib)
        found = handler(path)
        parsed = check(Parsed(clean(found.text), found.kind, found.pages), max_text_mib)
        body = parsed.text.encode()
    except UnsupportedFile as exc:
        return {"outcome": "unsupported", "message": str(exc), "worn": False}, b""
    except InvalidFile as exc:
        return {"outcome": "invalid", "message": str(exc), "worn": False}, b""
    except Exception as exc:  # noqa: BLE001 - the top of this process's job: any library may raise anything
        if _is_memory(exc):
            message = f"The file needs more than {memory_mib} MiB of memory to parse."
            return {"outcome": "invalid", "message": message, "worn": True}, b""
        return {"outcome": "invalid", "message": _describe(exc, kind, path), "worn": False}, b""
    return {"outcome": "parsed", "kind": parsed.kind, "pages": parsed.pages, "worn": False}, body


def _load(target: str) -> Callable[[Path], Parsed]:
    module, _, function = target.partition(":")
    handler: Callable[[Path], Parsed] = getattr(importlib.import_module(module), function)
    return handler


def _describe(exc: Exception, kind: str, path: Path) -> str:
    reason = " ".join(_XML_SOURCE.sub("", str(exc)).split())
    reason = reason.replace(str(path), "the file").replace(path.name, "the file")[:200]
    # A bare index or a message with a path of this server is of no use to the owner of the file.
    if not isinstance(exc, (ValueError, SyntaxError)) or isinstance(exc, UnicodeError) or "/" in reason or not reason:
        reason = f"it is damaged, or of a variant that is not read ({type(exc).__name__})"
    return f"The file could not be parsed as {_NAMES.get(kind, kind)}: {reason}"


def _is_memory(exc: BaseException | None) -> bool:
    while exc is not None:
        if isinstance(exc, MemoryError) or "out of memory" in str(exc).lower():
            return True
        if type(exc).__name__ == "XMLSyntaxError" and getattr(exc, "code", None) == _LIBXML2_NO_MEMORY:
            return True
        exc = exc.__cause__ or exc.__context__
    return False


def _limit_memory(memory_mib: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = (_size_mib()[0] + memory_mib) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _lift_memory_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _size_mib() -> tuple[int, int]:
    """Address space and resident set of this process."""
    pages = Path("/proc/self/statm").read_text().split()
    unit = resource.getpagesize()
    return int(pages[0]) * unit // 2**20, int(pages[1]) * unit // 2**20


def _be_first_to_go() -> None:
    """When the machine runs out of memory the kernel should end a parser, not a worker or a database."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        raise PermissionError("parsers have no network")


if __name__ == "__main__":
    main(sys.argv[1:])
