"""Inlining of RTF's Unicode characters before pandoc reads the file.

pandoc drops one character too many after each Unicode character that has a fallback.
"""

import re

_UNICODE = re.compile(rb"\\u-?\d")
_TOKEN = re.compile(
    r"""\\(?: bin(?P<binary>\d{1,10})\ ? | uc(?P<count>\d{1,3})\ ? | u(?P<code>-?\d{1,10})\ ?
            | '[0-9a-fA-F]{2} | (?P<word>[a-zA-Z]+)-?\d*\ ? | (?P<mark>[*\r\n]) | [^a-zA-Z] ) | (?P<brace>[{}])""",
    re.X | re.S,
)
_CHARACTERS = frozenset(["tab", "emdash", "endash", "emspace", "enspace", "bullet"])
_CHARACTERS |= frozenset(["lquote", "rquote", "ldblquote", "rdblquote"])


def inline_unicode_characters(data: bytes) -> bytes:
    r"""Return an RTF file with "é" in place of `\u233?`, and without its binary pictures.

    `\ucN` gives the number of fallback characters after each `\u`, until its group ends. A brace, or a control word
    that is no character, ends a fallback early: losing the end of a paragraph is worse than showing a question mark.
    """
    if not _UNICODE.search(data):
        return data
    text = _decode(data)
    out = bytearray()
    counts = [1]  # the \uc number of each open group
    skip = 0  # fallback characters still to skip
    high = 0  # first half of a surrogate pair
    copied = position = 0  # everything before `copied` is in `out` or dropped
    while token := _TOKEN.search(text, position):
        if skip:
            dropped, skip = _skip_fallback(text, position, token.start(), skip)
            copied = max(copied, dropped)
        position = token.end()
        if token["brace"]:
            skip = 0
            _track_group(token["brace"], counts)
        elif token["binary"]:
            skip = 0
            position = min(position + int(token["binary"]), len(text))
            out += text[copied : token.start()].encode()
            copied = position
        elif token["count"]:
            skip = 0
            counts[-1] = int(token["count"])
        elif token["code"]:
            out += text[copied : token.start()].encode()
            copied = position
            character, high = _to_character(int(token["code"]), high)
            out += character.encode()
            skip = counts[-1]
        elif token["mark"] or (token["word"] and token["word"] not in _CHARACTERS):
            skip = 0
        elif skip:
            skip -= 1
            copied = position
    if skip:
        copied = max(copied, _skip_fallback(text, position, len(text), skip)[0])
    return bytes(out + text[copied:].encode())


def _decode(data: bytes) -> str:
    """Decode as pandoc does. RTF is 7-bit, so this only matters for files that break the rule."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _track_group(brace: str, counts: list[int]) -> None:
    if brace == "{":
        counts.append(counts[-1])
    elif len(counts) > 1:
        counts.pop()


def _skip_fallback(text: str, start: int, end: int, skip: int) -> tuple[int, int]:
    """Return the end of the fallback within plain text, and how many characters remain. Line ends do not count."""
    while start < end and skip:
        skip -= text[start] not in "\r\n"
        start += 1
    return start, skip


def _to_character(code: int, high: int) -> tuple[str, int]:
    r"""Return the character of a `\u` code, and the code itself if it is the first half of a surrogate pair."""
    if code < 0:
        code += 0x10000  # RTF writes codes as signed 16-bit numbers
    if 0xD800 <= code < 0xDC00:
        return "", code
    if 0xDC00 <= code < 0xE000:
        return chr(0x10000 + (high - 0xD800) * 0x400 + code - 0xDC00) if high else "\ufffd", 0
    if 0 < code < 128:  # it may be a brace, so write it as an escape
        return f"\\'{code:02x}", 0
    return chr(code) if 0 < code < 0x110000 else "", 0
