"""Keep the character set that a web server declares: the file is rewritten as UTF-8 where nothing in it tells the set.

An upload has no place for the charset of the Content-Type header, so the declaration would be lost. The same bytes and
header always give the same file, so hashes of repeated downloads can be compared.
"""

import re
from email.message import Message
from pathlib import Path

from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset import alternatives_of, codec_of_label, decode_counted

_MAX_BYTES = 64 * 2**20
_HEAD_BYTES = 4096
_MAX_HEADER_CHARACTERS = 500  # the time that Python takes to parse a header grows with the square of its length
_TEXT_TYPES = re.compile(r"text/|application/(?:.*[+/])?(?:xml|json|javascript|x-ndjson|csv|yaml|x-yaml|rtf)$")
_OWN_DECLARATION = re.compile(rb"<meta[^>]{0,300}charset|<\?xml[^>]{0,200}encoding|@charset|\{\\rtf", re.I)


def keep_declared_charset(path: Path, content_type: str) -> None:
    """Rewrite a downloaded file as UTF-8 if only its header tells the character set, and if that fits the bytes."""
    declared = _declared_charset(content_type)
    codec = codec_of_label(declared) if declared else None
    if codec is None or codec == "utf-8" or path.stat().st_size > _MAX_BYTES:
        return
    data = path.read_bytes()
    if _OWN_DECLARATION.search(data[:_HEAD_BYTES]):
        return
    try:
        decoded = decode_counted(data, declared)
    except UnsupportedFile:
        return
    if decoded.replaced == 0 and decoded.charset in (codec, *alternatives_of(codec)):
        path.write_bytes(decoded.text.encode("utf-8", "replace"))


def _declared_charset(content_type: str) -> str:
    """Return the charset of a Content-Type header of a text, or ""."""
    if len(content_type) > _MAX_HEADER_CHARACTERS:
        return ""
    message = Message()
    message["Content-Type"] = content_type
    if not _TEXT_TYPES.match(message.get_content_type()):
        return ""
    charset = message.get_param("charset", "")
    return charset.strip("\"' ") if isinstance(charset, str) else ""
