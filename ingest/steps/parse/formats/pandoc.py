"""RTF, OpenDocument text and EPUB: pandoc converts them to HTML, which is then parsed as HTML."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO

import pypandoc

from ingest.errors import InvalidFile
from ingest.runtime.pdeathsig import die_with_parent
from ingest.steps.parse.formats.html import html_to_text
from ingest.steps.parse.formats.rtf import inline_unicode_characters
from ingest.steps.parse.parsed import ParsedText

_HEAP_EXHAUSTED = 251  # exit code of programs compiled with GHC
_REASON_CHARACTERS = 300


def read_rtf(path: Path) -> ParsedText:
    """Return the text of a Rich Text file."""
    with tempfile.TemporaryFile() as file:
        file.write(inline_unicode_characters(path.read_bytes()))
        file.seek(0)
        return _convert(file, "rtf")


def read_odt(path: Path) -> ParsedText:
    """Return the text of an OpenDocument text file."""
    with path.open("rb") as file:
        return _convert(file, "odt")


def read_epub(path: Path) -> ParsedText:
    """Return the text of an e-book."""
    with path.open("rb") as file:
        return _convert(file, "epub")


def _convert(file: IO[bytes], kind: str) -> ParsedText:
    # With --sandbox pandoc opens no other file and no URL that the document refers to.
    command = [pypandoc.get_pandoc_path(), "--sandbox", "--wrap=none", f"--from={kind}", "--to=html", "--quiet"]
    parent = os.getpid()
    run = subprocess.run(
        command,
        stdin=file,
        capture_output=True,
        check=False,
        preexec_fn=lambda: die_with_parent(parent),
    )
    if run.returncode == 0:
        return ParsedText(html_to_text(run.stdout.decode("utf-8", "replace")), kind)
    stderr = run.stderr.decode("utf-8", "replace")
    if run.returncode == _HEAP_EXHAUSTED or "heap" in stderr or "memory" in stderr:
        raise MemoryError
    reason = " ".join(stderr.split())[:_REASON_CHARACTERS]
    raise InvalidFile(f"The file could not be parsed as {kind.upper()}: {reason or 'it is damaged'}")
