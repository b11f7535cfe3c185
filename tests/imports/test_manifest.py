"""Manifests of every format, and invalid lines in them."""

import json
import tracemalloc
from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.imports.manifest import read_manifest
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem
from ingest.imports.sources import FolderWalker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.txt", "sub/b.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_json_lines_name_files_with_attributes_and_names(folder: Path) -> None:
    rows = [{"path": "a.txt", "attributes": {"year": 2024}}, {"path": str(folder / "sub/b.txt"), "name": "B.txt"}]
    manifest = _write_manifest(folder / "list.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n\n")

    a, b = _read(manifest)

    assert isinstance(a, SourceFile)
    assert isinstance(b, SourceFile)
    assert (a.address, a.upload_name, a.attributes) == (str(folder / "a.txt"), "a.txt", {"year": 2024})
    assert (b.address, b.upload_name, b.attributes) == (str(folder / "sub/b.txt"), "B.txt", {})
    assert a.source == b.source == str(manifest)


def test_extra_columns_of_a_csv_are_attributes(folder: Path) -> None:
    manifest = _write_manifest(
        folder / "list.csv",
        '\ufeffpath,year,kind,name,attributes\na.txt,2024,,A.txt,"{""x"": true}"\nsub/b.txt,,letter,,\n',
    )

    a, b = _read(manifest)

    assert isinstance(a, SourceFile)
    assert isinstance(b, SourceFile)
    assert (a.upload_name, a.attributes) == ("A.txt", {"year": 2024, "x": True})
    assert (b.upload_name, b.attributes) == ("b.txt", {"kind": "letter"})


def test_a_text_manifest_has_one_path_or_url_a_line(folder: Path) -> None:
    manifest = _write_manifest(folder / "list.txt", "# what we have\na.txt\n\nhttps://example.org/c.pdf\nsub\n")

    items = [item for item in _read(manifest) if isinstance(item, SourceFile)]

    assert [item.upload_name for item in items] == ["a.txt", "c.pdf", "b.txt"]


@pytest.mark.parametrize("name", ["list.txt", "list.jsonl", "list.csv"])
def test_a_line_without_an_end_is_a_problem_and_is_not_read_into_memory(folder: Path, name: str) -> None:
    head = {"list.txt": "", "list.jsonl": "", "list.csv": "path\n"}[name]
    good = {"list.txt": "a.txt\n", "list.jsonl": '{"path": "a.txt"}\n', "list.csv": "a.txt\n"}[name]
    manifest = _write_manifest(folder / name, head + good + "x" * 30_000_000 + "\n" + good)

    tracemalloc.start()
    a, problem, again = _read(manifest)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(a, SourceFile)
    assert isinstance(again, SourceFile)
    assert isinstance(problem, SourceProblem)
    assert problem.reason == "Longer than 1,000,000 characters"
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("l.jsonl", "{", "Not JSON"), ("l.jsonl", "[]", 'Expected an object with a "path"'),
        ("l.jsonl", '{"path": 1}', 'Expected an object with a "path"'),
        ("l.jsonl", '{"path": "a.txt", "nmae": "x"}', "Unknown keys: nmae"),
        ("l.jsonl", '{"path": "a.txt", "attributes": []}', '"attributes" must be an object'),
        ("l.csv", "path,x\na.txt,1,2", "more fields than columns: 3 instead of 2"),
        ("l.csv", "path,x\na.txt", "fewer fields than columns: 1 instead of 2"),
        ("l.csv", "path,x\n,1", "The path is empty"), ("l.csv", "path,x,\na.txt,1,2", "column without a name"),
        ("l.jsonl", "[" * 100_000, "cannot be parsed"), ("l.jsonl", '{"path": "a\\u0000b"}', "not valid"),
        ("l.jsonl", '{"path": "\\ud800"}', "cannot be parsed"), ("l.jsonl", '{"path": ' + "9" * 5000 + "}", "Not JSON"),
        ("l.txt", "file://[x/y", "not valid"), ("l.txt", "http://[::1", "not valid"), ("l.txt", "s3://", "not valid"),
        ("l.txt", "nowhere.txt", "No such file or directory"),
        ("l.txt", "gs://bucket/x", "gs:// needs a package that is not installed"),
    ],
)  # fmt: skip
def test_an_invalid_line_is_a_problem_and_the_others_are_read(folder: Path, name: str, line: str, reason: str) -> None:
    good = '{"path": "a.txt"}' if name.endswith("jsonl") else "a.txt"
    good += {"path,x": ",1", "path,x,": ",1,"}.get(line.partition("\n")[0], "")
    manifest = _write_manifest(folder / name, f"{line}\n{good}\n")

    problem, file = _read(manifest)

    assert isinstance(problem, SourceProblem)
    assert reason in problem.reason
    assert isinstance(file, SourceFile)


def test_a_manifest_from_the_web_can_name_only_web_urls(folder: Path) -> None:
    manifest = _write_manifest(
        folder / "manifest", f"{folder}/a.txt\nfile://{folder}/a.txt\ns3://x/y\nhttps://example.org/b\n"
    )

    items = list(read_manifest(manifest, "https://example.org/list.txt", FolderWalker(PathFilter())))

    assert [item.reason for item in items if isinstance(item, SourceProblem)] == [
        "A manifest from the web may name only URLs on the web"
    ] * 3
    assert [item.address for item in items if isinstance(item, SourceFile)] == ["https://example.org/b"]


def test_a_name_that_cannot_be_sent_is_made_printable(folder: Path) -> None:
    rows = [{"path": path, "name": "a\ud800\n"} for path in ("a.txt", "https://example.org/x")]
    manifest = _write_manifest(folder / "list.jsonl", "\n".join(json.dumps(row) for row in rows))

    assert [item.upload_name for item in _read(manifest) if isinstance(item, SourceFile)] == ["a\ufffd\ufffd"] * 2


def test_a_csv_without_a_path_column_and_a_missing_manifest_are_refused(folder: Path) -> None:
    with pytest.raises(Refused, match="needs a column named path"):
        _read(_write_manifest(folder / "list.csv", "file\na.txt\n"))
    with pytest.raises(Refused, match="cannot be read: No such file or directory"):
        _read(folder / "nothing.txt")


def test_a_problem_names_the_line_also_after_fields_of_several_lines(folder: Path) -> None:
    manifest = _write_manifest(folder / "list.csv", 'path,note\na.txt,"two\nlines"\n\nsub/b.txt\na.txt,x\n')

    items = _read(manifest)

    assert [item.display_path for item in items if isinstance(item, SourceProblem)] == ["list.csv:5"]
    assert [item.address for item in items if isinstance(item, SourceFile)] == [str(folder / "a.txt")] * 2


def test_the_attributes_of_a_row_must_be_json(folder: Path) -> None:
    (problem,) = _read(_write_manifest(folder / "list.csv", "path,attributes\na.txt,{\n"))

    assert isinstance(problem, SourceProblem)
    assert "The attributes are not JSON" in problem.reason


def test_a_text_manifest_of_windows_names_the_files_that_exist(folder: Path) -> None:
    (folder / "Größe.txt").write_text("x")
    (folder / "list.txt").write_bytes("Größe.txt\n".encode("cp1252"))

    (file,) = _read(folder / "list.txt")

    assert isinstance(file, SourceFile)
    assert (file.address, file.upload_name) == (str(folder / "Größe.txt"), "Größe.txt")


def _write_manifest(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _read(path: Path) -> list[SourceFile | SourceProblem]:
    return list(read_manifest(path, str(path), FolderWalker(PathFilter())))
