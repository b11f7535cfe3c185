"""Folders of sentence-transformers models, made by the tests: MiniLM in fp32, and a tiny model of another architecture."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.steps.embed import minilm
from ingest.steps.embed.minilm_graph import read_tensors

_Floats = npt.NDArray[np.float32]

MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]

TINY_DIMENSIONS = 16
TINY_CONTEXT = 24
TINY_PROMPTS = {"query": "query: ", "passage": "passage: "}
TINY_TEXTS = (
    "query: passage: The cat sleeps on the sofa",
    "Interest rates rose again this week",
    "Water the tomato plants daily",
    "How often should I water tomato plants?",
    "Nothing of interest is said here. A very long question about the weather",
)


def write_json(folder: Path, name: str, content: object) -> None:
    """Write one file of a folder's configuration."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_minilm(folder: Path) -> Path:
    """Write all-MiniLM-L6-v2 as a plain fp32 graph with its published configuration, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(minilm.tokenizer_json(), "utf-8")
    config = {"architectures": ["BertModel"], "model_type": "bert", "max_position_embeddings": 512, "hidden_size": 384}
    write_json(folder, "config.json", config)
    write_json(folder, "modules.json", MODULES)
    write_json(folder, "1_Pooling/config.json", {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True})
    write_json(folder, "sentence_bert_config.json", {"max_seq_length": 256})
    (folder / "onnx").mkdir(exist_ok=True)
    (folder / "onnx" / "model.onnx").write_bytes(_minilm_graph())
    return folder


def write_tiny(
    folder: Path,
    *,
    graph: str = "onnx/model.onnx",
    pooling: str = "cls_token",
    prompts: dict[str, str] | None = None,
    output: str = "last_hidden_state",
    context_tokens: int = TINY_CONTEXT,
    extra_input: str = "",
    seed: int = 1,
) -> Path:
    """Write a tiny model in the manner of XLM-RoBERTa and return its folder: unigram pieces, `<s>` and `</s>`, two inputs.

    A token's vector is the mean of the embedding of its piece, and those of all pieces in the input, so that pooling by
    `cls_token` knows the text. With the output `sentence_embedding`, the graph pools.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _unigram_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    positions = context_tokens + 2
    config = {"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "max_position_embeddings": positions}
    write_json(folder, "config.json", config | {"pad_token_id": 1, "hidden_size": TINY_DIMENSIONS})
    write_json(folder, "modules.json", MODULES)
    write_json(folder, "1_Pooling/config.json", {f"pooling_mode_{pooling}": True})
    prompts = TINY_PROMPTS if prompts is None else prompts
    write_json(folder, "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": None})
    path = folder / graph
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tiny_graph(tokenizer.get_vocab_size(), output, extra_input, seed).SerializeToString())
    return folder


def tiny_graph(pieces: int, output: str = "last_hidden_state", extra_input: str = "", seed: int = 1) -> Any:
    """Return the graph of the tiny model."""
    from onnx import TensorProto, helper, numpy_helper

    words = np.random.default_rng(seed).standard_normal((pieces, TINY_DIMENSIONS)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["pieces"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["mask_3d"]),
        helper.make_node("Mul", ["pieces", "mask_3d"], ["masked"]),
        helper.make_node("ReduceMean", ["masked", "tokens"], ["mean"], keepdims=1),
        helper.make_node("Add", ["masked", "mean"], ["states"]),
    ]
    if output == "sentence_embedding":
        nodes.append(helper.make_node("ReduceMean", ["states", "tokens"], [output], keepdims=0))
    else:
        nodes.append(helper.make_node("Identity", ["states"], [output]))
    shape = [1, TINY_DIMENSIONS] if output == "sentence_embedding" else [1, "n", TINY_DIMENSIONS]
    inputs = ["input_ids", "attention_mask", *([extra_input] if extra_input else [])]
    constants = {"words": words, "last": np.array([2]), "tokens": np.array([1])}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _unigram_tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.processors import TemplateProcessing

    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words = dict.fromkeys(f"▁{word}" for text in TINY_TEXTS for word in text.split())
    letters = dict.fromkeys("▁abcdefghijklmnopqrstuvwxyz.:?")
    tokenizer = Tokenizer(Unigram([*special, *((w, -2.0) for w in words), *((x, -6.0) for x in letters)], unk_id=3))
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.add_special_tokens([name for name, _ in special])
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.enable_truncation(4)  # as published tokenizers have, which the reader must lift
    tokenizer.enable_padding(length=4)
    return tokenizer


