"""Installation of a model's folder from a hub: only the files that are needed, all or nothing, with their hashes."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ingest.config.model_folder import CONFIGURATION_FILES, MANIFEST, ModelFolder, UnusableFolder, choose_graph
from ingest.config.sentence_model import read_sentence_model
from ingest.errors import Refused
from ingest.steps.embed.hub import Hub, HubFile, check_name, is_safe_path

MAX_BYTES = 8 << 30
"""The most that is downloaded for one model."""

_POOLING_FILE = re.compile(r"[\w.-]+/config\.json", re.ASCII)
_CROSS_ENCODER_OUTPUT = "logits"


@dataclass(frozen=True)
class ModelRequest:
    """A model of a hub. `graph` names the ONNX file to use; empty = the first of the documented order."""

    name: str
    revision: str = "main"
    graph: str = ""


@dataclass(frozen=True)
class InstalledModel:
    """An installed folder."""

    folder: Path
    commit: str
    is_reranker: bool
    """Whether the model is a cross-encoder, which reranks and does not embed."""


def install(hub: Hub, request: ModelRequest, folder: Path, on_file: Callable[[str, int], None]) -> InstalledModel:
    """Download a model into a new folder and return it. `on_file` gets the path and size of each file before it comes.

    The folder appears complete or not at all. Raises Refused for a folder that exists, a download that fails or has another
    hash than the hub lists, and a model that the service cannot run.
    """
    check_name(request.name)
    if folder.exists():
        raise Refused(f"{folder} exists: remove it, or name another folder with --folder.")
    commit = hub.commit(request.name, request.revision)
    listed = hub.files(request.name, commit)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        _Download(hub, request, commit, listed, partial, on_file).run()
        is_reranker = _check(partial)
        _sync(partial)
        partial.rename(folder)
    except UnusableFolder as exc:
        text = str(exc).replace(f"{partial}{os.sep}", "")
        raise Refused(f"The service cannot run {request.name}. {text}.") from exc
    except OSError as exc:
        raise Refused(f"{folder} cannot be written: {exc.strerror or exc}.") from exc
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return InstalledModel(folder, commit, is_reranker)


class _Download:
    def __init__(
        self,
        hub: Hub,
        request: ModelRequest,
        commit: str,
        listed: dict[str, HubFile],
        folder: Path,
        on_file: Callable[[str, int], None],
    ) -> None:
        self._hub, self._request, self._commit, self._listed = hub, request, commit, listed
        self._folder, self._on_file = folder, on_file
        self._done: dict[str, dict[str, object]] = {}
        self._bytes = 0

    def run(self) -> None:
        """Download the files that are needed and write the manifest."""
        graph = self._request.graph or choose_graph(self._listed)
        if graph is None:
            found = ", ".join(sorted(path for path in self._listed if path.endswith(".onnx")))
            hint = f"Choose one of its graphs with --graph: {found}." if found else "It has no ONNX graph."
            raise Refused(f"{self._request.name} cannot be installed. {hint}")
        if "tokenizer.json" not in self._listed:
            raise Refused(f"{self._request.name} has no tokenizer.json.")
        if graph.rpartition("/")[0] not in ("", "onnx"):
            raise Refused(f"{graph} is neither at the top of the model nor in its folder onnx.")
        for path in sorted(self._listed):
            if path in CONFIGURATION_FILES or _POOLING_FILE.fullmatch(path):
                self._get(path)
        self._get(graph)
        for name in ModelFolder(self._folder / graph).data_file_names():
            self._get(f"{graph.rpartition('/')[0]}/{name}".lstrip("/"))
        manifest = {
            "name": self._request.name,
            "revision": self._commit,
            "graph": graph,
            "files": self._done,
        }
        (self._folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")

    def _get(self, path: str) -> None:
        file = self._listed.get(path)
        if file is None or not is_safe_path(path):
            raise Refused(f"{self._request.name} has no file {path}.")
        self._bytes += file.size
        if self._bytes > MAX_BYTES:
            raise Refused(f"{self._request.name} is larger than {MAX_BYTES >> 30} GiB.")
        free = shutil.disk_usage(self._folder).free
        if file.size > free:
            raise Refused(
                f"{path} has {file.size >> 20} MiB, but {self._folder.parent} has only {free >> 20} MiB left."
            )
        self._on_file(path, file.size)
        sha256 = self._hub.download(self._request.name, self._commit, file, self._folder / path)
        self._done[path] = {"size": file.size, "sha256": sha256}


def _check(folder: Path) -> bool:
    """Return whether the model is a cross-encoder. Raises UnusableFolder if the service cannot run it."""
    if _CROSS_ENCODER_OUTPUT in ModelFolder(folder).read_header().outputs:
        return True
    read_sentence_model(folder)
    return False


def _sync(folder: Path) -> None:
    """Make the contents survive a power cut, before the folder gets its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
