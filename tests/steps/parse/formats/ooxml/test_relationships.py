"""Relationships between the parts of a package."""

import pytest

from ingest.steps.parse.formats.ooxml import relationships
from ingest.steps.parse.formats.ooxml.relationships import Relationship, parse_relationships


def _xml(attributes: str) -> bytes:
    return f'<Relationships xmlns="urn:r"><Relationship Id="a" {attributes}/></Relationships>'.encode()


@pytest.mark.parametrize(
    ("attributes", "relationship"),
    [
        ('Type="http://x/header" Target="header1.xml"', Relationship("header", "word/header1.xml")),
        ('Type="x/image" Target="../media/./a.png"', Relationship("image", "media/a.png")),
        ('Type="x/chart" Target="/xl//charts\\c.xml#x"', Relationship("chart", "xl/charts/c.xml")),
        ('Type="x/y" Target="../../../etc/passwd"', Relationship("y", "etc/passwd")),
        ('Target="a.xml" Type="x/image" TargetMode="Internal"', Relationship("image", "word/a.xml")),
        (
            'Type="x/hyperlink" Target="http://a/../b#c" TargetMode="External"',
            Relationship("hyperlink", "http://a/../b#c", is_external=True),
        ),
        ('Type="x/image" Target="a&amp;b.png"', Relationship("image", "word/a&b.png")),
        ("Type='x/image' Target='a.png'", Relationship("image", "word/a.png")),
    ],
)
def test_targets_are_resolved_from_the_folder_of_the_part(attributes: str, relationship: Relationship) -> None:
    assert parse_relationships(_xml(attributes), "word") == {"a": relationship}


def test_both_ways_of_reading_find_the_same() -> None:
    plain = b'<r:R xmlns:r="urn:r"><r:Relationship Id="1" Type="x/y" Target="z"/><r:Relationship Id="2" Target="w"></r:Relationship></r:R>'

    assert parse_relationships(plain, "f") == parse_relationships(plain.replace(b'"z"', b"'z'"), "f")
    assert parse_relationships(plain, "f") == {"1": Relationship("y", "f/z"), "2": Relationship("", "f/w")}


@pytest.mark.parametrize(
    "data", [b"", b"no XML", b"no & XML", b'<!DOCTYPE a [<!ENTITY e "x">]>' + _xml('Target="&e;"')]
)
def test_a_part_that_cannot_be_read_has_no_relationships(data: bytes) -> None:
    assert parse_relationships(data, "word") == {}


@pytest.mark.parametrize("quote", ['"', "'"])
def test_relationships_are_bounded(monkeypatch: pytest.MonkeyPatch, quote: str) -> None:
    monkeypatch.setattr(relationships, "MAX_RELATIONSHIPS", 3)
    elements = "".join(f'<Relationship Id="{number}" Target="t"/>' for number in range(9))

    assert set(parse_relationships(f"<R>{elements}</R>".replace('"', quote).encode(), "f")) == {"0", "1", "2"}
