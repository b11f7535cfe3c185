"""The ids of terms: a sparse vector has 32-bit numbers where a text has words."""

import zlib

_TITLE_SPACE = zlib.crc32(b"\x01title:")


def term_id(term: str) -> int:
    """Return the id of a term: the CRC-32 of its UTF-8. It never changes, or every index becomes unreadable."""
    return zlib.crc32(term.encode("utf-8", "replace"))


def title_id(term: str) -> int:
    r"""Return the id of a term of the title field: the CRC-32 of "\x01title:" and the term."""
    return zlib.crc32(term.encode("utf-8", "replace"), _TITLE_SPACE)
