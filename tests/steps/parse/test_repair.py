"""Repairs of damaged containers."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.repair import repair
from tests.steps.parse.documents import DocumentBuilder


def repaired(tmp_path: Path, data: bytes) -> dict[str, bytes]:
    """Return the members of the repaired copy by their names."""
    (tmp_path / "damaged").write_bytes(data)
    assert repair(tmp_path / "damaged", tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "copy") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_members_are_found_without_the_central_directory(tmp_path: Path, documents: DocumentBuilder) -> None:
    data = documents.zipped({"a.xml": "<a>one</a>", "b.bin": b"two"})

    assert repaired(tmp_path, data[: data.index(b"PK\1\2")]) == {"a.xml": b"<a>one</a>", "b.bin": b"two"}


def test_stored_members_are_found(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("b.txt", "two")

    assert repaired(tmp_path, buffer.getvalue()[:-30]) == {"mimetype": b"application/epub+zip", "b.txt": b"two"}


def test_the_beginning_of_a_cut_xml_part_is_kept_and_well_formed(tmp_path: Path, documents: DocumentBuilder) -> None:
    source = "".join(f"<p>paragraph {number}</p>" for number in range(3_000))
    data = documents.zipped({"doc.xml": f"<doc>{source}</doc>"})

    content = repaired(tmp_path, data[: len(data) // 2])["doc.xml"]

    assert b"<p>paragraph 9</p>" in content
    assert content.rstrip().endswith(b"</doc>")


@pytest.mark.parametrize("damage", ["<p>R&D</p>", "<p>a \1 b</p>", "<p>x < y</p>", "<p>a&nbsp;b</p>"])
def test_xml_parts_are_made_well_formed(tmp_path: Path, documents: DocumentBuilder, damage: str) -> None:
    content = repaired(tmp_path, documents.zipped({"doc.xml": f"<doc>{damage}<p>after</p></doc>"}))["doc.xml"]

    assert b"<p>after</p></doc>" in content


def test_other_files_are_not_repaired(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"plain text")

    assert not repair(tmp_path / "a", tmp_path / "copy")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.binary(max_size=40))
def test_any_damage_is_survived(tmp_path_factory: pytest.TempPathFactory, position: int, noise: bytes) -> None:
    folder = tmp_path_factory.mktemp("damage")
    data = DocumentBuilder().zipped({"a.xml": "<a>one</a>", "b.bin": b"two" * 99, "c.rels": "<r/>"})
    (folder / "a").write_bytes(data[:position] + noise + data[position + len(noise) :])

    repair(folder / "a", folder / "copy")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=600))
def test_any_old_office_container_is_survived(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    folder = tmp_path_factory.mktemp("damage")
    (folder / "a").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise)

    repair(folder / "a", folder / "copy")
