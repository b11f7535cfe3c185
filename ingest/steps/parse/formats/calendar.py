"""Calendars (.ics, RFC 5545) and contacts (.vcf, RFC 2426 and RFC 6350) as readable lines.

Both are lines "NAME;PARAMETER=value:content" that are folded at 75 bytes. Properties without text for a reader, such as
identifiers, pictures and time zone rules, are left out.
"""

import quopri
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ingest.steps.parse.charset import decode, decode_counted
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText

_FOLD = re.compile(rb"\r?\n[ \t]")
_PROPERTY = re.compile(r'(?:[\w-]+\.)?([\w-]+)((?:;[^":;]*(?:"[^"]*"[^":;]*)*)*):(.*)', re.S)
_PARAMETER = re.compile(r';([\w-]+)(?:=("[^"]*"|[^";]*))?')
_ESCAPE = re.compile(r"\\([nN;,:\\\"])")
_DATE_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?(\d\d))?(Z)?)?$")
_MAX_PROPERTIES = 2_000_000

_LABELS = {
    "SUMMARY": "", "FN": "", "DESCRIPTION": "", "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "COMPLETED": "Completed",
    "LOCATION": "Location", "ORGANIZER": "Organizer", "ATTENDEE": "Attendee", "CONTACT": "Contact", "URL": "URL",
    "STATUS": "Status", "CATEGORIES": "Categories", "COMMENT": "Comment", "RRULE": "Repeats", "RECURRENCE-ID": "Occurrence",
    "DURATION": "Duration", "RESOURCES": "Resources", "ORG": "Organization", "TITLE": "Title", "ROLE": "Role",
    "TEL": "Telephone", "EMAIL": "Email", "ADR": "Address", "NOTE": "Note", "BDAY": "Birthday", "NICKNAME": "Nickname",
    "IMPP": "Messenger", "X-WR-CALNAME": "Calendar", "X-WR-CALDESC": "", "ATTACH": "Attachment", "EXDATE": "Except",
    "NAME": "Calendar", "ANNIVERSARY": "Anniversary", "LANG": "Language", "RELATED": "Related", "LABEL": "Address",
    "CONFERENCE": "Conference",
}  # fmt: skip
_HEADINGS = frozenset(["SUMMARY", "FN"])
_COMPONENTS = frozenset(["VEVENT", "VTODO", "VJOURNAL", "VCARD", "VFREEBUSY"])
_SKIPPED_COMPONENTS = frozenset(["VTIMEZONE", "STANDARD", "DAYLIGHT", "VALARM"])
_BINARY = frozenset(["PHOTO", "LOGO", "SOUND", "KEY"])
_STRUCTURED = frozenset(["ADR", "ORG", "N"])
_DATES = frozenset(["DTSTART", "DTEND", "DUE", "COMPLETED", "RECURRENCE-ID", "EXDATE", "BDAY", "ANNIVERSARY"])


class _Property(NamedTuple):
    name: str
    parameters: dict[str, str]
    value: str


def read(path: Path) -> ParsedText:
    """Return the events, tasks and contacts of a file, each with its summary or name as a heading."""
    builder = TextBuilder()
    skipped = 0
    component: list[_Property] = []
    for entry in _properties(path.read_bytes(), builder):
        name = entry.value.strip().upper()
        if entry.name == "BEGIN":
            skipped += name in _SKIPPED_COMPONENTS
            if name in _COMPONENTS:
                _add_component(builder, component)
                component = []
        elif entry.name == "END":
            skipped = max(0, skipped - (name in _SKIPPED_COMPONENTS))
            if name in _COMPONENTS:
                builder.report.count("entry", "read")
                _add_component(builder, component)
                component = []
        elif not skipped:
            component.append(entry)
    _add_component(builder, component)
    return builder.parsed("calendar")


def _properties(data: bytes, builder: TextBuilder) -> Iterator[_Property]:
    """Yield the properties of unfolded lines. A fold may split a character, so bytes are unfolded."""
    data = _FOLD.sub(b"", _join_soft_breaks(data))
    decoded = decode_counted(data)
    builder.report.count_replaced_characters(decoded.replaced)
    lines = decoded.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines[:_MAX_PROPERTIES]:
        match = _PROPERTY.match(line)
        if match is None:
            if line.strip():  # a line that a careless program did not fold
                yield _Property("DESCRIPTION", {}, line)
            continue
        parameters = {key.upper(): value.strip('"') for key, value in _PARAMETER.findall(match[2])}
        yield _Property(match[1].upper(), parameters, _decoded_value(match[3], parameters))


def _join_soft_breaks(data: bytes) -> bytes:
    """Join the lines of quoted-printable values, which end in "=" (vCard 2.1)."""
    if b"QUOTED-PRINTABLE" not in data.upper():
        return data
    parts: list[bytes] = []
    is_open = False
    for line in data.replace(b"\r\n", b"\n").split(b"\n"):
        is_quoted = is_open or b"QUOTED-PRINTABLE" in line.partition(b":")[0].upper()
        is_open = is_quoted and line.endswith(b"=")
        parts += [line[:-1]] if is_open else [line, b"\n"]
    return b"".join(parts)


def _decoded_value(value: str, parameters: dict[str, str]) -> str:
    encoding = parameters.get("ENCODING", "").upper()
    if encoding == "QUOTED-PRINTABLE" or "QUOTED-PRINTABLE" in parameters:
        data = quopri.decodestring(value.encode("utf-8", "replace"))
        return decode(data, parameters.get("CHARSET"))
    return value


def _add_component(builder: TextBuilder, properties: list[_Property]) -> None:
    """Add one entry: its title first, then its other properties in the order of the file."""
    builder.end_list()
    titles = [entry for entry in properties if entry.name in _HEADINGS]
    for entry in titles:
        builder.add_heading(_plain(entry.value), 1)
    if not titles:
        for entry in properties:
            if entry.name == "N":
                builder.add_heading(_content(entry), 1)
    for entry in properties:
        if entry.name in _BINARY:
            builder.report.count("image", "not_read")
        elif entry.name in _LABELS and entry.name not in _HEADINGS and (content := _content(entry)):
            label = _LABELS[entry.name]
            builder.add_line(f"{label}: {content}" if label else content)
    builder.end_list()


def _content(entry: _Property) -> str:
    if entry.name in _DATES:
        return ", ".join(_date(part) for part in entry.value.split(",")) + _zone(entry)
    if entry.name in ("ORGANIZER", "ATTENDEE"):
        address = entry.value.partition(":")[2] if entry.value.lower().startswith("mailto:") else entry.value
        name = _plain(entry.parameters.get("CN", ""))
        return f"{name} <{address}>" if name else address
    if entry.name == "ATTACH" and ("ENCODING" in entry.parameters or entry.value.startswith("data:")):
        return entry.parameters.get("FILENAME", "")
    if entry.name in _STRUCTURED:
        parts = [_plain(part).strip() for part in re.split(r"(?<!\\);", entry.value)]
        return ", ".join(filter(None, parts))
    return _plain(entry.value).strip()


def _zone(entry: _Property) -> str:
    zone = entry.parameters.get("TZID", "")
    return f" ({zone})" if zone and "Z" not in entry.value else ""


def _date(value: str) -> str:
    """Write "20240131T140000Z" as "2024-01-31 14:00 UTC"."""
    match = _DATE_TIME.match(value.strip())
    if match is None:
        return _plain(value)
    day = f"{match[1]}-{match[2]}-{match[3]}"
    return f"{day} {match[4]}:{match[5]}{' UTC' if match[7] else ''}" if match[4] else day


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
