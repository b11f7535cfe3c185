"""Mails: who, when and about what, the body, and what is attached."""

import email
import email.errors
import email.header
import email.message
import email.policy
from pathlib import Path
from typing import Any

from ingest.errors import FileError, InvalidFile
from ingest.steps.parse.charset import decode
from ingest.steps.parse.formats.html import text_of
from ingest.steps.parse.formats.layout import Layout
from ingest.steps.parse.parsed import Parsed

_HEADERS = ("Subject", "From", "To", "Cc", "Date")
_MAX_DEPTH = 10  # mails forwarded in mails
_ENCRYPTED = "The mail is encrypted; decrypt it and upload it again."
_ENCRYPTED_TYPES = ("multipart/encrypted", "application/pgp-encrypted")
_TEXT_TYPES = ("application/json", "application/xml", "application/csv", "application/x-yaml")


def read_eml(path: Path) -> Parsed:
    """Return the text of an RFC 822 mail or an MHTML page."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:64]:  # saved in a wide encoding as a whole
        data = decode(data).encode("utf-8", "replace")
    message = email.message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n\t "), policy=email.policy.compat32)
    layout = Layout()
    _add_message(message, layout, 0)
    return Parsed(layout.text(), "eml")


def read_msg(path: Path) -> Parsed:
    """Return the text of an Outlook mail."""
    import oxmsg

    message = oxmsg.Message.load(str(path))
    layout = Layout()
    recipients = ", ".join(_address(person.name, person.email_address) for person in message.recipients)
    for name, value in (
        ("Subject", message.subject),
        ("From", message.sender),
        ("To", recipients),
        ("Date", message.sent_date),
    ):
        if value:
            layout.line(f"{name}: {_one_line(str(value))}")
    layout.end_list()
    body = message.body or ""
    layout.block(body if body.strip() else text_of(message.html_body or ""))
    for attachment in message.attachments:
        _add_attachment(attachment.file_name or "", attachment.mime_type or "", attachment.file_bytes or b"", layout)
    return Parsed(layout.text(), "msg")


def _add_message(message: email.message.Message, layout: Layout, depth: int) -> None:
    for name in _HEADERS:
        if value := _header(message, name):
            layout.line(f"{name}: {value}")
    layout.end_list()
    _add_part(message, layout, depth)


def _add_part(part: email.message.Message, layout: Layout, depth: int) -> None:
    kind = part.get_content_type()
    payload: Any = part.get_payload()
    if kind in _ENCRYPTED_TYPES or (kind.endswith("pkcs7-mime") and "signed" not in str(part.get("content-type"))):
        if depth == 0:
            raise InvalidFile(_ENCRYPTED)
        layout.block(f"Attachment: {_filename(part) or kind} (encrypted)")
        return
    if depth > _MAX_DEPTH:
        return
    if kind == "message/rfc822" and part.is_multipart():
        _add_message(payload[0], layout, depth + 1)
    elif kind == "multipart/alternative" and part.is_multipart():
        _add_alternative(payload, layout, depth)
    elif part.is_multipart():
        for child in payload:
            _add_part(child, layout, depth + 1)
    elif (name := _filename(part)) or part.get_content_disposition() == "attachment":
        _add_attachment(name, kind, _bytes(part) if _is_text(kind) else b"", layout)
    elif kind == "text/html":
        layout.block(text_of(_bytes(part) if part.get_content_charset() is None else _text(part)))
    elif kind.startswith("text/"):
        layout.block(_text(part).strip("\r\n"))


def _add_alternative(parts: list[email.message.Message], layout: Layout, depth: int) -> None:
    """Add one of several forms of the same content: the plain one unless it is empty."""
    for part in sorted(parts, key=lambda part: part.get_content_type() != "text/plain"):
        before = len(layout)
        _add_part(part, layout, depth + 1)
        if len(layout) > before:
            return


def _add_attachment(name: str, kind: str, data: bytes, layout: Layout) -> None:
    """Name an attachment, and add what it says if it is text; a bad one never fails the mail."""
    layout.block(f"Attachment: {name or kind}")
    if not _is_text(kind):
        return
    try:
        layout.block(text_of(data) if kind == "text/html" else decode(data).strip("\r\n"))
    except (FileError, ValueError, LookupError):
        return


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind in _TEXT_TYPES


def _bytes(part: email.message.Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(part: email.message.Message) -> str:
    data = _bytes(part)
    try:
        return data.decode(part.get_content_charset() or "utf-8")
    except (UnicodeError, LookupError):
        return decode(data)


def _header(message: email.message.Message, name: str) -> str:
    """Return a header in readable form; as it stands where its encoding is broken."""
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
