"""Files and objects embedded in Office files, also those inside OLE packages ([MS-OLEDS])."""

import io
import struct
from typing import Literal

from ingest.errors import FileError, UnsupportedFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.xml import attribute

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FILE_STREAMS = ("package", "contents", "package_stream")  # streams that are a file as it is: an Office file, a PDF
_CONTROL_TEXTS = ("Caption", "Text", "Value")
_DAMAGED = "damaged"
_PRODUCTS = {"equation native": "an equation of the old equation editor"}


def add_object(builder: TextBuilder, data: bytes, filename: str) -> bool:
    """Add the text of an embedded object as a section "attachment", and return whether it was read.

    Every object is counted, and one that cannot be read is named in a warning.
    """
    content, what = data, ""
    if data.startswith(_OLE_MAGIC):
        content, filename, what = _unwrap(data, filename)
    if not content:
        reason = f"It is {what or 'of a kind that is not read'}."
        return _skip(builder, "failed" if what == _DAMAGED else "not_read", reason, filename)
    return _add_file(builder, content, filename)


def add_control(builder: TextBuilder, data: bytes, filename: str) -> bool:
    """Add the text of a control (ActiveX), and return whether it was read. Most store it in a form that is not read."""
    root, _ = xml.parse(data)
    bag = {} if root is None else {attribute(p, "name"): attribute(p, "value") for p in root.iter("{*}ocxPr")}
    text = " ".join(bag[name] for name in _CONTROL_TEXTS if bag.get(name, "").strip())
    if not text:
        return _skip(builder, "not_read", "It is a control of a form.", filename)
    builder.report.count("embedded_object", "read")
    builder.add_block(text)
    return True


def _add_file(builder: TextBuilder, data: bytes, filename: str) -> bool:
    from ingest.steps.parse.nested import read_nested

    try:
        parsed = read_nested(data, filename)
    except FileError as exc:
        return _skip(builder, "not_read" if isinstance(exc, UnsupportedFile) else "failed", str(exc), filename)
    except MemoryError:
        raise
    except Exception as exc:  # noqa: BLE001 - a parser may raise anything, and the outer file must not fail
        return _skip(builder, "failed", f"It is damaged ({type(exc).__name__}).", filename)
    builder.report.count("embedded_object", "read" if parsed.text.strip() else "empty")
    if parsed.text.strip():
        with builder.section("attachment", filename):
            builder.add_block(f"Attachment: {filename}")
            builder.add_parsed(parsed, f"embedded object {filename}")
    return True


def _skip(builder: TextBuilder, outcome: Literal["not_read", "failed"], reason: str, filename: str) -> bool:
    builder.report.count("embedded_object", outcome)
    part = f"embedded object {filename}"
    builder.report.warn("embedded_object_not_read", f"An embedded object was not read. {reason}", part)
    return False


def _unwrap(data: bytes, filename: str) -> tuple[bytes, str, str]:
    """Return the file inside an OLE object, its name, and else what the object is.

    Objects that are Office documents of 97 to 2003 themselves are returned as they are.
    """
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            streams = {entry[-1].lower(): entry for entry in ole.listdir() if len(entry) == 1}
            if "\x01ole10native" in streams:
                return (*_read_native(ole.openstream(streams["\x01ole10native"]).read(), filename), "")
            for name in _FILE_STREAMS:
                if name in streams:
                    content = ole.openstream(streams[name]).read()
                    start = max(content.find(b"%PDF-", 0, 1024), 0) if name == "contents" else 0
                    return content[start:], filename, ""
            if streams.keys() & {"worddocument", "workbook", "book", "powerpoint document"}:
                return data, filename, ""
            what = next((text for name, text in _PRODUCTS.items() if name in streams), "")
            return b"", filename, what
    except (OSError, ValueError, LookupError, struct.error):
        return b"", filename, _DAMAGED


def _read_native(data: bytes, filename: str) -> tuple[bytes, str]:
    """Return the file in an Ole10Native stream and its name ([MS-OLEDS] 2.3.6): sizes, label, path, and the bytes."""
    position = 6  # the total size, and flags
    label_end = data.find(b"\0", position)
    path_end = data.find(b"\0", label_end + 1)
    if label_end < 0 or path_end < 0 or len(data) < path_end + 13:
        return data[4:], filename
    label = data[position:label_end].decode("cp1252", "replace")
    (temporary_size,) = struct.unpack_from("<I", data, path_end + 5)
    position = path_end + 9 + temporary_size
    if position + 4 > len(data):
        return data[4:], filename
    (size,) = struct.unpack_from("<I", data, position)
    name = label.replace("\\", "/").rpartition("/")[2]
    return data[position + 4 : position + 4 + size], name or filename
