"""The second attempt at damaged files."""

import sys
import types
from pathlib import Path

import pytest

from ingest.errors import InvalidFile, OcrDeferred, OversizedFile, ProtectedFile
from ingest.steps.parse import second_reader
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.mark.parametrize("name", ["docx", "xlsx"])
@pytest.mark.parametrize("cut", [10, 40, 120])
def test_an_office_file_that_was_cut_off_is_read_with_a_warning(
    parse: Parse, documents: DocumentBuilder, name: str, cut: int
) -> None:
    data = documents.docx(documents.paragraph("text")) if name == "docx" else documents.xlsx({"s": [["text"]]})

    parsed = parse(f"a.{name}", data[:-cut])

    assert "text" in parsed.text
    assert (parsed.kind, parsed.report.warnings[0].code) == (name, "file_repaired")
    assert parsed.report.warning_count == len(parsed.report.warnings)


def test_a_file_beyond_repair_fails_with_the_error_of_the_first_attempt(
    parse: Parse, documents: DocumentBuilder
) -> None:
    with pytest.raises(InvalidFile, match="The file is damaged"):
        parse("a.docx", documents.docx(documents.paragraph("text"))[:30])


@pytest.mark.parametrize("error", [ProtectedFile("a"), OversizedFile("b"), OcrDeferred("c")])
def test_encrypted_files_and_bombs_are_not_tried_again(error: Exception) -> None:
    assert not second_reader.may_help(error)


def test_damaged_files_are_tried_again() -> None:
    assert second_reader.may_help(InvalidFile("The file is damaged: its container (ZIP) cannot be read to the end."))
    assert second_reader.may_help(KeyError("rId7"))


def test_the_optional_library_is_the_last_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partition = types.ModuleType("partition_stub")
    partition.__dict__["partition_docx"] = lambda filename: [types.SimpleNamespace(text="words")]
    monkeypatch.setitem(sys.modules, "partition_stub", partition)
    monkeypatch.setitem(second_reader._PARTITIONERS, "docx", ("partition_stub", "partition_docx"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2")
    monkeypatch.setattr("ingest.steps.parse.formats.offline.use_blank_language_model", lambda: None)

    read = second_reader.load_library("docx")

    assert read is not None
    parsed = read(tmp_path / "a")
    assert parsed is not None
    assert (parsed.text, parsed.report.reader, parsed.report.reader_version) == ("words", "unstructured", "1.2")
    assert parsed.report.warnings[0].code == "second_reader"


def test_without_the_library_there_is_no_third_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert second_reader.load_library("pdf") is None

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert second_reader.load_library("docx") is None
