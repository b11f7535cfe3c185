"""Lets commands reach the processes of an embedded service, whether it runs or not."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.config import Settings
from ingest.embedded.processes import vectors_process
from ingest.embedded.supervisor import DataFolderLocked, Supervisor, lock_data_folder_when_free
from ingest.environment import whole_environment
from ingest.errors import Refused

_URLS = ("INGEST_REDIS_URL", "INGEST_QDRANT_URL", "INGEST_QDRANT_API_KEY")


def save_urls(data: Path, environment: Mapping[str, str]) -> None:
    """Save the URLs of the running processes, with their keys, for commands of the same user."""
    path = _urls_path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({name: environment[name] for name in _URLS if environment.get(name)}))


def delete_urls(data: Path) -> None:
    """Delete the saved URLs. After the end of the service, other processes may use its ports."""
    _urls_path(data).unlink(missing_ok=True)


@dataclass(frozen=True)
class ResolvedService:
    """Settings that reach all servers, and whether the service runs."""

    settings: Settings
    is_running: bool


@contextmanager
def resolve_service(settings: Settings, *, command: str, report: Callable[[str], None]) -> Iterator[ResolvedService]:
    """Yield settings that reach the vectors of a data folder.

    Uses the vectors process of the running service. If the service does not run, starts one for the lifetime of the
    context, after other commands have released the folder. Raises Refused without a data folder.
    """
    if settings.qdrant_url:
        yield ResolvedService(settings, is_running=True)
        return
    if not settings.data.is_dir():
        raise Refused(f"There is no data folder {settings.data}. Name it with --data.")
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_data_folder_when_free(settings.data, command, report))
        except DataFolderLocked:
            yield ResolvedService(_with_urls(settings, _read_urls(settings.data)), is_running=True)
            return
        process, url, key = vectors_process(settings.data.absolute(), whole_environment())
        supervisor = Supervisor(settings.data / "logs", lambda _: None)
        stack.callback(supervisor.stop)
        supervisor.start([process])
        urls = {"INGEST_QDRANT_URL": url, "INGEST_QDRANT_API_KEY": key}
        yield ResolvedService(_with_urls(settings, urls), is_running=False)


def _read_urls(data: Path) -> dict[str, str]:
    try:
        urls: dict[str, str] = json.loads(_urls_path(data).read_text())
    except FileNotFoundError:
        raise Refused("The service is starting. Try again when it is ready.") from None
    return urls


def _with_urls(settings: Settings, urls: Mapping[str, str]) -> Settings:
    values = {name.removeprefix("INGEST_").lower(): value for name, value in urls.items()}
    return Settings(**settings.model_dump(exclude=set(values)) | values)


def _urls_path(data: Path) -> Path:
    return data / "run" / "urls.json"
