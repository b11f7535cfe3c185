"""Headings of markup that is read as plain text."""

import pytest

from ingest.steps.parse.plain import read_plain

MARKDOWN = """---
title: "The plan"
---
# First *one* #

text

Second
------

```sh
# no heading
```

- item
---
> quote
---
| a |
---

### [Linked](http://example.org) {#id}
#hashtag

    # code
Third
=====
~~~
# no heading
```
~~~
#### Last"""


def headings(text: str, suffix: str) -> list[tuple[str, int, str]]:
    """Return for each heading the line at its offset, its level and its title."""
    parsed = read_plain(text.encode(), suffix)
    assert parsed.text == text
    return [(text[h.start :].split("\n")[0], h.level, h.title) for h in parsed.headings]


def test_markdown_has_headings_outside_code_and_front_matter() -> None:
    assert headings(MARKDOWN, "md") == [
        ('title: "The plan"', 1, "The plan"),
        ("# First *one* #", 1, "First one"),
        ("Second", 2, "Second"),
        ("### [Linked](http://example.org) {#id}", 3, "Linked"),
        ("Third", 1, "Third"),
        ("#### Last", 4, "Last"),
    ]


def test_restructured_text_has_levels_by_the_order_of_its_styles() -> None:
    text = "====\nBook\n====\n\nPart\n====\n\nSub\n---\n\ntext\n\n::\n\n  No\n  --\n\nPart 2\n======\n"

    assert headings(text, "rst") == [
        ("Book", 1, "Book"),
        ("Part", 2, "Part"),
        ("Sub", 3, "Sub"),
        ("Part 2", 2, "Part 2"),
    ]


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        ("org", "* TODO First :tag:\ntext\n** Second\n", [("First", 1), ("Second", 2)]),
        ("adoc", "= Book\n\n== Part\n----\n== no\n----\n=== Sub\n", [("Book", 1), ("Part", 2), ("Sub", 3)]),
        ("wiki", "== Part ==\ntext\n=== Sub ===\n", [("Part", 2), ("Sub", 3)]),
        ("tex", "\\section{One}\nx\n\\subsection*{Two}\n% \\section{no}\n", [("One", 2), ("Two", 3)]),
        ("txt", "# a comment\n", []),
        ("py", "# a comment\n", []),
    ],
)
def test_other_markup_has_headings(suffix: str, text: str, expected: list[tuple[str, int]]) -> None:
    assert [(title, level) for _, level, title in headings(text, suffix)] == expected
