"""Relative paths in the environment: a user means them from the folder in which the service was started.

The processes of the service run in the root folder, so that the user's folder may go away, and so that no module in it is
imported instead of ours.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from ingest.config import split_commas
from ingest.environment import absolute_import_path

_SETTING_ENDS = ("_PATH", "_DIR", "_FILE", "_FOLDER")
_LIBRARY_VARIABLES = frozenset(
    [
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"),
        *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
        *("GOOGLE_APPLICATION_CREDENTIALS", "TMPDIR", "TESSDATA_PREFIX", "PGSERVICEFILE", "PGPASSFILE"),
    ]
)
_SQLITE = "sqlite:///"


def absolute_locations(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return `environment` with every path in it absolute; relative ones start in `folder`.

    PYTHONPATH loses its relative entries.
    """
    absolute = {name: _absolute(name.upper(), value, folder) for name, value in environment.items() if value}
    absolute["PYTHONPATH"] = absolute_import_path(environment.get("PYTHONPATH", "").split(os.pathsep))
    return {**environment, **absolute}


def _absolute(name: str, value: str, folder: Path) -> str:
    if name in _LIBRARY_VARIABLES or (name.startswith("INGEST_") and name.endswith(_SETTING_ENDS)):
        return str(absolute_path(folder, value))
    match name:
        case "INGEST_BLOBS_URL":
            return value if "://" in value else str(absolute_path(folder, value))
        case "INGEST_DATABASE_URL" if value.startswith(_SQLITE):
            return _SQLITE + _absolute_database(value.removeprefix(_SQLITE), folder)
        case "INGEST_IMPORT_ROOTS":
            return ",".join(absolute_root(root, folder) for root in split_commas(value))
        case "INGEST_EMBEDDING_MODELS":
            return _absolute_models(value, folder)
    return value


def absolute_path(folder: Path, value: str | Path) -> Path:
    """Return `folder / value` without the `..` at the start of `value`, because `folder/..` does not exist without `folder`.

    `folder` has no symbolic link, as the system reports it. A later `..` may follow one and stays.
    """
    path = Path(value)
    while path.parts[:1] == ("..",):
        folder, path = folder.parent, Path(*path.parts[1:])
    return folder / path


def absolute_root(root: str, folder: Path) -> str:
    """Return an import root with an absolute path; a URL stays as it is."""
    return root if "://" in root else os.path.normpath(folder / root)


def _absolute_database(value: str, folder: Path) -> str:
    return value if value.startswith((":memory:", "file:")) or not value else str(absolute_path(folder, value))


def _absolute_models(value: str, folder: Path) -> str:
    try:
        models = json.loads(value)
        for model in models:
            if model.get("model_path"):
                model["model_path"] = str(absolute_path(folder, model["model_path"]))
    except (ValueError, TypeError, AttributeError):  # the settings refuse it with a better message
        return value
    return json.dumps(models)
