"""Split a source at its comments, CDATA sections and the like, in time linear in its length."""

import re
from collections.abc import Mapping


def split_literals(source: str, openers: re.Pattern[str], closers: Mapping[str, re.Pattern[str]]) -> list[str]:
    """Return the text outside of literals at even indexes, and the literals between them at odd ones.

    `openers` has a named group for each kind of literal, and `closers` the pattern that ends it. An opener that nothing
    ends is text: a lazy regular expression would search for its end again and again.
    """
    pieces: list[str] = []
    start = position = 0
    without_end: set[str] = set()
    while (opener := openers.search(source, position)) is not None:
        kind = opener.lastgroup or ""
        position = opener.end()
        if kind in without_end:
            continue
        closer = closers[kind].search(source, position)
        if closer is None:
            without_end.add(kind)
            continue
        pieces += (source[start : opener.start()], source[opener.start() : closer.end()])
        start = position = closer.end()
    pieces.append(source[start:])
    return pieces
