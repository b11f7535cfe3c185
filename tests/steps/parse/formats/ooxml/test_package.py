"""The package of an Office file."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError, Relationship
from tests.steps.parse.word_documents import flat, relationships, zipped

Open = Callable[[dict[str, str | bytes]], OoxmlPackage]


@pytest.fixture
def open_package(tmp_path: Path) -> Open:
    def run(content: dict[str, str | bytes]) -> OoxmlPackage:
        path = tmp_path / "blob"
        path.write_bytes(zipped(content))
        return OoxmlPackage(path)

    return run


def test_names_are_found_whatever_their_case_slashes_and_encoding(open_package: Open) -> None:
    with open_package({"Word\\Media\\My Image.png": b"x", "xl/a.xml": "<a/>"}) as package:
        assert package.read("/word/media/my%20image.PNG") == b"x"
        assert package.find("word/other") is None
        assert package.names("xl/", ".xml") == ["xl/a.xml"]
        assert package.file_name("word/media/my image.png") == "My Image.png"
        assert package.size("xl/a.xml") == 4
        assert package.size("missing") == 0


def test_relationships_are_resolved_from_their_part(open_package: Open) -> None:
    targets = ("image", "../media/a.png"), ("header", "/word/h.xml"), ("chart", "charts\\c.xml#x"), ("x", "../../../a")
    with open_package({"word/_rels/document.xml.rels": relationships(*targets), "word/charts/c.xml": ""}) as package:
        found = package.relationships("word/document.xml")

        assert [found[f"rId{n}"].target for n in (1, 2, 3, 4)] == [
            "media/a.png",
            "word/h.xml",
            "word/charts/c.xml",
            "a",
        ]
        assert package.related("word/document.xml", "chart", "header") == ["word/charts/c.xml"]
        assert package.relationships("word/other.xml") == {}


def test_external_targets_stay_as_they_are(open_package: Open) -> None:
    xml = '<R><Relationship Id="a" Type="x/hyperlink" Target="http://a/../b" TargetMode="External"/></R>'
    with open_package({"_rels/.rels": xml}) as package:
        assert package.relationships() == {"a": Relationship("hyperlink", "http://a/../b", is_external=True)}
        assert package.related("", "hyperlink") == []


def test_a_part_that_cannot_be_read_says_why(open_package: Open) -> None:
    with open_package({"a.xml": b"x" * 100, "b.xml": "<b><c></b>", "c.xml": "no XML"}) as package:
        with pytest.raises(PartError, match="is missing"):
            package.read("z.xml")
        with pytest.raises(PartError, match="longer than"):
            package.read("a.xml", 10)
        assert package.root("b.xml").tag == "b"
        assert package.damaged == ["b.xml"]
        with pytest.raises(PartError, match="is damaged"):
            package.root("c.xml")
        assert package.optional_root("c.xml") is None
        assert package.optional_root("z.xml") is None


def test_the_undamaged_beginning_of_a_part_is_read(tmp_path: Path) -> None:
    text = random.Random(1).randbytes(50_000).hex().encode()
    data = bytearray(zipped({"a.xml": text}))
    data[20_000:20_200] = bytes(200)
    (tmp_path / "blob").write_bytes(data)

    with OoxmlPackage(tmp_path / "blob") as package:
        found = package.read("a.xml")
        assert package.damaged == ["a.xml"]

    assert text.startswith(found[:30_000])
    assert len(found) > 30_000


def test_content_types_are_those_of_the_part_or_of_its_suffix(open_package: Open) -> None:
    types = (
        '<Types><Default Extension="XML" ContentType="text/XML"/><Override PartName="/a.xml" ContentType="T"/></Types>'
    )
    with open_package({"[Content_Types].xml": types, "a.xml": "", "b.xml": ""}) as package:
        assert [package.content_type(name) for name in ("a.xml", "b.xml", "c")] == ["t", "text/xml", ""]
        assert package.main_part("t") == "a.xml"


def test_fingerprints_differ_with_the_content(open_package: Open) -> None:
    with open_package({"a": "1", "b": "1", "c": "2"}) as package:
        one, same, other, missing = map(package.fingerprint, "abcd")

    assert one == same != other
    assert missing == b""


def test_the_flat_form_has_the_same_parts(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(flat({"word/a.xml": "<a>text</a>", "word/b.bin": b"\0\1"}))

    with OoxmlPackage(path) as package:
        assert package.root("word/a.xml").text == "text"
        assert package.read("WORD/b.bin") == b"\0\1"
        assert package.open("word/b.bin").read() == b"\0\1"
        assert package.size("word/b.bin") == 2
