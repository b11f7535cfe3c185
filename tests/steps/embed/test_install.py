"""Installation of a model's folder from a hub on this machine."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from ingest.config import Settings
from ingest.config.model_folder import MANIFEST
from ingest.errors import Refused
from ingest.steps.embed import build
from ingest.steps.embed.hub import Hub
from ingest.steps.embed.install import InstalledModel, ModelRequest, install
from tests.hubs import COMMIT, FakeHub, serving_hub
from tests.model_folders import write_tiny
from tests.rerankers import write_cross_encoder

pytestmark = pytest.mark.services


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeHub]:
    with serving_hub() as server:
        server.add_folder(write_tiny(tmp_path / "source"))
        server.contents |= {"README.md": b"# Tiny", "pytorch_model.bin": b"0", "onnx/model_quantized.onnx": b"0"}
        yield server


def run(server: FakeHub, folder: Path, request: ModelRequest | None = None) -> InstalledModel:
    with Hub(server.url, 5.0) as hub:
        return install(hub, request or ModelRequest("owner/model"), folder, lambda path, size: None)


def test_the_files_that_are_needed_are_installed_with_their_hashes(server: FakeHub, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "tiny"

    installed = run(server, folder)

    assert installed == InstalledModel(folder, COMMIT, is_reranker=False)
    manifest = json.loads((folder / MANIFEST).read_text())
    assert (manifest["name"], manifest["revision"], manifest["graph"]) == ("owner/model", COMMIT, "onnx/model.onnx")
    assert sorted(manifest["files"]) == [
        "1_Pooling/config.json",
        "config.json",
        "config_sentence_transformers.json",
        "modules.json",
        "onnx/model.onnx",
        "tokenizer.json",
    ]
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert content == server.contents[name]
        assert entry == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert not any(path.endswith((".md", ".bin", "quantized.onnx")) for path in server.requests)
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_an_installed_folder_embeds_as_its_source_does(server: FakeHub, tmp_path: Path) -> None:
    run(server, tmp_path / "tiny")

    source, installed = (
        build(Settings(embedding_model_path=path)).embed_query("tomato plants")
        for path in (tmp_path / "source", tmp_path / "tiny")
    )

    np.testing.assert_array_equal(installed, source)


def test_a_file_that_changed_after_the_installation_is_refused_at_load(server: FakeHub, tmp_path: Path) -> None:
    run(server, tmp_path / "tiny")
    write_tiny(tmp_path / "tiny", seed=2)

    with pytest.raises(ValueError, match=r"model\.onnx is not the file that was installed"):
        Settings(embedding_model_path=tmp_path / "tiny")


def test_another_graph_can_be_chosen(server: FakeHub, tmp_path: Path) -> None:
    server.contents["onnx/model_O2.onnx"] = server.contents["onnx/model.onnx"]

    run(server, tmp_path / "tiny", ModelRequest("owner/model", graph="onnx/model_O2.onnx"))

    assert [path.name for path in (tmp_path / "tiny" / "onnx").iterdir()] == ["model_O2.onnx"]
    assert Settings(embedding_model_path=tmp_path / "tiny").default_model.startswith("tiny@")


def test_weights_in_a_file_beside_the_graph_are_installed_too(server: FakeHub, tmp_path: Path) -> None:
    _move_weights(server, "model.onnx_data")

    run(server, tmp_path / "tiny")

    assert (tmp_path / "tiny/onnx/model.onnx_data").read_bytes() == server.contents["onnx/model.onnx_data"]
    expected = build(Settings(embedding_model_path=tmp_path / "source")).embed_query("tomato")
    np.testing.assert_allclose(
        build(Settings(embedding_model_path=tmp_path / "tiny")).embed_query("tomato"), expected, atol=1e-6
    )


@pytest.mark.parametrize("location", ["../../evil", "/etc/evil", "missing"])
def test_weights_outside_of_the_model_or_missing_are_refused(server: FakeHub, tmp_path: Path, location: str) -> None:
    _move_weights(server, location)

    with pytest.raises(Refused, match=r"has no file .*(evil|missing)"):
        run(server, tmp_path / "tiny")
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize("problem", ["sent", "cut_short", "silent", "gone", "hash"])
def test_a_failed_download_leaves_nothing(server: FakeHub, tmp_path: Path, problem: str) -> None:
    path = "onnx/model.onnx"
    server.listed = server.entries()
    if problem == "sent":
        server.sent[path] = b"x" * len(server.contents[path])
    elif problem == "gone":
        del server.contents[path]
    elif problem == "hash":
        server.listed = [
            entry if entry["path"] != path else entry | {"lfs": {"oid": "0" * 64}} for entry in server.listed
        ]
    else:
        setattr(server, problem, path)
    target = tmp_path / "models" / "tiny"

    with Hub(server.url, 0.2) as hub, pytest.raises(Refused):
        install(hub, ModelRequest("owner/model"), target, lambda path, size: None)

    assert list(target.parent.iterdir()) == []


def test_an_existing_folder_is_refused_and_not_changed(server: FakeHub, tmp_path: Path) -> None:
    before = (tmp_path / "source" / "config.json").stat().st_mtime_ns

    with pytest.raises(Refused, match="exists: remove it"):
        run(server, tmp_path / "source")

    assert (tmp_path / "source" / "config.json").stat().st_mtime_ns == before
    assert server.requests == []


def test_a_model_that_cannot_run_is_refused(server: FakeHub, tmp_path: Path) -> None:
    modules = [{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]
    server.contents["modules.json"] = json.dumps(modules).encode()

    with pytest.raises(Refused, match=r"modules\.json has a module Dense"):
        run(server, tmp_path / "tiny")


def test_a_model_without_a_graph_or_a_tokenizer_is_refused(server: FakeHub, tmp_path: Path) -> None:
    del server.contents["tokenizer.json"]
    with pytest.raises(Refused, match=r"has no tokenizer\.json"):
        run(server, tmp_path / "tiny")
    for name in ("onnx/model.onnx", "onnx/model_quantized.onnx"):
        del server.contents[name]
    with pytest.raises(Refused, match="It has no ONNX graph"):
        run(server, tmp_path / "tiny")
    server.contents |= {"onnx/model_O1.onnx": b"", "onnx/model_O2.onnx": b""}
    with pytest.raises(Refused, match=r"--graph: onnx/model_O1\.onnx, onnx/model_O2\.onnx"):
        run(server, tmp_path / "tiny")


def test_a_model_larger_than_the_limit_is_refused_before_its_download(server: FakeHub, tmp_path: Path) -> None:
    large = server.entry("onnx/model.onnx")
    large["lfs"]["size"] = 9 << 30
    server.listed = [entry if entry["path"] != large["path"] else large for entry in server.entries()]

    with pytest.raises(Refused, match="larger than 8 GiB"):
        run(server, tmp_path / "tiny")
    assert not any(path.endswith("model.onnx") for path in server.requests)


def test_a_cross_encoder_is_installed_as_a_reranker(server: FakeHub, tmp_path: Path) -> None:
    server.contents.clear()
    server.add_folder(write_cross_encoder(tmp_path / "cross"))

    assert run(server, tmp_path / "installed").is_reranker


def _move_weights(server: FakeHub, location: str) -> None:
    """Move the weights of the hub's graph to a file of their own."""
    model = onnx.load_from_string(server.contents["onnx/model.onnx"])
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "words")
    weights = numpy_helper.to_array(tensor).tobytes()
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(len(weights))}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    server.contents["onnx/model.onnx"] = model.SerializeToString()
    if location == "model.onnx_data":
        server.contents["onnx/model.onnx_data"] = weights
