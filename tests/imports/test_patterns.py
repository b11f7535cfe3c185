"""Which paths patterns match, and what they read from them."""

import pytest

from ingest.errors import Refused
from ingest.imports.patterns import Choice, PathAttributes


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
def test_stars_stay_within_a_part_and_two_of_them_do_not(pattern: str, path: str, matches: bool) -> None:
    assert Choice(include=[pattern]).takes(path) is matches


def test_what_is_excluded_is_left_out_even_when_it_is_included() -> None:
    choice = Choice(include=["*.md"], exclude=["draft*"])

    assert choice.takes("a.md")
    assert not choice.takes("draft-a.md")
    assert not choice.takes("a.txt")


def test_a_folder_is_excluded_by_its_name_at_any_depth_or_by_its_place() -> None:
    choice = Choice(exclude=["node_modules/", "top/build"])

    assert choice.skips("x/node_modules")
    assert choice.skips("top/build")
    assert not choice.skips("other/top/build")


def test_a_pattern_that_is_no_pattern_is_refused() -> None:
    with pytest.raises(Refused, match=r"The pattern '\[z-a\]' is not understood"):
        Choice(include=["[z-a]"]).takes("a")


def test_parts_of_a_path_become_attributes() -> None:
    attributes = PathAttributes(["{department}/{year}/*", "{kind}-{number}.*"])

    assert attributes.of("law/2024/a.pdf") == {"department": "law", "year": 2024}
    assert attributes.of("invoice-007.pdf") == {"kind": "invoice", "number": "007"}
    assert attributes.of("law/2024/sub/a.pdf") == {}


def test_any_depth_can_follow_a_part() -> None:
    assert PathAttributes(["{department}/**"]).of("law/a/b/c.txt") == {"department": "law"}


@pytest.mark.parametrize("pattern", ["*/*", "{a}/{a}", "{1}/*"])
def test_patterns_that_name_nothing_or_one_thing_twice_are_refused(pattern: str) -> None:
    with pytest.raises(Refused, match="--attr-from-path"):
        PathAttributes([pattern])
