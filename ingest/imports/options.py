"""The options of an import."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ingest.imports.import_roots import UNRESTRICTED, ImportRoots
from ingest.imports.other_stores import OtherStores, SourceServer
from ingest.imports.patterns import PathFilter
from ingest.imports.removal_limit import RemovalLimit
from ingest.imports.scan import AttributeRules
from ingest.imports.sources import source_key
from ingest.imports.web import DownloadLimits


@dataclass(frozen=True)
class ImportOptions:
    """What to import, into which store, and how."""

    store: str
    """Name or id of the vector store."""
    paths: Sequence[str]
    """Files, folders, globs and URLs."""
    manifests: Sequence[str]
    path_filter: PathFilter
    attribute_rules: AttributeRules
    journal_folder: Path
    threads: int
    """Concurrent uploads."""
    batch_files: int
    """The most files in a batch."""
    delete_missing: bool = False
    retry_failed: bool = False
    check_store: bool = False
    """Compare every file with the store, even if the store's counts agree with the journal."""
    download_limits: DownloadLimits = field(default_factory=DownloadLimits)
    source_server: SourceServer = field(default_factory=SourceServer)
    """The other service whose stores are sources."""
    import_roots: ImportRoots = UNRESTRICTED
    requires_files: bool = False
    """Treat a source without files as a problem (a disk may not be mounted), so that nothing is removed."""
    failures_file: Path | None = None
    """Receives every file that did not complete, as CSV or JSON Lines."""
    max_delete: RemovalLimit | None = None
    """If more files are missing, none is removed."""

    @cached_property
    def other_stores(self) -> OtherStores:
        """The stores of other services that are sources."""
        return OtherStores(self.source_server, self.download_limits.max_bytes)

    @property
    def sources(self) -> list[str]:
        """The keys that identify the sources from one import to the next."""
        return [source_key(address) for address in (*self.paths, *self.manifests)]
