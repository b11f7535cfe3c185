"""The configuration of a sentence-transformers model in its folder."""

from pathlib import Path
from typing import Any

import pytest

from ingest.config.model_folder import MANIFEST, UnusableFolder
from ingest.config.sentence_model import read_sentence_model
from tests.model_folders import TINY_CONTEXT, write_json, write_minilm, write_tiny


def test_the_folder_of_minilm_is_read(tmp_path: Path) -> None:
    model = read_sentence_model(write_minilm(tmp_path))

    assert (model.architecture, model.pooling, model.context_tokens) == ("BertModel", "mean", 256)
    assert (model.query_prefix, model.passage_prefix) == ("", "")
    assert model.inputs == ("input_ids", "attention_mask", "token_type_ids")
    assert (model.output, model.is_pooling_stated, model.is_normalized) == ("last_hidden_state", True, True)


def test_the_folder_of_another_architecture_is_read(tmp_path: Path) -> None:
    model = read_sentence_model(write_tiny(tmp_path))

    assert (model.architecture, model.pooling) == ("XLMRobertaModel", "cls")
    assert model.context_tokens == TINY_CONTEXT  # without the positions that this kind never uses
    assert (model.query_prefix, model.passage_prefix) == ("query: ", "passage: ")
    assert model.inputs == ("input_ids", "attention_mask")


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, "mean"),
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode_lasttoken": True}, "lasttoken"),
        ({"word_embedding_dimension": 16, "pooling_mode": "mean"}, "mean"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
    ],
)
def test_the_pooling_is_that_of_the_configuration(tmp_path: Path, config: dict[str, Any], pooling: str) -> None:
    write_tiny(tmp_path)
    write_json(tmp_path, "1_Pooling/config.json", config)

    model = read_sentence_model(tmp_path)

    assert (model.pooling, model.is_pooling_stated) == (pooling, True)


def test_a_folder_that_says_no_pooling_has_the_mean(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    (tmp_path / "1_Pooling/config.json").unlink()
    (tmp_path / "modules.json").unlink()

    model = read_sentence_model(tmp_path)

    assert (model.pooling, model.is_pooling_stated, model.is_normalized) == ("mean", False, False)


def test_a_graph_that_pools_is_not_pooled_again(tmp_path: Path) -> None:
    model = read_sentence_model(write_tiny(tmp_path, output="sentence_embedding"))

    assert (model.pooling, model.output) == ("none", "sentence_embedding")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"pooling_mode_weightedmean_tokens": True}, "weightedmean; it may be one of mean, cls, max, lasttoken"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}, "max and mean"),
    ],
)
def test_another_pooling_is_refused(tmp_path: Path, config: dict[str, Any], reason: str) -> None:
    write_tiny(tmp_path)
    write_json(tmp_path, "1_Pooling/config.json", config)

    with pytest.raises(UnusableFolder, match=reason):
        read_sentence_model(tmp_path)


@pytest.mark.parametrize(
    ("prompts", "default", "prefixes"),
    [
        ({"query": "Q: ", "passage": "P: "}, None, ("Q: ", "P: ")),
        ({"query": "Q: ", "document": ""}, None, ("Q: ", "")),
        ({"search_query": "search_query: ", "search_document": "d: "}, None, ("search_query: ", "d: ")),
        ({"query": "Q: ", "all": "A: "}, "all", ("Q: ", "A: ")),
        ({"all": "A: "}, "all", ("A: ", "A: ")),
        ({"all": "A: "}, None, ("", "")),
        ({}, None, ("", "")),
    ],
)
def test_prefixes_are_the_prompts_of_the_folder(
    tmp_path: Path, prompts: dict[str, str], default: str | None, prefixes: tuple[str, str]
) -> None:
    write_tiny(tmp_path)
    write_json(tmp_path, "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": default})

    model = read_sentence_model(tmp_path)

    assert (model.query_prefix, model.passage_prefix) == prefixes


def test_prefixes_of_the_settings_replace_those_of_the_folder(tmp_path: Path) -> None:
    model = read_sentence_model(write_tiny(tmp_path), "search: ", "text:")

    assert (model.query_prefix, model.passage_prefix) == ("search: ", "text: ")
    assert read_sentence_model(tmp_path, "", "text: ").query_prefix == "query: "


@pytest.mark.parametrize(
    ("name", "has_prefixes"),
    [
        ("multilingual-e5-small", True),
        ("e5-base-v2", True),
        ("multilingual-e5-base-onnx", True),
        ("E5-Large", True),
        ("multilingual-e5-large-instruct", False),
        ("me5-small", False),
        ("bge-small", False),
    ],
)
@pytest.mark.parametrize("place", ["folder", "config", "manifest"])
def test_e5_gets_its_prefixes_by_name(tmp_path: Path, name: str, has_prefixes: bool, place: str) -> None:
    folder = write_tiny(tmp_path / (name if place == "folder" else "model"), prompts={})
    if place == "config":
        write_json(folder, "config.json", {"_name_or_path": f"intfloat/{name}"})
    if place == "manifest":
        write_json(folder, MANIFEST, {"name": f"intfloat/{name}"})

    model = read_sentence_model(folder)

    assert (model.query_prefix, model.passage_prefix) == (("query: ", "passage: ") if has_prefixes else ("", ""))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "modules.json",
            [{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}],
            "module Dense; a model may",
        ),
        (
            "modules.json",
            [{"type": "sentence_transformers.models.Pooling", "path": "../other"}],
            "outside of the folder",
        ),
        ("modules.json", {"a": 1}, "no list of modules"),
        ("config.json", [1], "no JSON object"),
        (
            "config_sentence_transformers.json",
            {"prompts": {"a": 3}, "default_prompt_name": "a"},
            "prompt that is no text",
        ),
        ("sentence_bert_config.json", {"max_seq_length": 4}, "context of 4 tokens"),
    ],
)
def test_an_unusable_configuration_is_refused(tmp_path: Path, name: str, content: object, reason: str) -> None:
    write_tiny(tmp_path)
    write_json(tmp_path, name, content)

    with pytest.raises(UnusableFolder, match=reason):
        read_sentence_model(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    (write_tiny(tmp_path) / "tokenizer.json").unlink()

    with pytest.raises(UnusableFolder, match=r"has no tokenizer\.json"):
        read_sentence_model(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFolder, match="is not a folder"):
        read_sentence_model(tmp_path / "nowhere")


def test_a_graph_with_another_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFolder, match="needs the inputs input_ids, attention_mask, pixel_values"):
        read_sentence_model(write_tiny(tmp_path, extra_input="pixel_values"))


def test_a_cross_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UnusableFolder, match="neither the output last_hidden_state nor sentence_embedding, only logits"
    ):
        read_sentence_model(write_tiny(tmp_path, output="logits"))


def test_a_broken_graph_is_refused(tmp_path: Path) -> None:
    (write_tiny(tmp_path) / "onnx/model.onnx").write_bytes(b"not ONNX")

    with pytest.raises(UnusableFolder, match="is no ONNX graph"):
        read_sentence_model(tmp_path)
