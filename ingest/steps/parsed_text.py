"""The text of an uploaded file: parsed once, then stored as a blob next to the file's bytes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from ingest.blobs import Blobs, raw_key, text_key
from ingest.steps.parse import PARSER_VERSION, ParsedText, Parser
from ingest.steps.parse.ocr import lacks_ocr
from ingest.steps.parse.parser import ignore_progress


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
        blobs.write(_text_key(sha256, filename), json.dumps(values).encode())
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
    try:
        stored = json.loads(blobs.read(_text_key(sha256, filename)))
    except FileNotFoundError:
        return None
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
        return parser.parse(path, filename, still_wanted, defer_ocr=defer_ocr, on_progress=on_progress)


def _text_key(sha256: str, filename: str) -> str:
    # The same bytes may be parsed differently under another extension.
    extension = "".join(c for c in PurePath(filename).suffix.lower() if c.isalnum())[:8]
    return text_key(sha256, PARSER_VERSION, extension)
