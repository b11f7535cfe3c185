"""Reasons in words: without credentials for operators, in general words for clients, with times for both."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

REASON_CHARACTERS = 300
DAY_SECONDS = 86_400.0

_URL_SECRETS = re.compile(r"(?<=://)[^/\s@]+@|\?[^\s'\")]+")
_KEYS = re.compile(
    r"(?i)\b(?:sk-[\w-]{6,}|bearer\s+[^\s'\",]+|(?:api[_-]?key|password|secret|token)['\"]?\s*[=:]\s*\S+)"
)

_GENERAL_WORDS = (
    (re.compile(r"(?i)refused"), "connection refused"),
    (re.compile(r"(?i)timed? ?out|took too long|in time|no time is left"), "no answer in time"),
    (re.compile(r"(?i)name resolution|getaddrinfo|resolve|Name or service"), "its name cannot be resolved"),
    (re.compile(r"(?i)no space left|disk (?:is )?full|quota exceeded|Errno 28|Errno 122"), "no space left"),
    (re.compile(r"(?i)read-only|Errno 30"), "its storage is read-only"),
    (re.compile(r"(?i)certificate|SSL"), "its certificate is not accepted"),
    (re.compile(r"(?i)answered 40[13]"), "its key is not accepted"),
    (re.compile(r"(?i)answered 429"), "it answered 429: too many requests"),
    (re.compile(r"(?i)answered (\d{3})"), r"it answered \1"),
    (re.compile(r"(?i)dimensions|malformed|not JSON|other vectors"), "its answers cannot be used"),
    (re.compile(r"(?i)cannot (?:be )?start"), "it cannot be started"),
    (re.compile(r"(?i)is gone"), "its folder is gone"),
    (re.compile(r"(?i)not configured"), "it is not configured"),
    (re.compile(r"(?i)busy"), "it is busy"),
)


@dataclass(frozen=True)
class Wait:
    """Why something waits."""

    dependency: str
    """What it waits for: `embedder`, `qdrant`, `blobs`, `broker`, `parser`, `workers`, `queue`, `lease` or `embedding model`."""
    reason: str
    """In general words: without addresses and without the texts of servers."""
    since: float | None = None
    """When this began, in seconds since 1970."""
    next_try: float | None = None
    """When the service tries again, in seconds since 1970."""
    at: float = field(default=0.0, compare=False)
    """When this was found out, in seconds since 1970."""

    def facts(self) -> dict[str, Any]:
        """Return the wait for programs. Times are absolute, so that they change only when something happens."""
        return {
            "dependency": self.dependency,
            "reason": self.reason,
            "since": None if self.since is None else int(self.since),
            "next_try": None if self.next_try is None else int(self.next_try),
        }

    @property
    def text(self) -> str:
        """The wait in one line: "embedder: connection refused, since 12:03 UTC, next try in 20 s"."""
        text = f"{self.dependency}: {self.reason}"
        if self.since is not None:
            text += f", since {format_time(self.since, self.at)}"
        if self.next_try is not None:
            seconds = round(self.next_try - self.at)
            text += f", next try in {seconds} s" if seconds > 0 else ", next try now"
        return text


def clean_reason(text: str) -> str:
    """Return an error for operators: one line of at most 300 characters without credentials."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = _KEYS.sub("...", _URL_SECRETS.sub("", line))
    return line if len(line) <= REASON_CHARACTERS else line[: REASON_CHARACTERS - 1] + "…"


def general_reason(text: str) -> str:
    """Return the kind of an error for clients, which must not learn the addresses and texts of the servers behind."""
    for pattern, words in _GENERAL_WORDS:
        if match := pattern.search(text):
            return match.expand(words)
    return "it does not answer"


def format_time(seconds: float, at: float) -> str:
    """Return a time as `12:03 UTC`, with its date if it is a day or more before `at`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%H:%M UTC" if abs(at - seconds) < DAY_SECONDS else "%Y-%m-%d %H:%M UTC")
