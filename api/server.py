"""The process of the API: `python -m api.server --host 0.0.0.0 --port 8000`."""

import argparse
import sys

from api.app import create
from api.errors.responses import error_response
from ingest.config import load_settings_or_exit
from ingest.net.server.limits import ServerLimits
from ingest.net.server.server import build_server
from ingest.runtime.undumpable import make_undumpable

GRACEFUL_SECONDS = 20
"""For requests under way at SIGTERM."""

SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps the interpreter lock when the event loop wants it. A request takes the lock several
times, so Python's 5 ms would add up."""


def main(arguments: list[str] | None = None) -> None:
    """Serve the API until SIGTERM."""
    options = _parse(arguments)
    make_undumpable()
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = load_settings_or_exit()
    limits = ServerLimits(
        max_connections=settings.max_connections, max_connections_per_address=settings.max_connections_per_address
    )
    server = build_server(
        create(),
        host=options.host,
        port=options.port,
        limits=limits,
        render_error=render_error,
        graceful_seconds=options.graceful_seconds,
    )
    server.run()


def render_error(status: int, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Render the error of a request that never became one, in the API's envelope."""
    response = error_response(status, message)
    headers = [header for header in response.raw_headers if header[0] != b"content-length"]
    return headers, bytes(response.body)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m api.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="TCP port to listen on (default: %(default)s)")
    parser.add_argument(
        "--graceful-seconds",
        type=int,
        default=GRACEFUL_SECONDS,
        help="time for requests under way at SIGTERM (default: %(default)s)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
