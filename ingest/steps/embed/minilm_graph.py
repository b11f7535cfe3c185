"""The ONNX graph of all-MiniLM-L6-v2: BERT with int8 matrices and ONNX Runtime's fused operators.

Input `ids` (1, n): the wordpieces of one text with [CLS] and [SEP], n <= 512. Output `vector` (1, 384) of length 1.
The graph has no padding and no mask: batches are no faster on one thread, and the scales of activations are computed
over the whole input, so the other texts of a batch would change a text's vector.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.config import LOCAL_MODEL
from ingest.steps.embed.minilm_channels import HOT_CHANNELS

DIMENSIONS = 384

VERSION = 2
"""Version of the graph that this module builds. A change makes every machine build the file anew."""

_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12
_FUSED = {"DynamicQuantizeMatMul", "FastGelu", "MultiHeadAttention"}

_Array = npt.NDArray[Any]
_Floats = npt.NDArray[np.float32]


def build_graph(tensors: dict[str, _Floats], weight_bits: int) -> Any:
    """Return the ONNX model of published `tensors`, with matrices of `weight_bits` bits (7 or 8)."""
    return _Graph(tensors, weight_bits).model()


def read_tensors(path: Path) -> dict[str, _Floats]:
    """Read the float tensors of a safetensors file: 8 bytes of header length, a JSON header, the data."""
    raw = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    header = json.loads(raw[8:start].tobytes())
    return {
        name: raw[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]]
        .view("<f4")
        .reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


class _Graph:
    """Builds BERT layer by layer. Each method adds nodes and returns the name of their output."""

    def __init__(self, tensors: dict[str, _Floats], bits: int) -> None:
        self._tensors = tensors
        self._max_weight = 2 ** (bits - 1) - 1
        self._nodes: list[Any] = []
        self._constants: dict[str, _Array] = {}

    def model(self) -> Any:
        from onnx import TensorProto, helper, numpy_helper

        x = self._embeddings()
        for layer in range(_LAYERS):
            x = self._layer(layer, x)
        pooled = self._node("ReduceMean", [x, self._constant("pool_axis", np.array([1]))], "pooled", keepdims=0)
        self._node("LpNormalization", [pooled], "vector", axis=-1, p=2)
        graph = helper.make_graph(
            self._nodes,
            LOCAL_MODEL,
            [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "n"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, DIMENSIONS])],
            [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in self._constants.items()],
        )
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)

    def _embeddings(self) -> str:
        word = self._tensors["embeddings.word_embeddings.weight"]
        # Half precision saves 23 MB in each process, and its error is 1,000 times smaller than that of int8.
        words = self._node("Gather", [self._constant("words", word.astype(np.float16)), "ids"], "word_halves")
        words = self._node("Cast", [words], "word_rows", to=1)
        position = self._tensors["embeddings.position_embeddings.weight"]
        token_type = self._tensors["embeddings.token_type_embeddings.weight"][0]
        length = self._node("Shape", ["ids"], "length", start=1, end=2)
        zero = self._constant("zero", np.array([0]))
        positions = self._node(
            "Slice", [self._constant("places", position + token_type), zero, length, zero], "place_rows"
        )
        summed = self._node("Add", [words, positions], "embedded")
        scale, shift = self._norm_weights("embeddings.LayerNorm")
        return self._node("LayerNormalization", [summed, scale, shift], "layer_in", axis=-1, epsilon=_EPSILON)

    def _layer(self, layer: int, x: str) -> str:
        prefix = f"encoder.layer.{layer}."
        qkv = [prefix + f"attention.self.{name}" for name in ("query", "key", "value")]
        weights = np.concatenate([self._tensors[f"{name}.weight"].T for name in qkv], axis=1)
        bias = np.concatenate([self._tensors[f"{name}.bias"] for name in qkv])
        joined = self._matmul(prefix + "qkv", x, weights, bias)
        parts = [prefix + part for part in ("q", "k", "v")]
        self._nodes.append(self._make_node("Split", [joined], parts, axis=-1, num_outputs=3))
        attended = self._node("MultiHeadAttention", parts, prefix + "seen", num_heads=_HEADS)
        weights, bias = self._weights_and_bias(prefix + "attention.output.dense")
        projected = self._matmul(prefix + "attention.output.dense", attended, weights, bias)
        x = self._add_and_normalize(prefix + "attention.output.LayerNorm", projected, x)
        return self._add_and_normalize(prefix + "output.LayerNorm", self._feed_forward(layer, prefix, x), x)

    def _feed_forward(self, layer: int, prefix: str, x: str) -> str:
        """Multiply the hottest channels on their own, in full precision; the scale of the others is finer without them."""
        inner_weights, inner_bias = self._weights_and_bias(prefix + "intermediate.dense")
        outer_weights, outer_bias = self._weights_and_bias(prefix + "output.dense")
        hot = np.array(HOT_CHANNELS[layer])
        others = np.setdiff1d(np.arange(len(inner_bias)), hot)
        # Two products cost less than one and a split of its result, which would be copied.
        activated = [
            self._node(
                "FastGelu", [self._matmul(name, x, inner_weights[:, part], inner_bias[part])], f"{name}.activated"
            )
            for name, part in ((prefix + "intermediate.most", others), (prefix + "intermediate.hot", hot))
        ]
        most = self._matmul(prefix + "output.most", activated[0], outer_weights[others], outer_bias)
        hot_weights = self._constant(prefix + "output.hot.weight", outer_weights[hot])
        hottest = self._node("MatMul", [activated[1], hot_weights], prefix + "output.hot.out")
        return self._node("Add", [most, hottest], prefix + "outer")

    def _matmul(self, name: str, x: str, weights: _Floats, bias: _Floats) -> str:
        """Multiply x by weights (in, out) and add the bias, with a scale for each output channel and one for all of x."""
        scales = np.abs(weights).max(axis=0) / self._max_weight
        integers = np.rint(weights / scales).astype(np.int8)
        inputs = [
            x,
            self._constant(f"{name}.int8", integers),
            self._constant(f"{name}.scales", scales),
            "",  # zero points: none
            self._constant(f"{name}.bias", bias),
        ]
        return self._node("DynamicQuantizeMatMul", inputs, f"{name}.out")

    def _add_and_normalize(self, name: str, x: str, residual: str) -> str:
        # SkipLayerNormalization does both, but takes 6 ms more for 240 wordpieces: its loop is not vectorized.
        summed = self._node("Add", [x, residual], f"{name}.sum")
        inputs = [summed, *self._norm_weights(name)]
        return self._node("LayerNormalization", inputs, f"{name}.normal", axis=-1, epsilon=_EPSILON)

    def _weights_and_bias(self, name: str) -> tuple[_Floats, _Floats]:
        return self._tensors[f"{name}.weight"].T, self._tensors[f"{name}.bias"]

    def _norm_weights(self, name: str) -> list[str]:
        return [self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias")]

    def _tensor(self, name: str) -> str:
        return self._constant(name, self._tensors[name])

    def _constant(self, name: str, value: _Array) -> str:
        self._constants[name] = value
        return name

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        self._nodes.append(self._make_node(operator, inputs, [output], **attributes))
        return output

    def _make_node(self, operator: str, inputs: list[str], outputs: list[str], **attributes: object) -> Any:
        from onnx import helper

        domain = "com.microsoft" if operator in _FUSED else ""
        return helper.make_node(operator, inputs, outputs, domain=domain, **attributes)
