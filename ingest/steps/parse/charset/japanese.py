"""ISO-2022-JP and EUC-JP as mail programs of Windows write them: with the characters of NEC and IBM.

Python's codecs know the standards only. Here a pair of JIS bytes is moved to Shift_JIS and decoded as code page 932,
which has these characters (Microsoft's code pages 50220 to 50222 and 51932).
"""

import re
from itertools import pairwise

# Three bytes: JIS X 0208 and ASCII. Four bytes: JIS X 0212. ESC ( I is half-width katakana.
_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\$\([@BDOPQ]|\([BIJH])|[\x0e\x0f]")
_TWO_BYTE = frozenset([b"\x1b$@", b"\x1b$B", b"\x1b$(@", b"\x1b$(B"])
_SUPPLEMENTS = frozenset([b"\x1b$(D", b"\x1b$(O", b"\x1b$(P", b"\x1b$(Q"])
_NOT_JIS = re.compile(rb"[^\x21-\x7e]+")
_EUC_PAIRS = re.compile(rb"(?:\x8f[\xa1-\xfe]{2})+|(?:[\xa1-\xfe]{2})+")
_STARTS_ISO_2022_JP = re.compile(rb"\x1b\$[@B][\x21-\x7e]{2}|\x1b\$\([@BDOPQ][\x21-\x7e]{2}|\x1b\(I[\x21-\x5f]")


def looks_like_iso_2022_jp(data: bytes) -> bool:
    """Return whether 7-bit data has an escape to a Japanese character set."""
    return _STARTS_ISO_2022_JP.search(data) is not None


def decode_iso_2022_jp(data: bytes) -> str:
    """Decode ISO-2022-JP and its variants. Invalid bytes become U+FFFD."""
    escapes = [(match.start(), match.end(), match[0]) for match in _ESCAPE.finditer(data)]
    edges = [(0, 0, b"\x1b(B"), *escapes, (len(data), len(data), b"")]
    return "".join(_decode_run(escape, data[start:end]) for (_, start, escape), (end, _, _) in pairwise(edges))


def decode_euc_jp(data: bytes) -> str:
    """Decode EUC-JP with vendor characters. Invalid bytes become U+FFFD."""
    parts = []
    position = 0
    for match in _EUC_PAIRS.finditer(data):
        parts.append(data[position : match.start()].decode("euc_jp", "replace"))
        pairs = match[0]
        is_supplement = pairs[0] == 0x8F
        parts.append(pairs.decode("euc_jp", "replace") if is_supplement else _decode_jis(_to_seven_bit(pairs)))
        position = match.end()
    parts.append(data[position:].decode("euc_jp", "replace"))
    return "".join(parts)


def _decode_run(escape: bytes, run: bytes) -> str:
    if escape in _TWO_BYTE:
        return _decode_lines(run)
    if escape in _SUPPLEMENTS:
        codec = "iso2022_jp_ext" if escape.endswith(b"D") else "iso2022_jp_2004"
        return (escape + run).decode(codec, "replace")
    if escape in (b"\x1b(I", b"\x0e"):
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in run).decode("cp932", "replace")
    return run.decode("cp932", "replace")


def _decode_lines(run: bytes) -> str:
    """Decode two-byte characters. Control characters and spaces between them stay."""
    parts = []
    position = 0
    for match in _NOT_JIS.finditer(run):
        parts += [_decode_jis(run[position : match.start()]), match[0].decode("cp932", "replace")]
        position = match.end()
    return "".join([*parts, _decode_jis(run[position:])])


def _decode_jis(pairs: bytes) -> str:
    """Decode pairs of JIS X 0208 bytes (0x21 to 0x7e) through Shift_JIS."""
    shifted = bytearray(pairs)
    for index in range(0, len(pairs) - 1, 2):
        row, cell = pairs[index], pairs[index + 1]
        lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
        trail = cell + 0x7E if row % 2 == 0 else cell + (0x20 if cell >= 0x60 else 0x1F)
        shifted[index], shifted[index + 1] = lead, trail
    if len(pairs) % 2:
        return bytes(shifted[:-1]).decode("cp932", "replace") + "\ufffd"
    return bytes(shifted).decode("cp932", "replace")


def _to_seven_bit(pairs: bytes) -> bytes:
    return bytes(byte & 0x7F for byte in pairs)
