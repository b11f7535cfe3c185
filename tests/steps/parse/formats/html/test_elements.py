"""The classes of elements, which overlap where a browser treats elements in two ways."""

import pytest

from ingest.steps.parse.formats.html import html_to_text
from ingest.steps.parse.formats.html.elements import (
    CELLS,
    EDGED,
    HEADINGS,
    IGNORED,
    LISTS,
    NEVER_READ,
    PLAIN,
    PREFORMATTED,
    SPACED,
)


def test_headings_lists_and_preformatted_text_are_blocks() -> None:
    assert set(HEADINGS) | LISTS | (PREFORMATTED - {"textarea"}) <= SPACED
    assert HEADINGS["h1"] == 1
    assert HEADINGS["h6"] == 6


def test_an_element_is_a_block_of_one_kind_or_none() -> None:
    assert not PLAIN & SPACED
    assert not (PLAIN | SPACED) & (EDGED | CELLS)
    assert not IGNORED & (PLAIN | SPACED | EDGED | CELLS)


def test_what_is_never_read_is_ignored_first() -> None:
    assert NEVER_READ <= IGNORED
    assert {"template", "noscript", "iframe"} <= IGNORED - NEVER_READ


@pytest.mark.parametrize("tag", sorted(SPACED - {"table", "hr", "title", "noframes"} - LISTS))
def test_an_empty_line_separates_spaced_blocks(tag: str) -> None:
    assert html_to_text(f"<body>before<{tag}>inside</{tag}>after") == "before\n\ninside\n\nafter"


@pytest.mark.parametrize("tag", ["div", "summary", "center", "dt", "dd"])
def test_a_line_end_separates_plain_blocks(tag: str) -> None:
    assert html_to_text(f"<body>before<{tag}>inside</{tag}>after") == "before\ninside\nafter"


@pytest.mark.parametrize("tag", ["button", "label", "output", "meter", "canvas"])
def test_a_space_separates_words_at_the_edges_of_controls(tag: str) -> None:
    assert html_to_text(f"<p>before<{tag}>inside</{tag}>after") == "before inside after"
