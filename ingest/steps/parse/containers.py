"""Detect the format inside a ZIP or OLE container without unpacking it, and refuse bombs and encrypted files."""

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from ingest.errors import InvalidFile, OversizedFile, ProtectedFile, UnsupportedFile

ENCRYPTED_MESSAGE = "The file is encrypted; remove its password and upload it again."

_MAX_MEMBERS = 20_000
_MAX_UNPACKED_BYTES = 2 * 2**30  # a rough bound: the memory limit of the parser process is what protects the machine
_MAX_RATIO = 1_000  # deflate reaches 1,032, and office files of repeated rows reach some hundreds
_MIN_BYTES_FOR_RATIO = 64 * 2**20  # so the ratio is only checked for files that are large when unpacked

_KIND_BY_MEMBER = (
    ("word/document.xml", "docx"),
    ("xl/workbook.xml", "xlsx"),
    ("xl/workbook.bin", "xlsb"),
    ("ppt/presentation.xml", "pptx"),
)
_KIND_BY_CONTENT_TYPE = (  # part of the content type of the main document (ECMA-376 part 1, chapter 15) -> kind
    (re.compile(rb"sheet\.binary\.macroEnabled\.main"), "xlsb"),
    (
        re.compile(rb"(?:wordprocessingml|ms-word)\.(?:document|template)\.(?:macroEnabled(?:Template)?\.)?main\+xml"),
        "docx",
    ),
    (re.compile(rb"(?:spreadsheetml|ms-excel)\.(?:sheet|template|addin)\.(?:macroEnabled\.)?main\+xml"), "xlsx"),
    (
        re.compile(
            rb"(?:presentationml|ms-powerpoint)\.(?:presentation|slideshow|template)\.(?:macroEnabled\.)?main\+xml"
        ),
        "pptx",
    ),
)
_KIND_BY_MIMETYPE = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.text-template": "odt",
    "application/vnd.oasis.opendocument.text-master": "odt",
    "application/vnd.oasis.opendocument.text-web": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.spreadsheet-template": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.presentation-template": "odp",
    "application/vnd.oasis.opendocument.graphics": "odg",
    "application/vnd.oasis.opendocument.graphics-template": "odg",
    "application/vnd.sun.xml.writer": "odt",
    "application/vnd.sun.xml.calc": "ods",
    "application/vnd.sun.xml.impress": "odp",
}
_ENCRYPTION_ALGORITHM = re.compile(rb"""EncryptionMethod[^>]*\bAlgorithm\s*=\s*["']([^"']*)""")
_FONT_ALGORITHMS = frozenset(
    [b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC"]
)  # the text stays readable
_DOCUMENT_MEMBERS = frozenset(["mimetype", *(member for member, _ in _KIND_BY_MEMBER)])
_REFUSED_MEMBERS = (
    ("visio/document.xml", "a Visio drawing; export it as PDF"),
    ("index/document.iwa", "an Apple iWork document; export it as PDF or in an Office format"),
    ("meta-inf/manifest.mf", "a Java archive"),
)


def detect_zip_kind(path: Path) -> str:
    """Return "docx", "xlsx", "xlsb", "pptx", "epub", or the kind of an OpenDocument file such as "odt".

    Raises UnsupportedFile for other archives, InvalidFile for bombs, encrypted and damaged files.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _refuse_bomb(members, path.stat().st_size)
            # Some writers use backslashes, a leading slash or other capital letters, and Office opens their files.
            names = {member.filename.replace("\\", "/").lstrip("/").lower(): member.filename for member in members}
            is_encrypted = any(member.flag_bits & 1 for member in members) or _declares_encryption(archive, names)
            kind = "" if is_encrypted else _document_kind(archive, names)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as exc:
        raise InvalidFile("The file is damaged: its container (ZIP) cannot be read to the end.") from exc
    if is_encrypted and names.keys() & _DOCUMENT_MEMBERS:
        raise ProtectedFile(ENCRYPTED_MESSAGE)
    if kind:
        return kind
    for member, what in _REFUSED_MEMBERS:
        if member in names:
            raise UnsupportedFile(f"The file type is not supported: it is {what}.")
    raise UnsupportedFile(
        "The file type is not supported: it is an archive (ZIP). "
        "Upload the files in it one by one, or import it with `ingest import`, which opens zip and tar."
    )


def _document_kind(archive: zipfile.ZipFile, names: Mapping[str, str]) -> str:
    """Return the kind of a document, or "" for another archive. Raises UnsupportedFile for unknown OpenDocument types."""
    mimetype = _mimetype(archive, names)
    if mimetype in _KIND_BY_MIMETYPE:
        return _KIND_BY_MIMETYPE[mimetype]
    content_types = _read_small_member(archive, names, "[content_types].xml")
    for pattern, kind in _KIND_BY_CONTENT_TYPE:
        if pattern.search(content_types):
            return kind
    for member, kind in _KIND_BY_MEMBER:
        if member in names:
            return kind
    if content_types and any(name.startswith("word/document") for name in names):
        return "docx"
    if "meta-inf/container.xml" in names:
        return "epub"
    if mimetype.startswith("application/vnd.oasis.opendocument"):
        raise UnsupportedFile(f"The file type is not supported: it is an OpenDocument file of the type {mimetype!r}.")
    if "content.xml" in names and "meta-inf/manifest.xml" in names:  # an OpenDocument file without its first member
        return _kind_of_open_document(archive, names)
    return ""


def _kind_of_open_document(archive: zipfile.ZipFile, names: Mapping[str, str]) -> str:
    manifest = _read_small_member(archive, names, "meta-inf/manifest.xml").decode("utf-8", "replace")
    types = re.findall(r"application/vnd\.oasis\.opendocument\.[\w-]+", manifest)
    return next((_KIND_BY_MIMETYPE[kind] for kind in types if kind in _KIND_BY_MIMETYPE), "")


def detect_ole_kind(path: Path) -> str:
    """Return "doc", "xls", "ppt" or "msg".

    Raises UnsupportedFile for other containers, InvalidFile for encrypted and damaged files.
    """
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            names = {entry[0].lower() for entry in ole.listdir()}
    except (OSError, ValueError, LookupError, struct.error) as exc:
        raise InvalidFile("The file is damaged: its container (OLE) cannot be read.") from exc
    if not names:
        raise InvalidFile("The file is damaged: its container (OLE) lists nothing.")
    if names & {"encryptedpackage", "encryptioninfo"}:
        raise ProtectedFile(ENCRYPTED_MESSAGE)
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
        raise OversizedFile(
            f"The file is a container of {len(members)} members; more than {_MAX_MEMBERS} are not read."
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MAX_UNPACKED_BYTES or (unpacked > _MIN_BYTES_FOR_RATIO and unpacked > _MAX_RATIO * size):
        raise OversizedFile(f"The file would grow from {size} to {unpacked} bytes when unpacked; that is not read.")


def _declares_encryption(archive: zipfile.ZipFile, names: Mapping[str, str]) -> bool:
    """Return whether an e-book or an OpenDocument file says that its members are encrypted."""
    if b"encryption-data" in _read_small_member(archive, names, "meta-inf/manifest.xml"):
        return True
    algorithms = set(_ENCRYPTION_ALGORITHM.findall(_read_small_member(archive, names, "meta-inf/encryption.xml")))
    return bool(algorithms - _FONT_ALGORITHMS)


def _mimetype(archive: zipfile.ZipFile, names: Mapping[str, str]) -> str:
    """Return the content of the member "mimetype", which OpenDocument and EPUB files have."""
    return _read_small_member(archive, names, "mimetype", 200).decode("ascii", "replace").strip()


def _read_small_member(archive: zipfile.ZipFile, names: Mapping[str, str], name: str, max_bytes: int = 2**20) -> bytes:
    """Return a member's bytes, or b"" if it is missing or longer than `max_bytes`. `names` maps plain to stored names."""
    if name not in names or archive.getinfo(names[name]).file_size > max_bytes:
        return b""
    return archive.read(names[name])
