"""Plain text, limits, and what every format has in common; tests/steps/parse/formats has each format."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.errors import FileError, InvalidFile
from ingest.steps.parse import PARSER_VERSION, Parser
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.mark.parametrize(
    "filename", ["a.txt", "a.md", "a.py", "a.json", "a.ndjson", "a.yaml", "a.csv", "a.tsv", "a.rst", "a"]
)
def test_plain_text_is_not_changed(parse: Parse, filename: str) -> None:
    text = 'key: [1,\n\t"two",   3]\n\n  "ragged","csv"\n'

    assert parse(filename, text.encode()).text == text


def test_line_ends_are_normalized_and_nuls_are_removed(parse: Parse) -> None:
    assert parse("a.txt", b"one\r\ntwo\rthree\0\n").text == "one\ntwo\nthree\n"


def test_lone_surrogates_are_replaced(parse: Parse) -> None:
    text = parse("a.txt", b"\xff\xfea\0\0\xd8b\0").text

    assert text.encode().decode() == text
    assert (text[0], text[-1]) == ("a", "b")


def test_an_empty_file_is_invalid(parse: Parse) -> None:
    with pytest.raises(InvalidFile, match="The file is empty"):
        parse("a.txt", b"")


@pytest.mark.parametrize("filename", ["a.txt", "a.html", "a.xml", "a.csv"])
def test_a_file_of_whitespace_is_invalid(parse: Parse, filename: str) -> None:
    with pytest.raises(InvalidFile, match="The file contains no text"):
        parse(filename, b" \n\t\r\n \0 ")


def test_a_text_that_is_too_long_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes("ä".encode() * (2**19 + 1))

    with pytest.raises(InvalidFile, match="more than 1 MiB of text"):
        Parser(Settings(parse_max_text_mib=1)).parse(path, "a.txt")


@pytest.mark.parametrize("filename", ["a.txt", "a.html", "a.xml", "a.pdf", "a"])
@pytest.mark.parametrize("size", [3_001, 70 * 2**20, 400 * 2**20])
def test_a_file_of_nuls_has_no_text_whatever_its_length(tmp_path: Path, filename: str, size: int) -> None:
    path = tmp_path / "blob"
    with path.open("wb") as file:
        file.truncate(size)

    # There is no module "none", so no child process is used: the file may exceed its memory.
    with pytest.raises(InvalidFile, match="The file contains no text"):
        Parser(Settings(parse_max_text_mib=16), handlers="none").parse(path, filename)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-be", "utf-16-le"])
def test_a_log_with_leading_nuls_keeps_its_text(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "blob"
    text = "the first line after the cut\nand another\n"
    with path.open("wb") as file:
        file.truncate(2**20 + 500)
        file.seek(0, 2)
        file.write(text.encode(encoding))

    assert Parser(Settings()).parse(path, "a.log").text == text


@pytest.mark.parametrize("name", ["a.html", "a.xml"])
def test_markup_that_needs_too_much_memory_is_invalid(tmp_path: Path, name: str) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"<a>" + b"<p>x<b>y</b></p>" * 200_000 + b"</a>")
    parser = Parser(Settings().model_copy(update={"parse_memory_mib": 64}))  # less than Settings allow

    with pytest.raises(InvalidFile, match="needs more than 64 MiB of memory"):
        parser.parse(path, name)
    parser.close()


@pytest.mark.parametrize(("filename", "data"), [
    ("a.txt", b"The heron stands in the water and waits."),
    ("a.html", b"<html><body>The heron stands in the water and waits.</body></html>"),
])  # fmt: skip
def test_the_report_names_the_language_and_this_service_as_the_reader(parse: Parse, filename: str, data: bytes) -> None:
    report = parse(filename, data).report

    assert (report.reader, report.reader_version, report.language) == ("ingest", PARSER_VERSION, "en")
    assert (report.warning_count, report.replaced_characters) == (0, 0)


def test_the_report_of_plain_text_counts_replaced_characters(parse: Parse) -> None:
    report = parse("a.txt", "Grüße aus dem Süden, ".encode() * 20 + b"\xff\xfe").report

    assert report.replaced_characters == 2
    assert [warning.code for warning in report.warnings] == ["characters_replaced"]


def test_a_library_that_read_the_file_is_named_in_the_report(parse: Parse, documents: DocumentBuilder) -> None:
    report = parse("a.pdf", documents.pdf(["The heron stands in the water."])).report

    assert report.reader == "pypdfium2"
    assert report.reader_version


def test_a_file_without_text_fails_with_its_report(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(FileError) as failure:
        parse("a.pdf", documents.pdf([""]))

    assert failure.value.report is not None
    assert failure.value.report["parts"]["page"] == {"empty": 1}


def test_importing_the_package_loads_no_parser_library() -> None:
    program = "import sys, ingest.steps.parse; print(*{'unstructured', 'pandas', 'spacy', 'lxml', 'numpy'} & set(sys.modules))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not run.stdout.strip()
