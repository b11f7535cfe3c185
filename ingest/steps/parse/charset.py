"""Decode bytes whose character set is not known. The time is linear in the number of bytes."""

import re

from ingest.errors import UnsupportedFile

NOT_SUPPORTED_MESSAGE = "The file type is not supported."

_BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with the mark of UTF-16
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SAMPLE_BYTES = 16_384  # given to the detector: enough for a reliable result, and at most about 20 ms
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\b\x1b") + b"\x7f"
_EAST_ASIAN = re.compile("[\\s\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef\u2010-\u2026]")
# Polish or Czech decoded as Western has these symbols inside words. The soft hyphen and the dot of Catalan are left
# out, because they do occur inside words.
_SYMBOL_IN_WORD = re.compile("[A-Za-z][\u00a1-\u00ac\u00ae-\u00b6\u00b8-\u00bf\u00d7\u00f7][a-z]")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")


def decode(data: bytes) -> str:
    """Return the text that `data` encodes. Raises UnsupportedFile if the bytes do not look like text."""
    for mark, marked_encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(marked_encoding, "replace")
    if b"\0" in data[:_SAMPLE_BYTES] and (encoding := _detect_utf16_or_utf32(data)):
        return data.decode(encoding, "replace")
    if _is_binary(data[:_SAMPLE_BYTES]):
        if encoding := _detect_east_asian_utf16(data):
            return data.decode(encoding, "replace")
        raise UnsupportedFile(NOT_SUPPORTED_MESSAGE)
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        return _decode_legacy(data, exc.start)


def looks_like_text(head: bytes) -> bool:
    """Return whether the first bytes of a file look like text in some character set."""
    return (
        any(head.startswith(mark) for mark, _ in _BYTE_ORDER_MARKS)
        or (b"\0" in head and _detect_utf16_or_utf32(head) is not None)
        or not _is_binary(head)
        or _detect_east_asian_utf16(head) is not None
    )


def _detect_utf16_or_utf32(data: bytes) -> str | None:
    """Detect UTF-16 or UTF-32 without a byte order mark by the positions of the NULs of its Latin letters."""
    sample = data[:4096]
    sample = sample[: len(sample) // 4 * 4] or sample[: len(sample) // 2 * 2]
    if len(sample) < 4:
        return None
    nul_share = [sample[lane::4].count(0) / len(sample[lane::4]) for lane in range(4)]
    if min(nul_share[1:]) > 0.9 and nul_share[0] < 0.5:
        candidate = "utf-32-le"
    elif min(nul_share[:3]) > 0.9 and nul_share[3] < 0.5:
        candidate = "utf-32-be"
    elif min(nul_share[1], nul_share[3]) > 0.3 and max(nul_share[0], nul_share[2]) < 0.05:
        candidate = "utf-16-le"
    elif min(nul_share[0], nul_share[2]) > 0.3 and max(nul_share[1], nul_share[3]) < 0.05:
        candidate = "utf-16-be"
    else:
        return None
    text = sample.decode(candidate, "replace")
    implausible = sum(c == "\ufffd" or (c < " " and c not in "\t\n\v\f\r\b\x1b") for c in text)
    return candidate if implausible * 50 <= len(text) else None


def _detect_east_asian_utf16(data: bytes) -> str | None:
    """Detect East Asian UTF-16 without a byte order mark and without Latin letters.

    At least 95 % of the characters must be East Asian; random bytes reach half of that. The sample must contain the NUL
    of a line end or a digit: without it, pairs of Latin letters or of bytes of another East Asian encoding look alike.
    """
    sample = data[: min(len(data) // 2 * 2, 4096)]
    if b"\0" not in sample:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, "replace")
        if len(_EAST_ASIAN.findall(text)) * 20 >= len(text) * 19:
            return encoding
    return None


def _is_binary(sample: bytes) -> bool:
    """Return whether more than a few bytes are control characters.

    NULs do not count if the rest is text: logs have runs of them, and old exports are padded with them.
    """
    rest = sample.replace(b"\0", b"")
    controls = len(rest) - len(rest.translate(None, _CONTROLS))
    if controls * 10 > len(rest):
        return True
    if controls * 100 <= len(rest) and len(rest) == len(sample):
        return False
    return not _is_mostly_utf8(rest)


def _is_mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    return text.count("\ufffd") * 20 <= len(text)


def _decode_legacy(data: bytes, first_bad: int) -> str:
    """Decode bytes that are not valid UTF-8: damaged UTF-8, a Western code page, or what the detector finds."""
    text = data.decode("utf-8", "replace")
    replaced = text.count("\ufffd")
    non_ascii = len(text) - len(text.encode("ascii", "ignore")) - replaced
    if non_ascii > 2 * replaced:  # by chance, a sixth of the byte pairs of other character sets are valid UTF-8
        return text
    del text
    if encoding := _detect_east_asian_utf16(data):
        return data.decode(encoding, "replace")
    first_high_byte = _HIGH_BYTES.search(data)
    start = max(0, (first_high_byte.start() if first_high_byte else first_bad) - 256)
    sample = data[start : start + _SAMPLE_BYTES]
    if _looks_western(sample):
        return _decode_western(data)
    encoding = _detect_legacy_encoding(sample)
    if encoding is None:
        if _looks_random(sample):
            raise UnsupportedFile(NOT_SUPPORTED_MESSAGE)
        return _decode_western(data)
    return data.decode(encoding, "replace")


def _looks_western(sample: bytes) -> bool:
    """Return whether bytes above 127 occur singly between letters, as Western umlauts and accents do."""
    runs = _HIGH_BYTES.findall(sample)
    high = sum(map(len, runs))
    single = sum(len(run) == 1 for run in runs)
    if single * 2 <= high or high * 4 >= len(sample):
        return False
    return _SYMBOL_IN_WORD.search(sample.decode("cp1252", "replace")) is None


def _decode_western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes are undefined in cp1252, and none in ISO 8859-1
        return data.decode("latin-1")


def _detect_legacy_encoding(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes  # takes 30 ms to import, and only files in old encodings need it

    # Cut the sample at a line end, never inside a character: a line end is the same byte in all these encodings.
    cut = sample.rfind(b"\n")
    best = from_bytes(sample[: cut + 1] if cut > 0 else sample).best()
    return None if best is None else best.encoding


def _looks_random(sample: bytes) -> bool:
    letters = sum(map(len, re.findall(rb"[ -~\s]", sample)))
    return letters * 2 < len(sample)
