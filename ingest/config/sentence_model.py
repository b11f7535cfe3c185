"""The configuration of a sentence-transformers model in a folder: pooling, prefixes, context, inputs and output.

The files and their keys are those of the sentence-transformers library, versions 2 to 5.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from ingest.config.model_folder import MANIFEST, ModelFolder, UnusableFolder

Pooling = Literal["mean", "cls", "max", "lasttoken", "none"]
"""How one vector is made of those of all tokens; `none` if the graph does it."""

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""The inputs that a graph may have."""

_SENTENCE_OUTPUTS = ("sentence_embedding", "sentence_embeddings")
_TOKEN_OUTPUTS = ("last_hidden_state", "token_embeddings")
_MODULES = ("Transformer", "Pooling", "Normalize")
_POOLING_FOLDER = "1_Pooling"
_QUERY_PROMPTS = ("query", "search_query", "retrieval.query")
_PASSAGE_PROMPTS = ("passage", "document", "corpus", "search_document", "retrieval.passage")
# E5 needs its prefixes, but its folders do not name them. The instruct variants of E5 have other ones.
_E5_NAME = re.compile(r"(^|[/_-])e5-(small|base|large)\b(?!.*instruct)")
_E5_PREFIXES = ("query: ", "passage: ")
_MIN_TEXT_TOKENS = 8


@dataclass(frozen=True)
class SentenceModel:
    """What the folder says about its model, and what settings add."""

    folder: ModelFolder
    graph: Path
    architecture: str
    pooling: Pooling
    is_pooling_stated: bool
    pools_prefix: bool
    """Whether the pooling includes the tokens of the prefix."""
    is_normalized: bool
    """Whether the model itself gives vectors of length 1; the service scales all to it."""
    query_prefix: str
    passage_prefix: str
    context_tokens: int
    """Length of the longest input, special tokens included."""
    inputs: tuple[str, ...]
    output: str
    pooling_file: str

    def fingerprint(self) -> str:
        """Return 12 hexadecimal digits that change with the files that decide the vectors. Raises UnusableFolder."""
        return self.folder.fingerprint(self.pooling_file, also=self.passage_prefix)

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of these files by name. Raises UnusableFolder."""
        return self.folder.hashes(self.pooling_file)


def read_sentence_model(path: Path, query_prefix: str = "", passage_prefix: str = "") -> SentenceModel:
    """Read the folder, or the folder of an .onnx file. A prefix that is not empty replaces that of the folder.

    Raises UnusableFolder if the folder is incomplete, or the model needs something that the service does not do.
    """
    folder = ModelFolder(path)
    graph = folder.graph_file
    if not (folder.path / "tokenizer.json").is_file():
        raise UnusableFolder(f"{folder.path} has no tokenizer.json")
    header = folder.read_header()
    unknown = [name for name in header.inputs if name not in INPUTS]
    if unknown or "input_ids" not in header.inputs:
        raise UnusableFolder(
            f"{graph} needs the inputs {', '.join(header.inputs)}; a model may have {', '.join(INPUTS)}"
        )
    modules = _modules(folder)
    pooling_file = f"{modules.get('Pooling', _POOLING_FOLDER)}/config.json"
    output = _choose_output(graph, header.outputs)
    pooling_config = folder.read_json(pooling_file)
    stated = _stated_pooling(folder, pooling_file, pooling_config)
    prefixes = _prefixes(folder)
    is_pooled = output in _SENTENCE_OUTPUTS
    model = SentenceModel(
        folder=folder,
        graph=graph,
        architecture=_architecture(folder),
        pooling="none" if is_pooled else stated or "mean",
        is_pooling_stated=is_pooled or stated is not None,
        pools_prefix=pooling_config.get("include_prompt") is not False,
        is_normalized="Normalize" in modules,
        query_prefix=_with_space(query_prefix) or prefixes[0],
        passage_prefix=_with_space(passage_prefix) or prefixes[1],
        context_tokens=folder.context_tokens(),
        inputs=header.inputs,
        output=output,
        pooling_file=pooling_file,
    )
    if model.context_tokens < _MIN_TEXT_TOKENS:
        raise UnusableFolder(f"{folder.path} has a context of {model.context_tokens} tokens")
    return model


def _modules(folder: ModelFolder) -> dict[str, str]:
    """Return the folders of the model's modules by kind; empty if the folder does not list modules."""
    modules = folder.read_any_json("modules.json")
    if modules is None:
        return {}
    path = folder.path / "modules.json"
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise UnusableFolder(f"{path} is no list of modules")
    found = {}
    for module in modules:
        kind = str(module.get("type", "")).rpartition(".")[2]
        place = str(module.get("path", ""))
        if kind not in _MODULES:
            raise UnusableFolder(f"{path} has a module {kind or '?'}; a model may have {', '.join(_MODULES)}")
        if place.startswith("/") or ".." in Path(place).parts:
            raise UnusableFolder(f"{path} names a module outside of the folder: {place}")
        found[kind] = place
    return found


