"""Measure another project while an attack runs: `python -m tests.attacks.observer HOST PORT PID LOG DATA`, key on standard input.

A process of its own, because the attacking threads slow each other. It asks for `GET /v1/files` on a new connection after each
pause, and samples the memory of the API. At the end of its input it prints one line of JSON.
"""

import json
import select
import socket
import sys
import time
from contextlib import suppress

import psutil

PAUSE_SECONDS = 0.05
TIMEOUT_SECONDS = 20.0
MAX_GROWTH_BYTES = 3 << 30
"""Above it the API is killed, before the machine has no memory left."""


def request_seconds(host: str, port: int, key: str) -> tuple[float, bool]:
    """Return the duration of a listing, and whether it was answered with 200."""
    request = (
        f"GET /v1/files HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    )
    started = time.monotonic()
    answer = b""
    with suppress(OSError), socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(request.encode())
        while piece := connection.recv(65_536):
            answer += piece
    return time.monotonic() - started, answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"}")


def main() -> None:
    """Measure until standard input ends."""
    host, port, pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    key = sys.stdin.readline().strip()
    process = psutil.Process(pid)
    seconds, failures, before = [], 0, process.memory_info().rss
    peak = before
    print("measuring", flush=True)
    while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
        taken, answered = request_seconds(host, port, key)
        seconds.append(taken)
        failures += not answered
        with suppress(psutil.NoSuchProcess):
            peak = max(peak, process.memory_info().rss)
            if peak - before > MAX_GROWTH_BYTES:
                process.kill()
    print(json.dumps({"seconds": seconds, "failures": failures, "before": before, "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
