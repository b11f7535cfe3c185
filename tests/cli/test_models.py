"""`ingest model`."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.hubs import COMMIT, serving_hub
from tests.model_folders import write_tiny


@pytest.mark.services
def test_a_model_is_installed_in_the_data_folder_and_then_shown(
    ingest: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data" / "models" / "model"
    monkeypatch.setenv("INGEST_EMBEDDING_MODEL_PATH", str(folder))  # set before the folder exists
    monkeypatch.setenv("INGEST_EMBEDDING_QUERY_PREFIX", "query: ")
    with serving_hub() as hub:
        hub.add_folder(write_tiny(tmp_path / "source"))
        monkeypatch.setenv("INGEST_MODEL_HUB_URL", hub.url)

        installed = ingest("models", "install", "owner/model", "--data", str(tmp_path / "data"))

    assert installed.code == 0
    lines = installed.out.splitlines()
    assert lines[-2:] == [f"installed owner/model at commit {COMMIT}", f"INGEST_EMBEDDING_MODEL_PATH={folder}"]
    assert any(line.startswith("onnx/model.onnx ") for line in lines)

    shown = ingest("models", "show", str(folder))

    facts = dict(line.split(": ", 1) for line in shown.out.splitlines())
    assert facts["name"].startswith("model@")
    assert (facts["architecture"], facts["dimensions"], facts["pooling"]) == ("XLMRobertaModel", "16", "cls")
    assert (facts["query prefix"], facts["passage prefix"]) == ("'query: '", "'passage: '")
    assert (facts["context"], facts["graph"]) == ("24 tokens", "onnx/model.onnx")
    assert len(facts["sha256 onnx/model.onnx"]) == 64


@pytest.mark.services
def test_another_folder_hub_and_revision_can_be_named(ingest: Command, tmp_path: Path) -> None:
    with serving_hub() as hub:
        hub.add_folder(write_tiny(tmp_path / "source"))
        options = ("--hub", hub.url, "--folder", str(tmp_path / "here"))

        assert ingest("models", "install", "owner/model", *options, "--graph", "onnx/model.onnx").code == 0
        refused = ingest("models", "install", "owner/model", *options, "--revision", "v2")

    assert (tmp_path / "here" / "ingest-model.json").exists()
    assert (refused.code, refused.err) == (
        2,
        f"ingest: {tmp_path}/here exists: remove it, or name another folder with --folder.\n",
    )


def test_a_folder_that_is_no_model_is_refused(ingest: Command, tmp_path: Path) -> None:
    refused = ingest("models", "show", str(tmp_path))

    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"ingest: {tmp_path} has neither model.onnx nor onnx/model.onnx.\n"


def test_the_prefixes_of_a_folder_can_be_tried(ingest: Command, tmp_path: Path) -> None:
    shown = ingest("models", "show", str(write_tiny(tmp_path)), "--query-prefix", "find: ")

    assert "query prefix: 'find: '" in shown.out
