"""`ingest up`: the whole service from one command."""

import contextlib
import hashlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ingest.caller import DEFAULT_PROJECT
from ingest.config import Settings, load
from ingest.db.migrate import migrate
from ingest.db.queue import claims
from ingest.db.session import Database
from ingest.db.tenancy import keys
from ingest.embedded.discovery import strike_out, write_down
from ingest.embedded.parts import HOST, is_loopback, plan
from ingest.embedded.supervisor import Supervisor, owned
from ingest.errors import DependencyDown, Refused
from ingest.imports.schedules import roots
from ingest.steps.embed import minilm


def up(
    port: Annotated[int, typer.Option(help="Port of the API.", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="Address of the API; any but this machine's own needs a key.")] = HOST,
    data: Annotated[Path | None, typer.Option(help="Folder for everything that must survive.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Worker processes (default: one a core, or four with a remote embedding model).", min=1),
    ] = None,
    import_root: Annotated[
        list[str] | None,
        typer.Option(help="Folder or URL of a bucket that schedules may import from, with all below (repeat it)."),
    ] = None,
    flower: Annotated[bool, typer.Option("--flower/--no-flower", help="Start the task monitor too.")] = True,
) -> None:
    """Start the service and keep it running; Ctrl-C stops it.

    Brings a broker, a vector engine and a database of its own, except for those whose URL is given in the
    environment (INGEST_REDIS_URL, INGEST_QDRANT_URL, INGEST_DATABASE_URL).
    """
    settings = load(data=data, workers=workers, import_roots=_import_roots(import_root or []))
    roots(settings, DEFAULT_PROJECT)  # a mistake in them is told now
    # Two services of one machine may share a database: each takes up only what its own workers held.
    folder = hashlib.sha256(str(settings.data.absolute()).encode()).hexdigest()[:8]
    settings = settings.model_copy(update={"node": f"{settings.node}:{folder}"})
    with owned(settings.data):
        supervisor = Supervisor(settings.data / "logs", _tell)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, supervisor.request_stop)
        strike_out(settings.data)  # those of a service that was killed
        _build_model(settings)
        _take_over(settings)
        _tell(_who_may(settings, host))
        planned = plan(settings, port=port, flower=flower, host=host)
        supervisor.start(planned.parts)
        if planned.flower_url:
            _tell(f"flower {planned.flower_url}")
        write_down(settings.data, planned.environment)
        _tell(f"ready {planned.api_url}")
        try:
            supervisor.run()
        finally:
            strike_out(settings.data)
            supervisor.stop()
            _tell("stopped")


def _import_roots(given: Sequence[str]) -> str | None:
    """In the form of the setting, which they take the place of. Raises Refused."""
    if any("," in root for root in given):
        raise Refused("--import-root: a folder whose name has a comma cannot be imported from.")
    return ",".join(root if "://" in root else os.path.abspath(root) for root in given) or None


def _build_model(settings: Settings) -> None:
    """Have the local model's graph ready before several processes want it; a matter of seconds, once."""
    if not settings.embedding_url:
        minilm.built([settings.models_dir, settings.data / "models"])


def _take_over(settings: Settings) -> None:
    """Queue what the workers of this machine held when it was last stopped or killed: none of them lives now."""
    database = Database(settings.sql_url)
    try:
        migrate(database)
        with database.transaction() as session:
            held = claims.release(session, f"{settings.node}/")
    except DependencyDown as exc:
        raise Refused(f"The service needs its database. {exc}") from exc
    finally:
        database.dispose()
    if held:
        _tell(f"taking up {held} files that were in work")


def _who_may(settings: Settings, host: str) -> str:
    """Whether keys are needed. Raises Refused when others could reach the service and there are none."""
    database = Database(settings.sql_url)
    with database.reading() as session:
        there_are = keys.exist(session)
    database.dispose()
    if there_are or settings.require_keys:
        return "every request needs a key"
    if not is_loopback(host):
        raise Refused(f"Nobody could use the service at {host}: it has no keys. Make one with `ingest keys create`.")
    return "no key is needed while there is none, from this machine only"


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads on: no reason to stop the service
        typer.echo(line)
