"""`ingest up`: run the whole service on one machine."""

import contextlib
import hashlib
import importlib.metadata
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ingest.caller import DEFAULT_PROJECT
from ingest.cli.output import echo
from ingest.config import Settings, load_settings
from ingest.db.migrate import migrate
from ingest.db.queue import feed, reclaim
from ingest.db.session import Database
from ingest.db.tenancy import keys
from ingest.embedded.data_folder import prepare_data_folder
from ingest.embedded.discovery import delete_urls, save_urls
from ingest.embedded.metrics_folder import delete_metrics_folder
from ingest.embedded.processes import LOOPBACK_HOST, ServicePlan, is_loopback, plan_service
from ingest.embedded.supervisor import UP_COMMAND, Supervisor, lock_data_folder_when_free
from ingest.errors import DependencyDown, Refused
from ingest.health.external import DependencyWatch, describe, external_checks
from ingest.imports.schedules import project_import_roots
from ingest.imports.service_url import DEFAULT_URL
from ingest.observability import logs
from ingest.runtime.descriptors import raise_descriptor_limit
from ingest.status import LANES
from ingest.steps import embed
from ingest.steps.embed import minilm


def up(
    port: Annotated[int, typer.Option(help="Port of the API.", min=1, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="Address of the API. Other addresses than loopback require an API key.")
    ] = LOOPBACK_HOST,
    data: Annotated[Path | None, typer.Option(help="Folder for all persistent data.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Worker processes (default: one a core; four with a remote embedding model).", min=1),
    ] = None,
    import_root: Annotated[
        list[str] | None,
        typer.Option(help="Folder or bucket URL that scheduled imports may read, with everything below (repeatable)."),
    ] = None,
    flower: Annotated[bool, typer.Option("--flower/--no-flower", help="Start the task monitor too.")] = True,
) -> None:
    """Start the service and run it until Ctrl-C.

    The command starts a broker, a vector engine and a database of its own, except for those whose URL is in the
    environment (INGEST_REDIS_URL, INGEST_QDRANT_URL, INGEST_DATABASE_URL).
    """
    settings = _load_settings(data, workers, import_root or [])
    _print_line(f"starting ingest {importlib.metadata.version('ingest')} with the data folder {settings.data}")
    raise_descriptor_limit()
    with lock_data_folder_when_free(settings.data, UP_COMMAND, _print_line):
        supervisor = Supervisor(settings.data / "logs", _print_line)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, supervisor.request_stop)
        prepare_data_folder(settings.data, _print_line)
        delete_urls(settings.data)  # a service that was killed leaves its URLs
        watch = _watch_servers(settings)
        _ensure_model(settings)
        if not watch.is_down("database"):
            _requeue_claimed_files(settings)
        _print_line(_check_access(settings, host, database_is_down=watch.is_down("database")))
        planned = plan_service(
            settings, port=port, flower=flower, host=host, may_start_later=lambda: watch.is_down("broker", "database")
        )
        os.chdir("/")  # the folder in which the user started it may go away
        _start(supervisor, planned)
        save_urls(settings.data, planned.environment)
        _print_ready(planned.api_url)
        try:
            supervisor.run()
        finally:
            watch.stop()
            delete_urls(settings.data)
            _stop(supervisor, settings)


def _start(supervisor: Supervisor, planned: ServicePlan) -> None:
    _print_line(f"starting {', '.join(process.name for process in planned.processes)}")
    supervisor.start(planned.processes)
    if planned.flower_url:
        _print_line(f"flower {planned.flower_url}")


def _print_ready(api_url: str) -> None:
    """Print that the service is ready, and the command that comes next."""
    _print_line(f"ready {api_url}")
    url_option = "" if api_url == DEFAULT_URL else f" --url {api_url}"
    _print_line(f"next, in another terminal: ingest import FOLDER --store NAME{url_option}")


def _stop(supervisor: Supervisor, settings: Settings) -> None:
    supervisor.stop()
    delete_metrics_folder(settings.data)  # after the processes that count there
    _print_line("stopped")


def _load_settings(data: Path | None, workers: int | None, import_roots: Sequence[str]) -> Settings:
    """Return the settings of the service, with an absolute data folder. Raises Refused."""
    settings = load_settings(data=data, workers=workers, import_roots=_join_import_roots(import_roots))
    # Reports wrong import roots at start instead of at the first import.
    project_import_roots(settings, DEFAULT_PROJECT)
    # Services of one machine may share a database: the node name keeps each from reclaiming the leases of another.
    folder_hash = hashlib.sha256(str(settings.data.absolute()).encode()).hexdigest()[:8]
    return settings.model_copy(update={"node": f"{settings.node}:{folder_hash}", "data": settings.data.absolute()})


def _join_import_roots(roots: Sequence[str]) -> str | None:
    """Return the value of INGEST_IMPORT_ROOTS, or None without roots. Raises Refused."""
    if any("," in root for root in roots):
        raise Refused("--import-root: the path of an import root cannot contain a comma.")
    return ",".join(root if "://" in root else os.path.abspath(root) for root in roots) or None


def _watch_servers(settings: Settings) -> DependencyWatch:
    """Print which servers of the settings do not answer, now and for as long as the service runs.

    The service starts without them: each of its processes goes on by itself when they answer.
    """
    logs.configure(settings.model_copy(update={"log_level": "error", "log_format": "text"}))
    watch = DependencyWatch(external_checks(settings), lambda name, result: _print_line(describe(name, result)))
    watch.start()
    return watch


def _ensure_model(settings: Settings) -> None:
    """Build the local model's graph (a few seconds, once), so that worker processes do not build it concurrently.

    Raises Refused if a model in a folder of the settings does not work.
    """
    if not settings.embedding_url and settings.embedding_model_path is None:
        minilm.ensure_model_file([settings.models_dir, settings.data / "models"])
    embed.check_folders(settings)


def _requeue_claimed_files(settings: Settings) -> None:
    """Migrate the database, and requeue the files that workers of this node held: none of these workers is alive.

    Raises Refused when the database does not answer.
    """
    database = Database(settings.sql_url)
    try:
        migrate(database)
        with database.transaction() as session:
            released = reclaim.release_machine(session, f"{settings.node}/")
            if not settings.redis_url:  # the embedded broker starts without the messages of the last run
                for lane in LANES:
                    feed.unpublish_older(session, lane, older_than_seconds=0)
    except DependencyDown as exc:
        raise Refused(f"The service needs its database. {exc}") from exc
    finally:
        database.dispose()
    if released:
        _print_line(f"requeued {released} files that were in progress")


def _check_access(settings: Settings, host: str, *, database_is_down: bool = False) -> str:
    """Return a line that says who needs an API key. Raises Refused when others can reach a service without keys."""
    if database_is_down:
        return "the database does not answer, so no request is accepted yet; other machines need an API key in any case"
    database = Database(settings.sql_url)
    with database.reading() as session:
        has_keys = keys.any_exist(session)
    database.dispose()
    if has_keys or settings.require_keys:
        return "every request needs an API key"
    if not is_loopback(host):
        raise Refused(f"The service at {host} would have no API keys. Create one with `ingest keys create`.")
    return "requests need no API key, because there is none; only this machine can connect"


def _print_line(line: str) -> None:
    with contextlib.suppress(OSError):  # the reader of the output is gone, which must not stop the service
        echo(line)
