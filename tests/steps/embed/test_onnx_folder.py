"""The files of a model's folder, complete and broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.steps.embed.onnx_folder import OnnxFolder, UnusableFolder
from tests.rerankers import write_cross_encoder


@pytest.mark.parametrize("subfolder", [".", "onnx"])
def test_the_graph_is_beside_the_tokenizer_or_in_a_subfolder(tmp_path: Path, subfolder: str) -> None:
    folder = OnnxFolder(write_cross_encoder(tmp_path, subfolder=subfolder))

    assert folder.graph_file == tmp_path / subfolder / "model.onnx"
    assert [node.name for node in folder.open_session().get_inputs()] == [
        "input_ids",
        "attention_mask",
        "token_type_ids",
    ]


def test_the_tokenizer_neither_truncates_nor_pads(tmp_path: Path) -> None:
    tokenizer = OnnxFolder(write_cross_encoder(tmp_path)).load_tokenizer()

    assert len(tokenizer.encode("heron " * 50).ids) == 52
    assert len(tokenizer.encode("").ids) == 2


@pytest.mark.parametrize(
    ("config", "tokenizer", "tokens"),
    [
        ({}, {}, 512),
        ({"max_position_embeddings": 512}, {}, 512),
        ({"max_position_embeddings": 8192}, {"model_max_length": 1024}, 1024),
        ({"max_position_embeddings": 512}, {"model_max_length": 10**30}, 512),
        ({"max_position_embeddings": 514, "model_type": "xlm-roberta", "pad_token_id": 1}, {}, 512),
        (
            {"max_position_embeddings": 514, "model_type": "xlm-roberta", "pad_token_id": 1},
            {"model_max_length": 512},
            512,
        ),
        ({"max_position_embeddings": "many"}, {"model_max_length": -1}, 512),
    ],
)
def test_the_context_is_the_least_that_a_file_names(
    tmp_path: Path, config: dict[str, Any], tokenizer: dict[str, Any], tokens: int
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokenizer))

    assert OnnxFolder(tmp_path).context_tokens() == tokens


def test_a_missing_json_file_has_no_fields(tmp_path: Path) -> None:
    assert OnnxFolder(tmp_path / "nowhere").read_json("config.json") == {}


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_broken_json_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)

    with pytest.raises(UnusableFolder, match=r"config\.json"):
        OnnxFolder(tmp_path).context_tokens()


def test_a_folder_without_a_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFolder, match=r"neither model\.onnx nor onnx/model\.onnx"):
        OnnxFolder(tmp_path).open_session()


def test_a_broken_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"nothing")

    with pytest.raises(UnusableFolder, match="cannot be loaded"):
        OnnxFolder(tmp_path).open_session()


@pytest.mark.parametrize("content", [None, "{}", "\udcff"])
def test_a_missing_or_broken_tokenizer_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(UnusableFolder, match=r"tokenizer\.json"):
        OnnxFolder(tmp_path).load_tokenizer()