@cache
def _minilm_graph() -> bytes:
    content: bytes = _Fp32Bert(read_tensors(minilm._published_file("model.safetensors"))).model().SerializeToString()
    return content


class _Fp32Bert:
    """BERT with standard operators only: a second implementation beside the product's graph."""

    def __init__(self, tensors: dict[str, _Floats]) -> None:
        self._tensors = tensors
        self._nodes: list[Any] = []
        self._constants: dict[str, npt.NDArray[Any]] = {}

    def model(self) -> Any:
        from onnx import TensorProto, helper, numpy_helper

        x = self._embeddings()
        for layer in range(6):
            x = self._layer(f"encoder.layer.{layer}.", x)
        self._add("Identity", [x], "last_hidden_state")
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"])
                for name in ("input_ids", "attention_mask", "token_type_ids")
            ],
            [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [1, "n", 384])],
            [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in self._constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)

    def _embeddings(self) -> str:
        words = self._add("Gather", [self._weight("embeddings.word_embeddings.weight"), "input_ids"], "words")
        kinds = self._add(
            "Gather", [self._weight("embeddings.token_type_embeddings.weight"), "token_type_ids"], "kinds"
        )
        zero = self._constant("zero", np.array([0]))
        length = self._add("Shape", ["input_ids"], "length", start=1, end=2)
        places = self._weight("embeddings.position_embeddings.weight")
        positions = self._add("Slice", [places, zero, length, zero], "positions")
        summed = self._add("Add", [self._add("Add", [words, kinds], "sum1"), positions], "sum2")
        return self._normalized(summed, "embeddings.LayerNorm")

    def _layer(self, prefix: str, x: str) -> str:
        shape = self._constant("heads", np.array([1, -1, 12, 32]))
        heads = {
            name: self._add("Reshape", [self._linear(x, prefix + f"attention.self.{name}"), shape], prefix + name)
            for name in ("query", "key", "value")
        }
        query = self._add("Transpose", [heads["query"]], prefix + "q", perm=[0, 2, 1, 3])
        key = self._add("Transpose", [heads["key"]], prefix + "k", perm=[0, 2, 3, 1])
        value = self._add("Transpose", [heads["value"]], prefix + "v", perm=[0, 2, 1, 3])
        scores = self._add("MatMul", [query, key], prefix + "scores")
        scaled = self._add(
            "Mul", [scores, self._constant("scale", np.array([32**-0.5], np.float32))], prefix + "scaled"
        )
        shares = self._add("Softmax", [scaled], prefix + "shares", axis=-1)
        seen = self._add("MatMul", [shares, value], prefix + "seen")
        merged = self._add("Transpose", [seen], prefix + "merged", perm=[0, 2, 1, 3])
        joined = self._add("Reshape", [merged, self._constant("joined", np.array([1, -1, 384]))], prefix + "joined")
        projected = self._linear(joined, prefix + "attention.output.dense")
        x = self._normalized(self._add("Add", [projected, x], prefix + "sum1"), prefix + "attention.output.LayerNorm")
        inner = self._add("Gelu", [self._linear(x, prefix + "intermediate.dense")], prefix + "inner")
        outer = self._linear(inner, prefix + "output.dense")
        return self._normalized(self._add("Add", [outer, x], prefix + "sum2"), prefix + "output.LayerNorm")

    def _linear(self, x: str, name: str) -> str:
        weights = self._constant(f"{name}.transposed", self._tensors[f"{name}.weight"].T)
        product = self._add("MatMul", [x, weights], f"{name}.product")
        return self._add("Add", [product, self._weight(f"{name}.bias")], f"{name}.out")

    def _normalized(self, x: str, name: str) -> str:
        inputs = [x, self._weight(f"{name}.weight"), self._weight(f"{name}.bias")]
        return self._add("LayerNormalization", inputs, f"{name}.out", axis=-1, epsilon=1e-12)

    def _weight(self, name: str) -> str:
        return self._constant(name, self._tensors[name])

    def _constant(self, name: str, value: npt.NDArray[Any]) -> str:
        self._constants[name] = value
        return name

    def _add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output
