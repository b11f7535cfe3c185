"""`ingest models`: list the embedding models of the service, install the folder of a local model from a hub, and show what a folder is."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ingest.cli.listing import print_json_lines, print_rows
from ingest.cli.options import HELP_MARKUP, ApiKey, AsJson, BaseUrl
from ingest.cli.output import print_line
from ingest.config import load_settings
from ingest.config.embedding_model import EmbeddingModel
from ingest.config.model_folder import UnusableFolder
from ingest.config.sentence_model import read_sentence_model
from ingest.errors import Refused
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL
from ingest.runtime.private_files import public_files

app = typer.Typer(
    name="models",
    no_args_is_help=True,
    help="List, install and show embedding models.",
    pretty_exceptions_enable=False,
    rich_markup_mode=HELP_MARKUP,
)

_TIMEOUT_SECONDS = 60.0  # without a byte
# The models of the environment do not matter here: they may be what is to be installed.
_NO_MODELS = {
    "embedding_url": "",
    "embedding_model_path": "",
    "embedding_query_prefix": "",
    "embedding_passage_prefix": "",
    "embedding_models": (),
    "embedding_default": "",
    "embedding_dimensions": 0,
}


@app.command("list")
def list_(as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """List the embedding models of the service, the default one first."""
    with open_client(base_url, api_key) as client:
        models = [model.id for model in client.models.list()]
    if as_json:
        print_json_lines({"object": "model", "id": model} for model in models)
    else:
        print_rows(("model",), [(model,) for model in models])


@app.command("install")
def install(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model on the hub, such as OWNER/MODEL.")],
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "main",
    folder: Annotated[Path | None, typer.Option(help="New folder for the model (default: DATA/models/MODEL).")] = None,
    graph: Annotated[str, typer.Option(help="ONNX file to use, where the model has several.")] = "",
    hub: Annotated[str, typer.Option(help="Address of the hub or a mirror (default: INGEST_MODEL_HUB_URL).")] = "",
    data: Annotated[Path | None, typer.Option(help="Data folder of the service.")] = None,
) -> None:
    """Download a sentence-transformers model with an ONNX graph.

    Only the files that are needed are downloaded. Their hashes are checked now and at each start of the service. Nothing else
    of the service downloads models.
    """
    # Imported here: `ingest models show` needs no HTTP client.
    from ingest.steps.embed import install as installing
    from ingest.steps.embed.hub import Hub

    settings = load_settings(data=data, **_NO_MODELS)
    target = folder or settings.data / "models" / name.rpartition("/")[2]
    request = installing.ModelRequest(name, revision, graph)
    console = Console(highlight=False)
    with public_files(), Hub(hub or settings.model_hub_url, _TIMEOUT_SECONDS) as opened:
        installed = installing.install(
            opened, request, target.absolute(), lambda path, size: print_line(console, f"{path} {_readable(size)}")
        )
    setting = "INGEST_RERANK_MODEL_PATH" if installed.is_reranker else "INGEST_EMBEDDING_MODEL_PATH"
    print_line(console, f"installed {name} at commit {installed.commit}")
    print_line(console, f"{setting}={installed.folder}")


@app.command("show")
def show(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a model, or a graph in it.")],
    query_prefix: Annotated[str, typer.Option(help="As INGEST_EMBEDDING_QUERY_PREFIX.")] = "",
    passage_prefix: Annotated[str, typer.Option(help="As INGEST_EMBEDDING_PASSAGE_PREFIX.")] = "",
) -> None:
    """Print what an embedding model's folder is, and check that it works.

    The command loads the model and embeds a word.
    """
    from ingest.steps.embed.folder import FolderEmbedder

    try:
        model = read_sentence_model(folder, query_prefix, passage_prefix)
        hashes = model.hashes()
        named = EmbeddingModel(model_path=folder, query_prefix=query_prefix, passage_prefix=passage_prefix)
        name = named.with_fingerprint().model
    except UnusableFolder as exc:
        raise Refused(f"{exc}.") from exc
    prefixes = {"embedding_query_prefix": query_prefix, "embedding_passage_prefix": passage_prefix}
    embedder = FolderEmbedder(load_settings(**_NO_MODELS | prefixes | {"embedding_model_path": folder}))
    embedder.check()
    pooling = "in the graph" if model.pooling == "none" else model.pooling
    facts = {
        "name": name,
        "architecture": model.architecture,
        "graph": model.graph.relative_to(model.folder.path).as_posix(),
        "dimensions": embedder.dimensions,
        "pooling": pooling + ("" if model.is_pooling_stated else " (the folder does not say)"),
        "normalized": "by the model" if model.is_normalized else "by the service",
        "query prefix": repr(model.query_prefix),
        "passage prefix": repr(model.passage_prefix),
        "context": f"{model.context_tokens} tokens",
        "window": f"{embedder.window_tokens} tokens of cl100k_base" if embedder.window_tokens else "whole chunks",
        **{f"sha256 {path}": sha256 for path, sha256 in sorted(hashes.items())},
    }
    console = Console(highlight=False)
    for key, value in facts.items():
        print_line(console, f"{key}: {value}")


def _readable(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size} bytes"
