"""What `ingest doctor` asks the service: its dependencies, its version, its clock, and what the API key may do."""

import importlib.metadata
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from ingest.cli.listing import format_bytes, format_time

TIMEOUT_SECONDS = 10.0
MAX_CLOCK_SECONDS = 5.0
SCOPE_PROBES = {
    "read": ("GET", "files?limit=1"),
    "write": ("DELETE", "files/file-none"),
    "admin": ("DELETE", "vector_stores/vs_none/import_schedules/isch_none"),
}
"""A request for each scope that changes nothing: there is no object with that id."""

ADVICE = {
    "database": "Start the database, or correct INGEST_DATABASE_URL. `ingest logs api` has the errors.",
    "broker": "Start the broker, or correct INGEST_REDIS_URL. Files wait meanwhile.",
    "vectors": "Start Qdrant, or correct INGEST_QDRANT_URL. `ingest logs vectors` has the errors of the embedded one.",
    "blobs": "Correct INGEST_BLOBS_URL and its credentials, or free space.",
    "disk": "Free space on the disk of the data folder: delete files, or move the folder to a larger disk.",
    "workers": "Start workers: `ingest up` restarts its own, and `ingest logs worker` says why they end.",
    "reranker": "Start the reranker's server, or correct INGEST_RERANK_URL. Searches go on without it.",
    "embedder": "Start the embedding server, or correct its URL and key in the settings. Files wait meanwhile.",
}

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """The result of one check: what was found, and what to do unless all is well."""

    check: str
    state: State
    detail: str = ""
    advice: str = ""


def check_service(url: str, key: str) -> Iterator[Finding]:
    """Yield what the service at a URL of the API says about itself. Raises httpx.HTTPError if it does not answer."""
    root = url.removesuffix("/v1")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        before = time.time()
        answer = client.get(f"{root}/ready")
        after = time.time()
        try:
            ready = answer.json()
            dependencies: dict[str, Any] = ready["dependencies"]
        except (ValueError, KeyError, TypeError):
            yield Finding(
                "service", "error", f"{root}/ready answers {answer.status_code}, but not as this service", _URL
            )
            return
        yield Finding("service", "ok" if ready["status"] == "ready" else "warning", f"{url} is {ready['status']}")
        yield _check_version(ready.get("version"))
        yield from (_check_dependency(name, facts) for name, facts in dependencies.items())
        yield _check_clock(answer.headers.get("date"), before, after)
        if ready.get("clock_jump"):
            yield Finding("clock", "warning", "the database's clock has jumped; for a day nothing expires for good")
        yield from _check_key(client, url, headers)


_URL = "Is the URL right? Set INGEST_URL or --url."


def _check_version(service: str | None) -> Finding:
    client = importlib.metadata.version("ingest")
    if service is None:
        return Finding("version", "warning", f"client {client}; the service is too old to say", "Upgrade the service.")
    detail = f"client {client}, service {service}"
    return Finding("version", "ok", detail) if service == client else Finding("version", "warning", detail, _UPGRADE)


_UPGRADE = "Use the same version for both."


def _check_dependency(name: str, facts: dict[str, Any]) -> Finding:
    if facts["state"] == "up":
        free = facts.get("free_bytes")
        return Finding(name, "ok", "up" if free is None else f"up, {format_bytes(free)} free")
    parts = [str(facts.get("detail") or facts.get("reason") or "down")]
    if facts.get("since"):
        parts.append(f"since {format_time(facts['since'])}")
    if facts.get("files_waiting"):
        parts.append(f"{facts['files_waiting']:,} files wait")
    advice = ADVICE.get(name.split()[0], "Start it, or correct its settings.")
    return Finding(name, "error", ", ".join(parts), advice)


def _check_clock(date: str | None, before: float, after: float) -> Finding:
    if date is None:
        return Finding("clock", "ok", "the service does not state its time")
    service = parsedate_to_datetime(date).timestamp()
    difference = max(before - (service + 1), service - after, 0.0)  # the header has whole seconds
    if difference <= MAX_CLOCK_SECONDS:
        return Finding("clock", "ok", "the clocks of this machine and of the service agree")
    detail = f"the clocks of this machine and of the service differ by {difference:,.0f} s"
    return Finding("clock", "warning", detail, "Let both machines set their clocks by NTP.")


def _check_key(client: httpx.Client, url: str, headers: dict[str, str]) -> Iterator[Finding]:
    """Yield whether a key is needed, and what the given one may do."""
    needed = client.get(f"{url}/{SCOPE_PROBES['read'][1]}").status_code == 401
    if not headers:
        if needed:
            yield Finding("key", "error", "the service requires a key, and none is set", _KEY)
        else:
            yield Finding("key", "ok", "the service requires no key from this machine")
        return
    scopes = []
    for scope, (method, path) in SCOPE_PROBES.items():
        status = client.request(method, f"{url}/{path}", headers=headers).status_code
        if status == 401:
            yield Finding("key", "error", "the key is not valid", _KEY)
            return
        if status != 403:
            scopes.append(scope)
    detail = f"the key is valid for {' and '.join(scopes) or 'nothing that was tried'}"
    yield Finding("key", "ok", detail + ("" if needed else "; the service requires none from this machine"))


_KEY = "Create one with `ingest keys create` where the service runs, and set INGEST_API_KEY."
