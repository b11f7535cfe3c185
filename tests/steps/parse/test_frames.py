"""Frames between a worker and its parser process."""

import json
import socket
import struct
from collections.abc import Iterator

import pytest

from ingest.steps.parse.frames import InvalidFrame, receive_frame, send_frame


@pytest.fixture
def channels() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    right.settimeout(0.01)
    with left, right:
        yield left, right


def test_a_frame_is_received_as_it_was_sent(channels: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = channels
    send_frame(sender, {"kind": "pdf"}, b"body")
    send_frame(sender, {"kind": "next"})

    assert receive_frame(receiver, 100) == ({"kind": "pdf"}, b"body")
    assert receive_frame(receiver, 100) == ({"kind": "next"}, b"")


@pytest.mark.parametrize("sent", [b"", b"\0\0\0\5", struct.pack("!IQ", 2, 5) + b"{}ab"])
def test_a_peer_that_closes_gives_no_frame(channels: tuple[socket.socket, socket.socket], sent: bytes) -> None:
    sender, receiver = channels
    sender.sendall(sent)
    sender.close()

    assert receive_frame(receiver, 100) is None


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("!IQ", 2, 101) + b"{}",
        struct.pack("!IQ", 2**31, 0),
        struct.pack("!IQ", 2, 0) + b"{x",
        struct.pack("!IQ", 2, 0) + b"[]",
    ],
    ids=["long body", "long header", "no JSON", "no object"],
)
def test_an_invalid_frame_is_refused(channels: tuple[socket.socket, socket.socket], sent: bytes) -> None:
    sender, receiver = channels
    sender.sendall(sent)

    with pytest.raises(InvalidFrame):
        receive_frame(receiver, 100)


def test_waiting_calls_on_idle_and_raises_its_exception(channels: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = channels
    header = json.dumps({}).encode()
    sender.sendall(struct.pack("!IQ", len(header), 0))
    calls = []

    def on_idle() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("enough")

    with pytest.raises(KeyError):
        receive_frame(receiver, 100, on_idle)
