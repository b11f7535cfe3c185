"""RTF's Unicode characters put in plainly: pandoc drops one character too many after each that has a fallback."""

import re

_UNICODE = re.compile(rb"\\u-?\d")
_TOKEN = re.compile(
    r"""\\(?: bin(?P<binary>\d{1,10})\ ? | uc(?P<count>\d{1,3})\ ? | u(?P<code>-?\d{1,10})\ ?
            | '[0-9a-fA-F]{2} | (?P<word>[a-zA-Z]+)-?\d*\ ? | (?P<mark>[*\r\n]) | [^a-zA-Z] ) | (?P<brace>[{}])""",
    re.X | re.S,
)
_CHARACTERS = frozenset(["tab", "emdash", "endash", "emspace", "enspace", "bullet"])
_CHARACTERS |= frozenset(["lquote", "rquote", "ldblquote", "rdblquote"])


def with_plain_unicode(data: bytes) -> bytes:
    r"""Return an RTF file with "é" where it had `\u233?`, and without its binary pictures.

    `\ucN` says how many characters of fallback follow each `\u`, until its group ends. A group's braces and a control
    word that is not a character end a fallback early: losing a paragraph's end is worse than showing a question mark.
    """
    if not _UNICODE.search(data):
        return data
    text = _decode(data)
    out = bytearray()
    counts = [1]  # of each open group
    skip = 0  # characters of fallback still to come
    high = 0  # first half of a surrogate pair
    kept = position = 0  # all before `kept` is in `out` or dropped
    while token := _TOKEN.search(text, position):
        if skip:
            dropped, skip = _skip(text, position, token.start(), skip)
            kept = max(kept, dropped)
        position = token.end()
        if token["brace"]:
            skip = 0
            _follow(token["brace"], counts)
        elif token["binary"]:
            skip = 0
            position = min(position + int(token["binary"]), len(text))
            out += text[kept : token.start()].encode()
            kept = position
        elif token["count"]:
            skip = 0
            counts[-1] = int(token["count"])
        elif token["code"]:
            out += text[kept : token.start()].encode()
            kept = position
            character, high = _character(int(token["code"]), high)
            out += character.encode()
            skip = counts[-1]
        elif token["mark"] or (token["word"] and token["word"] not in _CHARACTERS):
            skip = 0
        elif skip:
            skip -= 1
            kept = position
    if skip:
        kept = max(kept, _skip(text, position, len(text), skip)[0])
    return bytes(out + text[kept:].encode())


def _decode(data: bytes) -> str:
    """As pandoc would; only files that break the rule of 7 bits differ."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _follow(brace: str, counts: list[int]) -> None:
    if brace == "{":
        counts.append(counts[-1])
    elif len(counts) > 1:
        counts.pop()


def _skip(text: str, start: int, end: int, skip: int) -> tuple[int, int]:
    """Return the end of the fallback within plain text, and how much of it is still to come; line ends do not count."""
    while start < end and skip:
        skip -= text[start] not in "\r\n"
        start += 1
    return start, skip


def _character(code: int, high: int) -> tuple[str, int]:
    r"""Return what a `\u` stands for and, if it is the first half of a pair, that half."""
    if code < 0:
        code += 0x10000  # numbers are signed 16-bit ones
    if 0xD800 <= code < 0xDC00:
        return "", code
    if 0xDC00 <= code < 0xE000:
        return chr(0x10000 + (high - 0xD800) * 0x400 + code - 0xDC00) if high else "\ufffd", 0
    if 0 < code < 128:  # it may be a brace
        return f"\\'{code:02x}", 0
    return chr(code) if 0 < code < 0x110000 else "", 0
