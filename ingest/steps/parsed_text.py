"""The text of an uploaded file: parsed once, then stored as a blob next to the file's bytes.

A stored text begins with a digest of what follows. One that is damaged is parsed again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from ingest.blobs import Blobs, raw_key, text_key
from ingest.errors import DamagedFile
from ingest.observability import logs
from ingest.steps.parse import PARSER_VERSION, ParsedText, Parser
from ingest.steps.parse.ocr import lacks_ocr
from ingest.steps.parse.parser import ignore_progress

_log = logs.get(__name__)


def load_or_parse(
    blobs: Blobs,
    parser: Parser,
    sha256: str,
    filename: str,
    still_wanted: Callable[[], bool] = lambda: True,
    *,
    defer_ocr: bool = False,
    on_progress: Callable[[int, int], None] = ignore_progress,
) -> ParsedText:
    """Return the text of an uploaded file, from the stored text or from the parser.

    A text that was stored while there was no OCR is parsed again if OCR can read more of the file now. Raises what
    `Parser.parse` raises.
    """
    stored = _load(blobs, sha256, filename)
    if stored is not None and not (parser.has_ocr and stored.lacks_ocr):
        return stored.parsed
    parsed = _parse(blobs, parser, sha256, filename, still_wanted, defer_ocr=defer_ocr, on_progress=on_progress)
    if parsed.kind != "text":  # decoding plain text again is as fast as reading the stored copy
        structure = parsed.structure_to_json()
        values = {"text": parsed.text, "had_ocr": parser.has_ocr, **structure}
        blobs.write(_text_key(sha256, filename), _encode(values))
    return parsed


def load_or_parse_without_ocr(blobs: Blobs, parser: Parser, sha256: str, filename: str) -> ParsedText:
    """Return the text of an uploaded file as it is stored, or from the parser, for a caller who waits.

    Raises what `Parser.parse` raises, also OcrDeferred.
    """
    stored = _load(blobs, sha256, filename)
    if stored is not None:
        return stored.parsed
    return load_or_parse(blobs, parser, sha256, filename, defer_ocr=True)


@dataclass(frozen=True)
class _StoredText:
    parsed: ParsedText
    lacks_ocr: bool
    """Whether parts were not read because there was no OCR."""


def _load(blobs: Blobs, sha256: str, filename: str) -> _StoredText | None:
    key = _text_key(sha256, filename)
    try:
        data = blobs.read(key)
    except FileNotFoundError:
        return None
    if is_damaged(data):
        _log.warning("stored_text_damaged", key=key)
        return None
    stored = json.loads(data)
    parsed = ParsedText.from_json(stored["text"], stored)
    return _StoredText(parsed, not stored.get("had_ocr") and lacks_ocr(parsed.report))


def _parse(
    blobs: Blobs,
    parser: Parser,
    sha256: str,
    filename: str,
    still_wanted: Callable[[], bool],
    *,
    defer_ocr: bool,
    on_progress: Callable[[int, int], None],
) -> ParsedText:
    with blobs.local_file(raw_key(sha256)) as path:
        _require_hash(path, sha256)
        return parser.parse(path, filename, still_wanted, defer_ocr=defer_ocr, on_progress=on_progress)


def is_damaged(data: bytes) -> bool:
    """Return whether the bytes of a stored text are not those that were written. Older versions wrote no digest."""
    if data.startswith(_DIGEST_BEGIN):
        digest, body = data[len(_DIGEST_BEGIN) : _BODY_START], data[_BODY_START:]
        return digest != _digest(body)
    try:
        json.loads(data)
    except ValueError:
        return True
    return False


def _encode(values: Mapping[str, Any]) -> bytes:
    """Return JSON whose first member is the digest of all bytes after it."""
    body = b'",' + json.dumps(values).encode()[1:]
    return _DIGEST_BEGIN + _digest(body) + body


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


_DIGEST_BEGIN = b'{"digest":"'
_BODY_START = len(_DIGEST_BEGIN) + 64


def _require_hash(path: Path, sha256: str) -> None:
    """Check the bytes of an uploaded file. Raises DamagedFile."""
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            _log.error("blob_damaged", sha256=sha256)
            raise DamagedFile("The file's content is damaged on the server. Upload it again.")


def _text_key(sha256: str, filename: str) -> str:
    # The same bytes may be parsed differently under another extension.
    extension = "".join(c for c in PurePath(filename).suffix.lower() if c.isalnum())[:8]
    return text_key(sha256, PARSER_VERSION, extension)
