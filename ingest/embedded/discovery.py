"""How a command finds the parts of an embedded service, running or not."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.config import Settings
from ingest.embedded.parts import vectors
from ingest.embedded.supervisor import SERVICE, Occupied, Supervisor, owned
from ingest.errors import Refused

WAIT_SECONDS = 0.2

_URLS = ("INGEST_REDIS_URL", "INGEST_QDRANT_URL", "INGEST_QDRANT_API_KEY")


def write_down(data: Path, environment: Mapping[str, str]) -> None:
    """Keep the URLs of the running parts, with their keys, for commands of the same user."""
    path = _path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({name: environment[name] for name in _URLS if environment.get(name)}))


def strike_out(data: Path) -> None:
    """Forget the URLs: the parts end, and others may answer at their addresses later."""
    _path(data).unlink(missing_ok=True)


@dataclass(frozen=True)
class Reachable:
    """Settings with which all parts can be reached, and whether a service is at work on them."""

    settings: Settings
    running: bool


@contextmanager
def settings_for(settings: Settings, *, command: str, tell: Callable[[str], None]) -> Iterator[Reachable]:
    """How a command reaches the vectors of a data folder: those of the running service, or of a vectors process that
    lives as long as the context. Waits while another process does the same."""
    if settings.qdrant_url:
        yield Reachable(settings, running=True)
        return
    if not settings.data.is_dir():
        raise Refused(f"There is no data folder {settings.data}. Name it with --data.")
    with ExitStack() as held:
        if not _held(held, settings.data, command, tell):
            yield Reachable(_with(settings, _urls(settings.data)), running=True)
            return
        part, url, key = vectors(settings.data.absolute(), os.environ)
        supervisor = Supervisor(settings.data / "logs", lambda _: None)
        held.callback(supervisor.stop)
        supervisor.start([part])
        urls = {"INGEST_QDRANT_URL": url, "INGEST_QDRANT_API_KEY": key}
        yield Reachable(_with(settings, urls), running=False)


def _held(held: ExitStack, data: Path, command: str, tell: Callable[[str], None]) -> bool:
    """Hold the data folder, when other commands have let go of it; False when a service holds it."""
    waiting = False
    while True:
        try:
            held.enter_context(owned(data, command))
        except Occupied as exc:
            if exc.command == SERVICE:
                return False
            if not waiting:
                tell(f"{exc} Waiting for it to end.")
            waiting = True
            time.sleep(WAIT_SECONDS)
        else:
            return True


def _urls(data: Path) -> dict[str, str]:
    try:
        urls: dict[str, str] = json.loads(_path(data).read_text())
    except FileNotFoundError:
        raise Refused("The service is just starting. Try again when it is ready.") from None
    return urls


def _with(settings: Settings, urls: Mapping[str, str]) -> Settings:
    given = {name.removeprefix("INGEST_").lower(): value for name, value in urls.items()}
    return Settings(**settings.model_dump(exclude=set(given)) | given)


def _path(data: Path) -> Path:
    return data / "run" / "urls.json"
