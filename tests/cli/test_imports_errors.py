"""`ingest import`: errors, each in one line."""

import re
from pathlib import Path

import pytest

from ingest.imports.journal import Journal
from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (["year"], "ingest: --attr year: expected key=value.\n"),
        (["=2024"], "ingest: --attr =2024: expected key=value.\n"),
        (["a=1", "a=2"], "ingest: --attr a is given twice.\n"),
        ([f"k{n}=1" for n in range(17)], "ingest: A file can have at most 16 attributes, but has 17.\n"),
        (["a=" + 513 * "x"], "ingest: Attribute 'a' must be a string of at most 512 characters.\n"),
    ],
)
def test_invalid_attributes_are_refused_before_any_request(
    ingest: Command, service: FakeService, folder: Path, attributes: list[str], message: str
) -> None:
    options = [option for attribute in attributes for option in ("--attr", attribute)]

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, *options)

    assert (ended.code, ended.err) == (2, message)
    assert service.stores == []


def test_an_empty_folder_is_refused(ingest: Command, service: FakeService, tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()

    ended = ingest("import", tmp_path, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.err) == (2, "ingest: The sources contain no files.\n")
    assert service.stores == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("file://[x", "The address is not valid."),
        ("file://", "The address is not valid."),
        ("FILE://[x/y", "The address is not valid."),
        ("https://[", "The address is not valid."),
        ("http://[::1/a.txt", "The address is not valid."),
        ("http://", "The address is not valid."),
        ("https:///a.txt", "The address is not valid."),
        ("http://a.example:port/", "The address is not valid."),
        ("http://a.example:99999/", "The address is not valid."),
        ("s3://", "The address is not valid."),
        ("memory:///", "The address is not valid."),
        ("foo://x", "Protocol not known: foo."),
        ("", "The address is not valid."),
    ],
)
def test_an_invalid_address_is_refused_in_one_line_before_any_request(
    ingest: Command, source: str, message: str
) -> None:
    ended = ingest("import", source, "--store", "demo", "--base-url", "http://127.0.0.1:9/v1")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"ingest: {source or repr(source)}: {message}\n"


@pytest.mark.parametrize("manifest", ["file://[x", "https://[", "http://", "s3://", "foo://x", "local://", ""])
def test_an_invalid_manifest_address_is_refused_in_one_line(
    ingest: Command, service: FakeService, manifest: str
) -> None:
    ended = ingest("import", "--manifest", manifest, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert service.stores == []


def test_a_path_that_does_not_exist_is_refused(ingest: Command, service: FakeService, tmp_path: Path) -> None:
    ended = ingest("import", tmp_path / "nowhere", "--store", "demo", "--base-url", service.url)

    assert ended.code == 2
    assert service.stores == []


def test_a_service_that_does_not_answer_is_an_error_in_one_line(ingest: Command, folder: Path) -> None:
    ended = ingest("import", folder, "--store", "demo", "--base-url", "http://127.0.0.1:1/v1")

    expected = "ingest: No service answers at http://127.0.0.1:1/v1. Start one with `ingest up`.\n"
    assert (ended.code, ended.out, ended.err) == (2, "", expected)


def test_a_wrong_path_in_the_url_is_an_error_in_one_line(ingest: Command, service: FakeService, folder: Path) -> None:
    url = service.url.replace("/v1", "/v1/v1")

    ended = ingest("import", folder, "--store", "demo", "--base-url", url)

    assert ended.code == 2
    assert re.fullmatch(rf"ingest: {url} answers: Invalid URL .*\n", ended.err)


def test_a_url_of_a_web_page_is_an_error_in_one_line(ingest: Command, service: FakeService, folder: Path) -> None:
    service.web_page = "<html>Welcome</html>"

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 2
    assert ended.err == f"ingest: {service.url}/ answers with a web page. Is it the URL of this service?\n"


def test_an_error_of_the_api_is_printed_in_one_line(ingest: Command, service: FakeService, folder: Path) -> None:
    service.refuse_batches = "Invalid 'attributes': a key is too long."

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.err) == (2, f"ingest: {service.url} answers: {service.refuse_batches}\n")


def test_a_second_concurrent_import_into_a_store_is_refused(
    ingest: Command, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    store = service.add_store("demo")
    book = Journal.open_for_store(tmp_path / "journals", f"{service.url}/", store["id"], "demo")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--journal", tmp_path / "journals")

    book.close()
    assert (ended.code, ended.err) == (
        2, "ingest: Another import into the store demo is running on this machine.\n",
    )  # fmt: skip
