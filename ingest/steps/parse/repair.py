"""Repair damaged containers, so that the parsers can read what is left: ZIP archives and their XML parts, OLE files.

Downloads that broke off and disks that lost a block leave such files. Offices offer to repair them too.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import FileError, InvalidFile

_LOCAL_HEADER = struct.Struct("<4s5HIII2H")  # APPNOTE.TXT of PKWARE, section 4.3.7
_LOCAL_SIGNATURE = b"PK\3\4"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED_FLAG = 1
_MAX_MEMBERS = 20_000
_MAX_FILE_BYTES = 256 * 2**20
_MAX_UNPACKED_BYTES = 512 * 2**20
_XML_SUFFIXES = (".xml", ".rels", ".opf", ".ncx")
_OLE_SECTOR = 512
_OLE_FAT_SECTORS_OFFSET = 44  # [MS-CFB] section 2.2
_OLE_SECTORS_PER_FAT_SECTOR = 128
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def repair(path: Path, target: Path) -> bool:
    """Write a repaired copy of a container, and return whether the copy differs from the file and is worth a try.

    Raises InvalidFile if a part declares entities.
    """
    if path.stat().st_size > _MAX_FILE_BYTES:
        return False
    data = path.read_bytes()
    if data.startswith(_OLE_SIGNATURE):
        return _repair_ole(data, target)
    return _LOCAL_SIGNATURE in data[: 2**16] and _repair_zip(data, target)


def _repair_zip(data: bytes, target: Path) -> bool:
    """Write a new archive of all members whose local headers are found, as far as their data can be unpacked."""
    names: set[str] = set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in _members(data):
            if name in names or name.endswith("/"):
                continue
            names.add(name)
            archive.writestr(name, _repair_xml(content) if name.lower().endswith(_XML_SUFFIXES) else content)
    return bool(names)


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each member, by the local headers. The content of a damaged member is its beginning."""
    position = unpacked = 0
    for _ in range(_MAX_MEMBERS):
        position = data.find(_LOCAL_SIGNATURE, position)
        if position < 0 or position + _LOCAL_HEADER.size > len(data):
            return
        _, _, flags, method, _, _, _, packed_bytes, _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack_from(
            data, position
        )
        name_start = position + _LOCAL_HEADER.size
        start = name_start + name_bytes + extra_bytes
        name = data[name_start : name_start + name_bytes].decode("utf-8", "replace")
        position = name_start
        if not name or flags & _ENCRYPTED_FLAG or method not in (_STORED, _DEFLATED):
            continue
        content, end = _unpack(data, start, method, packed_bytes, _MAX_UNPACKED_BYTES - unpacked)
        unpacked += len(content)
        if unpacked >= _MAX_UNPACKED_BYTES:
            return
        position = max(position, end)
        yield name, content


def _unpack(data: bytes, start: int, method: int, packed_bytes: int, limit: int) -> tuple[bytes, int]:
    """Return the content of a member and where its data ends; for a damaged one, what precedes the damage."""
    if method == _STORED:
        return data[start : start + packed_bytes], start + packed_bytes
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces: list[bytes] = []
    length = 0
    position = start
    while position < len(data) and not inflate.eof and length < limit:
        block = data[position : position + 2**14]
        try:
            pieces.append(inflate.decompress(block, limit - length))
        except zlib.error:
            return b"".join(pieces), start
        length += len(pieces[-1])
        position += len(block)
    return b"".join(pieces), position - len(inflate.unused_data)


def _repair_xml(content: bytes) -> bytes:
    """Return an XML part unchanged if it is well-formed, and else what can be read of it as well-formed XML."""
    from lxml import etree

    from ingest.steps.parse.formats.xml.source import decode_xml, recover_xml

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        etree.fromstring(content, parser)
    except etree.XMLSyntaxError as exc:
        if b"<!ENTITY" in content:  # no Office writes entities: they expand without end, or name files
            raise InvalidFile("The file is damaged: a part of it declares entities.") from exc
        try:
            root = recover_xml(decode_xml(content).text)
        except (etree.XMLSyntaxError, FileError):
            return content
        return content if root is None else etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _repair_ole(data: bytes, target: Path) -> bool:
    """Write the file with zeros in place of what was cut off, at most as much as the file has."""
    if len(data) < _OLE_SECTOR:
        return False
    (fat_sectors,) = struct.unpack_from("<I", data, _OLE_FAT_SECTORS_OFFSET)
    announced = _OLE_SECTOR * (1 + fat_sectors * _OLE_SECTORS_PER_FAT_SECTOR)
    size = min(announced, 2 * len(data))
    if size <= len(data):
        return False
    target.write_bytes(data.ljust(size, b"\0"))
    return True
