"""Import roots: the folders and buckets that a scheduled import may read.

A scheduled import reads with the permissions of the service, on behalf of a project. Paths are compared after every
link and `..` is resolved, and again on the open file or folder. A link that is replaced between the check and the
read exposes neither contents nor names.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ingest.config import split_commas
from ingest.errors import Refused
from ingest.imports.addresses import (
    INVALID_ADDRESS,
    canonical_bucket_url,
    glob_base,
    is_local,
    is_other_store,
    is_sitemap,
    is_valid_address,
    is_web,
    local_path,
    url_scheme,
)

PROJECT_PLACEHOLDER = "{project}"
"""Replaced in a root by the id of the project that imports."""

OUTSIDE_ROOTS = "The path is outside the import roots"


@dataclass(frozen=True)
class ImportRoots:
    """Folders and bucket URLs that may be read, with everything below them.

    `excluded_folders` are never read. `service_bucket` holds the service's own blobs: an address in the bucket is
    rejected when it is inside that URL or contains it. `is_unrestricted` switches all checks off: the command line
    reads whatever its user can read.
    """

    folders: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    excluded_folders: tuple[str, ...] = ()
    service_bucket: str = ""
    is_unrestricted: bool = False

    @classmethod
    def from_setting(cls, setting: str, project: str, excluded: tuple[Path, ...], blobs: str) -> "ImportRoots":
        """Return the roots of a project.

        `setting` is a comma-separated list, with `{project}` as a placeholder. `blobs` is the folder or URL of the
        service's blobs. Raises Refused when a root is neither an absolute path nor a bucket URL.
        """
        folders, buckets = [], []
        for template in split_commas(setting):
            root = template.replace(PROJECT_PLACEHOLDER, project)
            if is_local(root) and os.path.isabs(path := local_path(root)):
                folders.append(os.path.realpath(path))
            elif url_scheme(root) and not is_web(root) and not is_local(root):
                buckets.append(root.rstrip("/"))
            else:
                raise Refused(f"INGEST_IMPORT_ROOTS: '{template}' is neither an absolute path nor the URL of a bucket.")
        excluded_folders = [os.path.realpath(folder) for folder in excluded]
        if not is_local(blobs):
            return cls(tuple(folders), tuple(buckets), tuple(excluded_folders), canonical_bucket_url(blobs))
        # fsspec does not decode percent signs in a local URL, so local_path() would name another folder.
        excluded_folders.append(os.path.realpath(blobs.partition("://")[2] if url_scheme(blobs) else blobs))
        return cls(tuple(folders), tuple(buckets), tuple(excluded_folders))

    def allows(self, path: str) -> bool:
        """Return whether a local path may be read, after all links are resolved."""
        return self.is_unrestricted or self._allows_real_path(os.path.realpath(path))

    def rejection_reason(self, address: str) -> str:
        """Return why a path, glob or URL may not be imported, or "". Reveals nothing about existing files."""
        if self.is_unrestricted:
            return ""
        if not is_valid_address(address):
            return INVALID_ADDRESS
        if is_web(address) or is_sitemap(address):
            return ""
        if is_other_store(address):
            return "A store of another service is imported by `ingest import` only"
        decoded = local_path(address) if is_local(address) else unquote(address)
        if "::" in address + decoded or any(part in ("..", ".") for part in decoded.split("/")):
            return "Chained URLs and the path parts '.' and '..' are not allowed"
        if "\0" in decoded:
            return INVALID_ADDRESS
        if not is_local(address):
            url = address.rstrip("/")
            is_below_root = any(url == bucket or url.startswith(bucket + "/") for bucket in self.buckets)
            return "" if is_below_root and not self._overlaps_service_bucket(url) else OUTSIDE_ROOTS
        path = local_path(address)
        if not os.path.isabs(path):
            return "The path must be absolute"
        return "" if self.allows(glob_base(path)) else OUTSIDE_ROOTS

    def require_allowed(self, address: str) -> None:
        """Raise Refused when an address may not be imported."""
        if reason := self.rejection_reason(address):
            raise Refused(f"{address}: {reason}.")

    @contextmanager
    def open_file(self, path: str) -> Iterator[str]:
        """Open an allowed file and yield a path that reads exactly that file, even if its name is replaced meanwhile.

        Raises OutsideImportRoots when the file is not allowed, OSError when it is not regular or not readable.
        """
        if self.is_unrestricted:
            yield path
            return
        # O_NONBLOCK: opening a pipe would wait for its writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not self._allows_real_path(os.readlink(f"/proc/self/fd/{handle}")):
                raise OutsideImportRoots
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(0, "Not a regular file")
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)

    @contextmanager
    def open_folder(self, path: str) -> Iterator[tuple[int, str]]:
        """Open an allowed folder and yield its handle and real path.

        A listing through the handle shows exactly that folder, even if its name is replaced meanwhile. Raises
        OutsideImportRoots when the folder is not allowed, OSError when it is no folder or not readable.
        """
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            real_path = os.path.realpath(path) if self.is_unrestricted else os.readlink(f"/proc/self/fd/{handle}")
            if not self.is_unrestricted and not self._allows_real_path(real_path):
                raise OutsideImportRoots
            yield handle, real_path
        finally:
            os.close(handle)

    def _overlaps_service_bucket(self, url: str) -> bool:
        if not self.service_bucket:
            return False
        searched = canonical_bucket_url(glob_base(url))
        return _is_below(searched, (self.service_bucket,)) or _is_below(self.service_bucket, (searched,))

    def _allows_real_path(self, real_path: str) -> bool:
        return _is_below(real_path, self.folders) and not _is_below(real_path, self.excluded_folders)


class OutsideImportRoots(OSError):
    """A file or folder is outside the import roots."""

    def __init__(self) -> None:
        super().__init__(0, OUTSIDE_ROOTS)


UNRESTRICTED = ImportRoots(is_unrestricted=True)


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)