def _choose_output(graph: Path, outputs: tuple[str, ...]) -> str:
    for name in (*_SENTENCE_OUTPUTS, *_TOKEN_OUTPUTS):
        if name in outputs:
            return name
    if len(outputs) == 1 and outputs[0] != "logits":
        return outputs[0]
    wanted = " nor ".join((_TOKEN_OUTPUTS[0], _SENTENCE_OUTPUTS[0]))
    raise UnusableFolder(f"{graph} has neither the output {wanted}, only {', '.join(outputs)}")


def _stated_pooling(folder: ModelFolder, name: str, config: dict[str, Any]) -> Pooling | None:
    """Return the pooling of the configuration, or None if it does not say any. Raises UnusableFolder for other kinds."""
    modes = [
        key.removeprefix("pooling_mode_") for key, value in config.items() if value is True and "pooling_mode_" in key
    ]
    named = config.get("pooling_mode")
    modes += [named] if isinstance(named, str) else []
    kinds = {mode.removesuffix("_tokens").removesuffix("_token") for mode in modes}
    kinds = {"mean" if kind == "mean_sqrt_len" else kind for kind in kinds}  # the same direction
    if not kinds:
        return None
    supported = [kind for kind in get_args(Pooling) if kind != "none"]
    if len(kinds) > 1 or not kinds <= set(supported):
        raise UnusableFolder(
            f"{folder.path / name} asks for the pooling {' and '.join(sorted(kinds))}; it may be one of {', '.join(supported)}"
        )
    return cast(Pooling, kinds.pop())


def _prefixes(folder: ModelFolder) -> tuple[str, str]:
    """Return the prefixes of queries and passages that the folder names, or those of E5 for a folder of that name."""
    config = folder.read_json("config_sentence_transformers.json")
    prompts = config.get("prompts")
    prompts = prompts if isinstance(prompts, dict) else {}
    default = prompts.get(config.get("default_prompt_name") or "", "")
    query = next((prompts[key] for key in _QUERY_PROMPTS if isinstance(prompts.get(key), str)), default)
    passage = next((prompts[key] for key in _PASSAGE_PROMPTS if isinstance(prompts.get(key), str)), default)
    if not isinstance(query, str) or not isinstance(passage, str):
        raise UnusableFolder(f"{folder.path / 'config_sentence_transformers.json'} has a prompt that is no text")
    if not query and not passage:
        names = (
            folder.path.name,
            folder.read_json("config.json").get("_name_or_path"),
            folder.read_json(MANIFEST).get("name"),
        )
        if any(_E5_NAME.search(str(name).lower().rstrip("/")) for name in names):
            return _E5_PREFIXES
    return query, passage


def _architecture(folder: ModelFolder) -> str:
    config = folder.read_json("config.json")
    architectures = config.get("architectures")
    named = architectures[0] if isinstance(architectures, list) and architectures else config.get("model_type")
    return str(named or "unknown")


def _with_space(prefix: str) -> str:
    """Return a prefix of the settings with the space after its colon, which files of variables easily lose."""
    return f"{prefix} " if prefix.endswith(":") else prefix
