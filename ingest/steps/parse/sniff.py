"""Detect the kind of a file from its first bytes, and from its name where the bytes allow several kinds."""

import re
from pathlib import PurePath

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.charset import NOT_SUPPORTED_MESSAGE, decode, looks_like_text

HEAD_BYTES = 8192

_IMAGE = "an image"
_AUDIO = "an audio file"
_VIDEO = "a video"
_ARCHIVE = "an archive"
_PROGRAM = "a program"
_FONT = "a font"
_DATABASE = "a database"

_UNSUPPORTED: tuple[tuple[int, bytes, str], ...] = (  # (offset, bytes at this offset, what the file is)
    (0, b"\x89PNG\r\n\x1a\n", _IMAGE),
    (0, b"\xff\xd8\xff", _IMAGE),
    (0, b"GIF87a", _IMAGE),
    (0, b"GIF89a", _IMAGE),
    (0, b"II*\0", _IMAGE),
    (0, b"MM\0*", _IMAGE),
    (0, b"\0\0\1\0", _IMAGE),
    (0, b"8BPS\0", _IMAGE),
    (0, b"AT&TFORM", _IMAGE),
    (0, b"\0\0\0\x0cjP  \r\n", _IMAGE),
    (4, b"ftypheic", _IMAGE),
    (4, b"ftypmif1", _IMAGE),
    (4, b"ftypavif", _IMAGE),
    (8, b"WEBP", _IMAGE),
    (0, b"ID3\2", _AUDIO),
    (0, b"ID3\3", _AUDIO),
    (0, b"ID3\4", _AUDIO),
    (0, b"\xff\xfb", _AUDIO),
    (0, b"\xff\xf3", _AUDIO),
    (0, b"\xff\xf2", _AUDIO),
    (0, b"fLaC\0", _AUDIO),
    (0, b"OggS\0", _AUDIO),
    (0, b"MThd\0", _AUDIO),
    (4, b"ftypM4A", _AUDIO),
    (8, b"WAVEfmt ", _AUDIO),
    (8, b"AVI LIST", _VIDEO),
    (4, b"ftyp", _VIDEO),
    (0, b"\x1aE\xdf\xa3", _VIDEO),
    (0, b"\0\0\1\xba", _VIDEO),
    (0, b"\0\0\1\xb3", _VIDEO),
    (0, b"FLV\1", _VIDEO),
    (0, b"\x1f\x8b\x08", _ARCHIVE),
    (0, b"BZh91AY&SY", _ARCHIVE),
    (0, b"\xfd7zXZ\0", _ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (0, b"\x04\x22\x4d\x18", _ARCHIVE),
    (0, b"Rar!\x1a\x07", _ARCHIVE),
    (0, b"MSCF\0\0\0\0", _ARCHIVE),
    (0, b"!<arch>\n", _ARCHIVE),
    (257, b"ustar", _ARCHIVE),
    (0, b"\x7fELF", _PROGRAM),
    (0, b"\xca\xfe\xba\xbe", _PROGRAM),
    (0, b"\xfe\xed\xfa", _PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", _PROGRAM),
    (0, b"\0asm", _PROGRAM),
    (0, b"OTTO\0", _FONT),
    (0, b"wOFF", _FONT),
    (0, b"wOF2", _FONT),
    (0, b"\0\1\0\0\0", _FONT),
    (0, b"SQLite format 3\0", _DATABASE),
    (0, b"PAR1\x15", _DATABASE),
    (0, b"%!PS-Adobe", "a PostScript file; convert it to PDF"),
)
_KIND_BY_SUFFIX = {
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "xml": "xml",
    "rss": "xml",
    "atom": "xml",
    "eml": "eml",
    "mht": "eml",
    "mhtml": "eml",
}
_OFFICE_SUFFIXES = frozenset(["docx", "docm", "dotx", "xlsx", "xlsm", "pptx", "pptm", "ppsx", "potx", "odt"])
_BINARY_SUFFIXES = _OFFICE_SUFFIXES | {"pdf", "epub", "doc", "xls", "ppt", "msg", "rtf"}
# Files with these suffixes may hold any kind of text. With other suffixes, for example of source code, markup is part
# of the text.
_AMBIGUOUS_SUFFIXES = (
    frozenset(["txt", "text", "bin", "dat", "download", "php", "asp", "aspx", "jsp", ""]) | _BINARY_SUFFIXES
)
_MARKUP_START = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(!doctype\s+html|html[\s>])?", re.I | re.S)
_MAIL_HEADER = re.compile(r"^(mime-version|received|message-id|from):[^\n]*$", re.I | re.M)


def sniff(head: bytes, filename: str) -> str:
    """Return the kind of the file whose first HEAD_BYTES bytes are `head`.

    The kind is "text", or that of a parser ("pdf", "html", "xml", "eml", "rtf"), or "zip" or "ole" for containers whose
    kind depends on their members. Raises UnsupportedFile for other formats, InvalidFile for a damaged file.
    """
    suffix = PurePath(filename.lower()).suffix.removeprefix(".")
    if head.startswith(b"%PDF-") or (suffix == "pdf" and b"%PDF-" in head[:1024]):
        return "pdf"
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "ole"
    if head.startswith(b"{\\rtf"):
        return "rtf"
    _refuse_unsupported(head)
    if not looks_like_text(head):
        if suffix in _BINARY_SUFFIXES:
            raise InvalidFile(f"The file is named .{suffix} but its content is something else, or damaged.")
        raise UnsupportedFile(NOT_SUPPORTED_MESSAGE)
    return _kind_of_text(head, suffix)


def _refuse_unsupported(head: bytes) -> None:
    for offset, magic, description in _UNSUPPORTED:
        if head.startswith(magic, offset):
            hint = ", and OCR is not configured" if description is _IMAGE else ""
            raise UnsupportedFile(f"The file type is not supported: it is {description}{hint}.")
    # A text may begin with these two letters too, so check the bytes that follow them in the binary formats.
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        raise UnsupportedFile(f"The file type is not supported: it is {_IMAGE}, and OCR is not configured.")
    if head.startswith(b"MZ") and b"\0" in head[:64]:
        raise UnsupportedFile(f"The file type is not supported: it is {_PROGRAM}.")


def _kind_of_text(head: bytes, suffix: str) -> str:
    if not head.strip(b"\0"):  # only NULs so far: no parser would find markup after them
        return "text"
    if suffix in ("eml", "mht", "mhtml"):
        return "eml"
    if suffix not in _KIND_BY_SUFFIX and suffix not in _AMBIGUOUS_SUFFIXES:
        return "text"
    start = decode(head)[:4096]
    markup = _MARKUP_START.match(start)
    if markup and markup[1]:
        return "html"
    if suffix in _KIND_BY_SUFFIX:
        return _KIND_BY_SUFFIX[suffix]
    if start.lstrip().startswith("<?xml"):
        return "xml"
    return "eml" if _looks_like_mail(start) else "text"


def _looks_like_mail(start: str) -> bool:
    """Return whether a text with an ambiguous name is a mail with MIME parts, which is hard to search in raw form."""
    headers, _, _ = start.partition("\n\n")
    headers = headers.replace("\r\n", "\n").partition("\n\n")[0]
    return len({match[1].lower() for match in _MAIL_HEADER.finditer(headers)}) >= 3
