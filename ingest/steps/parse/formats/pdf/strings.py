"""Strings from pdfium."""

import ctypes
from collections.abc import Callable
from typing import Any

_MAX_BYTES = 64 * 2**20


def read_string(function: Callable[..., int], *arguments: Any) -> str:
    """Call a pdfium function that fills a buffer with UTF-16 and returns the length in bytes."""
    length = min(function(*arguments, None, 0), _MAX_BYTES)
    if length <= 2:  # only the terminating NUL
        return ""
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    function(*arguments, buffer, length)
    return bytes(buffer)[: length - 2].decode("utf-16-le", "replace").partition("\0")[0]


def one_line(text: str) -> str:
    """Return the text with its whitespace as single spaces."""
    return " ".join(text.split())
