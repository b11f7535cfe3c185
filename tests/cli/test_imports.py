"""`ingest import` as its user sees it: output and exit codes."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(name)
    return tmp_path / "docs"


def test_an_import_whose_files_all_complete_ends_with_0(ingest: Command, service: FakeService, folder: Path) -> None:
    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.names == {"a.txt", "b.txt", "c.txt"}
    assert ended.out.startswith("store demo (vs_0)\n")
    assert _counts(ended.out) == {"completed": 3, "total": 3}


def test_failed_and_refused_files_are_told_with_their_reasons_and_end_with_1(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.fail = {"c.txt": "The file is encrypted."}
    service.refuse_uploads = {"a.txt": "No room."}

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 1
    assert _counts(ended.out) == {"completed": 1, "failed": 1, "not uploaded": 1, "total": 3}
    assert ended.out.endswith("1 file: No room.\n  a.txt\n1 file: The file is encrypted.\n  sub/c.txt\n")


def test_a_store_of_that_name_is_used_again(ingest: Command, service: FakeService, folder: Path) -> None:
    service.add_store("other")
    service.add_store("demo", status="expired")
    service.add_store("demo")

    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert len(service.stores) == 3
    assert service.batches["vsfb_0"]["store"] == "vs_2"


def test_the_end_of_slow_batches_is_waited_for(ingest: Command, service: FakeService, folder: Path) -> None:
    service.finish_after_polls = 2

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert _counts(ended.out)["completed"] == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024", 2024), ("-3.5", -3.5), ("true", True), ("false", False), ("True", "True"), ("007", "007"),
        ("nan", "nan"), ("1_000", "1_000"), ("", ""), ("a=b", "a=b"), ("12345678901234567890", "12345678901234567890"),
    ],
)  # fmt: skip
def test_attributes_are_numbers_truths_or_text(
    ingest: Command, service: FakeService, folder: Path, text: str, value: object
) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url, "--attr", f"key={text}")

    sent = service.batches["vsfb_0"]["attributes"]["key"]
    assert (sent, type(sent)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["year"], "ingest: --attr year: expected key=value.\n"),
        (["=2024"], "ingest: --attr =2024: expected key=value.\n"),
        (["a=1", "a=2"], "ingest: --attr a is given twice.\n"),
        ([f"k{n}=1" for n in range(17)], "ingest: A file has at most 16 attributes; 17 are given.\n"),
    ],
)
def test_attributes_that_cannot_be_are_refused_before_anything_is_sent(
    ingest: Command, service: FakeService, folder: Path, given: list[str], complaint: str
) -> None:
    options = [option for each in given for option in ("--attr", each)]

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, *options)

    assert (ended.code, ended.err) == (2, complaint)
    assert service.stores == []


def test_an_empty_folder_is_refused(ingest: Command, service: FakeService, tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()

    ended = ingest("import", tmp_path, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.err) == (2, "ingest: There are no files there.\n")
    assert service.stores == []


def test_a_path_that_does_not_exist_is_refused(ingest: Command, service: FakeService, tmp_path: Path) -> None:
    ended = ingest("import", tmp_path / "nowhere", "--store", "demo", "--base-url", service.url)

    assert ended.code == 2
    assert service.stores == []


def test_a_service_that_is_not_there_is_one_clear_line(ingest: Command, folder: Path) -> None:
    ended = ingest("import", folder, "--store", "demo", "--base-url", "http://127.0.0.1:1/v1")

    expected = "ingest: No service answers at http://127.0.0.1:1/v1. Start one with `ingest up`.\n"
    assert (ended.code, ended.out, ended.err) == (2, "", expected)


def test_a_wrong_path_in_the_url_is_one_clear_line(ingest: Command, service: FakeService, folder: Path) -> None:
    url = service.url.replace("/v1", "/v1/v1")

    ended = ingest("import", folder, "--store", "demo", "--base-url", url)

    assert ended.code == 2
    assert re.fullmatch(rf"ingest: {url} answers: Invalid URL .*\n", ended.err)


def test_something_else_that_answers_is_one_clear_line(ingest: Command, service: FakeService, folder: Path) -> None:
    service.web_page = "<html>Welcome</html>"

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 2
    assert ended.err == f"ingest: What answers at {service.url}/ is a web page, not this service.\n"


def test_an_error_of_the_api_is_one_clear_line(ingest: Command, service: FakeService, folder: Path) -> None:
    service.refuse_batches = "Invalid 'attributes': a key is too long."

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.err) == (2, f"ingest: {service.url} answers: {service.refuse_batches}\n")
    assert "0 of 3 files were attached to the store.\n3 more were uploaded and are in no store.\n" in ended.out


def test_ctrl_c_says_what_the_service_goes_on_with(ingest: Command, service: FakeService, folder: Path) -> None:
    service.finish_after_polls = 1_000
    service.on_poll = lambda: os.kill(os.getpid(), signal.SIGINT)

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 130
    assert "Stopped. 3 of 3 files were attached to the store.\n" in ended.out
    assert ended.out.endswith("The service goes on with the 3 of them that were not finished.\n")


def _counts(output: str) -> dict[str, int]:
    """The rows of the table."""
    rows = re.findall(r"^│ ([a-z ]+?) +│ +(\d+) │$", output, re.M)
    return {name: int(count) for name, count in rows}
