"""Signatures of binary formats: the first bytes of files that no parser reads, and of those that begin with noise."""

import re

from ingest.errors import UnsupportedFile

IMAGE = "an image"
_AUDIO = "an audio file"
_VIDEO = "a video"
ARCHIVE = "an archive. Unpack it and upload the files in it, or import it with `ingest import`, which opens zip and tar"
_PROGRAM = "a program"
_FONT = "a font"
_DATABASE = "a database"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (  # (first bytes, what the file is)
    (b"\x89PNG\r\n\x1a\n", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF87a", IMAGE),
    (b"GIF89a", IMAGE),
    (b"II*\0", IMAGE),
    (b"MM\0*", IMAGE),
    (b"\0\0\1\0", IMAGE),
    (b"8BPS\0", IMAGE),
    (b"AT&TFORM", IMAGE),
    (b"\0\0\0\x0cjP  \r\n", IMAGE),
    (b"ID3\2", _AUDIO),
    (b"ID3\3", _AUDIO),
    (b"ID3\4", _AUDIO),
    (b"\xff\xfb", _AUDIO),
    (b"\xff\xf3", _AUDIO),
    (b"\xff\xf2", _AUDIO),
    (b"fLaC\0", _AUDIO),
    (b"OggS\0", _AUDIO),
    (b"MThd\0", _AUDIO),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"\0\0\1\xba", _VIDEO),
    (b"\0\0\1\xb3", _VIDEO),
    (b"FLV\1", _VIDEO),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"\x28\xb5\x2f\xfd", ARCHIVE),
    (b"\x04\x22\x4d\x18", ARCHIVE),
    (b"Rar!\x1a\x07", ARCHIVE),
    (b"MSCF\0\0\0\0", ARCHIVE),
    (b"!<arch>\n", ARCHIVE),
    (b"\x7fELF", _PROGRAM),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"\xfe\xed\xfa", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\0asm", _PROGRAM),
    (b"OTTO\0", _FONT),
    (b"wOFF", _FONT),
    (b"wOF2", _FONT),
    (b"\0\1\0\0\0", _FONT),
    (b"SQLite format 3\0", _DATABASE),
    (b"PAR1\x15", _DATABASE),
    (b"bplist00", "a binary property list"),
    (b"%!PS-Adobe", "a PostScript file; convert it to PDF"),
)
_SIGNATURES_BY_BYTE: dict[bytes, list[tuple[bytes, str]]] = {}
for _signature, _description in _SIGNATURES:
    _SIGNATURES_BY_BYTE.setdefault(_signature[:1], []).append((_signature, _description))
_PATTERNS: tuple[tuple[re.Pattern[bytes], str], ...] = (  # signatures whose letters a text may begin with too
    (re.compile(rb"BM[\s\S]{4}\0\0\0\0"), IMAGE),
    (re.compile(rb"RIFF[\s\S]{4}WEBP"), IMAGE),
    (re.compile(rb"RIFF[\s\S]{4}WAVEfmt "), _AUDIO),
    (re.compile(rb"RIFF[\s\S]{4}AVI LIST"), _VIDEO),
    (re.compile(rb"\0\0[\s\S]{2}ftyp(?:heic|heix|mif1|avif)"), IMAGE),
    (re.compile(rb"\0\0[\s\S]{2}ftypM4A"), _AUDIO),
    (re.compile(rb"\0\0[\s\S]{2}ftyp"), _VIDEO),
    (re.compile(rb"[\s\S]{257}ustar(?:\0|  \0|$)"), ARCHIVE),
    (re.compile(rb"MZ(?=[\s\S]{0,62}\0)"), _PROGRAM),
)
_COMPRESSED = re.compile(rb"\x1f\x8b\x08|\xfd7zXZ\0|BZh[1-9]1AY&SY")
_RAW_WORKBOOK = re.compile(
    rb"\x09(?:\0\x04|\x02\x06|\x04\x06|\x08\x08)\0"
)  # BOF record of BIFF 2 to 5 ([MS-XLS] 2.4.21)
_PDF_START = re.compile(rb"%PDF-\d\.\d[ \t]*[\r\n]+(?:%[\x80-\xff]{2}|\d+ \d+ obj)")
_PDF_NOISE_BYTES = 1024
_ZIP_STARTS = (b"PK\3\4", b"PK\5\6", b"PK00PK\3\4", b"PK\7\x08PK\3\4")
_OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NOISE = b"\xef\xbb\xbf\0 \t\r\n\f\v"  # a byte order mark, white space and padding
_HTTP_HEADERS = re.compile(rb"HTTP/\d[\d.]* \d{3}[^\n]*\n(?:[\w-]+:[^\n]*\n)*\r?\n")


def binary_kind(head: bytes, *, is_named_pdf: bool, is_named_zip: bool, may_be_any: bool) -> str | None:
    """Return "pdf", "zip", "ole", "rtf", "xls" or "compressed" for a file that begins so, perhaps behind noise, or None.

    Noise is a byte order mark, blanks, zero bytes or the headers of an HTTP response; under the right name, anything.
    `may_be_any` says that the file's name promises no particular kind of text.
    """
    start = without_noise(head)
    if start.startswith(b"%PDF-") or (is_named_pdf and b"%PDF-" in head):
        return "pdf"
    if may_be_any and _PDF_START.search(head, 0, _PDF_NOISE_BYTES + 20):
        return "pdf"
    if start.startswith(_ZIP_STARTS) or (is_named_zip and b"PK\3\4" in head):
        return "zip"
    if head.startswith(_OLE_START):
        return "ole"
    if start.startswith(b"{\\rtf"):
        return "rtf"
    if _COMPRESSED.match(head):
        return "compressed"
    return "xls" if _RAW_WORKBOOK.match(head) else None


def without_noise(head: bytes) -> bytes:
    """Return the first bytes of a file without the noise before its content."""
    start = head.lstrip(_NOISE)
    if headers := _HTTP_HEADERS.match(start):
        return start[headers.end() :].lstrip(_NOISE)
    return start


def find_signature(head: bytes) -> str | None:
    """Return what a file is whose signature is known and which holds no text, for example IMAGE."""
    for signature, description in _SIGNATURES_BY_BYTE.get(head[:1], ()):
        if head.startswith(signature):
            return description
    for pattern, description in _PATTERNS:
        if pattern.match(head):
            return description
    return None


def unsupported(description: str) -> UnsupportedFile:
    """Return the error for a file of a known kind that no parser reads."""
    hint = ", and OCR is not configured" if description is IMAGE else ""
    return UnsupportedFile(f"The file type is not supported: it is {description}{hint}.")
