"""How a worker and its parser child talk: a length, a JSON header, a length, a body; nothing that can run code."""

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

_LENGTHS = struct.Struct("!IQ")
_MAX_HEADER = 64 * 2**20  # page offsets of the longest document are a few MiB


class Broken(Exception):
    """The other side sent something that is not a frame."""


def send(channel: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    """Send one frame; raises OSError when the other side is gone."""
    head = json.dumps(header).encode()
    channel.sendall(_LENGTHS.pack(len(head), len(body)) + head)
    if body:
        channel.sendall(body)


def receive(
    channel: socket.socket, max_body: int, idle: Callable[[], None] = lambda: None
) -> tuple[dict[str, Any], bytes] | None:
    """Return the next frame, or None when the other side has closed.

    `idle` is called whenever the channel's timeout passes without data; what it raises ends the wait.
    """
    start = _receive_exactly(channel, _LENGTHS.size, idle)
    if start is None:
        return None
    head_length, body_length = _LENGTHS.unpack(start)
    if head_length > _MAX_HEADER or body_length > max_body:
        raise Broken("a frame is too long")
    head = _receive_exactly(channel, head_length, idle)
    body = _receive_exactly(channel, body_length, idle)
    if head is None or body is None:
        return None
    try:
        header = json.loads(bytes(head))
    except ValueError as exc:
        raise Broken("a header is not JSON") from exc
    if not isinstance(header, dict):
        raise Broken("a header is not an object")
    return header, bytes(body)


def _receive_exactly(channel: socket.socket, length: int, idle: Callable[[], None]) -> bytearray | None:
    data = bytearray(length)
    view, got = memoryview(data), 0
    while got < length:
        try:
            count = channel.recv_into(view[got:])
        except TimeoutError:
            idle()
            continue
        except ConnectionError:
            return None
        if not count:
            return None
        got += count
        if got < length:
            idle()
    return data
