"""The second attempt at a file that its parser refuses: on a repaired copy, and by the library unstructured.

The library is an optional package (`ingest[unstructured]`). Of 71 damaged files that the parsers refused, the repair recovers 28 and the library 2.
"""

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.errors import OcrDeferred, OversizedFile, ProtectedFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText
from ingest.steps.parse.progress import report_library
from ingest.steps.parse.repair import repair
from ingest.steps.parse.report import Report, ReportWarning
from ingest.steps.parse.scratch import scratch_file

_CONTAINERS = frozenset(["zip", "ole"])
_PARTITIONERS = {  # kind -> (module, function) of unstructured
    "docx": ("unstructured.partition.docx", "partition_docx"),
    "pptx": ("unstructured.partition.pptx", "partition_pptx"),
    "xlsx": ("unstructured.partition.xlsx", "partition_xlsx"),
    "xls": ("unstructured.partition.xlsx", "partition_xlsx"),
}


def may_help(exc: Exception) -> bool:
    """Return whether a second attempt may read a file that failed with this error: damage, not encryption or a bomb."""
    return not isinstance(exc, ProtectedFile | OversizedFile | OcrDeferred)


def read_repaired(path: Path, kind: str, read: Callable[[Path], ParsedText]) -> ParsedText | None:
    """Return the text of a repaired copy with a warning, or None if it cannot be read either.

    `read` is the parser that failed, given another file.
    """
    if kind not in _CONTAINERS:
        return None
    with scratch_file() as target:
        try:
            if not repair(path, target):
                return None
            parsed = read(target)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - the error of the first attempt is the one to report
            return None
    if not parsed.text.strip():
        return None
    message = "The file is damaged. What could be repaired of it was read; parts may be missing."
    return _with_warning(parsed, ReportWarning("file_repaired", message))


def load_library(kind: str) -> Callable[[Path], ParsedText | None] | None:
    """Import what reads a kind in unstructured, and return it. Return None if it is not installed or lacks the kind.

    What is returned gives the text of a file, or None if the library fails too.
    """
    if kind not in _PARTITIONERS or importlib.util.find_spec("unstructured") is None:
        return None
    from ingest.steps.parse.formats.offline import use_blank_language_model

    module, function = _PARTITIONERS[kind]
    report_library()
    try:
        use_blank_language_model()
        partition = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError):
        return None
    return lambda path: _read_with_library(path, kind, partition)


def _read_with_library(path: Path, kind: str, partition: Callable[..., Any]) -> ParsedText | None:
    try:
        elements = partition(filename=str(path))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the error of the first attempt is the one to report
        return None
    builder = TextBuilder()
    for element in elements:
        builder.add_block(str(element.text or ""))
    if not len(builder):
        return None
    message = "The file is damaged or of a rare variant. Another reader read its text; its structure may be missing."
    builder.report.warn("second_reader", message)
    return builder.parsed(kind, "unstructured", importlib.metadata.version("unstructured"))


def _with_warning(parsed: ParsedText, warning: ReportWarning) -> ParsedText:
    report: Report = parsed.report
    report = replace(report, warnings=(warning, *report.warnings), warning_count=report.warning_count + 1)
    return replace(parsed, report=report)
