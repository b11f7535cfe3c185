"""Manifests of every kind, and the lines in them that are wrong."""

import json
from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.imports.manifest import read
from ingest.imports.patterns import Choice
from ingest.imports.source_files import Failure, Found
from ingest.imports.sources import Walk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.txt", "sub/b.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_json_lines_name_files_with_attributes_and_names(folder: Path) -> None:
    rows = [{"path": "a.txt", "attributes": {"year": 2024}}, {"path": str(folder / "sub/b.txt"), "name": "B.txt"}]
    listed = _written(folder / "list.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n\n")

    a, b = _read(listed)

    assert isinstance(a, Found)
    assert isinstance(b, Found)
    assert (a.address, a.name, a.attributes) == (str(folder / "a.txt"), "a.txt", {"year": 2024})
    assert (b.address, b.name, b.attributes) == (str(folder / "sub/b.txt"), "B.txt", {})
    assert a.root == b.root == str(listed)


def test_columns_of_a_csv_are_attributes(folder: Path) -> None:
    listed = _written(
        folder / "list.csv",
        '\ufeffpath,year,kind,name,attributes\na.txt,2024,,A.txt,"{""x"": true}"\nsub/b.txt,,letter,,\n',
    )

    a, b = _read(listed)

    assert isinstance(a, Found)
    assert isinstance(b, Found)
    assert (a.name, a.attributes) == ("A.txt", {"year": 2024, "x": True})
    assert (b.name, b.attributes) == ("b.txt", {"kind": "letter"})


def test_a_text_is_a_path_or_url_a_line(folder: Path) -> None:
    listed = _written(folder / "list.txt", "# what we have\na.txt\n\nhttps://example.org/c.pdf\nsub\n")

    found = [each for each in _read(listed) if isinstance(each, Found)]

    assert [each.name for each in found] == ["a.txt", "c.pdf", "b.txt"]


@pytest.mark.parametrize(
    ("name", "line", "complaint"),
    [
        ("l.jsonl", "{", "Not JSON"), ("l.jsonl", "[]", 'Expected an object with a "path"'),
        ("l.jsonl", '{"path": 1}', 'Expected an object with a "path"'),
        ("l.jsonl", '{"path": "a.txt", "nmae": "x"}', "Unknown: nmae"),
        ("l.jsonl", '{"path": "a.txt", "attributes": []}', '"attributes" must be an object'),
        ("l.csv", "path,x\na.txt,1,2", "More fields than columns"), ("l.csv", "path,x\n,1", "The path is empty"),
        ("l.csv", "path,attributes\na.txt,{", "The attributes are not JSON"),
        ("l.jsonl", "[" * 100_000, "cannot be understood"), ("l.jsonl", '{"path": "a\\u0000b"}', "no address"),
        ("l.jsonl", '{"path": "\\ud800"}', "cannot be understood"), ("l.jsonl", '{"path": ' + "9" * 5000 + "}", "Not JSON"),
        ("l.txt", "file://[x/y", "no address"), ("l.txt", "http://[::1", "no address"), ("l.txt", "s3://", "no address"),
        ("l.txt", "nowhere.txt", "No such file or directory"),
        ("l.txt", "gs://bucket/x", "gs:// needs a package that is not installed"),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_told_and_the_others_are_read(
    folder: Path, name: str, line: str, complaint: str
) -> None:
    good = '{"path": "a.txt"}' if name.endswith("jsonl") else "a.txt"
    listed = _written(folder / name, f"{line}\n{good}\n")

    wrong, right = _read(listed)

    assert isinstance(wrong, Failure)
    assert complaint in wrong.reason
    assert isinstance(right, Found)


def test_a_manifest_from_the_web_cannot_name_files_of_this_machine(folder: Path) -> None:
    listed = _written(folder / "manifest", f"{folder}/a.txt\nfile://{folder}/a.txt\ns3://x/y\nhttps://example.org/b\n")

    found = list(read(listed, "https://example.org/list.txt", Walk(Choice())))

    assert [each.reason for each in found if isinstance(each, Failure)] == [
        "A manifest from the web may name addresses on the web only"
    ] * 3
    assert [each.address for each in found if isinstance(each, Found)] == ["https://example.org/b"]


def test_a_name_that_cannot_be_sent_is_made_one_that_can(folder: Path) -> None:
    rows = [{"path": path, "name": "a\ud800\n"} for path in ("a.txt", "https://example.org/x")]
    listed = _written(folder / "list.jsonl", "\n".join(json.dumps(row) for row in rows))

    assert [each.name for each in _read(listed) if isinstance(each, Found)] == ["a\ufffd\ufffd"] * 2


def test_a_csv_without_paths_and_a_manifest_that_is_not_there_are_refused(folder: Path) -> None:
    with pytest.raises(Refused, match="needs a column named path"):
        _read(_written(folder / "list.csv", "file\na.txt\n"))
    with pytest.raises(Refused, match="cannot be read: No such file or directory"):
        _read(folder / "nothing.txt")


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _read(path: Path) -> list[Found | Failure]:
    return list(read(path, str(path), Walk(Choice())))
