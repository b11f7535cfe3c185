"""Files from the web, without being led to what only this machine can reach.

A name is resolved once, every address it has must be public, and the connection goes to the very address that was
checked; so does every redirect. What comes is bounded in bytes and seconds.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from ingest.net.egress_guard import Resolve, Unreachable, pinned, resolve
from ingest.observability import logs

REDIRECTS = 5
SILENCE_SECONDS = 15.0
"""Without a byte, or until a connection stands."""

_log = logs.get(__name__)

_CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


@dataclass(frozen=True)
class Limits:
    """What one download may cost, and where it may go."""

    most_bytes: int = 512 * 2**20
    seconds: float = 300.0
    allow_private: bool = False
    quiet: bool = False
    """Whoever asks learns nothing of names and addresses; the log does."""


class Web:
    """Fetches files; used from several threads."""

    def __init__(self, limits: Limits, *, resolver: Resolve = resolve) -> None:
        self._limits = limits
        self._resolve = resolver
        # A proxy would resolve names by itself. No pool: a kept connection belongs to an address, not to a name.
        self._client = httpx.Client(
            trust_env=False, follow_redirects=False, timeout=SILENCE_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    def fetch(self, url: str, target: Path, stamp: str = "") -> str | None:
        """Copy what is at `url` into a new file; its stamp, or None when it is as it was at the stamp given.

        Raises Unreachable, or OSError when the file cannot be written.
        """
        deadline = time.monotonic() + self._limits.seconds
        try:
            for _ in range(REDIRECTS + 1):
                with self._client.stream(**self._pinned(httpx.URL(url), stamp)) as answer:  # type: ignore[arg-type]
                    if answer.has_redirect_location:
                        url = str(httpx.URL(url).join(answer.headers["location"]))
                        continue
                    if answer.status_code == httpx.codes.NOT_MODIFIED and stamp:
                        return None
                    if answer.status_code != httpx.codes.OK:
                        raise Unreachable(f"The web server answered {answer.status_code} {answer.reason_phrase}")
                    self._save(answer, target, deadline)
                    return json.dumps({name: answer.headers[name] for name in _CONDITIONS if name in answer.headers})
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as exc:
            raise Unreachable(f"The web server could not be read: {exc or type(exc).__name__}") from exc
        raise Unreachable(f"More than {REDIRECTS} redirects")

    def close(self) -> None:
        self._client.close()

    def _pinned(self, url: httpx.URL, stamp: str) -> dict[str, object]:
        """A request that goes to an address that was looked at, in the name of the host."""
        try:
            to = pinned(url, self._resolve, allow_private=self._limits.allow_private, permit="--allow-private")
        except Unreachable as exc:
            if not self._limits.quiet:
                raise
            _log.warning("address_refused", host=url.host, reason=exc.strerror)
            raise Unreachable("The address cannot be resolved, or is not public") from exc
        conditions = {_CONDITIONS[name]: text for name, text in json.loads(stamp or "{}").items()}
        return {"method": "GET", "url": to.url, "headers": to.headers | conditions, "extensions": to.extensions}

    def _save(self, answer: httpx.Response, target: Path, deadline: float) -> None:
        size = 0
        with target.open("wb") as file:
            for block in answer.iter_bytes():
                size += len(block)
                if size > self._limits.most_bytes:
                    raise Unreachable(f"Larger than {self._limits.most_bytes:,} bytes")
                if time.monotonic() > deadline:
                    raise Unreachable(f"Took longer than {self._limits.seconds:g} s")
                file.write(block)
