"""`ingest usage`: how much the vector stores hold."""

from typing import Any

from ingest.cli.listing import extension, format_bytes, print_json_lines, print_rows
from ingest.cli.options import ApiKey, AsJson, BaseUrl
from ingest.imports.client import open_client
from ingest.imports.service_url import DEFAULT_URL


def usage(as_json: AsJson = False, base_url: BaseUrl = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Show the files, chunks and bytes of vector stores.

    Each chunk is one point in the index. The size is that of the indexed text and its vectors.
    """
    with open_client(base_url, api_key) as client:
        stores = [_facts(store) for store in client.vector_stores.list(limit=100)]
    total = {name: sum(store[name] for store in stores) for name in ("files", "chunks", "bytes")}
    if as_json:
        print_json_lines([*stores, {"object": "total", **total}])
        return
    rows = [
        (store["id"], store["name"], store["files"], store["chunks"], format_bytes(store["bytes"])) for store in stores
    ]
    rows.append(("total", "", total["files"], total["chunks"], format_bytes(total["bytes"])))
    print_rows(("id", "name", "files", "chunks", "size"), rows)


def _facts(store: Any) -> dict[str, Any]:
    chunks = extension(store, "chunks") or 0
    counts = {"files": store.file_counts.total, "chunks": chunks, "bytes": store.usage_bytes}
    return {"object": "vector_store", "id": store.id, "name": store.name, **counts}
