"""`decode_counted`: choose the character set by byte order mark, validity, declaration and statistics, in this order."""

import codecs
import re
from typing import NamedTuple

from ingest import normal_forms
from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset.japanese import decode_euc_jp, decode_iso_2022_jp, looks_like_iso_2022_jp
from ingest.steps.parse.charset.labels import SEVEN_BIT, UNICODE, alternatives_of, codec_of_label
from ingest.steps.parse.charset.legacy import contradict_western, detect_legacy_codec
from ingest.steps.parse.charset.unicode import (
    NOT_SUPPORTED_MESSAGE,
    SAMPLE_BYTES,
    codec_of_byte_order_mark,
    detect_east_asian_utf16,
    detect_utf16_or_utf32,
    is_binary,
    is_damaged_utf8,
)

_MAX_MISFITS_PER_HIGH_BYTE = 0.02  # a declaration fits although a few bytes are damaged
_MISFITS = re.compile("[\x80-\x84\x86-\x9f\ue000-\uf8ff]")  # control and private characters
_GBK_ERRORS = "ingest.gbk"
_SEVEN_BIT_SIGNS = {"iso2022_jp": b"\x1b", "iso2022_kr": b"\x0e", "hz": b"~{", "utf-7": b"+"}
_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")


class Decoded(NamedTuple):
    """A text, the Python codec that decoded it, and how many bytes were replaced by U+FFFD."""

    text: str
    charset: str
    replaced: int


def decode(data: bytes, declared: str | None = None) -> str:
    """Return the text that `data` encodes. Raises UnsupportedFile if the bytes do not look like text.

    `declared` is the name of a character set that a header, a meta element or a mail part gives, in any spelling.
    """
    return decode_counted(data, declared).text


def decode_counted(data: bytes, declared: str | None = None) -> Decoded:
    """Do as `decode`, and tell the character set and the loss."""
    if (codec := codec_of_byte_order_mark(data)) is not None:
        return _decode_as(data, codec)
    codec = codec_of_label(declared) if declared else None
    if b"\0" in data[:SAMPLE_BYTES] and (detected := detect_utf16_or_utf32(data)):
        return _decode_as(data, detected)
    if codec is not None and codec.startswith("utf-16") and _is_plausible_utf16(data, codec):
        return _decode_as(data, codec)
    if codec in SEVEN_BIT and data.isascii():  # ISO-2022-KR switches by control characters
        return _decode_seven_bit(data, data.decode("ascii"), codec)
    if is_binary(data[:SAMPLE_BYTES]):
        if detected := detect_east_asian_utf16(data):
            return _decode_as(data, detected)
        raise UnsupportedFile(NOT_SUPPORTED_MESSAGE)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _decode_not_utf8(data, codec)
    return _decode_seven_bit(data, text, codec)


def looks_like_text(head: bytes) -> bool:
    """Return whether the first bytes of a file look like text in some character set."""
    return (
        codec_of_byte_order_mark(head) is not None
        or (b"\0" in head and detect_utf16_or_utf32(head) is not None)
        or not is_binary(head)
        or detect_east_asian_utf16(head) is not None
    )


def _decode_seven_bit(data: bytes, text: str, codec: str | None) -> Decoded:
    """Return valid UTF-8, unless it is ASCII that stands for another character set by escapes."""
    if codec in SEVEN_BIT and _SEVEN_BIT_SIGNS[codec] in data and text.isascii():
        decoded = _decode_as(data, codec)
        if decoded.replaced * 10 <= len(decoded.text):
            return decoded
    if b"\x1b" in data and text.isascii() and looks_like_iso_2022_jp(data):
        decoded = _decode_as(data, "iso2022_jp")
        if decoded.replaced * 10 <= len(decoded.text):
            return decoded
    return Decoded(text, "utf-8", 0)


