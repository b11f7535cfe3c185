"""Text that others wrote, made safe for a terminal: names of files and stores, error texts, contents of documents."""

import re

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters: ESC and CSI begin commands to the terminal
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # change the direction of what follows
    "\u2028\u2029\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb"  # break lines, or show nothing
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters, and tags
)


def visible(text: str) -> str:
    r"""Return a text in one line in which characters that control a terminal are escapes, such as `\x1b` and `\u202e`."""
    return _INVISIBLE.sub(lambda match: _escape(match[0]), text)


def visible_lines(text: str) -> str:
    """Return a text of several lines, each of them made visible."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _escape(character: str) -> str:
    return {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(character) or (
        f"\\x{ord(character):02x}"
        if ord(character) <= 0xFF
        else f"\\u{ord(character):04x}"
        if ord(character) <= 0xFFFF
        else f"\\U{ord(character):08x}"
    )
