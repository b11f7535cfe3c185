"""Files of records as sources."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.imports.other_stores import OtherStores, SourceServer, json_lines
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem

STORES = OtherStores(SourceServer(), 1_000)


def test_each_line_is_a_file_with_its_text(tmp_path: Path) -> None:
    path = _write(tmp_path, {"id": "x1", "text": "One", "year": 2024}, {"text": "Zwei: ü"})

    files = [item for item in _list(path) if isinstance(item, SourceFile)]

    assert [(file.address, file.upload_name, file.attributes) for file in files] == [
        (f"jsonl://{path}#x1", "x1.txt", {"year": 2024}), (f"jsonl://{path}#2", "2.txt", {}),
    ]  # fmt: skip
    for file, text in zip(files, ["One", "Zwei: ü"], strict=True):
        assert STORES.fetch(file.address, file.fingerprint, tmp_path / "target") == file.upload_name
        assert (tmp_path / "target").read_text() == text


def test_lines_that_are_no_records_are_named_and_no_other_line_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 100)
    path = tmp_path / "records.jsonl"
    good = [json.dumps({"id": str(number), "text": "T"}) for number in range(3)]
    long = json.dumps({"text": "x" * 500})
    path.write_text("\n".join([good[0], "{", "", "[]", long, good[1], good[0], '{"body": "x"}', good[2]]))

    items = _list(path)

    assert [item.upload_name for item in items if isinstance(item, SourceFile)] == ["0.txt", "1.txt", "2.txt"]
    problems = [item for item in items if isinstance(item, SourceProblem)]
    assert [problem.display_path.rpartition(":")[2] for problem in problems] == ["2", "4", "5", "7", "8"]
    assert all(problem.hides_files for problem in problems)


def test_a_file_that_changes_during_the_import_fails(tmp_path: Path) -> None:
    path = _write(tmp_path, {"text": "One"}, {"text": "Two"})
    _, file = _list(path)
    assert isinstance(file, SourceFile)
    _write(tmp_path, {"text": "Six"}, {"text": "Ten"})

    with pytest.raises(OSError, match="The file changed while it was read"):
        STORES.fetch(file.address, file.fingerprint, tmp_path / "target")


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(Refused, match="/nowhere is not a file"):
        STORES.check("jsonl:///nowhere")


def _write(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "records.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n")
    return path


def _list(path: Path) -> list[SourceFile | SourceProblem]:
    return list(STORES.list_files(f"jsonl://{path}", "source", {}, PathFilter()))
