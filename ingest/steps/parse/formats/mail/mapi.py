"""Properties of Outlook messages ([MS-OXPROPS]): the ones that hold text, and the bodies made of them."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ingest.errors import FileError
from ingest.steps.parse.formats import html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.headers import decode_bytes
from ingest.steps.parse.formats.mail.lzfu import decompress_rtf
from ingest.steps.parse.formats.mail.message import choose_bodies
from ingest.steps.parse.nested import read_nested
from ingest.steps.parse.parsed import ParsedText

SUBJECT, BODY, RTF, HTML = 0x0037, 0x1000, 0x1009, 0x1013
SENT, DELIVERED = 0x0039, 0x0E06
SENDER_NAMES, SENDER_ADDRESSES = (0x0042, 0x0C1A), (0x5D02, 0x5D01, 0x0065, 0x0C1F)
DISPLAY_NAME, ADDRESS, SMTP_ADDRESS, RECIPIENT_TYPE = 0x3001, 0x3003, 0x39FE, 0x0C15
DISPLAY_TO, DISPLAY_CC = 0x0E04, 0x0E03
LONG_NAME, SHORT_NAME, DATA, METHOD, CONTENT_ID = 0x3707, 0x3704, 0x3701, 0x3705, 0x3712
CODE_PAGES = (0x3FFD, 0x3FDE)  # of the message's strings, of its HTML
CONTACT_LINES = (
    (0x3A16, "Company"),
    (0x3A17, "Title"),
    (0x3A08, "Business telephone"),
    (0x3A1C, "Mobile telephone"),
    (0x3A09, "Home telephone"),
    (0x3A15, "Postal address"),
)

UNICODE_STRING, STRING, BINARY = 0x001F, 0x001E, 0x0102
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class Properties:
    """The properties of a message, recipient or attachment: numbers in `numbers`, streams in `streams` by (id, type)."""

    def __init__(
        self, numbers: Mapping[int, int], streams: Mapping[tuple[int, int], bytes], code_page: int = 0
    ) -> None:
        self.numbers = numbers
        self._streams = streams
        self.code_page = next((numbers[page] for page in CODE_PAGES if numbers.get(page)), code_page)

    def text(self, *identifiers: int) -> str:
        """Return the first of these properties that has text, in one line; "" if there is none."""
        return next(filter(None, (" ".join(self.block(identifier).split()) for identifier in identifiers)), "")

    def block(self, identifier: int) -> str:
        """Return a property as text of several lines."""
        if (unicode := self._streams.get((identifier, UNICODE_STRING))) is not None:
            return unicode.decode("utf-16-le", "replace").rstrip("\0")
        if (string := self._streams.get((identifier, STRING))) is not None:
            return decode_bytes(string.rstrip(b"\0"), f"cp{self.code_page}" if self.code_page else None)
        return ""

    def binary(self, identifier: int) -> bytes:
        """Return a property of bytes, or b""."""
        return self._streams.get((identifier, BINARY), b"")

    def time(self, *identifiers: int) -> str:
        """Return the first of these properties that holds a time, or ""."""
        for identifier in identifiers:
            if ticks := self.numbers.get(identifier):
                with contextlib.suppress(OverflowError):
                    return (_EPOCH + timedelta(microseconds=ticks // 10)).isoformat(" ", "seconds")
        return ""


def add_headers(builder: TextBuilder, properties: Properties, recipients: Mapping[str, str]) -> None:
    """Add the headers that a reader of the message sees. `recipients` maps "To", "Cc" and "Bcc" to names."""
    sender = person(properties.text(*SENDER_NAMES), properties.text(*SENDER_ADDRESSES))
    lines = [("Subject", properties.text(SUBJECT)), ("From", sender), *recipients.items()]
    lines.append(("Date", properties.time(SENT, DELIVERED)))
    lines += [(name, properties.text(identifier)) for identifier, name in CONTACT_LINES]
    for name, value in lines:
        if value:
            builder.add_line(f"{name}: {value}")
    builder.end_list()


def person(name: str, address: str) -> str:
    """Return "name <address>", or the one that is known. Addresses inside an Exchange organisation say nothing."""
    if address.startswith("/") and name:
        address = ""
    return f"{name} <{address}>" if name and address and name != address else address or name


def add_body(builder: TextBuilder, properties: Properties) -> None:
    """Add the body: the fuller one of plain text and HTML, or the RTF if there is neither."""
    plain, rich = TextBuilder(), TextBuilder()
    plain.add_block(properties.block(BODY).strip("\r\n"))
    source: bytes | str = properties.binary(HTML).rstrip(b"\0") or properties.block(HTML)
    if source:
        page = properties.numbers.get(CODE_PAGES[1], properties.code_page)
        html.write_html(rich, source, f"cp{page}" if page and isinstance(source, bytes) else None)
    bodies = choose_bodies([plain.parsed("text")], [rich.parsed("html")])
    if not any(body.text for body in bodies):
        bodies = _rtf_body(builder, properties.binary(RTF))
    for body in bodies:
        builder.add_parsed(body, "")


def _rtf_body(builder: TextBuilder, compressed: bytes) -> list[ParsedText]:
    if not compressed:
        return []
    try:
        return [read_nested(decompress_rtf(compressed), "body.rtf")]
    except (FileError, ValueError, KeyError, IndexError) as exc:
        builder.report.warn("body_not_read", f"The formatted body of the message is damaged ({type(exc).__name__}).")
        return []
