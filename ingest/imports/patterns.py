"""Patterns over paths: which files are taken (`--include`, `--exclude`), and attributes from a path's parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ingest.errors import Refused
from ingest.imports.attributes import Attributes, value

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^]/]+\]|\{\w+\}|.", re.S)


@dataclass(frozen=True)
class Choice:
    """Which files below a source are taken: those that match some `include`, if there are any, and no `exclude`."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def takes(self, path: str) -> bool:
        """Whether a file is wanted; `path` is relative to its source, with `/` between its parts."""
        return not self.skips(path) and (not self._included or any(_matches(each, path) for each in self._included))

    def skips(self, path: str) -> bool:
        """Whether a file, or a folder with all that is in it, is left out."""
        return any(_matches(each, path) for each in self._excluded)

    @cached_property
    def _included(self) -> list[tuple[bool, re.Pattern[str]]]:
        return [_compiled(each) for each in self.include]

    @cached_property
    def _excluded(self) -> list[tuple[bool, re.Pattern[str]]]:
        return [_compiled(each) for each in self.exclude]


class PathAttributes:
    """Attributes named in patterns such as `{department}/{year}/*`; the first pattern that matches a path counts."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [_named(pattern) for pattern in patterns]

    def of(self, path: str) -> Attributes:
        """The attributes of a file by its path relative to its source; none when no pattern matches."""
        for pattern in self._patterns:
            if match := pattern.fullmatch(path):
                return {name: value(text) for name, text in match.groupdict().items()}
        return {}


def translate(pattern: str) -> str:
    """A pattern as a regular expression: `*` and `?` stay within one part of a path, `**` crosses parts, `{name}` is
    one part or a piece of it. Raises re.error for a name that is given twice."""
    return "".join(_translated(token) for token in _TOKEN.findall(pattern))


def _translated(token: str) -> str:
    if token == "**/":
        return "(?:[^/]+/)*"
    if token == "**":
        return ".*"
    if token == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if len(token) > 1 and token[0] == "[":
        return "[" + ("^" if token[1] == "!" else "") + token[1:-1].lstrip("!").replace("\\", r"\\") + "]"
    if len(token) > 1 and token[0] == "{":
        return f"(?P<{token[1:-1]}>[^/]+)"
    return re.escape(token)


def _compiled(pattern: str) -> tuple[bool, re.Pattern[str]]:
    """Whether a pattern is about whole paths, and its expression; one without a slash is about names."""
    text = pattern.rstrip("/")
    try:
        return "/" in text, re.compile(translate(text.lstrip("/")), re.S)
    except re.error as exc:
        raise Refused(f"The pattern '{pattern}' is not understood: {exc}.") from exc


def _matches(pattern: tuple[bool, re.Pattern[str]], path: str) -> bool:
    whole, expression = pattern
    return expression.fullmatch(path if whole else path.rsplit("/", 1)[-1]) is not None


def _named(pattern: str) -> re.Pattern[str]:
    try:
        expression = re.compile(translate(pattern.lstrip("/")), re.S)
    except re.error as exc:
        raise Refused(f"--attr-from-path {pattern}: {exc}.") from exc
    if not expression.groupindex:
        raise Refused(f"--attr-from-path {pattern}: expected a part in braces, as in '{{department}}/{{year}}/*'.")
    return expression
