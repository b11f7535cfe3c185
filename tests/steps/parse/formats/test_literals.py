"""Splitting a source at its literals."""

import re

from ingest.steps.parse.formats.literals import split_literals

OPENERS = re.compile(r"(?P<comment><!--)|(?P<cdata><!\[CDATA\[)")
CLOSERS = {"comment": re.compile("-->"), "cdata": re.compile(r"\]\]>")}


def test_literals_are_at_odd_indexes() -> None:
    assert split_literals("a<!--b--><![CDATA[c]]>d", OPENERS, CLOSERS) == ["a", "<!--b-->", "", "<![CDATA[c]]>", "d"]


def test_an_opener_without_end_is_text() -> None:
    assert split_literals("a<!--b<![CDATA[c]]>", OPENERS, CLOSERS) == ["a<!--b", "<![CDATA[c]]>", ""]
