"""XML of Office files: damaged, hostile, and by local names."""

import pytest
from lxml import etree

from ingest.steps.parse.formats.ooxml import xml


def test_damaged_xml_is_repaired_and_xml_that_is_none_has_no_root() -> None:
    whole, is_damaged = xml.parse(b"<a><b>text</b></a>")
    assert (whole[0].text, is_damaged) == ("text", False)

    repaired, is_damaged = xml.parse(b"\n <a><b>text</a>")
    assert (repaired[0].text, is_damaged) == ("text", True)

    for data in (b"", b"no XML", b'<?xml version="1.0" encoding="no-such"?><a/>'):
        assert xml.parse(data)[1]


def test_xml_that_declares_entities_is_not_read() -> None:
    assert xml.parse(b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>') == (None, True)


def test_comments_and_instructions_are_not_part_of_the_text() -> None:
    root, _ = xml.parse(b"<a>one<!-- no --><?no no?> two</a>")

    assert root.text == "one two"


def test_elements_and_attributes_are_found_by_their_local_names() -> None:
    root = etree.fromstring(
        '<w:a xmlns:w="urn:w" xmlns:v="urn:v"><w:b w:val="1" v:x="2" y="3"/><c val="4"/><v:b/></w:a>'
    )

    assert [xml.local_name(node) for node in (root, *root)] == ["a", "b", "c", "b"]
    assert xml.local_name(etree.Comment("x")) == ""
    assert [node.tag for node in xml.children(root, "b")] == ["{urn:w}b", "{urn:v}b"]
    assert xml.child(root, "b").get("y") == "3"
    assert xml.child(root, "b", "c") is None
    assert [xml.child_value(root, name) for name in ("b", "c", "d")] == ["1", "4", ""]
    assert [xml.attribute(root[0], name, "none") for name in ("val", "y", "x", "z")] == ["1", "3", "2", "none"]


@pytest.mark.parametrize(
    ("element", "is_on"),
    [
        *(("<b/>", True), ('<b val="1"/>', True), ('<b val="true"/>', True), ('<b val="0"/>', False)),
        *(('<b val="False"/>', False), ('<b val="off"/>', False), ('<u val="none"/>', False)),
    ],
)
def test_a_switch_is_on_unless_its_value_says_no(element: str, *, is_on: bool) -> None:
    assert xml.is_on(etree.fromstring(element)) == is_on
    assert not xml.is_on(None)


@pytest.mark.parametrize(
    ("text", "number"), [("42", 42), ("007", 7), ("", -1), ("-4", -1), ("1.5", -1), ("٣", -1), ("1234567890", -1)]
)
def test_numbers_are_short_and_decimal(text: str, number: int) -> None:
    assert xml.to_int(text, -1) == number


def test_an_element_is_a_document_of_its_own() -> None:
    root = etree.fromstring('<w:a xmlns:w="urn:w"><w:b>ü</w:b>tail</w:a>')

    assert xml.parse(xml.to_bytes(root[0]))[0].text == "ü"
    assert b"tail" not in xml.to_bytes(root[0])