def _decode_not_utf8(data: bytes, codec: str | None) -> Decoded:
    if _SURROGATES.search(data) and (joined := _decode_surrogates(data)) is not None:
        return joined
    text = data.decode("utf-8", "replace")
    replaced = _count_replaced(data, text, "utf-8")
    if is_damaged_utf8(text, replaced) or _is_cut_utf8(data):
        return Decoded(text, "utf-8", replaced)
    del text
    if codec == "cp1252" and (other := contradict_western(data)) is not None:
        return _decode_as(data, other)
    if codec is not None and codec not in UNICODE and (declared := _decode_declared(data, codec)) is not None:
        return declared
    return _decode_as(data, detect_legacy_codec(data))


def _is_cut_utf8(data: bytes) -> bool:
    """Return whether data is UTF-8 with other letters, of which only the last one is cut off."""
    try:
        return not codecs.getincrementaldecoder("utf-8")().decode(data, final=False).isascii()
    except UnicodeDecodeError:
        return False


def _decode_surrogates(data: bytes) -> Decoded | None:
    """Decode CESU-8, in which some databases and Java write a character beyond the first plane as two surrogates."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return Decoded(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), "utf-8", 0)


def _decode_declared(data: bytes, codec: str) -> Decoded | None:
    """Decode by a declaration, or by what such a declaration stands for in practice. Return None if nothing fits."""
    best: Decoded | None = None
    best_misfits = 0
    for candidate in (codec, *alternatives_of(codec)):
        decoded = _decode_as(data, candidate)
        misfits = decoded.replaced + len(_MISFITS.findall(decoded.text))
        if best is None or misfits < best_misfits:
            best, best_misfits = decoded, misfits
        if not misfits:
            break
    if not best_misfits:
        return best
    high_bytes = sum(map(len, re.findall(rb"[\x80-\xff]+", data)))
    return best if best_misfits <= high_bytes * _MAX_MISFITS_PER_HIGH_BYTE else None


def _decode_as(data: bytes, codec: str) -> Decoded:
    if codec == "iso2022_jp":
        text = decode_iso_2022_jp(data)
    elif codec == "cp1252":
        text = _decode_western(data)
    else:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            text = _decode_with_errors(data, codec)
    if codec == "cp1258":  # it writes a Vietnamese letter and its tone as two characters
        text = normal_forms.normalize("NFC", text)
    return Decoded(text, codec, _count_replaced(data, text, codec))


def _decode_with_errors(data: bytes, codec: str) -> str:
    if codec == "euc_jp":
        return decode_euc_jp(data)
    return data.decode(codec, _GBK_ERRORS if codec == "gb18030" else "replace")


def _decode_western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes are undefined in cp1252, and none in ISO 8859-1
        return data.decode("cp1252", "ingest.c1")


def _count_replaced(data: bytes, text: str, codec: str) -> int:
    """Count the replacement characters that decoding added to those that the file itself holds."""
    replaced = text.count("\ufffd")
    if replaced and codec.startswith("utf-8"):
        replaced -= data.count(b"\xef\xbf\xbd")
    elif replaced and codec.startswith(("utf-16", "utf-32")):
        replaced -= data.count("\ufffd".encode("utf-16-be" if codec.endswith("be") else "utf-16-le"))
    return max(0, replaced)


def _is_plausible_utf16(data: bytes, codec: str) -> bool:
    """Return whether data without NULs is UTF-16: ASCII that a meta element calls UTF-16 must not be."""
    sample = data[: min(SAMPLE_BYTES, len(data) // 2 * 2)]
    try:
        sample.decode()
    except UnicodeDecodeError:
        text = sample.decode(codec, "replace")
        return text.count("\ufffd") * 100 <= len(text) and sum(map(str.isalpha, text)) * 2 > len(text)
    return False


def _replace_gbk(error: UnicodeError) -> tuple[str, int]:
    """Decode the byte 0x80 as the euro sign, as code page 936 does."""
    assert isinstance(error, UnicodeDecodeError)
    if error.object[error.start] == 0x80:
        return "€", error.start + 1
    return "\ufffd", error.start + 1


def _pass_c1(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that cp1252 leaves undefined as ISO 8859-1, as browsers do."""
    assert isinstance(error, UnicodeDecodeError)
    return chr(error.object[error.start]), error.start + 1


codecs.register_error(_GBK_ERRORS, _replace_gbk)
codecs.register_error("ingest.c1", _pass_c1)
