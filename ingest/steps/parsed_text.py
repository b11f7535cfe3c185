"""The text of an uploaded file: parsed once, then kept as a blob beside the bytes."""

import json
from collections.abc import Callable
from pathlib import PurePath

from ingest import blobs as names
from ingest.blobs import Blobs
from ingest.steps.parse import PARSER_VERSION, Parsed, Parser


def read(
    blobs: Blobs, parser: Parser, blob: str, filename: str, still_wanted: Callable[[], bool] = lambda: True
) -> Parsed:
    """Return the text of an uploaded blob, from the kept text or from the parser.

    Raises what `Parser.parse` raises.
    """
    return _stored(blobs, blob, filename) or _parse(blobs, parser, blob, filename, still_wanted)


def _stored(blobs: Blobs, blob: str, filename: str) -> Parsed | None:
    try:
        stored = json.loads(blobs.read(_text_name(blob, filename)))
    except FileNotFoundError:
        return None
    return Parsed(text=stored["text"], kind=stored["kind"], pages=tuple(stored["pages"]))


def _parse(blobs: Blobs, parser: Parser, blob: str, filename: str, still_wanted: Callable[[], bool]) -> Parsed:
    with blobs.local(names.raw(blob)) as path:
        parsed = parser.parse(path, filename, still_wanted)
    if parsed.kind != "text":  # decoding plain text again is as fast as reading the stored copy
        stored = {"text": parsed.text, "kind": parsed.kind, "pages": parsed.pages}
        blobs.put(_text_name(blob, filename), json.dumps(stored).encode())
    return parsed


def _text_name(blob: str, filename: str) -> str:
    # The same bytes may be parsed differently under another extension.
    extension = "".join(c for c in PurePath(filename).suffix.lower() if c.isalnum())[:8]
    return names.text(blob, PARSER_VERSION, extension)
