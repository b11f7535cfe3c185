"""What a process remembers of the API keys that it has seen, so that guessing keys costs the database little.

Nothing here admits a request: a key that was accepted is checked again each time, so a revoked one ends at once.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MAX_KEYS = 10_000
"""Keys that are remembered of each kind: about 2 MB. The oldest go first."""

REFUSED_SECONDS = 5.0
"""How long a refusal is repeated without asking the database. A key that is restored from a backup works after that."""


class KeyMemory:
    """Remembers which project a key belongs to, and which keys were refused. Use it from one thread.

    `secret` is the key as it was presented, or None. Only its hash is kept.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._projects: OrderedDict[bytes, str] = OrderedDict()
        self._refusals: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    def project_of(self, secret: str | None) -> str | None:
        """Return the project for which the key was last accepted."""
        return None if secret is None else self._projects.get(_hash(secret))

    def refusal_of(self, secret: str | None, *, is_local: bool) -> str | None:
        """Return the message with which the database refused the key a moment ago."""
        until, message = self._refusals.get(_hash(secret, is_local), (0.0, ""))
        return message if until > self._clock() else None

    def remember_project(self, secret: str | None, project: str) -> None:
        """Record that a key was accepted."""
        if secret is not None:
            _put(self._projects, _hash(secret), project)

    def remember_refusal(self, secret: str | None, message: str, *, is_local: bool) -> None:
        """Record that a key was refused."""
        _put(self._refusals, _hash(secret, is_local), (self._clock() + REFUSED_SECONDS, message))


def _put(memory: OrderedDict[bytes, T], key: bytes, value: T) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MAX_KEYS:
        memory.popitem(last=False)


def _hash(secret: str | None, is_local: bool = False) -> bytes:
    text = "" if secret is None else secret
    return hashlib.sha256(f"{is_local}{text}".encode(errors="surrogatepass")).digest()
