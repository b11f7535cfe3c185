"""`ingest import` as its user sees it: output and exit codes."""

import csv
import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from ingest.imports.journal import Journal
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
    assert re.match(r"store demo \(vs_0\), import imp_[0-9a-f]{32}\n3 files\n", ended.out)
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
        (["a=" + 513 * "x"], "ingest: Attribute 'a' must be text of at most 512 characters.\n"),
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


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("file://[x", "It is no address."),
        ("file://", "It is no address."),
        ("FILE://[x/y", "It is no address."),
        ("https://[", "It is no address."),
        ("http://[::1/a.txt", "It is no address."),
        ("http://", "It is no address."),
        ("https:///a.txt", "It is no address."),
        ("http://a.example:port/", "It is no address."),
        ("http://a.example:99999/", "It is no address."),
        ("s3://", "It is no address."),
        ("memory:///", "It is no address."),
        ("foo://x", "Protocol not known: foo."),
        ("", "It is no address."),
    ],
)
def test_an_address_that_can_name_nothing_is_refused_in_a_line_before_the_service_is_asked(
    ingest: Command, source: str, complaint: str
) -> None:
    ended = ingest("import", source, "--store", "demo", "--base-url", "http://127.0.0.1:9/v1")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"ingest: {source or repr(source)}: {complaint}\n"


@pytest.mark.parametrize("manifest", ["file://[x", "https://[", "http://", "s3://", "foo://x", "local://", ""])
def test_a_manifest_that_can_name_nothing_is_refused_in_a_line(
    ingest: Command, service: FakeService, manifest: str
) -> None:
    ended = ingest("import", "--manifest", manifest, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert service.stores == []


def test_what_can_name_nothing_in_a_manifest_is_told_by_its_line(
    ingest: Command, service: FakeService, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "list.txt").write_text("a.txt\nfile://[x\nhttps://[\nhttp://\ns3://\nfoo://x\n")

    ended = ingest("import", "--manifest", tmp_path / "list.txt", "--store", "demo", "--base-url", service.url)

    assert ended.code == 1
    assert _counts(ended.out) == {"completed": 1, "not uploaded": 5, "total": 6}
    assert "4 files: It is no address\n" in ended.out
    assert all(f"list.txt:{line}" in ended.out for line in (2, 3, 4, 6))


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


def test_ctrl_c_says_what_the_service_goes_on_with(ingest: Command, service: FakeService, folder: Path) -> None:
    service.finish_after_polls = 1_000
    service.on_poll = lambda: os.kill(os.getpid(), signal.SIGINT)

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 130
    assert ended.out.endswith("Stopped. The service goes on with 3 files. Run the same command again to go on.\n")


def test_a_second_ctrl_c_waits_for_nothing(ingest: Command, service: FakeService, folder: Path) -> None:
    service.finish_after_polls = 1_000

    def twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)  # two signals at once would count as one

    service.on_poll = twice

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.err) == (130, "")


def test_what_was_interrupted_goes_on_as_the_same_import(ingest: Command, service: FakeService, folder: Path) -> None:
    service.finish_after_polls = 1_000
    service.on_poll = lambda: os.kill(os.getpid(), signal.SIGINT)
    first = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    service.finish_after_polls, service.on_poll = 0, lambda: None

    second = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    third = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (first.code, second.code, third.code) == (130, 0, 0)
    assert _import_id(first.out) == _import_id(second.out) != _import_id(third.out)
    assert (len(service.uploads), len(service.batches)) == (3, 1)
    assert _counts(second.out) == {"completed": 3, "total": 3}


