"""How a command finds the parts of an embedded service, running or not."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ingest.config import Settings
from ingest.embedded.parts import vectors
from ingest.embedded.supervisor import Supervisor, owned
from ingest.errors import Refused

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


@contextmanager
def settings_for(settings: Settings) -> Iterator[Settings]:
    """Settings with which the vectors of a data folder can be reached: those of the running service, or of a vectors
    process that lives as long as the context."""
    if settings.qdrant_url:
        yield settings
        return
    if not settings.data.is_dir():
        raise Refused(f"There is no data folder {settings.data}. Name it with --data.")
    with ExitStack() as held:
        try:
            held.enter_context(owned(settings.data))
        except Refused:
            yield _with(settings, json.loads(_path(settings.data).read_text()))
            return
        part, url, key = vectors(settings.data.absolute(), os.environ)
        supervisor = Supervisor(settings.data / "logs", lambda _: None)
        held.callback(supervisor.stop)
        supervisor.start([part])
        yield _with(settings, {"INGEST_QDRANT_URL": url, "INGEST_QDRANT_API_KEY": key})


def _with(settings: Settings, urls: Mapping[str, str]) -> Settings:
    given = {name.removeprefix("INGEST_").lower(): value for name, value in urls.items()}
    return Settings(**settings.model_dump(exclude=set(given)) | given)


def _path(data: Path) -> Path:
    return data / "run" / "urls.json"
