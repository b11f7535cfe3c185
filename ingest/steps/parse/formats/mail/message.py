"""Read one mail: walk its parts, choose among alternative bodies, and add the attachments behind the body."""

import email
import email.message
import email.policy
import hashlib
import re
from dataclasses import dataclass, field

from ingest.errors import ProtectedFile
from ingest.steps.parse.charset import decode
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.alternatives import choose
from ingest.steps.parse.formats.mail.bodies import content_bytes, html_body, plain_body
from ingest.steps.parse.formats.mail.headers import (
    SHOWN,
    content_charset,
    decode_bytes,
    filename,
    header,
    parameter,
    raw_headers,
    readable,
)
from ingest.steps.parse.formats.mail.smime import is_enveloped, signed_content
from ingest.steps.parse.formats.mail.zipped import add_zip
from ingest.steps.parse.nested import add_nested
from ingest.steps.parse.parsed import ParsedText

ENCRYPTED_MESSAGE = "The mail is encrypted; decrypt it and upload it again."

_MAX_DEPTH = 20  # of parts in parts and mails in mails
_ENCRYPTED_TYPES = ("multipart/encrypted", "application/pgp-encrypted")
_SIGNATURE_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_STATUS_TYPES = ("message/delivery-status", "message/disposition-notification", "message/feedback-report")
_WEB_PAGE_PARTS = (
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "font/",
    "image/",
)
_FRAME = re.compile(rb"<(?:i?frame|frameset)\b", re.I)
_WITHOUT_TEXT = ("audio/", "video/")
_EMLX_LENGTH = re.compile(rb"(\d{1,12})[ \t]*\r?\n(?=[!-9;-~]{1,80}:)")


@dataclass
class _Content:
    """What the parts of a mail hold: the bodies in their order, and the parts to be read behind them."""

    bodies: list[ParsedText] = field(default_factory=list)
    attachments: list[email.message.Message] = field(default_factory=list)
    is_web_page: bool = False

    def add(self, other: "_Content") -> None:
        self.bodies += other.bodies
        self.attachments += other.attachments


def read_mail(data: bytes) -> ParsedText:
    """Return the text of a mail or an MHTML page. Raises InvalidFile if it is encrypted."""
    message = parse_message(data)
    builder = TextBuilder()
    is_web_page = _is_web_page(message)
    add_message(builder, message, depth=0, is_web_page=is_web_page)
    return builder.parsed("mhtml" if is_web_page else "eml")


