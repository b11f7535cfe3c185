"""The content of one part of a mail: transfer encoding, character set, and lines that flow (RFC 3676)."""

import email.message
import quopri
import re

from ingest.steps.parse.formats import html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.headers import content_charset, decode_base64_loosely, decode_bytes, parameter
from ingest.steps.parse.formats.mail.old_text import enriched_to_text, take_uuencoded
from ingest.steps.parse.nested import add_nested
from ingest.steps.parse.parsed import ParsedText

_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_QUOTES = re.compile(">*")
_MIN_LINE_AFTER_PADDING = 40  # a shorter line after the end of base64 is the footer of a mailing list


def content_bytes(part: email.message.Message) -> bytes:
    """Return the decoded content of a part. Text that a list server put behind the base64 is appended."""
    raw = _raw_payload(part)
    match str(part.get("content-transfer-encoding", "")).strip().lower():
        case "base64":
            return b"\n".join(filter(None, split_base64(raw)))
        case "quoted-printable":
            return quopri.decodestring(_SOFT_BREAK.sub(b"=", raw))
        case "x-uuencode" | "uuencode" | "uue" | "x-uue":
            data_or_none = part.get_payload(decode=True)
            return data_or_none if isinstance(data_or_none, bytes) else b""
        case _:
            return raw


def content_text(part: email.message.Message) -> str:
    """Return the text of a part of the type text/plain or another text."""
    text = decode_bytes(content_bytes(part), content_charset(part))
    if parameter(part, "format") == "flowed":
        text = unflow(text, deletes_spaces=parameter(part, "delsp") == "yes")
    return text.strip("\r\n")


def plain_body(part: email.message.Message) -> ParsedText:
    """Return the text of a part, and of the files in uuencode in it."""
    builder = TextBuilder()
    text, files = take_uuencoded(content_text(part))
    is_enriched = part.get_content_type() in ("text/enriched", "text/richtext")
    builder.add_block((enriched_to_text(text) if is_enriched else text).strip("\r\n"))
    for name, data in files:
        add_nested(builder, data, name)
    return builder.parsed("text")


def html_body(part: email.message.Message) -> ParsedText:
    """Return the text of a part of the type text/html."""
    builder = TextBuilder()
    html.write_html(builder, content_bytes(part), content_charset(part))
    return builder.parsed("html")


def unflow(text: str, *, deletes_spaces: bool) -> str:
    """Return a text with flowed lines joined. A line flows into the next of the same quote depth if it ends in a space."""
    lines: list[str] = []
    open_quotes: str | None = None  # the quote signs of the previous line if it flows on
    for line in text.replace("\r\n", "\n").split("\n"):
        quotes = _QUOTES.match(line)[0]  # type: ignore[index]  # the pattern matches everything
        content = line[len(quotes) :]
        content = content[1:] if content.startswith(" ") else content
        is_signature = content == "-- "
        if open_quotes == quotes and not is_signature:
            lines[-1] += content
        else:
            lines.append(f"{quotes} {content}" if quotes else content)
        flows = content.endswith(" ") and not is_signature
        if flows and deletes_spaces:
            lines[-1] = lines[-1][:-1]
        open_quotes = quotes if flows else None
    return "\n".join(lines)


def split_base64(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the lines before base64, what it encodes, and the lines behind it. Gateways add banners and footers."""
    lines = raw.splitlines(keepends=True)
    start = _first_base64_line(lines)
    encoded: list[bytes] = []
    segments: list[bytes] = []
    has_ended = False
    for index, line in enumerate(lines[start:], start):
        stripped = line.strip()
        if not stripped:
            continue
        is_base64 = _BASE64_LINE.fullmatch(stripped) is not None
        if not is_base64 or (has_ended and (len(stripped) < _MIN_LINE_AFTER_PADDING or len(stripped) % 4)):
            segments.append(decode_base64_loosely(b"".join(encoded)))
            return b"".join(lines[:start]), b"".join(segments), b"".join(lines[index:])
        encoded.append(stripped)
        has_ended = stripped.endswith(b"=")
        if has_ended:
            segments.append(decode_base64_loosely(b"".join(encoded)))
            encoded.clear()
    segments.append(decode_base64_loosely(b"".join(encoded)))
    return b"".join(lines[:start]), b"".join(segments), b""


def _first_base64_line(lines: list[bytes]) -> int:
    """Return the index of the first line of base64: the first line at all, or a long one."""
    is_first = True
    for index, line in enumerate(lines):
        stripped = line.strip()
        if not stripped:
            continue
        if (is_first or len(stripped) >= _MIN_LINE_AFTER_PADDING) and _BASE64_LINE.fullmatch(stripped):
            return index
        is_first = False
    return 0


def _raw_payload(part: email.message.Message) -> bytes:
    """Return the payload as it is written. `get_payload` would decode bytes above 127, which stand there as surrogates."""
    payload = part.__dict__.get("_payload")
    if not isinstance(payload, str):
        return b""
    try:
        return payload.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return payload.encode("utf-8", "surrogateescape")
