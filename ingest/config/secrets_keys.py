"""The keys that encrypt secrets in the database: from the settings, or from a file that the service makes."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ingest.config.settings import Settings
from ingest.errors import Refused
from ingest.secret_box import generate_key, normalize_key

GENERATED_FILE = "secrets.key"


def load_secrets_keys(settings: Settings) -> list[str]:
    """Return the keys, the one for encryption first. Only a database in the data folder has one without a setting.

    The key of a data folder is generated at its first use. Raises Refused for a file that cannot be used.
    """
    if text := settings.secrets_key.get_secret_value():
        return _split(text)
    if settings.secrets_key_file is not None:
        return _read(settings.secrets_key_file)
    if settings.database_url:  # several machines may share it, and each would make a key of its own
        return []
    file = settings.data / GENERATED_FILE
    if not file.exists():
        _generate(file)
    return _read(file)


def _split(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _read(file: Path) -> list[str]:
    try:
        return [normalize_key(key) for key in _split(file.read_text("ascii"))]
    except (OSError, ValueError) as exc:
        raise Refused(f"The file {file} with the key of the secrets cannot be read: {exc}.") from exc


def _generate(file: Path) -> None:
    """Write a new key to a file, complete and on the disk before any process sees it. Another process may be faster."""
    partial = file.with_name(f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(generate_key().encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            os.link(partial, file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as exc:
        raise Refused(f"The file {file} with the key of the secrets cannot be written: {exc.strerror}.") from exc
    finally:
        partial.unlink(missing_ok=True)
