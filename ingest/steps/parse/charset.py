"""Bytes to text when nobody says which character set they are in; linear in their number."""

import re

from ingest.errors import UnsupportedFile

NOT_SUPPORTED = "The file type is not supported."

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SAMPLE = 16_384  # bytes shown to the detector: enough to be sure, and about 20 ms at the worst
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\b\x1b") + b"\x7f"
_EAST_ASIAN = re.compile("[\\s\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef\u2010-\u2026]")
# Polish or Czech read as Western has these inside of words; the soft hyphen and the dot of Catalan belong there.
_SYMBOL_IN_WORD = re.compile("[A-Za-z][\u00a1-\u00ac\u00ae-\u00b6\u00b8-\u00bf\u00d7\u00f7][a-z]")
_HIGH = re.compile(rb"[\x80-\xff]+")


def decode(data: bytes) -> str:
    """Return the text that `data` encodes; raise UnsupportedFile when it does not look like text at all."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    if b"\0" in data[:_SAMPLE] and (wide := _wide_encoding(data)):
        return data.decode(wide, "replace")
    if _is_binary(data[:_SAMPLE]):
        if wide := _wide_east_asian(data):
            return data.decode(wide, "replace")
        raise UnsupportedFile(NOT_SUPPORTED)
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        return _decode_legacy(data, exc.start)


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file look like text of some character set."""
    return (
        any(head.startswith(bom) for bom, _ in _BOMS)
        or (b"\0" in head and _wide_encoding(head) is not None)
        or not _is_binary(head)
        or _wide_east_asian(head) is not None
    )


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, told by where the NULs of its Latin letters stand."""
    sample = data[:4096]
    sample = sample[: len(sample) // 4 * 4] or sample[: len(sample) // 2 * 2]
    if len(sample) < 4:
        return None
    zeros = [sample[lane::4].count(0) / len(sample[lane::4]) for lane in range(4)]
    if min(zeros[1:]) > 0.9 and zeros[0] < 0.5:
        candidate = "utf-32-le"
    elif min(zeros[:3]) > 0.9 and zeros[3] < 0.5:
        candidate = "utf-32-be"
    elif min(zeros[1], zeros[3]) > 0.3 and max(zeros[0], zeros[2]) < 0.05:
        candidate = "utf-16-le"
    elif min(zeros[0], zeros[2]) > 0.3 and max(zeros[1], zeros[3]) < 0.05:
        candidate = "utf-16-be"
    else:
        return None
    text = sample.decode(candidate, "replace")
    strange = sum(c == "\ufffd" or (c < " " and c not in "\t\n\v\f\r\b\x1b") for c in text)
    return candidate if strange * 50 <= len(text) else None


def _wide_east_asian(data: bytes) -> str | None:
    """UTF-16 without a byte order mark and without a Latin letter; random bytes are half as East Asian as it is.

    Without the NUL of one line end or digit it is taken for something else: pairs of Latin letters, or of the bytes of
    another East Asian encoding, look the same.
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
    """Whether more than a few bytes are control characters.

    NULs do not count as long as the rest is text: logs have holes of them, and old exports are padded with them.
    """
    rest = sample.replace(b"\0", b"")
    strange = len(rest) - len(rest.translate(None, _CONTROLS))
    if strange * 10 > len(rest):
        return True
    if strange * 100 <= len(rest) and len(rest) == len(sample):
        return False
    return not _mostly_utf8(rest)


def _mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    return text.count("\ufffd") * 20 <= len(text)


def _decode_legacy(data: bytes, first_bad: int) -> str:
    """Decode what is not valid UTF-8: UTF-8 with damage, a Western code page, or what the detector says."""
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    foreign = len(text) - len(text.encode("ascii", "ignore")) - damaged
    if foreign > 2 * damaged:  # by chance a sixth of the pairs of other character sets are valid UTF-8
        return text
    del text
    if wide := _wide_east_asian(data):
        return data.decode(wide, "replace")
    first_high = _HIGH.search(data)
    start = max(0, (first_high.start() if first_high else first_bad) - 256)
    sample = data[start : start + _SAMPLE]
    if _is_western(sample):
        return _western(data)
    encoding = _detect(sample)
    if encoding is None:
        if _looks_random(sample):
            raise UnsupportedFile(NOT_SUPPORTED)
        return _western(data)
    return data.decode(encoding, "replace")


def _is_western(sample: bytes) -> bool:
    """Whether bytes above 127 stand alone between letters, as Western umlauts and accents do."""
    runs = _HIGH.findall(sample)
    high = sum(map(len, runs))
    alone = sum(len(run) == 1 for run in runs)
    if alone * 2 <= high or high * 4 >= len(sample):
        return False
    return _SYMBOL_IN_WORD.search(sample.decode("cp1252", "replace")) is None


def _western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning there; the table of ISO has one for all
        return data.decode("latin-1")


def _detect(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes  # 30 ms, and only old files need it

    # The cut must not fall inside a character; line ends are the same byte in every one of these encodings.
    cut = sample.rfind(b"\n")
    best = from_bytes(sample[: cut + 1] if cut > 0 else sample).best()
    return None if best is None else best.encoding


def _looks_random(sample: bytes) -> bool:
    letters = sum(map(len, re.findall(rb"[ -~\s]", sample)))
    return letters * 2 < len(sample)
