"""Mails (.eml, .msg): the headers, the body, and the attachments' names and text."""

import email
import email.errors
import email.header
import email.message
import email.policy
from pathlib import Path
from typing import Any

from ingest.errors import FileError, InvalidFile
from ingest.steps.parse.charset import decode
from ingest.steps.parse.formats.html import html_to_text
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText

_HEADERS = ("Subject", "From", "To", "Cc", "Date")
_MAX_DEPTH = 10  # of mails forwarded in mails
_ENCRYPTED_MESSAGE = "The mail is encrypted; decrypt it and upload it again."
_ENCRYPTED_TYPES = ("multipart/encrypted", "application/pgp-encrypted")
_TEXT_TYPES = ("application/json", "application/xml", "application/csv", "application/x-yaml")


def read_eml(path: Path) -> ParsedText:
    """Return the text of an RFC 822 mail or an MHTML page."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:64]:  # the whole mail was saved in UTF-16 or UTF-32
        data = decode(data).encode("utf-8", "replace")
    message = email.message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n\t "), policy=email.policy.compat32)
    builder = TextBuilder()
    _add_message(message, builder, 0)
    return builder.parsed("eml")


def read_msg(path: Path) -> ParsedText:
    """Return the text of an Outlook mail."""
    import oxmsg

    message = oxmsg.Message.load(str(path))
    builder = TextBuilder()
    recipients = ", ".join(_address(person.name, person.email_address) for person in message.recipients)
    for name, value in (
        ("Subject", message.subject),
        ("From", message.sender),
        ("To", recipients),
        ("Date", message.sent_date),
    ):
        if value:
            builder.add_line(f"{name}: {_one_line(str(value))}")
    builder.end_list()
    body = message.body or ""
    builder.add_block(body if body.strip() else html_to_text(message.html_body or ""))
    for attachment in message.attachments:
        _add_attachment(attachment.file_name or "", attachment.mime_type or "", attachment.file_bytes or b"", builder)
    return builder.parsed("msg")


def _add_message(message: email.message.Message, builder: TextBuilder, depth: int) -> None:
    for name in _HEADERS:
        if value := _header(message, name):
            builder.add_line(f"{name}: {value}")
    builder.end_list()
    _add_part(message, builder, depth)


def _add_part(part: email.message.Message, builder: TextBuilder, depth: int) -> None:
    kind = part.get_content_type()
    payload: Any = part.get_payload()
    if kind in _ENCRYPTED_TYPES or (kind.endswith("pkcs7-mime") and "signed" not in str(part.get("content-type"))):
        if depth == 0:
            raise InvalidFile(_ENCRYPTED_MESSAGE)
        builder.add_block(f"Attachment: {_filename(part) or kind} (encrypted)")
        return
    if depth > _MAX_DEPTH:
        return
    if kind == "message/rfc822" and part.is_multipart():
        _add_message(payload[0], builder, depth + 1)
    elif kind == "multipart/alternative" and part.is_multipart():
        _add_alternative(payload, builder, depth)
    elif part.is_multipart():
        for child in payload:
            _add_part(child, builder, depth + 1)
    elif (name := _filename(part)) or part.get_content_disposition() == "attachment":
        _add_attachment(name, kind, _decoded_bytes(part) if _is_text_type(kind) else b"", builder)
    elif kind == "text/html":
        builder.add_block(
            html_to_text(_decoded_bytes(part) if part.get_content_charset() is None else _decoded_text(part))
        )
    elif kind.startswith("text/"):
        builder.add_block(_decoded_text(part).strip("\r\n"))


def _add_alternative(parts: list[email.message.Message], builder: TextBuilder, depth: int) -> None:
    """Add one of several forms of the same content: plain text unless it is empty."""
    for part in sorted(parts, key=lambda part: part.get_content_type() != "text/plain"):
        length_before = len(builder)
        _add_part(part, builder, depth + 1)
        if len(builder) > length_before:
            return


def _add_attachment(name: str, kind: str, data: bytes, builder: TextBuilder) -> None:
    """Add an attachment's name, and its content if it is text. A broken attachment does not fail the mail."""
    builder.add_block(f"Attachment: {name or kind}")
    if not _is_text_type(kind):
        return
    try:
        builder.add_block(html_to_text(data) if kind == "text/html" else decode(data).strip("\r\n"))
    except (FileError, ValueError, LookupError):
        return


def _is_text_type(kind: str) -> bool:
    return kind.startswith("text/") or kind in _TEXT_TYPES


def _decoded_bytes(part: email.message.Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _decoded_text(part: email.message.Message) -> str:
    data = _decoded_bytes(part)
    try:
        return data.decode(part.get_content_charset() or "utf-8")
    except (UnicodeError, LookupError):
        return decode(data)


def _header(message: email.message.Message, name: str) -> str:
    """Return a header in readable form, or undecoded if its encoding is broken."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        return _one_line(str(email.header.make_header(email.header.decode_header(value))))
    except (ValueError, LookupError, email.errors.MessageError):
        return _one_line(str(value))


def _filename(part: email.message.Message) -> str:
    try:
        name = part.get_filename() or ""
        return _one_line(str(email.header.make_header(email.header.decode_header(name))))
    except (ValueError, LookupError, TypeError, email.errors.MessageError):
        return ""


def _address(name: str | None, address: str | None) -> str:
    if name and address and name != address:
        return f"{name} <{address}>"
    return address or name or ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
