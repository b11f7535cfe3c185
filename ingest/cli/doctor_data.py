"""What `ingest doctor --data` looks at on this machine: the data folder, its disk, its keys and its database. Changes nothing."""

import os
import stat
from collections.abc import Iterator

from ingest.cli.doctor_service import Finding
from ingest.cli.listing import format_bytes
from ingest.config import Settings
from ingest.config.secrets_keys import GENERATED_FILE
from ingest.db.migrate import check_schema, head_revision
from ingest.db.session import Database
from ingest.errors import DependencyDown, Refused
from ingest.runtime import disk_space
from ingest.runtime.private_files import OWN_ENTRIES


def check_data(settings: Settings) -> Iterator[Finding]:
    """Yield what is right and wrong with a data folder."""
    data = settings.data.absolute()
    if not data.is_dir():
        yield Finding("data folder", "error", f"there is no folder {data}", "Name it with --data.")
        return
    yield from _check_folder(settings)
    yield _check_secrets_key(settings)
    yield _check_database(settings)


def _check_folder(settings: Settings) -> Iterator[Finding]:
    data = settings.data.absolute()
    entries = [data, *(data / name for name in OWN_ENTRIES)]
    open_entries = [path for path in entries if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if foreign := [path for path in entries if path.exists() and path.stat().st_uid != os.geteuid()]:
        advice = "Run the service and its commands as the user to whom the folder belongs."
        yield Finding("data folder", "warning", f"{foreign[0]} belongs to another user", advice)
    elif open_entries:
        advice = "Restart the service, which closes them, or run chmod -R go= on the folder."
        yield Finding("data folder", "warning", f"other users can enter {open_entries[0]}", advice)
    else:
        yield Finding("data folder", "ok", f"{data} is for its owner only")
    try:
        disk_space.check_writable(data)
        space = disk_space.read(data)
    except OSError as exc:
        yield Finding(
            "disk of the data", "error", f"{data} cannot be written: {exc.strerror}", "Correct its permissions."
        )
        return
    if space.shortage:
        yield Finding("disk of the data", "error", space.shortage, "Free space: uploads are refused until then.")
    else:
        yield Finding("disk of the data", "ok", f"{format_bytes(space.free_bytes)} free")


def _check_secrets_key(settings: Settings) -> Finding:
    if settings.secrets_key.get_secret_value() or settings.secrets_key_file is not None:
        return Finding("secrets key", "ok", "set by INGEST_SECRETS_KEY or INGEST_SECRETS_KEY_FILE")
    if settings.database_url:
        advice = "Set it (`openssl rand -base64 32`): without it new webhooks are refused."
        return Finding("secrets key", "warning", "INGEST_SECRETS_KEY is not set", advice)
    file = settings.data.absolute() / GENERATED_FILE
    if file.exists():
        return Finding("secrets key", "ok", f"{file}; keep a copy of it apart from the data")
    return Finding("secrets key", "ok", "none yet: the service generates one when it starts")


def _check_database(settings: Settings) -> Finding:
    if not settings.database_url and not (settings.data / "ingest.db").exists():
        return Finding(
            "schema", "error", "there is no database: no service has used this folder", "Name it with --data."
        )
    database = Database(settings.sql_url)
    try:
        check_schema(database)
    except Refused as exc:
        return Finding("schema", "error", str(exc), "Use one version of ingest for the service and its commands.")
    except DependencyDown as exc:
        return Finding("schema", "error", str(exc), "Start the database, or correct INGEST_DATABASE_URL.")
    finally:
        database.dispose()
    return Finding("schema", "ok", f"revision {head_revision()}, as this version needs")
