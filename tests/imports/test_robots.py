"""Rules of robots.txt."""

import pytest

from ingest.imports.robots import ALLOW_ALL, RobotsRules


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True), ("User-agent: *\nDisallow: /private", "/private/a", False),
        ("User-agent: *\nDisallow: /private", "/public", True), ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /\nAllow: /docs/", "/docs/a", True), ("User-agent: *\nDisallow: /\nAllow: /docs/", "/a", False),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True), ("User-agent: *\nDisallow: /*.pdf$", "/x/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?x=1", True), ("User-agent: *\nDisallow: /*/print", "/a/b/print/2", False),
        ("User-agent: *\nDisallow: /x$", "/xy", True), ("User-agent: *\nDisallow: /*?", "/a?b", False),
        ("User-agent: other\nDisallow: /", "/a", True), ("User-agent: *\nDisallow: /\n\nUser-agent: Ingest/1.0\nDisallow: /x", "/a", True),
        ("User-agent: a\nUser-agent: ingest\nDisallow: /x", "/x", False),
        ("User-agent: ingest\nDisallow: /x\n\nUser-agent: ingest\nDisallow: /y", "/y", False),
        ("# comment\nuser-agent : * # all\ndisallow : /x # no", "/x", False), ("User-agent: *\nDisallow: /a%20b", "/a b", False),
        ("<html>no rules: here</html>", "/a", True), ("Disallow: /", "/a", True),
    ],
)  # fmt: skip
def test_the_longest_rule_of_the_own_group_counts(text: str, path: str, allowed: bool) -> None:
    assert RobotsRules.parse(text).allows(f"https://example.org{path}") is allowed


def test_a_site_without_rules_allows_everything() -> None:
    assert ALLOW_ALL.allows("https://example.org")


def test_a_pattern_with_many_stars_takes_no_time() -> None:
    rules = RobotsRules.parse("User-agent: *\nDisallow: /" + "*a" * 500 + "*b$")

    assert rules.allows("https://example.org/" + "a" * 4_000)
