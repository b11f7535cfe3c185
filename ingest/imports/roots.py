"""What a scheduled import may read: it looks with the service's eyes, on the word of a project.

Paths are compared after every link and `..` is resolved, and once more when the file or folder is open, so that a link
that is changed in between leads nowhere: neither to contents nor to names.
"""

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ingest.errors import Refused

WEB = ("http", "https")
PROJECT = "{project}"
"""In a root: the id of the project that imports."""

OUTSIDE = "It is outside of what may be imported from"
NO_ADDRESS = "It is no address"

_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "az": "abfs", "abfss": "abfs"}


def scheme(argument: str) -> str:
    """The protocol of a URL, "" for a path."""
    before, colons, _ = argument.partition("://")
    return before.lower() if colons and before.replace("+", "").isalnum() else ""


def is_here(argument: str) -> bool:
    """Whether this names files of this machine."""
    return scheme(argument) in ("", "file", "local")


def path_of(argument: str) -> str:
    """The path that a `file://` URL, or a path, names. Raises Refused for a URL that cannot be understood."""
    if scheme(argument) != "file":
        return argument.removeprefix("local://")
    try:
        return unquote(urlsplit(argument).path)
    except ValueError as exc:
        raise Refused(f"{argument}: {NO_ADDRESS}.") from exc


def is_address(argument: str) -> bool:
    """Whether this can name anything at all: a URL must have something behind its protocol, one of the web a host."""
    if not argument or "\0" in argument:
        return False
    kind, rest = scheme(argument), argument.partition("://")[2]
    if kind not in (*WEB, "file"):
        return not kind or bool(rest.strip("/"))
    try:
        parts = urlsplit(argument)
        return bool(parts.path if kind == "file" else parts.hostname and parts.port != 0)
    except ValueError:
        return False


def fixed_part(pattern: str) -> str:
    """The folder below which a glob looks."""
    parts = pattern.split("/")
    fixed = next((number for number, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return "/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else ".")


@dataclass(frozen=True)
class Roots:
    """Folders and addresses of buckets at and below which everything may be read, but nothing in `kept_out`, and of
    buckets nothing that is, holds, or is in `own_bucket`.

    With `anywhere` there is no limit: a person imports what that person can read.
    """

    folders: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    kept_out: tuple[str, ...] = ()
    own_bucket: str = ""
    anywhere: bool = False

    @classmethod
    def of(cls, setting: str, project: str, kept_out: tuple[Path, ...], blobs: str) -> "Roots":
        """Those of a project, from the setting: separated by commas, `{project}` put in. `blobs` is the folder or URL
        where the service keeps files. Raises Refused."""
        folders, buckets = [], []
        for root in filter(None, (each.strip() for each in setting.split(","))):
            mine = root.replace(PROJECT, project)
            if is_here(mine) and os.path.isabs(path := path_of(mine)):
                folders.append(os.path.realpath(path))
            elif scheme(mine) and scheme(mine) not in WEB and not is_here(mine):
                buckets.append(mine.rstrip("/"))
            else:
                raise Refused(f"INGEST_IMPORT_ROOTS: '{root}' is neither an absolute path nor the URL of a bucket.")
        out = [os.path.realpath(each) for each in kept_out]
        if not is_here(blobs):
            return cls(tuple(folders), tuple(buckets), tuple(out), _plain(blobs))
        # As fsspec reads it: nothing is decoded.
        out.append(os.path.realpath(blobs.partition("://")[2] if scheme(blobs) else blobs))
        return cls(tuple(folders), tuple(buckets), tuple(out))

    def holds(self, path: str) -> bool:
        """Whether a file or folder of this machine may be looked at, wherever links lead."""
        return self.anywhere or self._holds(os.path.realpath(path))

    def complaint_about(self, argument: str) -> str:
        """Why this path, glob or URL may not be imported, or "". Says nothing of what is there."""
        if self.anywhere:
            return ""
        if not is_address(argument):
            return NO_ADDRESS
        if scheme(argument) in WEB:
            return ""
        named = path_of(argument) if is_here(argument) else unquote(argument)
        if "::" in argument + named or any(part in ("..", ".") for part in named.split("/")):
            return "Chained addresses, and parts of '.' and '..', are not taken"
        if "\0" in named:
            return NO_ADDRESS
        if not is_here(argument):
            below = argument.rstrip("/")
            held = any(below == bucket or below.startswith(bucket + "/") for bucket in self.buckets)
            return "" if held and not self._meets_own(below) else OUTSIDE
        path = path_of(argument)
        if not os.path.isabs(path):
            return "A path must be absolute"
        return "" if self.holds(fixed_part(path)) else OUTSIDE

    def check(self, argument: str) -> None:
        """Raises Refused for what may not be imported."""
        if complaint := self.complaint_about(argument):
            raise Refused(f"{argument}: {complaint}.")

    @contextmanager
    def opened(self, path: str) -> Iterator[str]:
        """A path under which exactly the file that was allowed can be read, whatever is done to its name meanwhile.

        Raises Outside when it is not allowed, OSError when it is no regular file or cannot be read.
        """
        if self.anywhere:
            yield path
            return
        # Opening a pipe would wait for its writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not self._holds(os.readlink(f"/proc/self/fd/{handle}")):
                raise Outside
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(0, "Not a regular file")
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)

    @contextmanager
    def entered(self, path: str) -> Iterator[tuple[int, str]]:
        """Exactly the folder that was allowed, open, and its real path: what is listed by the handle is in it, whatever
        is done to its name meanwhile.

        Raises Outside when it is not allowed, OSError when it is no folder or cannot be read.
        """
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            real = os.path.realpath(path) if self.anywhere else os.readlink(f"/proc/self/fd/{handle}")
            if not self.anywhere and not self._holds(real):
                raise Outside
            yield handle, real
        finally:
            os.close(handle)

    def _meets_own(self, url: str) -> bool:
        if not self.own_bucket:
            return False
        asked = _plain(fixed_part(url))
        return _below(asked, (self.own_bucket,)) or _below(self.own_bucket, (asked,))

    def _holds(self, real: str) -> bool:
        return _below(real, self.folders) and not _below(real, self.kept_out)


class Outside(OSError):
    """A file or folder is not allowed."""

    def __init__(self) -> None:
        super().__init__(0, OUTSIDE)


ANYWHERE = Roots(anywhere=True)


def _plain(url: str) -> str:
    """A bucket's URL as it can be compared: without other names of its protocol, and who asks."""
    kind, (host, *parts) = scheme(url), [part for part in url.partition("://")[2].split("/") if part] or [""]
    kind = _ALIASES.get(kind, kind)
    # Azure's are container@account.
    host = host.partition("@")[0] if kind == "abfs" else host.rpartition("@")[2].partition(":")[0]
    return "/".join([f"{kind}:/", host.lower(), *parts]).rstrip("/")


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)
