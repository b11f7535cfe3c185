"""Files behind URLs: buckets through fsspec, and single addresses on the web."""

import glob
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import fsspec

from ingest.errors import Refused
from ingest.imports.attributes import Attributes
from ingest.imports.patterns import Choice, translate
from ingest.imports.source_files import Failure, Found, printable

STAMPS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")
"""What file systems call the facts that change with a file's content, the best first."""


def find(url: str, root: str, name: str, attributes: Attributes, choice: Choice) -> Iterator[Found | Failure]:
    """The files at or below a bucket's URL, which may end in a glob. Raises Refused."""
    system, path, protocol = _opened(url)
    base, pattern = _split(path)

    def found(facts: Mapping[str, Any], relative: str) -> Found:
        address = f"{protocol}://{facts['name'].lstrip('/')}"
        stamp = next((str(facts[key]) for key in STAMPS if facts.get(key)), "")
        last = posixpath.basename(facts["name"])
        return Found(
            address=address, relative=printable(relative), shown=printable(address), name=printable(name or last),
            root=root, size=facts.get("size"), stamp=stamp, attributes=attributes,
        )  # fmt: skip

    try:
        facts = None if pattern else system.info(base)
        if facts is not None and facts["type"] == "file":
            yield found(facts, posixpath.basename(base))
            return
        top = base.rstrip("/")
        for folder, folders, files in system.walk(top, detail=True, on_error="raise"):
            below = folder.rstrip("/").removeprefix(top).lstrip("/")
            for each in [each for each in folders if _hidden(each) or choice.skips(posixpath.join(below, each))]:
                del folders[each]
            for each, about in files.items():
                relative = posixpath.join(below, each)
                if each and not _hidden(each) and choice.takes(relative) and (not pattern or pattern(relative)):
                    yield found(about, relative)
    except Refused:
        raise
    except Exception as exc:  # noqa: BLE001 - each file system has errors of its own; all mean that it cannot be read
        yield Failure(printable(url), _words(exc), blind=True)


def check(url: str) -> None:
    """Refuse an address of which no file system is known here."""
    protocol, _, _ = url.partition("://")
    if "::" in url:
        raise Refused(f"{url}: chained addresses are not taken.")
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as exc:
        raise Refused(f"{protocol}:// needs a package that is not installed: {exc}.") from exc
    except ValueError as exc:
        raise Refused(f"{url}: {exc}.") from exc


def web(url: str, root: str, name: str, attributes: Attributes) -> Found:
    """One address on the web; what is there is found out when it is fetched."""
    last = unquote(posixpath.basename(urlsplit(url).path.rstrip("/"))) or urlsplit(url).hostname or "page"
    return Found(
        address=url, relative=printable(last), shown=printable(url), name=printable(name or last), root=root,
        size=None, stamp="", attributes=attributes,
    )  # fmt: skip


def fetch(url: str, target: Path) -> None:
    """Copy a file of a bucket into a new one here. Raises OSError."""
    system, path, _ = _opened(url)
    try:
        system.get_file(path, str(target))
    except Exception as exc:
        raise OSError(0, _words(exc)) from exc


def _opened(url: str) -> tuple[Any, str, str]:
    check(url)
    try:
        system, path = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=False)
    except ValueError as exc:
        raise Refused(f"{url}: {exc}.") from exc
    except Exception as exc:
        raise Refused(f"{url} cannot be opened: {_words(exc)}") from exc
    return system, path, url.partition("://")[0]


def _split(path: str) -> tuple[str, Any]:
    """The folder to walk, and the test for relative paths that a glob stands for."""
    if not glob.has_magic(path):
        return path, None
    parts = path.split("/")
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    import re

    return "/".join(parts[:fixed]), re.compile(translate("/".join(parts[fixed:]))).fullmatch


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _words(exc: Exception) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__
