"""Detect UTF-16 and UTF-32 by byte order marks or by statistics, and tell text from binary data."""

import re

NOT_SUPPORTED_MESSAGE = "The file type is not supported."
SAMPLE_BYTES = 16_384
"""Bytes from which the character set is detected: enough for a reliable result."""

_BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with the mark of UTF-16
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\b\x1b") + b"\x7f"
_OTHER_LETTERS = re.compile("[\u0391-\u03ce\u0401-\u045f\u05d0-\u05ea\u0621-\u064a\u0e01-\u0e4c]")
_BETWEEN_LETTERS = re.compile("[\\s!-?\u2010-\u2026]")
_EAST_ASIAN = re.compile("[\\s\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef\u2010-\u2026]")


def codec_of_byte_order_mark(data: bytes) -> str | None:
    """Return the codec whose byte order mark the data starts with."""
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return codec
    return None


def detect_utf16_or_utf32(data: bytes) -> str | None:
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


def detect_east_asian_utf16(data: bytes) -> str | None:
    """Detect UTF-16 without a byte order mark and without Latin letters, in East Asian or other scripts.

    At least 95 % of the characters must be East Asian; random bytes reach half of that. The sample must contain the NUL
    of a line end or a digit: without it, pairs of Latin letters or of bytes of another East Asian encoding look alike.
    """
    sample = data[: min(len(data) // 2 * 2, 4096)]
    if b"\0" not in sample:
        return None
    texts = [(encoding, sample.decode(encoding, "replace")) for encoding in ("utf-16-le", "utf-16-be")]
    for encoding, text in texts:  # first: in the other byte order these letters look East Asian
        letters = len(_OTHER_LETTERS.findall(text))
        if letters * 2 >= len(text) and (letters + len(_BETWEEN_LETTERS.findall(text))) * 20 >= len(text) * 19:
            return encoding
    for encoding, text in texts:
        if len(_EAST_ASIAN.findall(text)) * 20 >= len(text) * 19:
            return encoding
    return None


def is_binary(sample: bytes) -> bool:
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


def is_damaged_utf8(text: str, replaced: int) -> bool:
    """Return whether a text that was decoded as UTF-8 with U+FFFD for `replaced` bad bytes was really UTF-8.

    By chance, a sixth of the byte pairs of other character sets are valid UTF-8.
    """
    non_ascii = len(text) - len(text.encode("ascii", "ignore")) - replaced
    return non_ascii > 2 * replaced


def _is_mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    return text.count("\ufffd") * 20 <= len(text)
