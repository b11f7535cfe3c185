"""The environment of this process: the one module that reads and writes `os.environ`.

`ingest/config/settings.py` reads the settings (`INGEST_...`) through pydantic. Everything else that comes from the environment
has a function here. This module imports nothing but the standard library: the parser's child process uses it too, and
loading pydantic would add 0.3 s to each start of that process.
"""

import os
from collections.abc import Iterable
from pathlib import Path

PROMETHEUS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder into which all processes of a machine count; prometheus_client reads it as well."""


def whole_environment() -> dict[str, str]:
    """Return a copy of every variable, for a child process that may see them all."""
    return dict(os.environ)


def selected_environment(names: Iterable[str]) -> dict[str, str]:
    """Return only these variables, for a child process that must not see secrets. Unset ones are left out."""
    return {name: os.environ[name] for name in names if name in os.environ}


def set_library_switches(switches: dict[str, str], *, override: bool = False) -> None:
    """Set variables that a library reads when it is imported. Call it before that import.

    A variable that is set already keeps its value, unless `override` is true.
    """
    for name, value in switches.items():
        if override:
            os.environ[name] = value
        else:
            os.environ.setdefault(name, value)


def prometheus_folder() -> Path | None:
    """Return the folder that the metrics of all processes share, or None when a process counts for itself."""
    folder = os.environ.get(PROMETHEUS_FOLDER)
    return Path(folder) if folder else None


def vectors_api_key() -> str:
    """Return the key that the embedded vectors process demands, or "" for none."""
    return os.environ.get("INGEST_QDRANT_API_KEY", "")


def client_api_key() -> str:
    """Return the key with which commands call the API, from INGEST_API_KEY or OPENAI_API_KEY, or "" for none."""
    return os.environ.get("INGEST_API_KEY") or os.environ.get("OPENAI_API_KEY") or ""


def openai_base_url() -> str:
    """Return the URL that OpenAI's clients use, from OPENAI_BASE_URL, or "" for their default."""
    return os.environ.get("OPENAI_BASE_URL", "")


def state_folder() -> Path:
    """Return the folder for the state of this user's programs (XDG_STATE_HOME, by default ~/.local/state)."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser()


def has_own_certificates() -> bool:
    """Return whether SSL_CERT_FILE or SSL_CERT_DIR replaces the usual certificate authorities."""
    return "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ


def python_path() -> str:
    """Return PYTHONPATH, or "" when it is not set."""
    return os.environ.get("PYTHONPATH", "")


def absolute_import_path(entries: Iterable[str]) -> str:
    """Return a value of PYTHONPATH with the absolute entries only.

    An empty entry means the working directory: a user's folder with a module `json` would replace ours.
    """
    return os.pathsep.join(dict.fromkeys(entry for entry in entries if os.path.isabs(entry) and entry != "/"))
