"""Split RTF into tokens. The time is linear in the number of bytes."""

import re

TOKEN = re.compile(
    rb"\\([a-zA-Z]+)(-?\d{1,10})?\x20?"  # 1, 2: a control word and its number; one space after it belongs to it
    rb"|\\'([0-9a-fA-F]{2})"  # 3: a byte
    rb"|\\([^a-zA-Z])"  # 4: a control symbol
    rb"|([{}])"  # 5
    rb"|([^\\{}\r\n]+)"  # 6: text
    rb"|[\r\n]+|\\",
    re.S,
)
WORD, WORD_WITH_NUMBER, BYTE, SYMBOL, BRACE, TEXT = range(1, 7)
"""Values of `lastindex` of a match of TOKEN. It is None for line ends, which mean nothing."""

_IN_SKIPPED_GROUP = re.compile(rb"[{}]|\\(?:bin(\d{1,10})\x20?|.)", re.S)


def end_of_group(data: bytes, position: int) -> int | None:
    """Return the position of the brace that closes the group around `position`, or None if it is missing."""
    depth = 1
    while True:
        for token in _IN_SKIPPED_GROUP.finditer(data, position):
            if token[1]:
                position = token.end() + int(token[1])
                break
            brace = token[0]
            if brace == b"{":
                depth += 1
            elif brace == b"}":
                depth -= 1
                if not depth:
                    return token.start()
        else:
            return None