def test_a_second_import_uploads_only_what_is_new(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    (folder / "d.txt").write_text("new")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.in_store == ["a.txt", "b.txt", "c.txt", "d.txt"]
    assert len(service.uploads) == 4
    assert _counts(ended.out) == {"completed": 4, "unchanged": 3, "total": 4}


def test_a_file_that_was_only_touched_is_not_uploaded(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    os.utime(folder / "a.txt", ns=(1, 1))

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert (len(service.uploads), len(service.batches)) == (3, 1)
    assert _counts(ended.out)["completed"] == 3


def test_a_changed_file_replaces_its_earlier_version(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    before = set(service.held)
    _change(folder / "a.txt")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.in_store == ["a.txt", "b.txt", "c.txt"]
    assert len(service.uploads) == 3
    assert len(before & set(service.held)) == 2


def test_the_earlier_version_stays_until_the_new_one_is_completed(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    _change(folder / "a.txt")
    service.fail = {"a.txt": "The file is encrypted."}
    failed = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    in_between = service.in_store
    service.fail = {}
    _change(folder / "a.txt")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (failed.code, ended.code) == (1, 0)
    assert in_between == ["a.txt", "a.txt", "b.txt", "c.txt"]
    assert service.in_store == ["a.txt", "b.txt", "c.txt"]
    assert len(service.uploads) == 3


def test_a_mirror_removes_what_is_gone_and_only_that(ingest: Command, service: FakeService, folder: Path) -> None:
    other = folder.parent / "other.txt"
    other.write_text("from elsewhere")
    ingest("import", other, "--store", "demo", "--base-url", service.url)
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    (folder / "b.txt").unlink()

    kept = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    before = service.in_store
    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--delete-missing")

    assert (kept.code, ended.code) == (0, 0)
    assert before == ["a.txt", "b.txt", "c.txt", "other.txt"]
    assert service.in_store == ["a.txt", "c.txt", "other.txt"]
    assert len(service.uploads) == 3
    assert _counts(ended.out) == {"completed": 2, "unchanged": 2, "removed": 1, "total": 2}


def test_a_mirror_of_nothing_removes_nothing(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (folder / name).unlink()

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--delete-missing")

    assert (ended.code, ended.err) == (2, "ingest: There are no files there.\n")
    assert service.in_store == ["a.txt", "b.txt", "c.txt"]


def test_new_attributes_are_attached_without_an_upload(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--attr", "year=2024")

    assert ended.code == 0
    assert len(service.uploads) == 3
    assert list(service.held.values()) == [{"year": 2024}] * 3


def test_attributes_come_from_paths_and_the_manifest_has_the_last_word(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    listed = folder / "list.jsonl"
    listed.write_text(
        json.dumps({"path": "sub/c.txt", "name": "C.txt", "attributes": {"kind": "letter", "part": "own"}}) + "\n"
    )

    ended = ingest(
        "import", "--manifest", listed, "--store", "demo", "--base-url", service.url,
        "--attr", "kind=any", "--attr", "year=2024", "--attr-from-path", "{part}/*",
    )  # fmt: skip

    assert ended.code == 0
    assert service.in_store == ["C.txt"]
    assert list(service.held.values()) == [{"kind": "letter", "year": 2024, "part": "own"}]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    empty = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--dry-run")
    stores = list(service.stores)
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    _change(folder / "a.txt")
    (folder / "b.txt").unlink()

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--dry-run", "--delete-missing")
    again = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--dry-run", "--delete-missing")

    assert (empty.code, stores) == (0, [])
    assert "3 files: 3 to upload" in empty.out
    assert ended.out == (
        "upload a.txt\nremove b.txt\n"
        "2 files: 1 to upload, 0 to attach, 1 unchanged, 1 to remove, 0 that cannot be taken\n"
    )
    assert again.out == ended.out
    assert service.in_store == ["a.txt", "b.txt", "c.txt"]


def test_a_failed_file_is_told_again_and_tried_again_only_when_asked(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.fail = {"c.txt": "The file is encrypted."}
    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    told = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    batches = len(service.batches)
    tried = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--retry-failed")

    assert (told.code, tried.code) == (1, 1)
    assert told.out.endswith("1 file: The file is encrypted.\n  sub/c.txt\n")
    assert (batches, len(service.batches)) == (1, 2)
    assert service.batches["vsfb_1"]["file_ids"] == [f for f, (name, _) in service.uploads.items() if name == "c.txt"]


def test_a_failed_file_that_was_retried_on_the_service_is_completed(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.fail = {"c.txt": "The server was too small."}
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    service.fail = {}

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert _counts(ended.out)["completed"] == 3
    assert len(service.batches) == 1


def test_a_file_that_somebody_took_out_of_the_store_is_put_back(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    detached, deleted, _ = list(service.held)
    del service.held[detached], service.held[deleted], service.uploads[deleted]

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.in_store == ["a.txt", "b.txt", "c.txt"]
    assert detached in service.held


def test_files_that_cannot_be_taken_are_told_and_stop_nothing(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    (folder / "empty.txt").touch()
    (folder / "dangling").symlink_to(folder / "nowhere")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 1
    assert _counts(ended.out) == {"completed": 3, "not uploaded": 2, "total": 5}
    assert "1 file: It is empty\n  empty.txt\n" in ended.out
    assert "1 file: No such file or directory\n  dangling\n" in ended.out


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_failures_are_written_to_a_file(
    ingest: Command, service: FakeService, folder: Path, tmp_path: Path, suffix: str
) -> None:
    service.fail = {"c.txt": "The file is encrypted."}
    service.refuse_uploads = {"a.txt": "No room."}
    target = tmp_path / f"failures.{suffix}"

    ingest("import", folder, "--store", "demo", "--base-url", service.url, "--failures", target)

    with target.open(newline="") as file:
        rows = list(csv.DictReader(file)) if suffix == "csv" else [json.loads(line) for line in file]
    assert [(row["path"], row["outcome"], row["reason"]) for row in rows] == [
        ("a.txt", "not uploaded", "No room."),
        ("sub/c.txt", "failed", "The file is encrypted."),
    ]
    assert service.uploads[rows[1]["file_id"]][0] == "c.txt"


def test_programs_get_one_event_a_line(ingest: Command, service: FakeService, folder: Path) -> None:
    service.fail = {"c.txt": "The file is encrypted."}

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--json")

    events = [json.loads(line) for line in ended.out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert {"scanned", "progress", "failed"} <= set(kinds)
    failed = next(event for event in events if event["event"] == "failed")
    assert (failed["path"], failed["reason"]) == ("sub/c.txt", "The file is encrypted.")
    end = events[-1]
    assert (end["completed"], end["failed"], end["total"], end["complete"]) == (2, 1, 3, False)
    assert end["reasons"] == [{"reason": "The file is encrypted.", "files": 1, "first": ["sub/c.txt"]}]


def test_the_key_is_the_option_or_that_of_the_environment(
    ingest: Command, service: FakeService, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url, "--api-key", "ik_option")
    monkeypatch.setenv("INGEST_API_KEY", "ik_environment")
    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert service.keys == {"Bearer ik_option", "Bearer ik_environment"}


def test_two_imports_into_one_store_do_not_run_at_once(
    ingest: Command, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    store = service.add_store("demo")
    book = Journal.of(tmp_path / "journals", f"{service.url}/", store["id"], "demo")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--journal", tmp_path / "journals")

    book.close()
    assert (ended.code, ended.err) == (
        2, "ingest: Another import into the store demo is running on this machine.\n",
    )  # fmt: skip


def _change(path: Path) -> None:
    path.write_text(path.read_text() + " and more")


def _import_id(output: str) -> str:
    match = re.search(r"imp_[0-9a-f]{32}", output)
    assert match
    return match[0]


def _counts(output: str) -> dict[str, int]:
    """The rows of the table."""
    rows = re.findall(r"^│ +([a-z ]+?) +│ +(\d+) │$", output, re.M)
    return {name: int(count) for name, count in rows}
