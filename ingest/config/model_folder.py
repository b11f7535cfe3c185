"""The folder of a local model, as sentence-transformers and Optimum write it: which files count, and are they still the same.

Embedding models and cross-encoders share it. Only files are read here; the graph is loaded in `ingest/steps`.
"""

import hashlib
import json
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.config.onnx_header import GraphHeader, read_header

MANIFEST = "ingest-model.json"
"""Written by `ingest models install`: where the files come from, and their SHA-256."""

CONFIGURATION_FILES = (
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
"""Files that decide what a text's vector is, beside the graph and the configuration of the pooling."""

_GRAPH_STEMS = ("model", "model_quantized", "model_int8", "model_uint8", "model_fp16")
GRAPH_NAMES = tuple(f"{folder}{stem}.onnx" for stem in _GRAPH_STEMS for folder in ("", "onnx/"))
"""Names of the graph, in the order in which they are preferred. A single graph with another name is used too."""

_FINGERPRINT_CHARACTERS = 12
_MAX_JSON_BYTES = 16 << 20
_MAX_BELIEVED_TOKENS = 1_000_000  # tokenizers without a limit name one of 10**30
_DEFAULT_CONTEXT_TOKENS = 512
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")
"""Kinds of models whose positions start after that of the padding token, so that some of them are never used."""


class UnusableFolder(ValueError):
    """The folder lacks a file, or a file cannot be used."""


def choose_graph(names: Collection[str]) -> str | None:
    """Return the graph to use among the files of a folder (paths relative to it, with `/`), or None without one."""
    for name in GRAPH_NAMES:
        if name in names:
            return name
    graphs = [name for name in names if name.endswith(".onnx") and name.rpartition("/")[0] in ("", "onnx")]
    return graphs[0] if len(graphs) == 1 else None


class ModelFolder:
    """Reads the files of one folder. `path` may also name the graph in it, where the folder has several."""

    def __init__(self, path: Path) -> None:
        self._graph = path if path.suffix == ".onnx" else None
        self.path = path
        if self._graph is not None:
            self.path = path.parent.parent if path.parent.name == "onnx" else path.parent

    @property
    def graph_file(self) -> Path:
        """The path of the graph. Raises UnusableFolder if there is none."""
        if self._graph is not None:
            if not self._graph.is_file():
                raise UnusableFolder(f"{self._graph} does not exist")
            return self._graph
        if not self.path.is_dir():
            raise UnusableFolder(f"{self.path} is not a folder")
        graphs = [*self.path.glob("*.onnx"), *self.path.glob("onnx/*.onnx")]
        chosen = choose_graph([graph.relative_to(self.path).as_posix() for graph in graphs])
        if chosen is None:
            several = ": name one of its graphs, the path of its .onnx file" if graphs else ""
            raise UnusableFolder(f"{self.path} has neither {GRAPH_NAMES[0]} nor {GRAPH_NAMES[1]}{several}")
        return self.path / chosen

    def read_json(self, name: str) -> dict[str, Any]:
        """Return a file's object, or an empty one if the file is missing. Raises UnusableFolder for anything else."""
        content = self.read_any_json(name)
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise UnusableFolder(f"{self.path / name} is no JSON object")
        return content

    def read_any_json(self, name: str) -> Any:
        """Return a file's content, or None if the file is missing. Raises UnusableFolder if it cannot be read."""
        path = self.path / name
        try:
            with path.open("rb") as stream:
                raw = stream.read(_MAX_JSON_BYTES + 1)
            return json.loads(raw)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as exc:
            raise UnusableFolder(f"{path} cannot be read: {exc}") from exc

    def context_tokens(self) -> int:
        """Return the length of the longest input in tokens, special tokens included; 512 if no file names it."""
        config = self.read_json("config.json")
        positions = _number(config.get("max_position_embeddings"))
        if positions and config.get("model_type") in _OFFSET_POSITIONS:
            positions -= (_number(config.get("pad_token_id")) or 1) + 1
        limits = (
            positions,
            _number(self.read_json("tokenizer_config.json").get("model_max_length")),
            _number(self.read_json("sentence_bert_config.json").get("max_seq_length")),
        )
        return min((limit for limit in limits if limit), default=_DEFAULT_CONTEXT_TOKENS)

    def read_header(self) -> GraphHeader:
        """Return what the graph declares. Raises UnusableFolder, also for weights that are missing or outside the folder."""
        graph = self.graph_file
        header = self._read_header(graph)
        for name in header.data_files:
            self._data_file(graph, name)
        return header

    def data_file_names(self) -> tuple[str, ...]:
        """Return the files with weights that the graph names, which need not exist yet. Raises UnusableFolder."""
        return self._read_header(self.graph_file).data_files

    def _read_header(self, graph: Path) -> GraphHeader:
        try:
            return read_header(graph)
        except (OSError, ValueError) as exc:
            raise UnusableFolder(str(exc)) from exc

    def fingerprint(self, *more_files: str, also: str = "") -> str:
        """Return 12 hexadecimal digits that change when a file changes which decides the vectors.

        `more_files` names further files, `also` is anything else that counts. Raises UnusableFolder if a file is not the one that was installed.
        """
        digest = hashlib.sha256(also.encode())
        for name, sha256 in sorted(self.hashes(*more_files).items()):
            digest.update(f"{name} {sha256}\n".encode())
        return digest.hexdigest()[:_FINGERPRINT_CHARACTERS]

    def hashes(self, *more_files: str) -> dict[str, str]:
        """Return the SHA-256 of the files that decide the vectors, by name. Raises UnusableFolder."""
        graph = self.graph_file
        files = {name: self.path / name for name in (*CONFIGURATION_FILES, *more_files)}
        files |= {file.relative_to(self.path).as_posix(): file for file in (graph, *self._data_files(graph))}
        installed = self.read_json(MANIFEST).get("files")
        hashes = {}
        for name, path in files.items():
            if path.is_file():
                hashes[name] = file_sha256(path)
                expected = installed.get(name) if isinstance(installed, dict) else None
                if isinstance(expected, dict) and expected.get("sha256") != hashes[name]:
                    raise UnusableFolder(f"{path} is not the file that was installed (sha256 {hashes[name]})")
        return hashes

    def graph_bytes(self) -> int:
        """Return the size of the graph with its weights. Raises UnusableFolder."""
        graph = self.graph_file
        return sum(path.stat().st_size for path in (graph, *self._data_files(graph)))

    def _data_files(self, graph: Path) -> list[Path]:
        return [self._data_file(graph, name) for name in self.read_header().data_files]

    def _data_file(self, graph: Path, name: str) -> Path:
        path = graph.parent / name
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise UnusableFolder(f"{graph} names weights outside of its folder: {name}")
        if not path.is_file():
            raise UnusableFolder(f"{path}, the weights of {graph.name}, does not exist")
        return path


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; a file that has not changed since the last time is not read again."""
    try:
        status = path.stat()
        return _sha256(path, status.st_size, status.st_mtime_ns, status.st_ino)
    except OSError as exc:
        raise UnusableFolder(f"{path} cannot be read: {exc.strerror}") from exc


@lru_cache(maxsize=256)
def _sha256(path: Path, _size: int, _modified: int, _inode: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _number(value: object) -> int:
    """Return a positive number that can be a length of texts, else 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MAX_BELIEVED_TOKENS:
        return 0
    return int(value)
