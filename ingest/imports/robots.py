"""What a site's robots.txt allows (RFC 9309): groups of user agents, and the longest rule that matches."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PRODUCT = "ingest"
"""The product token by which robots.txt names this crawler. Requests send it as User-Agent."""

MAX_BYTES = 512 * 1024
MAX_RULES = 10_000


@dataclass(frozen=True)
class RobotsRules:
    """The rules for this crawler: (pattern, whether it allows)."""

    rules: tuple[tuple[str, bool], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "RobotsRules":
        """Return the rules of the groups that name this crawler, otherwise of those for all of them."""
        own: list[tuple[str, bool]] = []
        general: list[tuple[str, bool]] = []
        names_own, agents, is_header = False, set[str](), False
        for key, value in _fields(text.splitlines()):
            if key == "user-agent":
                agents = agents if is_header else set()
                agents.add(value.lower().partition("/")[0])
                names_own = names_own or PRODUCT in agents
                is_header = True
                continue
            if key not in ("allow", "disallow"):
                continue
            is_header = False
            if value and PRODUCT in agents:
                own.append((value, key == "allow"))
            elif value and "*" in agents:
                general.append((value, key == "allow"))
        return cls(tuple((own if names_own else general)[:MAX_RULES]))

    def allows(self, url: str) -> bool:
        """Return whether a URL may be requested. Of two rules of the same length, the one that allows counts."""
        parts = urlsplit(url)
        path = unquote(parts.path or "/") + (f"?{unquote(parts.query)}" if parts.query else "")
        matching = [(len(pattern), allows) for pattern, allows in self.rules if _matches(unquote(pattern), path)]
        return max(matching, default=(0, True))[1]


ALLOW_ALL = RobotsRules()


def _fields(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        key, separator, value = line.partition("#")[0].partition(":")
        if separator:
            yield key.strip().lower(), value.strip()


def _matches(pattern: str, path: str) -> bool:
    """Return whether a path begins with a pattern: `*` is anything, `$` is the end of the path."""
    is_whole = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not others:
        return not is_whole or path == first
    position = len(first)
    for part in others[:-1]:
        position = path.find(part, position)
        if position < 0:
            return False
        position += len(part)
    last = others[-1]
    return path[position:].endswith(last) if is_whole else last in path[position:]
