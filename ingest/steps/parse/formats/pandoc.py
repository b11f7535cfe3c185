"""RTF, OpenDocument text and EPUB: pandoc turns them into HTML, and that is read like any other."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO

import pypandoc

from ingest.errors import InvalidFile
from ingest.runtime.pdeathsig import die_with_parent
from ingest.steps.parse.formats.html import text_of
from ingest.steps.parse.formats.rtf import with_plain_unicode
from ingest.steps.parse.parsed import Parsed

_HEAP_EXHAUSTED = 251  # exit code of programs made with GHC
_CHATTER = 300  # characters of what pandoc says that are kept


def read_rtf(path: Path) -> Parsed:
    """Return the text of a Rich Text file."""
    with tempfile.TemporaryFile() as file:
        file.write(with_plain_unicode(path.read_bytes()))
        file.seek(0)
        return _convert(file, "rtf")


def read_odt(path: Path) -> Parsed:
    """Return the text of an OpenDocument text."""
    with path.open("rb") as file:
        return _convert(file, "odt")


def read_epub(path: Path) -> Parsed:
    """Return the text of an e-book."""
    with path.open("rb") as file:
        return _convert(file, "epub")


def _convert(file: IO[bytes], kind: str) -> Parsed:
    # --sandbox: pandoc opens no other file and no address, whatever the document asks for.
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
        return Parsed(text_of(run.stdout.decode("utf-8", "replace")), kind)
    said = run.stderr.decode("utf-8", "replace")
    if run.returncode == _HEAP_EXHAUSTED or "heap" in said or "memory" in said:
        raise MemoryError
    reason = " ".join(said.split())[:_CHATTER]
    raise InvalidFile(f"The file could not be parsed as {kind.upper()}: {reason or 'it is damaged'}")
