"""Requests to a model hub with the API of huggingface.co: the commit of a revision, its files, and their contents.

Proxies and certificate authorities are those that httpx takes from the environment. Every content is checked against the
hash of the listing, which comes from the hub itself, because contents come from whatever server the hub redirects to.
"""

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from ingest.errors import Refused

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_MAX_ANSWER_BYTES = 16 << 20
_MAX_PAGES = 50
_CONNECT_SECONDS = 10.0
_LEAST_BYTES_PER_SECOND = 8 * 1024  # a hub that sends less keeps the command waiting without an end
_HEADERS = {"user-agent": "ingest", "accept-encoding": "identity"}  # a packed body has no bound


@dataclass(frozen=True)
class HubFile:
    """A file of a repository. Large ones have a SHA-256, others the SHA-1 that git gives to the content."""

    path: str
    size: int
    sha256: str
    git_sha1: str


class Hub:
    """A hub at a base address. All methods raise Refused with a text for the operator."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Refused(f"The address of the hub begins with neither http:// nor https://: {url}")
        self._url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        timeout = httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS))
        self._client = httpx.Client(timeout=timeout, follow_redirects=True, headers=_HEADERS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def commit(self, name: str, revision: str) -> str:
        """Return the commit that a branch, tag or commit of a model stands for now."""
        check_name(name)
        if not _REVISION.fullmatch(revision) or ".." in revision:
            raise Refused(f"'{revision}' is no name of a revision.")
        answer = self._json(f"/api/models/{name}/revision/{quote(revision, safe='')}", {}).json()
        commit = answer.get("sha") if isinstance(answer, dict) else None
        if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
            raise Refused(f"The hub {self._url} gave no commit for the revision '{revision}' of {name}.")
        return commit

    def files(self, name: str, commit: str) -> dict[str, HubFile]:
        """Return all files of a commit by path."""
        path, parameters = f"/api/models/{name}/tree/{commit}", {"recursive": "true"}
        files: dict[str, HubFile] = {}
        for _ in range(_MAX_PAGES):
            response = self._json(path, parameters)
            entries = response.json()
            if not isinstance(entries, list):
                raise Refused(f"The hub {self._url} gave no list of the files of {name}.")
            found = [_parse_entry(entry) for entry in entries if _is_file(entry)]
            files |= {file.path: file for file in found}
            following = response.links.get("next", {}).get("url")
            if following is None:
                return files
            # Only the cursor is taken: a mirror may give the address of the hub that it mirrors.
            parameters = dict(parse_qsl(urlsplit(following).query))
        raise Refused(f"The list of the files of {name} is too long.")

    def download(self, name: str, commit: str, file: HubFile, target: Path) -> str:
        """Write a file's content to a new file and return its SHA-256, after a check of size and hash."""
        target.parent.mkdir(parents=True, exist_ok=True)
        sha256, git_sha1 = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
        size, deadline = 0, self._deadline(file.size)
        with self._stream(f"/{name}/resolve/{commit}/{quote(file.path)}", {}) as response, target.open("xb") as stream:
            for block in response.iter_raw():
                size += len(block)
                if size > file.size:
                    break
                self._refuse_after(deadline, file.path)
                stream.write(block)
                sha256.update(block)
                git_sha1.update(block)
        if size != file.size:
            more = "more" if size > file.size else f"{size}"
            raise Refused(f"{name}: the hub lists {file.path} with {file.size} bytes but sent {more}.")
        if (file.sha256 or git_sha1.hexdigest()) != (sha256.hexdigest() if file.sha256 else file.git_sha1):
            raise Refused(f"{name}: the content of {file.path} does not have the hash that the hub lists.")
        return sha256.hexdigest()

    def _json(self, path: str, parameters: dict[str, str]) -> httpx.Response:
        """Return a short answer whose body is JSON."""
        with self._stream(path, parameters) as streamed:
            body, deadline = b"", self._deadline(0)
            for block in streamed.iter_raw():
                body += block
                self._refuse_after(deadline, path)
                if len(body) > _MAX_ANSWER_BYTES:
                    raise Refused(f"{self._url}{path}: the answer is too long.")
            response = httpx.Response(200, headers={"link": streamed.headers.get("link", "")}, content=body)
        try:
            response.json()
        except ValueError as exc:
            raise Refused(f"{self._url}{path}: the answer is no JSON.") from exc
        return response

    def _deadline(self, size: int) -> float:
        return time.monotonic() + self._timeout_seconds + size / _LEAST_BYTES_PER_SECOND

    def _refuse_after(self, deadline: float, path: str) -> None:
        if time.monotonic() > deadline:
            raise Refused(f"{self._url} sends {path} too slowly.")

    @contextmanager
    def _stream(self, path: str, parameters: dict[str, str]) -> Iterator[httpx.Response]:
        try:
            with self._client.stream("GET", self._url + path, params=parameters) as response:
                if response.status_code in (401, 403, 404):
                    raise Refused(
                        f"{self._url}{path} answered {response.status_code}: no such model, file or revision, or it is not public."
                    )
                if response.status_code != 200:
                    raise Refused(f"{self._url}{path} answered {response.status_code}.")
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise Refused(f"{self._url}{path} did not answer: {type(exc).__name__} {exc}".rstrip() + ".") from exc


def check_name(name: str) -> None:
    """Check the name of a model, `OWNER/MODEL` or `MODEL`. Raises Refused."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise Refused(f"'{name}' is no name of a model: it is like OWNER/MODEL.")


def is_safe_path(path: str) -> bool:
    """Return whether a path stays in its folder on every system, and names a file."""
    parts = PurePosixPath(path).parts
    return (
        bool(parts)
        and path == "/".join(parts)
        and ".." not in parts
        and not re.search(r"[\\:\x00-\x1f]", path)
        and parts[0] != "/"
    )


def _is_file(entry: Any) -> bool:
    return not isinstance(entry, dict) or entry.get("type") != "directory"


def _parse_entry(entry: Any) -> HubFile:
    try:
        path, size, lfs = entry["path"], entry["size"], entry.get("lfs") or {}
        sha256, git_sha1 = lfs.get("oid", "").removeprefix("sha256:"), entry.get("oid", "")
        size = lfs.get("size", size)
        is_hashed = bool(_SHA256.fullmatch(sha256)) if lfs else bool(_SHA1.fullmatch(git_sha1))
    except (AttributeError, KeyError, TypeError) as exc:
        raise Refused("The hub's list of files lacks a field.") from exc
    if not isinstance(path, str) or not is_safe_path(path):
        raise Refused(f"The hub lists a file outside of the model's folder: {path!r}.")
    if not isinstance(size, int) or size < 0 or not is_hashed:
        raise Refused(f"The hub lists {path} without a size or a hash.")
    return HubFile(path, size, sha256, git_sha1)
