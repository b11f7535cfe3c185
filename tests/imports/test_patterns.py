"""Which paths a pattern matches, and the attributes that it extracts."""

import pytest

from ingest.errors import Refused
from ingest.imports.patterns import PathAttributes, PathFilter


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.pdf", "a.pdf", True), ("*.pdf", "x/y/a.pdf", True), ("*.pdf", "a.pdf.txt", False),
        ("x/*.pdf", "x/a.pdf", True), ("x/*.pdf", "x/y/a.pdf", False), ("x/**/*.pdf", "x/a.pdf", True),
        ("x/**/*.pdf", "x/y/z/a.pdf", True), ("x/**", "x/y/z", True), ("/a.pdf", "a.pdf", True), ("a?.md", "ab.md", True),
        ("a?.md", "a/.md", False), ("[ab].md", "b.md", True), ("[!ab].md", "b.md", False), ("a.b", "axb", False),
        ("(x).md", "(x).md", True),
    ],
)  # fmt: skip
def test_a_star_stays_within_one_part_and_two_stars_cross_parts(pattern: str, path: str, matches: bool) -> None:
    assert PathFilter(include=[pattern]).accepts(path) is matches


def test_exclude_overrides_include() -> None:
    path_filter = PathFilter(include=["*.md"], exclude=["draft*"])

    assert path_filter.accepts("a.md")
    assert not path_filter.accepts("draft-a.md")
    assert not path_filter.accepts("a.txt")


def test_a_pattern_without_a_slash_matches_at_any_depth() -> None:
    path_filter = PathFilter(exclude=["node_modules/", "top/build"])

    assert path_filter.excludes("x/node_modules")
    assert path_filter.excludes("top/build")
    assert not path_filter.excludes("other/top/build")


def test_an_invalid_pattern_is_refused() -> None:
    with pytest.raises(Refused, match=r"The pattern '\[z-a\]' is not valid"):
        PathFilter(include=["[z-a]"]).accepts("a")


def test_parts_of_a_path_become_attributes() -> None:
    attributes = PathAttributes(["{department}/{year}/*", "{kind}-{number}.*"])

    assert attributes.extract("law/2024/a.pdf") == {"department": "law", "year": 2024}
    assert attributes.extract("invoice-007.pdf") == {"kind": "invoice", "number": "007"}
    assert attributes.extract("law/2024/sub/a.pdf") == {}


def test_two_stars_after_a_named_part_match_any_depth() -> None:
    assert PathAttributes(["{department}/**"]).extract("law/a/b/c.txt") == {"department": "law"}


@pytest.mark.parametrize("pattern", ["*/*", "{a}/{a}", "{1}/*"])
def test_attribute_patterns_without_names_or_with_repeated_names_are_refused(pattern: str) -> None:
    with pytest.raises(Refused, match="--attr-from-path"):
        PathAttributes([pattern])
