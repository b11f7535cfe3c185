"""Short names of OpenDocument elements and attributes."""

import pytest
from lxml import etree

from ingest.steps.parse.formats.odf import names
from ingest.steps.parse.formats.odf.names import attribute, attributes, name, short_name, to_int

OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
OPENOFFICE = "http://openoffice.org/2000/"


@pytest.mark.parametrize(
    ("tag", "short"),
    [
        (f"{{{OASIS}text:1.0}}p", "text:p"),
        (f"{{{OASIS}drawing:1.0}}frame", "draw:frame"),
        (f"{{{OASIS}svg-compatible:1.0}}title", "svg:title"),
        (f"{{{OASIS}animation:1.0}}par", "animation:par"),
        (f"{{{OPENOFFICE}office}}body", "office:body"),
        (f"{{{OPENOFFICE}drawing}}page", "draw:page"),
        ("{http://purl.org/dc/elements/1.1/}creator", "dc:creator"),
        ("{urn:unknown}p", "other:p"),
        ("math", "math"),
    ],
)
def test_a_name_has_the_prefix_of_its_namespace_whatever_the_file_calls_it(tag: str, short: str) -> None:
    assert short_name(tag) == short
    assert name(etree.Element(tag)) == short


def test_a_comment_has_no_name() -> None:
    assert name(etree.Comment("text")) == ""


def test_attributes_are_found_by_their_short_names() -> None:
    key = f"{{{OASIS}text:1.0}}level"
    new = etree.Element(f"{{{OASIS}text:1.0}}h", {key: "2", "{http://www.w3.org/1999/xlink}href": "a"})
    old = etree.Element(f"{{{OPENOFFICE}text}}h", {f"{{{OPENOFFICE}text}}level": "3"})

    assert attributes(new) == {"text:level": "2", "xlink:href": "a"}
    assert (attribute(new, "text:level"), attribute(new, "xlink:href")) == ("2", "a")
    assert attribute(old, "text:level") == "3"
    assert (attribute(new, "text:style-name"), attribute(old, "text:style-name", "Standard")) == ("", "Standard")


def test_the_cache_of_names_is_bounded() -> None:
    for number in range(10_000):
        short_name(f"{{urn:hostile}}n{number}")

    assert len(names._names) <= names._MAX_CACHED_NAMES
    assert short_name(f"{{{OASIS}text:1.0}}p") == "text:p"


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("0", 0), (None, 7), ("", 7), ("-3", 7), ("1.5", 7), ("²", 7), ("9" * 9, 999_999_999), ("9" * 10, 7)],
)
def test_a_whole_number_that_is_none_is_the_default(text: str | None, number: int) -> None:
    assert to_int(text, 7) == number
