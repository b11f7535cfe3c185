"""Outlook messages (.msg): an OLE container of properties, recipients and attachments ([MS-OXMSG])."""

import struct
from pathlib import Path
from typing import Any

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail import mapi
from ingest.steps.parse.formats.mail.mapi import Properties
from ingest.steps.parse.nested import add_nested
from ingest.steps.parse.parsed import ParsedText

_PROPERTIES = "__properties_version1.0"
_STREAM_PREFIX = "__substg1.0_"
_EMBEDDED = "__substg1.0_3701000D"
_HEADER_BYTES = {"": 32, "message": 24, "other": 8}
_ENTRY = struct.Struct("<HHIQ")
_MAX_DEPTH = 10  # of messages in messages
_MAX_ENTRIES = 10_000
_RECIPIENT_KINDS = {1: "To", 2: "Cc", 3: "Bcc"}
_BY_VALUE, _EMBEDDED_MESSAGE = 1, 5
_WIDTHS = {0x0002: 2, 0x0003: 4, 0x000B: 2, 0x0014: 8, 0x0040: 8}  # bytes of the property types that are numbers


def read_outlook(path: Path) -> ParsedText:
    """Return the text of an Outlook message. Raises InvalidFile if it is damaged."""
    import olefile

    builder = TextBuilder()
    with olefile.OleFileIO(str(path)) as container:
        storages = _Storages(container)
        if not container.exists(_PROPERTIES):
            raise InvalidFile("The file could not be parsed as an Outlook mail: it has no properties.")
        _add_message(builder, storages, (), 0)
    return builder.parsed("msg", "olefile", olefile.__version__)


class _Storages:
    """The storages of a message file: which streams and storages each one holds."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._children: dict[tuple[str, ...], set[str]] = {}
        for entry in container.listdir(streams=True, storages=True):
            self._children.setdefault(tuple(entry[:-1]), set()).add(entry[-1])

    def children(self, path: tuple[str, ...], prefix: str) -> list[tuple[str, ...]]:
        """Return the paths of what is directly in a storage and has a name with this prefix, in order."""
        return [(*path, name) for name in sorted(self._children.get(path, ())) if name.startswith(prefix)]

    def is_storage(self, path: tuple[str, ...]) -> bool:
        return path in self._children

    def read(self, path: tuple[str, ...]) -> bytes:
        """Return the content of a stream, or b"" if there is none or it is damaged."""
        try:
            with self._container.openstream(list(path)) as stream:
                data = stream.read()
        except OSError:
            return b""
        return data if isinstance(data, bytes) else b""

    def properties(self, path: tuple[str, ...], header: str, code_page: int = 0) -> Properties:
        """Return the properties of a message, recipient or attachment."""
        streams: dict[tuple[int, int], bytes] = {}
        for stream in self.children(path, _STREAM_PREFIX):
            tag = stream[-1].removeprefix(_STREAM_PREFIX)
            if len(tag) == 8 and not self.is_storage(stream):
                try:
                    streams[int(tag[:4], 16), int(tag[4:], 16)] = self.read(stream)
                except ValueError:
                    continue
        return Properties(_read_numbers(self.read((*path, _PROPERTIES)), _HEADER_BYTES[header]), streams, code_page)


def _read_numbers(data: bytes, header_bytes: int) -> dict[int, int]:
    """Return the properties that are numbers and times, by id."""
    end = header_bytes + min((len(data) - header_bytes) // _ENTRY.size, _MAX_ENTRIES) * _ENTRY.size
    numbers: dict[int, int] = {}
    for kind, identifier, _, value in _ENTRY.iter_unpack(data[header_bytes : max(end, header_bytes)]):
        if width := _WIDTHS.get(kind):
            numbers[identifier] = value & ((1 << 8 * width) - 1)
    return numbers


def _add_message(builder: TextBuilder, storages: _Storages, path: tuple[str, ...], depth: int) -> None:
    properties = storages.properties(path, "message" if path else "")
    mapi.add_headers(builder, properties, _recipients(storages, path, properties))
    mapi.add_body(builder, properties)
    for attachment in storages.children(path, "__attach_version1.0"):
        _add_attachment(builder, storages, attachment, properties.code_page, depth)


def _recipients(storages: _Storages, path: tuple[str, ...], message: Properties) -> dict[str, str]:
    """Return the recipients by "To", "Cc" and "Bcc"."""
    names: dict[str, list[str]] = {"To": [], "Cc": [], "Bcc": []}
    for recipient in storages.children(path, "__recip_version1.0"):
        properties = storages.properties(recipient, "other", message.code_page)
        kind = _RECIPIENT_KINDS.get(properties.numbers.get(mapi.RECIPIENT_TYPE, 1) & 0xF, "To")
        address = properties.text(mapi.SMTP_ADDRESS, mapi.ADDRESS)
        names[kind].append(mapi.person(properties.text(mapi.DISPLAY_NAME), address))
    joined = {kind: ", ".join(filter(None, people)) for kind, people in names.items()}
    return (
        joined if any(joined.values()) else {"To": message.text(mapi.DISPLAY_TO), "Cc": message.text(mapi.DISPLAY_CC)}
    )


def _add_attachment(
    builder: TextBuilder, storages: _Storages, path: tuple[str, ...], code_page: int, depth: int
) -> None:
    properties = storages.properties(path, "other", code_page)
    name = properties.text(mapi.LONG_NAME, mapi.SHORT_NAME, mapi.DISPLAY_NAME) or "unnamed"
    embedded = (*path, _EMBEDDED)
    part = f"attachment {name}"
    if storages.is_storage(embedded):
        if depth < _MAX_DEPTH and storages.children(embedded, _PROPERTIES):
            subject = storages.properties(embedded, "message").text(mapi.SUBJECT)
            with builder.section("message", subject or name):
                _add_message(builder, storages, embedded, depth + 1)
            return
        builder.add_block(f"Attachment: {name}")
        builder.report.count("attachment", "not_read")
        builder.report.warn("attachment_not_read", "An embedded object was not read.", part)
        return
    data = properties.binary(mapi.DATA)
    if properties.text(mapi.CONTENT_ID) and _is_picture(name):  # the body shows it
        builder.report.count("image", "not_read")
        return
    add_nested(builder, data, name)


def _is_picture(name: str) -> bool:
    return name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emf", ".wmf"))
