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

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (  # (offset, bytes at this offset, what the file is)
    (0, b"\x89PNG\r\n\x1a\n", IMAGE),
    (0, b"\xff\xd8\xff", IMAGE),
    (0, b"GIF87a", IMAGE),
    (0, b"GIF89a", IMAGE),
    (0, b"II*\0", IMAGE),
    (0, b"MM\0*", IMAGE),
    (0, b"\0\0\1\0", IMAGE),
    (0, b"8BPS\0", IMAGE),
    (0, b"AT&TFORM", IMAGE),
    (0, b"\0\0\0\x0cjP  \r\n", IMAGE),
    (0, b"ID3\2", _AUDIO),
    (0, b"ID3\3", _AUDIO),
    (0, b"ID3\4", _AUDIO),
    (0, b"\xff\xfb", _AUDIO),
    (0, b"\xff\xf3", _AUDIO),
    (0, b"\xff\xf2", _AUDIO),
    (0, b"fLaC\0", _AUDIO),
    (0, b"OggS\0", _AUDIO),
    (0, b"MThd\0", _AUDIO),
    (0, b"\x1aE\xdf\xa3", _VIDEO),
    (0, b"\0\0\1\xba", _VIDEO),
    (0, b"\0\0\1\xb3", _VIDEO),
    (0, b"FLV\1", _VIDEO),
    (0, b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", ARCHIVE),
    (0, b"\x04\x22\x4d\x18", ARCHIVE),
    (0, b"Rar!\x1a\x07", ARCHIVE),
    (0, b"MSCF\0\0\0\0", ARCHIVE),
    (0, b"!<arch>\n", ARCHIVE),
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
    (0, b"bplist00", "a binary property list"),
    (0, b"%!PS-Adobe", "a PostScript file; convert it to PDF"),
)
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
    for offset, signature, description in _SIGNATURES:
        if head.startswith(signature, offset):
            return description
    for pattern, description in _PATTERNS:
        if pattern.match(head):
            return description
    return None


def unsupported(description: str) -> UnsupportedFile:
    """Return the error for a file of a known kind that no parser reads."""
    hint = ", and OCR is not configured" if description is IMAGE else ""
    return UnsupportedFile(f"The file type is not supported: it is {description}{hint}.")
