"""Headers of mails in readable form: encoded words (RFC 2047), also broken ones, and raw 8-bit text."""

import binascii
import email.message
import email.utils
import re
from typing import Any

from ingest.errors import FileError
from ingest.steps.parse.charset import decode

SHOWN = ("Subject", "From", "To", "Cc", "Bcc", "Date")

_HEADERS_WITH_NAME = ("content-disposition", "content-type")
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]*[\r\n]*[ \t]+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_MAX_HEADER_CHARACTERS = 100_000


def header(message: email.message.Message, name: str) -> str:
    """Return the first header of this name in readable form, or ""."""
    wanted = name.lower()
    for key, value in raw_headers(message):
        if key.lower() == wanted:
            return readable(value, content_charset(message))
    return ""


def raw_headers(message: email.message.Message) -> list[tuple[str, str]]:
    """Return the headers as they are written. Bytes above 127 are lone surrogates."""
    return [(name, str(value)) for name, value in message.raw_items()]


def readable(value: str, declared: str | None = None) -> str:
    """Return the value of a header in one line, with encoded words and raw 8-bit text decoded.

    `declared` is the character set of the body, in which raw text is likely too.
    """
    value = value[:_MAX_HEADER_CHARACTERS]
    if not value.isascii() or "\x1b" in value:
        value = decode_bytes(value.encode("utf-8", "surrogateescape"), declared)
    if "=?" in value:
        value = _decode_words(_BETWEEN_WORDS.sub(r"\1", value))
    return " ".join(value.split())


def filename(part: email.message.Message) -> str:
    """Return the file name of a part in readable form, or ""."""
    try:
        headers = _with_decoded_headers(part)
        name: Any = headers.get_param("filename", header="content-disposition") or headers.get_param("name") or ""
        if isinstance(name, tuple):  # RFC 2231: the character set, the language, and the bytes as ISO 8859-1
            return readable(decode_bytes(name[2].encode("latin-1"), name[0]))
    except (ValueError, LookupError, TypeError, UnicodeError):
        return ""
    return readable(email.utils.unquote(str(name)))


def _with_decoded_headers(part: email.message.Message) -> email.message.Message:
    """Return a part whose headers with a file name have no raw 8-bit text, which the library would replace."""
    headers = [(name, value) for name, value in raw_headers(part) if name.lower() in _HEADERS_WITH_NAME]
    if all(value.isascii() for _, value in headers):
        return part
    decoded = email.message.Message()
    for name, value in headers:
        decoded[name] = decode_bytes(value.encode("utf-8", "surrogateescape"))
    return decoded


def content_charset(part: email.message.Message) -> str | None:
    """Return the character set that a part declares."""
    try:
        return part.get_content_charset()
    except (ValueError, LookupError, TypeError, UnicodeError):
        return None


def parameter(part: email.message.Message, name: str) -> str:
    """Return a parameter of a part's content type in lower case, or ""."""
    try:
        value: Any = part.get_param(name) or ""
    except (ValueError, LookupError, TypeError, UnicodeError):
        return ""
    return email.utils.collapse_rfc2231_value(value).strip().lower() if value else ""


def decode_bytes(data: bytes, declared: str | None = None) -> str:
    """Decode text of a mail, even if it looks like binary data."""
    try:
        return decode(data, declared)
    except FileError:
        return data.decode("utf-8", "replace")


def _decode_words(value: str) -> str:
    """Decode encoded words. Neighbours in one character set are joined first: a character may be cut between them."""
    texts: list[str] = []
    pending = b""
    charset = ""
    position = 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[position : word.start()]
        if pending and (between or word[1].lower() != charset):
            texts.append(decode_bytes(pending, charset))
            pending = b""
        texts.append(between)
        charset = word[1].lower()
        pending += _word_bytes(word[2], word[3])
        position = word.end()
    if pending:
        texts.append(decode_bytes(pending, charset))
    return "".join(texts) + value[position:]


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return _Q_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data.replace(b"_", b" "))
    return decode_base64_loosely(data)


def decode_base64_loosely(data: bytes) -> bytes:
    """Decode base64 without its padding, and without anything that is not base64."""
    data = _NOT_BASE64.sub(b"", data)
    data = data[: len(data) - (len(data) % 4 == 1)]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
