"""Read files inside a file, such as the attachments of a mail, within bounds of depth, number and size.

A file that cannot be read, or that exceeds a bound, is named in the coverage report and does not fail the outer file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ingest.errors import FileError, OversizedFile, UnsupportedFile
from ingest.steps.parse.containers import detect_ole_kind, detect_zip_kind
from ingest.steps.parse.formats import HANDLERS
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText
from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.scratch import scratch_file
from ingest.steps.parse.sniff import HEAD_BYTES, sniff, suffix_of

MAX_DEPTH = 4
"""Files in files in files: a mail in a mail in a portfolio."""

MAX_FILES = 5_000
MAX_BYTES = 512 * 2**20
"""Bounds for all files inside one uploaded file together."""


_GENERAL_KINDS = dict.fromkeys(("fodt", "fods", "fodp", "fodg", "spreadsheetml", "wordml", "flatopc"), "xml")
"""XML vocabularies, which the parser of XML reads too if they have no parser of their own."""

_KIND_NAMES = {
    "xlsb": "a binary Excel workbook (.xlsb); save it as .xlsx",
    "ods": "an OpenDocument spreadsheet; save it as .xlsx",
    "odp": "an OpenDocument presentation; save it as .pptx",
    "odg": "an OpenDocument drawing; export it as PDF",
    "image": "an image, and OCR is not configured",
}


@dataclass
class _Budget:
    depth: int = 0
    files: int = 0
    bytes: int = 0


_budget = _Budget()


def reset_budget() -> None:
    """Start a new uploaded file."""
    global _budget
    _budget = _Budget()


def add_nested(builder: TextBuilder, data: bytes, filename: str) -> bool:
    """Add the text of an embedded file as a section "attachment", and return whether it was read."""
    part = f"attachment {filename}"
    with builder.section("attachment", filename):
        builder.add_block(f"Attachment: {filename}")
        try:
            parsed = read_nested(data, filename)
        except FileError as exc:
            builder.report.count("attachment", "not_read" if isinstance(exc, UnsupportedFile) else "failed")
            builder.report.warn("attachment_not_read", f"An attachment was not read. {exc}", part)
            return False
        except MemoryError:
            raise
        except Exception as exc:  # noqa: BLE001 - a library may raise anything, and the outer file must not fail
            builder.report.count("attachment", "failed")
            builder.report.warn("attachment_not_read", f"An attachment is damaged ({type(exc).__name__}).", part)
            return False
        builder.report.count("attachment", "read" if parsed.text.strip() else "empty")
        builder.add_parsed(parsed, part)
        return True


def read_nested(data: bytes, filename: str) -> ParsedText:
    """Return the text of an embedded file, within the bounds. Raises FileError, or anything that its parser raises."""
    _check_budget(len(data))
    if not data:
        return ParsedText("", "text")
    kind = sniff(data[:HEAD_BYTES], filename)
    if kind == "text":
        return read_plain(data, suffix_of(filename))
    with scratch_file() as path:
        path.write_bytes(data)
        target = find_handler(HANDLERS, kind_of_container(kind, path))
        _budget.depth += 1
        try:
            return import_handler(target)(path).normalized()
        finally:
            _budget.depth -= 1


def _check_budget(size: int) -> None:
    _budget.files += 1
    _budget.bytes += size
    if _budget.depth >= MAX_DEPTH:
        raise OversizedFile(f"It is nested more than {MAX_DEPTH} levels deep.")
    if _budget.files > MAX_FILES:
        raise OversizedFile(f"The file contains more than {MAX_FILES} files.")
    if _budget.bytes > MAX_BYTES:
        raise OversizedFile(f"The files in it are larger than {MAX_BYTES // 2**20} MiB together.")


def kind_of_container(kind: str, path: Path) -> str:
    """Return the kind of the document in a container ("zip" or "ole"), and any other kind unchanged. Raises FileError."""
    if kind == "zip":
        return detect_zip_kind(path)
    return detect_ole_kind(path) if kind == "ole" else kind


def find_handler(handlers: Mapping[str, str], kind: str) -> str:
    """Return the target in `handlers` that parses a kind. Raises UnsupportedFile if there is none."""
    target = handlers.get(kind) or handlers.get(_GENERAL_KINDS.get(kind, ""))
    if target:
        return target
    raise UnsupportedFile(
        f"The file type is not supported: it is {_KIND_NAMES.get(kind, f'a file of the kind {kind!r}')}."
    )


def import_handler(target: str) -> Callable[[Path], ParsedText]:
    """Return the function that "module:function" names."""
    module, _, function = target.partition(":")
    handler: Callable[[Path], ParsedText] = getattr(import_module(module), function)
    return handler
