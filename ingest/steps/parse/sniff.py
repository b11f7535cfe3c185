"""What a file is: its first bytes decide, its name only where they leave a choice."""

import re
from pathlib import PurePath

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.charset import NOT_SUPPORTED, decode, is_text

HEAD_BYTES = 8192

_IMAGE = "an image"
_AUDIO = "an audio file"
_VIDEO = "a video"
_ARCHIVE = "an archive"
_PROGRAM = "a program"
_FONT = "a font"
_DATABASE = "a database"

_REFUSED: tuple[tuple[int, bytes, str], ...] = (  # (offset, bytes there, what that is)
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
_BY_NAME = {
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
_OFFICE_NAMES = frozenset(["docx", "docm", "dotx", "xlsx", "xlsm", "pptx", "pptm", "ppsx", "potx", "odt"])
_BINARY_NAMES = _OFFICE_NAMES | {"pdf", "epub", "doc", "xls", "ppt", "msg", "rtf"}
# Under these names anything may come; under all others, as of source code, markup is what its author wrote about.
_ANY_TEXT = frozenset(["txt", "text", "bin", "dat", "download", "php", "asp", "aspx", "jsp", ""]) | _BINARY_NAMES
_MARKUP_START = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(!doctype\s+html|html[\s>])?", re.I | re.S)
_MAIL_HEADER = re.compile(r"^(mime-version|received|message-id|from):[^\n]*$", re.I | re.M)


def sniff(head: bytes, filename: str) -> str:
    """Return the kind of the file whose first HEAD_BYTES bytes are `head`.

    It is "text", or the kind of a parser ("pdf", "html", "xml", "eml", "rtf"), or "zip" or "ole" for containers whose
    members tell more. Raises UnsupportedFile for what is not read here, InvalidFile for a damaged file.
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
    _refuse_known(head)
    if not is_text(head):
        if suffix in _BINARY_NAMES:
            raise InvalidFile(f"The file is named .{suffix} but its content is something else, or damaged.")
        raise UnsupportedFile(NOT_SUPPORTED)
    return _kind_of_text(head, suffix)


def _refuse_known(head: bytes) -> None:
    for offset, magic, what in _REFUSED:
        if head.startswith(magic, offset):
            hint = ", and OCR is not configured" if what is _IMAGE else ""
            raise UnsupportedFile(f"The file type is not supported: it is {what}{hint}.")
    # Two letters that a text may begin with as well: look at what must follow them.
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        raise UnsupportedFile(f"The file type is not supported: it is {_IMAGE}, and OCR is not configured.")
    if head.startswith(b"MZ") and b"\0" in head[:64]:
        raise UnsupportedFile(f"The file type is not supported: it is {_PROGRAM}.")


def _kind_of_text(head: bytes, suffix: str) -> str:
    if not head.strip(b"\0"):  # a hole: no parser would find its markup after that
        return "text"
    if suffix in ("eml", "mht", "mhtml"):
        return "eml"
    if suffix not in _BY_NAME and suffix not in _ANY_TEXT:
        return "text"
    start = decode(head)[:4096]
    markup = _MARKUP_START.match(start)
    if markup and markup[1]:
        return "html"
    if suffix in _BY_NAME:
        return _BY_NAME[suffix]
    if start.lstrip().startswith("<?xml"):
        return "xml"
    return "eml" if _is_mail(start) else "text"


def _is_mail(start: str) -> bool:
    """Whether a file that is not named so is a mail with MIME parts, whose raw form is hard to read."""
    headers, _, _ = start.partition("\n\n")
    headers = headers.replace("\r\n", "\n").partition("\n\n")[0]
    return len({match[1].lower() for match in _MAIL_HEADER.finditer(headers)}) >= 3
