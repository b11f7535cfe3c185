"""Remote files: buckets through fsspec, and single URLs on the web."""

import glob
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import fsspec

from ingest.errors import Refused
from ingest.imports.attributes import Attributes
from ingest.imports.patterns import PathFilter, glob_to_regex
from ingest.imports.source_files import SourceFile, SourceProblem, to_printable
from ingest.imports.web_names import name_of_url

FINGERPRINT_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")
"""Keys under which fsspec file systems report a fact that changes with the content, the most reliable first."""


def list_objects(
    url: str, source: str, upload_name: str, attributes: Attributes, path_filter: PathFilter
) -> Iterator[SourceFile | SourceProblem]:
    """Yield the files at or below a bucket URL, which may end in a glob. Raises Refused."""
    file_system, path, scheme = _open_url(url)
    base, matches_glob = _split_glob(path)

    def describe(facts: Mapping[str, Any], relative_path: str) -> SourceFile:
        address = f"{scheme}://{facts['name'].lstrip('/')}"
        fingerprint = next((str(facts[key]) for key in FINGERPRINT_KEYS if facts.get(key)), "")
        base_name = posixpath.basename(facts["name"])
        return SourceFile(
            address=address, relative_path=to_printable(relative_path), display_path=to_printable(address),
            upload_name=to_printable(upload_name or base_name), source=source, size=facts.get("size"),
            fingerprint=fingerprint, attributes=attributes,
        )  # fmt: skip

    try:
        facts = None if matches_glob else file_system.info(base)
        if facts is not None and facts["type"] == "file":
            yield describe(facts, posixpath.basename(base))
            return
        top = base.rstrip("/")
        for folder, folders, files in file_system.walk(top, detail=True, on_error="raise"):
            below = folder.rstrip("/").removeprefix(top).lstrip("/")
            excluded = [
                name for name in folders if _is_hidden(name) or path_filter.excludes(posixpath.join(below, name))
            ]
            for name in excluded:
                del folders[name]
            for name, facts in files.items():
                path = posixpath.join(below, name)
                if not name or _is_hidden(name) or not path_filter.accepts(path):
                    continue
                if matches_glob is None or matches_glob(path):
                    yield describe(facts, path)
    except Refused:
        raise
    except Exception as exc:  # noqa: BLE001 - every file system has its own error classes
        yield SourceProblem(to_printable(url), _one_line(exc), hides_files=True)


def check_url(url: str) -> None:
    """Raise Refused when no installed file system can read a URL."""
    scheme, _, _ = url.partition("://")
    if "::" in url:
        raise Refused(f"{url}: chained URLs are not allowed.")
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError as exc:
        raise Refused(f"{scheme}:// needs a package that is not installed: {exc}.") from exc
    except ValueError as exc:
        raise Refused(f"{url}: {exc}.") from exc


def web_file(url: str, source: str, upload_name: str, attributes: Attributes) -> SourceFile:
    """Describe a URL on the web without a request. Size and fingerprint are known after the download."""
    base_name = name_of_url(url)
    return SourceFile(
        address=url, relative_path=base_name, display_path=to_printable(url),
        upload_name=to_printable(upload_name or base_name), source=source, size=None, fingerprint="",
        attributes=attributes,
    )  # fmt: skip


def download(url: str, target: Path) -> None:
    """Copy an object of a bucket to a new local file. Raises OSError."""
    file_system, path, _ = _open_url(url)
    try:
        file_system.get_file(path, str(target))
    except Exception as exc:
        raise OSError(0, _one_line(exc)) from exc


def _open_url(url: str) -> tuple[Any, str, str]:
    """Return the file system, the path in it, and the scheme."""
    check_url(url)
    try:
        file_system, path = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=False)
    except ValueError as exc:
        raise Refused(f"{url}: {exc}.") from exc
    except Exception as exc:
        raise Refused(f"{url} cannot be opened: {_one_line(exc)}") from exc
    return file_system, path, url.partition("://")[0]


def _split_glob(path: str) -> tuple[str, Callable[[str], object] | None]:
    """Return the folder to walk, and a predicate for paths relative to it; None when the path has no wildcard."""
    if not glob.has_magic(path):
        return path, None
    parts = path.split("/")
    wildcard = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return "/".join(parts[:wildcard]), re.compile(glob_to_regex("/".join(parts[wildcard:]))).fullmatch


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _one_line(exc: Exception) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__
