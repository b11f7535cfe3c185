"""Patterns over paths: the `--include` and `--exclude` filter, and attributes taken from the parts of a path."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ingest.errors import Refused
from ingest.imports.attributes import Attributes, parse_value

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^]/]+\]|\{\w+\}|.", re.S)


@dataclass(frozen=True)
class PathFilter:
    """Accepts paths that match an `include` pattern, or all if there is none, and match no `exclude` pattern.

    Paths are relative to their source, with `/` between the parts.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def accepts(self, path: str) -> bool:
        """Return whether a file is to be imported. Raises Refused for an invalid pattern."""
        if self.excludes(path):
            return False
        return not self._includes or any(_matches(pattern, path) for pattern in self._includes)

    def excludes(self, path: str) -> bool:
        """Return whether a file, or a folder with everything in it, is excluded. Raises Refused."""
        return any(_matches(pattern, path) for pattern in self._excludes)

    @cached_property
    def _includes(self) -> list[tuple[bool, re.Pattern[str]]]:
        return [_compile(pattern) for pattern in self.include]

    @cached_property
    def _excludes(self) -> list[tuple[bool, re.Pattern[str]]]:
        return [_compile(pattern) for pattern in self.exclude]


class PathAttributes:
    """Attributes named in patterns such as `{department}/{year}/*`. The first pattern that matches a path applies."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [_compile_with_names(pattern) for pattern in patterns]

    def extract(self, path: str) -> Attributes:
        """Return the attributes of a path relative to its source; none when no pattern matches."""
        for pattern in self._patterns:
            if match := pattern.fullmatch(path):
                return {name: parse_value(text) for name, text in match.groupdict().items()}
        return {}


def glob_to_regex(pattern: str) -> str:
    """Translate a pattern into a regular expression.

    `*` and `?` stay within one part of a path, `**` crosses parts, `{name}` captures a part or a piece of one.
    Compiling the result raises re.error when a name occurs twice.
    """
    return "".join(_translate_token(token) for token in _TOKEN.findall(pattern))


def _translate_token(token: str) -> str:
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


def _compile(pattern: str) -> tuple[bool, re.Pattern[str]]:
    """Return whether a pattern applies to whole paths, and its expression. Without a slash it applies to names."""
    text = pattern.rstrip("/")
    try:
        return "/" in text, re.compile(glob_to_regex(text.lstrip("/")), re.S)
    except re.error as exc:
        raise Refused(f"The pattern '{pattern}' is not valid: {exc}.") from exc


def _matches(pattern: tuple[bool, re.Pattern[str]], path: str) -> bool:
    applies_to_path, expression = pattern
    return expression.fullmatch(path if applies_to_path else path.rsplit("/", 1)[-1]) is not None


def _compile_with_names(pattern: str) -> re.Pattern[str]:
    try:
        expression = re.compile(glob_to_regex(pattern.lstrip("/")), re.S)
    except re.error as exc:
        raise Refused(f"--attr-from-path {pattern}: {exc}.") from exc
    if not expression.groupindex:
        raise Refused(f"--attr-from-path {pattern}: expected a part in braces, as in '{{department}}/{{year}}/*'.")
    return expression
