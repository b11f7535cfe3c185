"""Use the service through libraries that stand on the openai client: LiteLLM, LangChain and LlamaIndex.

The interpreter of their environment runs it, with OPENAI_BASE_URL in the environment. It prints one line for each check:
{"check": name, "error": null or the error}.
"""

import importlib.metadata
import json
import math
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

os.environ |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "DO_NOT_TRACK": "1"}  # no request to other hosts

import litellm
import litellm.vector_store_files as litellm_files
import litellm.vector_stores as litellm_stores
import openai

URL = os.environ["OPENAI_BASE_URL"]
ROOT = URL.removesuffix("/v1")
KEY = {"api_key": "none"}
CLIENT: Any = openai.OpenAI(max_retries=0, timeout=30)
MODEL = CLIENT.models.list().data[0].id


def litellm_creates_attaches_lists_and_reads() -> None:
    through = {"custom_llm_provider": "openai", "api_base": URL, **KEY}
    store = litellm_stores.create(name="litellm", **through)["id"]
    file = CLIENT.files.create(file=("heron.md", b"# Herons\n\nThe heron fishes at dawn."), purpose="assistants").id

    attached = litellm_files.create(vector_store_id=store, file_id=file, **through)
    CLIENT.vector_stores.files.poll(file, vector_store_id=store)

    assert attached["id"] == file
    assert [each["id"] for each in litellm_files.list(vector_store_id=store, **through)["data"]] == [file]
    assert litellm_files.retrieve(vector_store_id=store, file_id=file, **through)["status"] == "completed"


def litellm_searches_through_the_providers(provider: str, url: str) -> None:
    store = CLIENT.vector_stores.create(name="litellm").id
    file = CLIENT.files.create(file=("otter.txt", b"The otter swims."), purpose="assistants").id
    CLIENT.vector_stores.files.create_and_poll(file, vector_store_id=store)
    through = {"vector_store_id": store, "custom_llm_provider": provider, "api_base": url, **KEY}

    plain = litellm_stores.search(query="otter", **through)
    narrow = litellm_stores.search(
        query="otter", max_num_results=1, filters={"type": "eq", "key": "filename", "value": "otter.txt"}, **through
    )

    assert [each["filename"] for each in plain["data"]] == ["otter.txt"]
    assert narrow["data"] == plain["data"]


def litellm_searches_as_openai() -> None:
    litellm_searches_through_the_providers("openai", URL)


def litellm_searches_as_pg_vector() -> None:
    litellm_searches_through_the_providers("pg_vector", ROOT)


def litellm_embeds() -> None:
    made = litellm.embedding(model=f"openai/{MODEL}", input=["heron", "otter"], api_base=URL, **KEY)

    assert is_unit(made.data[1]["embedding"])


def langchain_embeds() -> None:
    from langchain_openai import OpenAIEmbeddings

    embeddings = OpenAIEmbeddings(model=MODEL, base_url=URL, api_key="none")  # sends tokens

    heron, otter = embeddings.embed_documents(["The heron fishes at dawn.", "The otter swims."])
    query = embeddings.embed_query("heron")

    assert is_unit(heron)
    assert cosine(query, heron) > cosine(query, otter)


def llama_index_embeds() -> None:
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding

    embeddings = OpenAILikeEmbedding(model_name=MODEL, api_base=URL, api_key="none")

    heron, otter = embeddings.get_text_embedding_batch(["The heron fishes at dawn.", "The otter swims."])

    assert cosine(embeddings.get_query_embedding("heron"), heron) > cosine(heron, otter)


def is_unit(vector: Any) -> bool:
    return math.isclose(sum(x * x for x in vector), 1, abs_tol=1e-4)


def cosine(left: Any, right: Any) -> float:
    return float(sum(a * b for a, b in zip(left, right, strict=True)))


CHECKS: tuple[Callable[[], None], ...] = (
    litellm_creates_attaches_lists_and_reads,
    litellm_searches_as_openai,
    litellm_searches_as_pg_vector,
    litellm_embeds,
    langchain_embeds,
    llama_index_embeds,
)


def main() -> None:
    output, sys.stdout = sys.stdout, sys.stderr
    for check in CHECKS:
        try:
            check()
            error = None
        except Exception:  # noqa: BLE001 - whatever a library raises is the result of its check
            error = traceback.format_exc(limit=-3)
        print(json.dumps({"check": check.__name__, "error": error}), file=output, flush=True)
    names = ("litellm", "langchain-openai", "llama-index-embeddings-openai-like")
    print(json.dumps({name: importlib.metadata.version(name) for name in names}), file=sys.stderr)


if __name__ == "__main__":
    main()
