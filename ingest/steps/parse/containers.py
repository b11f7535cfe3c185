"""What is inside a ZIP or OLE container, found without unpacking it; bombs and locks are refused here."""

import re
import struct
import zipfile
import zlib
from pathlib import Path

from ingest.errors import InvalidFile, UnsupportedFile

ENCRYPTED = "The file is encrypted; remove its password and upload it again."

_MAX_MEMBERS = 20_000
_MAX_UNPACKED = 2 * 2**30  # bytes; the memory limit of the parser bounds what is made of them
_MAX_RATIO = 1_000  # deflate reaches 1,032; office files of repeated rows reach some hundreds...
_RATIO_FROM = 64 * 2**20  # ...so the ratio only counts for what is large once unpacked

_BY_MEMBER = (
    ("word/document.xml", "docx"),
    ("xl/workbook.xml", "xlsx"),
    ("ppt/presentation.xml", "pptx"),
)
_BY_MIMETYPE = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.text-template": "odt",
}
_ALGORITHM = re.compile(rb"""EncryptionMethod[^>]*\bAlgorithm\s*=\s*["']([^"']*)""")
_OF_FONTS = frozenset([b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC"])  # text stays readable
_OF_DOCUMENTS = frozenset(["mimetype", *(member for member, _ in _BY_MEMBER)])
_REFUSED_MEMBERS = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb); save it as .xlsx"),
    ("Index/Document.iwa", "an Apple iWork document; export it as PDF or in an Office format"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
)


def kind_in_zip(path: Path) -> str:
    """Return "docx", "xlsx", "pptx", "odt" or "epub"; raise for other archives, bombs and damaged files."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _refuse_bomb(members, path.stat().st_size)
            names = {member.filename for member in members}
            is_locked = any(member.flag_bits & 1 for member in members) or _has_locks(archive, names)
            mimetype = "" if is_locked else _mimetype(archive, names)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as exc:
        raise InvalidFile("The file is damaged: its container (ZIP) cannot be read to the end.") from exc
    if is_locked and names & _OF_DOCUMENTS:
        raise InvalidFile(ENCRYPTED)
    if mimetype in _BY_MIMETYPE:
        return _BY_MIMETYPE[mimetype]
    for member, kind in _BY_MEMBER:
        if member in names:
            return kind
    if "[Content_Types].xml" in names and any(name.startswith("word/document") for name in names):
        return "docx"
    for member, what in _REFUSED_MEMBERS:
        if member in names:
            raise UnsupportedFile(f"The file type is not supported: it is {what}.")
    if mimetype.startswith("application/vnd.oasis.opendocument"):
        raise UnsupportedFile(f"The file type is not supported: it is an OpenDocument file of the type {mimetype!r}.")
    raise UnsupportedFile("The file type is not supported: it is an archive (ZIP). Upload the files in it one by one.")


def kind_in_ole(path: Path) -> str:
    """Return "doc", "xls", "ppt" or "msg"; raise for encrypted, unknown and damaged files."""
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            names = {entry[0].lower() for entry in ole.listdir()}
    except (OSError, ValueError, LookupError, struct.error) as exc:
        raise InvalidFile("The file is damaged: its container (OLE) cannot be read.") from exc
    if not names:
        raise InvalidFile("The file is damaged: its container (OLE) lists nothing.")
    if names & {"encryptedpackage", "encryptioninfo"}:
        raise InvalidFile(ENCRYPTED)
    if "worddocument" in names:
        return "doc"
    if names & {"workbook", "book"}:
        return "xls"
    if "powerpoint document" in names:
        return "ppt"
    if "__properties_version1.0" in names:
        return "msg"
    raise UnsupportedFile("The file type is not supported: it is an old Office container of an unknown kind.")


def _refuse_bomb(members: list[zipfile.ZipInfo], size: int) -> None:
    if len(members) > _MAX_MEMBERS:
        raise InvalidFile(f"The file is a container of {len(members)} members; more than {_MAX_MEMBERS} are not read.")
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MAX_UNPACKED or (unpacked > _RATIO_FROM and unpacked > _MAX_RATIO * size):
        raise InvalidFile(f"The file would grow from {size} to {unpacked} bytes when unpacked; that is not read.")


def _has_locks(archive: zipfile.ZipFile, names: set[str]) -> bool:
    """Whether an e-book or an OpenDocument file says that its members are encrypted."""
    if b"encryption-data" in _small(archive, names, "META-INF/manifest.xml"):
        return True
    how = set(_ALGORITHM.findall(_small(archive, names, "META-INF/encryption.xml")))
    return bool(how - _OF_FONTS)


def _mimetype(archive: zipfile.ZipFile, names: set[str]) -> str:
    """What the member of that name says; OpenDocument and EPUB have one."""
    return _small(archive, names, "mimetype", 200).decode("ascii", "replace").strip()


def _small(archive: zipfile.ZipFile, names: set[str], name: str, most: int = 2**20) -> bytes:
    """A member's bytes; none when it is not there or has more than `most`."""
    return archive.read(name) if name in names and archive.getinfo(name).file_size <= most else b""
