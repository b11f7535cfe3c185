"""Moving in: stores of other services as sources of an import.

`openai://vs_...` is a vector store of OpenAI, or of any server with its API; `qdrant://collection` a collection of
Qdrant; `jsonl://path` a file with one record a line. Here: how each is listed, and how the content of one file is
fetched. Not here: the journal, the uploads and the store that is filled, which are those of any import.
"""

from collections.abc import Iterator
from pathlib import Path

from ingest.errors import Refused
from ingest.imports.addresses import url_scheme
from ingest.imports.attributes import Attributes
from ingest.imports.other_stores.base import OtherStore, SourceServer
from ingest.imports.other_stores.json_lines import SCHEME as JSON_LINES
from ingest.imports.other_stores.json_lines import JsonLinesFile
from ingest.imports.other_stores.openai_store import OpenAIStore
from ingest.imports.other_stores.qdrant_collection import QdrantCollection
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem

__all__ = ["JSON_LINES", "OtherStores", "SourceServer"]

_KINDS: dict[str, type[OtherStore]] = {
    "openai": OpenAIStore, "qdrant": QdrantCollection, "jsonl": JsonLinesFile,
}  # fmt: skip


class OtherStores:
    """Lists and reads the stores of other services. Threads may share an instance."""

    def __init__(self, server: SourceServer, max_bytes: int) -> None:
        self._readers = {scheme: kind(server, max_bytes) for scheme, kind in _KINDS.items()}

    def list_files(
        self, address: str, source: str, attributes: Attributes, path_filter: PathFilter
    ) -> Iterator[SourceFile | SourceProblem]:
        """Yield the files of a store, and a problem when it cannot be listed."""
        return self._readers[url_scheme(address)].list_files(address, source, attributes, path_filter)

    def fetch(self, address: str, fingerprint: str, target: Path) -> str:
        """Copy the content of a file to a new file, and return its name. Raises OSError."""
        return self._readers[url_scheme(address)].fetch(address, fingerprint, target)

    def close(self) -> None:
        """Close the connections."""
        for reader in self._readers.values():
            reader.close()

    def check(self, address: str) -> None:
        """Raise Refused when an address names no store, or its server is not known."""
        if not address.partition("://")[2].strip("/"):
            raise Refused(f"{address}: the name of a store is missing.")
        self._readers[url_scheme(address)].check(address)