def parse_message(data: bytes) -> email.message.Message:
    """Return the parts of a mail, also of one in UTF-16 or with the length line of an .emlx file."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:64]:  # the whole mail was saved in UTF-16 or UTF-32
        data = decode(data).encode("utf-8", "replace")
    data = data.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if length := _EMLX_LENGTH.match(data):
        data = data[length.end() : length.end() + int(length[1])]
    return email.message_from_bytes(data, policy=email.policy.compat32)


def add_message(builder: TextBuilder, message: email.message.Message, depth: int, *, is_web_page: bool = False) -> None:
    """Add the headers, the body and the attachments of a mail."""
    for name in ("Subject",) if is_web_page else SHOWN:
        if value := header(message, name):
            builder.add_line(f"{name}: {value}")
    builder.end_list()
    content = _collect(builder, message, depth, is_web_page=is_web_page)
    for body in content.bodies:
        builder.add_parsed(body, "")
    added: set[bytes] = set()
    for part in content.attachments:
        _add_attachment(builder, part, depth, added)


def _is_web_page(message: email.message.Message) -> bool:
    """Return whether a message is a saved web page (MHTML) and no mail."""
    if message.get("To") is not None or message.get("Received") is not None:
        return False
    root = message
    if message.get_content_type() == "multipart/related" and message.is_multipart():
        root = _related_root(message)
    is_saved = message.get("Snapshot-Content-Location") or str(message.get("From", "")).startswith("<Saved by")
    return root.get_content_type() in ("text/html", "application/xhtml+xml", "multipart/alternative") and bool(
        is_saved or root.get("Content-Location") or message.get("Content-Location")
    )


def _related_root(message: email.message.Message) -> email.message.Message:
    parts = _parts(message)
    start = parameter(message, "start")
    for part in parts:
        if start and str(part.get("Content-ID", "")).strip().lower() == start:
            return part
    return parts[0] if parts else message


def _parts(message: email.message.Message) -> list[email.message.Message]:
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, email.message.Message)] if isinstance(payload, list) else []


def _collect(builder: TextBuilder, part: email.message.Message, depth: int, *, is_web_page: bool = False) -> _Content:
    """Return the bodies and attachments in a part. Raises InvalidFile if the whole mail is encrypted."""
    kind = part.get_content_type()
    content = _Content(is_web_page=is_web_page)
    if depth > _MAX_DEPTH:
        builder.report.count("attachment", "not_read")
        builder.report.warn("nested_too_deep", "Parts of the mail are nested too deep and were not read.")
    elif kind in _ENCRYPTED_TYPES or kind.endswith("pkcs7-mime"):
        _collect_secured(builder, part, depth, content)
    elif kind.startswith("multipart/") and part.is_multipart():
        _collect_multipart(builder, part, kind, depth, content)
    elif kind.startswith("multipart/"):  # without the boundary that it announces
        content.bodies.append(plain_body(part))
    elif kind.startswith("message/") or _is_attachment(part, kind):
        content.attachments.append(part)
    elif kind in ("text/html", "application/xhtml+xml"):
        content.bodies.append(html_body(part))
    else:
        content.bodies.append(plain_body(part))
    return content


def _collect_multipart(
    builder: TextBuilder, part: email.message.Message, kind: str, depth: int, content: _Content
) -> None:
    if kind == "multipart/alternative":
        forms = [_collect(builder, child, depth + 1) for child in _parts(part)]
        content.bodies += _choose_form(part, forms)
        content.attachments += [attachment for form in forms for attachment in form.attachments]
        return
    root = _related_root(part) if kind == "multipart/related" else None
    frames = _frame_source(root) if root is not None and content.is_web_page else b""
    for child in _parts(part):
        if root is not None and child is not root:
            _collect_related(builder, child, depth, content, frames)
        else:
            content.add(_collect(builder, child, depth + 1))


def _frame_source(root: email.message.Message) -> bytes:
    """Return the source of a page of frames, or b"". Excel saves each sheet as such a frame."""
    source = content_bytes(root)
    return source if _FRAME.search(source) else b""


def _is_frame(part: email.message.Message, frames: bytes) -> bool:
    """Return whether a page of frames names a part, by its address or its id."""
    address = str(part.get("Content-Location", "")).strip().replace("\\", "/").rpartition("/")[2]
    identifier = str(part.get("Content-ID", "")).strip(" <>")
    return any(name and name.encode("utf-8", "replace") in frames for name in (address, identifier))


def _collect_related(
    builder: TextBuilder, part: email.message.Message, depth: int, content: _Content, frames: bytes
) -> None:
    """Collect a part that the body refers to: pictures are counted, and files that a reader can open are attachments."""
    kind = part.get_content_type()
    if kind.startswith("image/"):
        builder.report.count("image", "not_read")
    elif frames and kind == "text/html" and _is_frame(part, frames):
        content.bodies.append(html_body(part))
    elif not content.is_web_page and not kind.startswith(_WEB_PAGE_PARTS):
        content.add(_collect(builder, part, depth + 1))


def _choose_form(part: email.message.Message, forms: list[_Content]) -> list[ParsedText]:
    """Return the bodies of a multipart/alternative: the fuller one of plain text and HTML, or else the last form."""
    by_kind: dict[str, list[ParsedText]] = {}
    for form in forms:
        for kind in ("text", "html"):
            bodies = [body for body in form.bodies if body.kind == kind]
            if bodies and (kind == "html" or not any(body.kind == "html" for body in form.bodies)):
                by_kind.setdefault(kind, form.bodies)
    if "text" in by_kind and "html" in by_kind:
        return choose_bodies(by_kind["text"], by_kind["html"])
    return by_kind.get("text") or by_kind.get("html") or []


def choose_bodies(plain: list[ParsedText], html_bodies: list[ParsedText]) -> list[ParsedText]:
    """Return the bodies of the fuller form, or those of both if they differ."""
    plain_text = ParsedText("\n".join(body.text for body in plain), "text")
    html_text = ParsedText("\n".join(body.text for body in html_bodies), "html")
    chosen = choose(plain_text, html_text)
    return (plain if plain_text in chosen else []) + (html_bodies if html_text in chosen else [])


def _collect_secured(builder: TextBuilder, part: email.message.Message, depth: int, content: _Content) -> None:
    """Collect what a signed message holds. Raises InvalidFile if the whole mail is encrypted."""
    data = content_bytes(part) if part.get_content_maintype() == "application" else b""
    if data and (signed := signed_content(data)) is not None:
        content.add(_collect(builder, email.message_from_bytes(signed, policy=email.policy.compat32), depth + 1))
        return
    is_signed = "signed" in parameter(part, "smime-type") and not is_enveloped(data)
    if depth == 0 and not is_signed:
        raise ProtectedFile(ENCRYPTED_MESSAGE)
    name = filename(part) or part.get_content_type()
    note = TextBuilder()
    note.add_block(f"Attachment: {name} ({'signed' if is_signed else 'encrypted'})")
    note.report.count("attachment", "not_read")
    what = "A signed part is damaged" if is_signed else "An encrypted part"
    note.report.warn(
        "attachment_not_read", f"{what} was not read." if not is_signed else f"{what}.", f"attachment {name}"
    )
    content.bodies.append(note.parsed("note"))


def _is_attachment(part: email.message.Message, kind: str) -> bool:
    if filename(part) or part.get_content_disposition() == "attachment":
        return True
    return not kind.startswith("text/") or kind in ("text/calendar", "text/rtf", "text/x-amp-html", "text/vcard")


def _add_attachment(builder: TextBuilder, part: email.message.Message, depth: int, added: set[bytes]) -> None:
    """Add a mail inside the mail, a report of its delivery, or a file. The same file twice is read once."""
    kind = part.get_content_type()
    if kind in _STATUS_TYPES and part.is_multipart():
        for block in _parts(part):
            for name, value in raw_headers(block):
                builder.add_line(f"{name}: {readable(value)}")
            builder.end_list()
        return
    if kind.startswith("message/") and part.is_multipart() and kind != "message/external-body":
        inner = _inner_message(part)
        with builder.section("message", header(inner, "Subject")):
            add_message(builder, inner, depth + 1)
        return
    if kind in _SIGNATURE_TYPES or kind == "text/x-amp-html":
        return
    data = content_bytes(part)
    name = filename(part) or _default_name(kind)
    digest = hashlib.sha256(data).digest()
    if digest in added and data:
        return
    added.add(digest)
    if kind == "application/ms-tnef" or name.lower() == "winmail.dat":
        from ingest.steps.parse.formats.mail.tnef import add_tnef

        add_tnef(builder, data, name)
        return
    charset = content_charset(part)
    if kind.startswith("text/") and charset and data:  # the file inside the mail does not tell its character set itself
        data = decode_bytes(data, charset).encode("utf-8", "replace") if b"\0" not in data[:4096] else data
    if name.lower().endswith(".zip") and add_zip(builder, data, name):
        return
    if kind.startswith(_WITHOUT_TEXT):
        builder.add_block(f"Attachment: {name}")
        builder.report.count("attachment", "not_read")
        builder.report.warn(
            "attachment_not_read", "An attachment holds sound or moving pictures.", f"attachment {name}"
        )
        return
    add_nested(builder, data, name)


def _inner_message(part: email.message.Message) -> email.message.Message:
    """Return the mail in a part. RFC 2046 forbids to encode it, but some programs do, and the library does not decode it."""
    inner = _parts(part)[0]
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if encoding not in ("base64", "quoted-printable") or list(inner.keys()):
        return inner
    inner["Content-Transfer-Encoding"] = encoding
    return parse_message(content_bytes(inner))


def _default_name(kind: str) -> str:
    return {"text/calendar": "invitation.ics", "text/vcard": "contact.vcf"}.get(kind, kind)
