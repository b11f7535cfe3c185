"""Starts the vectors process: locks the folder, opens the collections, and serves until SIGTERM."""

import argparse
import signal
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.environment import vectors_api_key
from ingest.runtime.private_files import restrict_new_files
from ingest.runtime.undumpable import make_undumpable

LOCKED_EXIT_CODE = 3
"""Distinguishes a locked folder from a crash."""

GRACEFUL_SECONDS = 3


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code: 0 after a signal, LOCKED_EXIT_CODE if the folder is in use."""
    options = _parse(arguments)
    restrict_new_files()
    make_undumpable()
    options.path.mkdir(parents=True, exist_ok=True)
    # The engine itself detects a second process too late: it then damages the next flush of the first one.
    lock = FileLock(options.path / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"vectors: {options.path} is in use by another process", file=sys.stderr)  # noqa: T201 - logging is not configured yet
        return LOCKED_EXIT_CODE
    with lock:
        _serve(options.path, options.host, options.port, vectors_api_key())
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ingest.embedded.vectors", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the collections")
    parser.add_argument("--port", type=int, required=True, help="TCP port to listen on")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    return parser.parse_args(arguments)


def _serve(path: Path, host: str, port: int, api_key: str) -> None:
    # Imported after the lock was taken, so that a second process fails at once.
    from ingest.embedded.vectors.app import create_app, render_error
    from ingest.embedded.vectors.collections import Collections
    from ingest.net.server.server import build_server

    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again after it has stopped, but a requested stop is no failure.
        signal.signal(number, lambda *_: None)
    try:
        collections = Collections(path)
    except Exception as exc:  # noqa: BLE001 - the engine raises bare Exceptions: a full disk, damaged files
        sys.exit(f"vectors: the collections in {path} cannot be opened: {exc}")
    try:
        app = create_app(collections, api_key)
        build_server(app, host=host, port=port, render_error=render_error, graceful_seconds=GRACEFUL_SECONDS).run()
    finally:
        collections.close()


if __name__ == "__main__":
    sys.exit(main())
