"""Requests to a model hub, answered by a server on this machine."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.steps.embed.hub import Hub, is_safe_path
from tests.hubs import COMMIT, FakeHub, serving_hub

pytestmark = pytest.mark.services


@pytest.fixture
def server() -> Iterator[FakeHub]:
    with serving_hub() as server:
        server.contents = {"config.json": b"{}", "onnx/model.onnx": b"graph" * 1000, "vocab.txt": b"a\nb\n"}
        yield server


@pytest.fixture
def hub(server: FakeHub) -> Iterator[Hub]:
    with Hub(server.url + "/", 5.0) as hub:
        yield hub


def test_a_branch_stands_for_a_commit(hub: Hub) -> None:
    assert hub.commit("owner/model", "main") == COMMIT


def test_files_are_listed_with_their_hashes_over_several_pages(server: FakeHub, hub: Hub) -> None:
    server.page_entries = 1

    files = hub.files("owner/model", COMMIT)

    assert sorted(files) == ["config.json", "onnx/model.onnx", "vocab.txt"]
    assert files["onnx/model.onnx"].sha256 == hashlib.sha256(b"graph" * 1000).hexdigest()
    assert files["vocab.txt"].git_sha1 == "422c2b7ab3b3c668038da977e4e93a5fc623169c"  # of `git hash-object`
    assert files["vocab.txt"].size == 4


@pytest.mark.parametrize("path", ["config.json", "onnx/model.onnx"])
def test_a_content_is_written_with_its_hash(server: FakeHub, hub: Hub, tmp_path: Path, path: str) -> None:
    file = hub.files("owner/model", COMMIT)[path]

    sha256 = hub.download("owner/model", COMMIT, file, tmp_path / "new" / "file")

    assert (tmp_path / "new" / "file").read_bytes() == server.contents[path]
    assert sha256 == hashlib.sha256(server.contents[path]).hexdigest()


@pytest.mark.parametrize("path", ["config.json", "onnx/model.onnx"])
@pytest.mark.parametrize("change", ["empty", "longer", "other"])
def test_another_content_than_the_listed_one_is_refused(
    server: FakeHub, hub: Hub, tmp_path: Path, path: str, change: str
) -> None:
    content = server.contents[path]
    server.sent[path] = {"empty": b"", "longer": content + b" ", "other": content[::-1]}[change]
    reason = {"empty": "but sent 0", "longer": "but sent more", "other": "does not have the hash"}[change]

    with pytest.raises(Refused, match=reason):
        hub.download("owner/model", COMMIT, hub.files("owner/model", COMMIT)[path], tmp_path / "file")


def test_a_truncated_download_is_refused(server: FakeHub, hub: Hub, tmp_path: Path) -> None:
    server.cut_short = "onnx/model.onnx"

    with pytest.raises(Refused, match="did not answer: RemoteProtocolError"):
        hub.download("owner/model", COMMIT, hub.files("owner/model", COMMIT)["onnx/model.onnx"], tmp_path / "file")


def test_a_silent_hub_is_refused_after_the_timeout(server: FakeHub, tmp_path: Path) -> None:
    server.silent = "config.json"

    with Hub(server.url, 0.1) as hub, pytest.raises(Refused, match="did not answer: ReadTimeout"):
        hub.download("owner/model", COMMIT, hub.files("owner/model", COMMIT)["config.json"], tmp_path / "file")


def test_an_unknown_model_or_revision_is_refused(hub: Hub) -> None:
    with pytest.raises(Refused, match="404: no such model"):
        hub.commit("owner/other", "main")
    with pytest.raises(Refused, match="404: no such model"):
        hub.commit("owner/model", "v2")


def test_an_unreachable_hub_is_refused() -> None:
    with Hub("http://127.0.0.1:9", 1.0) as hub, pytest.raises(Refused, match="did not answer: ConnectError"):
        hub.commit("owner/model", "main")


@pytest.mark.parametrize("name", ["", "../model", "owner/model/more", "owner/..", "owner model", "-x", "a/b?c"])
def test_a_wrong_name_is_refused_without_a_request(server: FakeHub, hub: Hub, name: str) -> None:
    with pytest.raises(Refused, match="no name of a model"):
        hub.commit(name, "main")
    assert server.requests == []


@pytest.mark.parametrize("revision", ["", "../main", "a..b", "a b"])
def test_a_wrong_revision_is_refused(hub: Hub, revision: str) -> None:
    with pytest.raises(Refused, match="no name of a revision"):
        hub.commit("owner/model", revision)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"path": "../evil.json"}, r"outside of the model's folder: '../evil\.json'"),
        ({"path": "/etc/evil.json"}, "outside of the model's folder"),
        ({"path": "a\\..\\evil.json"}, "outside of the model's folder"),
        ({"path": "C:evil.json"}, "outside of the model's folder"),
        ({"oid": "no hash"}, "without a size or a hash"),
        ({"lfs": {"oid": "0" * 40, "size": 3}}, "without a size or a hash"),
        ({"size": -1}, "without a size or a hash"),
        ({"size": None}, "without a size or a hash"),
        ({"path": 3}, "outside of the model's folder"),
    ],
)
def test_a_listing_that_cannot_be_trusted_is_refused(
    server: FakeHub, hub: Hub, entry: dict[str, Any], reason: str
) -> None:
    server.listed = [server.entry("config.json") | entry]

    with pytest.raises(Refused, match=reason):
        hub.files("owner/model", COMMIT)


@pytest.mark.parametrize("listing", [[{"type": "file"}], ["config.json"]])
def test_a_listing_without_its_fields_is_refused(server: FakeHub, hub: Hub, listing: list[Any]) -> None:
    server.listed = listing

    with pytest.raises(Refused, match="lacks a field"):
        hub.files("owner/model", COMMIT)


def test_another_address_than_of_the_web_is_refused() -> None:
    with pytest.raises(Refused, match="neither http:// nor https://"):
        Hub("ftp://hub", 1.0)


@pytest.mark.parametrize(
    ("path", "is_safe"),
    [
        ("a.json", True),
        ("a/b.json", True),
        ("a/../b", False),
        ("a//b", False),
        ("./a", False),
        ("", False),
        ("a/", False),
    ],
)
def test_safe_paths_stay_in_their_folder(path: str, is_safe: bool) -> None:
    assert is_safe_path(path) is is_safe
