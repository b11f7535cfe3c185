"""Starts the vectors process: takes the folder's lock, opens the collections, serves until SIGTERM."""

import argparse
import os
import signal
import sys
from pathlib import Path

from filelock import FileLock, Timeout

LOCKED_EXIT_CODE = 3  # the supervisor tells "somebody else has the folder" from a crash by this


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code (0 stopped on request, 3 folder in use)."""
    options = _parse(arguments)
    options.path.mkdir(parents=True, exist_ok=True)
    # The engine's own refusal of a second owner comes too late: it damages the first one's next flush.
    lock = FileLock(options.path / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"vectors: {options.path} is in use by another process", file=sys.stderr)  # noqa: T201 - no logs yet
        return LOCKED_EXIT_CODE
    with lock:
        _serve(options.path, options.host, options.port, os.environ.get("INGEST_QDRANT_API_KEY", ""))
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ingest.embedded.vectors", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the collections")
    parser.add_argument("--port", type=int, required=True, help="TCP port to listen on")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    return parser.parse_args(arguments)


def _serve(path: Path, host: str, port: int, api_key: str) -> None:
    # Imported behind the lock: a refused second process answers at once.
    import uvicorn

    from ingest.embedded.vectors.app import create_app
    from ingest.embedded.vectors.collections import Collections

    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has stopped; being asked to stop is no failure.
        signal.signal(number, lambda *_: None)
    collections = Collections(path)
    try:
        config = uvicorn.Config(
            create_app(collections, api_key),
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            log_level="warning",
            access_log=False,
            timeout_keep_alive=75,  # longer than any client keeps a connection, so that never both sides decide
            timeout_graceful_shutdown=3,
        )
        uvicorn.Server(config).run()
    finally:
        collections.close()


if __name__ == "__main__":
    sys.exit(main())
