"""Relative paths of a user's environment stay meant from the user's folder."""

import json
from pathlib import Path

from ingest.embedded.locations import absolute_locations, absolute_path

HOME = Path("/home/user")


def absolute(**environment: str) -> dict[str, str]:
    return absolute_locations(environment, HOME)


def test_paths_of_settings_and_of_libraries_become_absolute() -> None:
    assert absolute(INGEST_EMBEDDING_MODEL_PATH="model", INGEST_MODELS_DIR="/models", SSL_CERT_FILE="ca.pem") == {
        "INGEST_EMBEDDING_MODEL_PATH": "/home/user/model",
        "INGEST_MODELS_DIR": "/models",
        "SSL_CERT_FILE": "/home/user/ca.pem",
        "PYTHONPATH": "",
    }


def test_urls_stay_and_relative_locations_in_their_place_become_absolute() -> None:
    urls = {"INGEST_BLOBS_URL": "s3://bucket/a", "INGEST_DATABASE_URL": "postgresql://host/db", "OTHER": "a/b"}
    assert urls.items() <= absolute(**urls).items()

    moved = absolute(INGEST_BLOBS_URL="blobs", INGEST_DATABASE_URL="sqlite:///own.db", INGEST_IMPORT_ROOTS="a, s3://b")

    assert moved["INGEST_BLOBS_URL"] == "/home/user/blobs"
    assert moved["INGEST_DATABASE_URL"] == "sqlite:////home/user/own.db"
    assert moved["INGEST_IMPORT_ROOTS"] == "/home/user/a,s3://b"


def test_the_folders_of_further_models_become_absolute() -> None:
    value = absolute(INGEST_EMBEDDING_MODELS='[{"model_path": "m"}, {"model": "x"}]')["INGEST_EMBEDDING_MODELS"]

    assert json.loads(value) == [{"model_path": "/home/user/m"}, {"model": "x"}]
    assert absolute(INGEST_EMBEDDING_MODELS="no JSON")["INGEST_EMBEDDING_MODELS"] == "no JSON"


def test_the_working_directory_is_taken_from_the_import_path() -> None:
    assert absolute(PYTHONPATH=":/lib:relative:")["PYTHONPATH"] == "/lib"


def test_a_folder_beside_the_working_directory_is_found_without_the_working_directory(tmp_path: Path) -> None:
    user_folder = tmp_path / "deeply" / "user"
    (tmp_path / "data").mkdir()
    user_folder.mkdir(parents=True)

    data = absolute_path(user_folder, "../../data")
    moved = absolute_locations(
        {"INGEST_BLOBS_URL": "../../data", "INGEST_DATABASE_URL": "sqlite:///../own.db"}, user_folder
    )
    user_folder.rmdir()

    assert data.is_dir()
    assert moved["INGEST_BLOBS_URL"] == str(data)
    assert moved["INGEST_DATABASE_URL"] == f"sqlite:///{user_folder.parent / 'own.db'}"
    assert absolute_path(user_folder, "link/../data") == user_folder / "link/../data"
