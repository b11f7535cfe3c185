"""Frames between a worker and its parser process: two lengths, a JSON header, a body of bytes.

The format cannot carry code: the worker does not trust a parser that has read a hostile file.
"""

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

_LENGTHS = struct.Struct("!IQ")
_MAX_HEADER_BYTES = 64 * 2**20  # the page offsets of the longest documents are a few MiB


class InvalidFrame(Exception):
    """The peer sent something that is not a frame."""


def send_frame(channel: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    """Send one frame. Raises OSError if the peer is gone."""
    head = json.dumps(header).encode()
    channel.sendall(_LENGTHS.pack(len(head), len(body)) + head)
    if body:
        channel.sendall(body)


def receive_frame(
    channel: socket.socket, max_body: int, on_idle: Callable[[], None] = lambda: None
) -> tuple[dict[str, Any], bytes] | None:
    """Return the next frame, or None if the peer has closed the channel.

    `on_idle` is called when the channel's timeout passes without data, and between pieces of data; what it raises ends
    the wait. Raises InvalidFrame.
    """
    lengths = _receive_exactly(channel, _LENGTHS.size, on_idle)
    if lengths is None:
        return None
    head_length, body_length = _LENGTHS.unpack(lengths)
    if head_length > _MAX_HEADER_BYTES or body_length > max_body:
        raise InvalidFrame("a frame is too long")
    head = _receive_exactly(channel, head_length, on_idle)
    body = _receive_exactly(channel, body_length, on_idle)
    if head is None or body is None:
        return None
    try:
        header = json.loads(bytes(head))
    except (ValueError, RecursionError) as exc:
        raise InvalidFrame("a header is not JSON") from exc
    if not isinstance(header, dict):
        raise InvalidFrame("a header is not an object")
    return header, bytes(body)


def _receive_exactly(channel: socket.socket, length: int, on_idle: Callable[[], None]) -> bytearray | None:
    data = bytearray(length)
    view, received = memoryview(data), 0
    while received < length:
        try:
            count = channel.recv_into(view[received:])
        except TimeoutError:
            on_idle()
            continue
        except ConnectionError:
            return None
        if not count:
            return None
        received += count
        if received < length:
            on_idle()
    return data
