"""The text of an uploaded file: parsed once, then stored as a blob next to the file's bytes."""

import json
from collections.abc import Callable
from pathlib import PurePath

from ingest.blobs import Blobs, raw_key, text_key
from ingest.steps.parse import PARSER_VERSION, ParsedText, Parser


def load_or_parse(
    blobs: Blobs, parser: Parser, sha256: str, filename: str, still_wanted: Callable[[], bool] = lambda: True
) -> ParsedText:
    """Return the text of an uploaded file, from the stored text or from the parser.

    Raises what `Parser.parse` raises.
    """
    return _load(blobs, sha256, filename) or _parse_and_store(blobs, parser, sha256, filename, still_wanted)


def _load(blobs: Blobs, sha256: str, filename: str) -> ParsedText | None:
    try:
        stored = json.loads(blobs.read(_text_key(sha256, filename)))
    except FileNotFoundError:
        return None
    return ParsedText.from_json(stored.pop("text"), stored)


def _parse_and_store(
    blobs: Blobs, parser: Parser, sha256: str, filename: str, still_wanted: Callable[[], bool]
) -> ParsedText:
    with blobs.local_file(raw_key(sha256)) as path:
        parsed = parser.parse(path, filename, still_wanted)
    if parsed.kind != "text":  # decoding plain text again is as fast as reading the stored copy
        stored = {"text": parsed.text, **parsed.structure_to_json()}
        blobs.write(_text_key(sha256, filename), json.dumps(stored).encode())
    return parsed


def _text_key(sha256: str, filename: str) -> str:
    # The same bytes may be parsed differently under another extension.
    extension = "".join(c for c in PurePath(filename).suffix.lower() if c.isalnum())[:8]
    return text_key(sha256, PARSER_VERSION, extension)
