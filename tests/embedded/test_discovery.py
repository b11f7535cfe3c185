"""How commands find the vectors of an embedded service."""

import threading
import time
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.embedded.discovery import resolve_service, save_urls
from ingest.embedded.supervisor import lock_data_folder
from ingest.errors import Refused

URLS = {"INGEST_QDRANT_URL": "http://127.0.0.1:1", "INGEST_QDRANT_API_KEY": "sesame", "INGEST_OTHER": "x"}


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """Settings without URLs, as of an embedded service."""
    return Settings(data=tmp_path, redis_url="", qdrant_url="", database_url="")


def test_a_configured_url_is_used_as_it_is(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "missing", qdrant_url="http://qdrant:6333")

    with resolve_service(settings, command="ingest verify", report=print) as service:
        assert (service.settings, service.is_running) == (settings, True)


def test_a_missing_data_folder_is_refused(embedded: Settings, tmp_path: Path) -> None:
    settings = embedded.model_copy(update={"data": tmp_path / "missing"})

    with (
        pytest.raises(Refused, match="There is no data folder"),
        resolve_service(settings, command="ingest verify", report=print),
    ):
        pass


def test_the_saved_urls_of_a_running_service_are_used(embedded: Settings, tmp_path: Path) -> None:
    save_urls(tmp_path, URLS)

    with lock_data_folder(tmp_path), resolve_service(embedded, command="ingest verify", report=print) as service:
        assert service.is_running
        assert service.settings.qdrant_url == URLS["INGEST_QDRANT_URL"]
        assert service.settings.qdrant_api_key.get_secret_value() == "sesame"


def test_only_the_user_can_read_the_saved_urls(tmp_path: Path) -> None:
    save_urls(tmp_path, URLS)

    [path] = (tmp_path / "run").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert "INGEST_OTHER" not in path.read_text()


def test_a_service_that_is_starting_is_refused(embedded: Settings, tmp_path: Path) -> None:
    with (
        lock_data_folder(tmp_path),
        pytest.raises(Refused, match="is starting"),
        resolve_service(embedded, command="ingest verify", report=print),
    ):
        pass


@pytest.mark.services
def test_a_command_waits_for_another_one_and_then_starts_the_vectors_process(
    embedded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.embedded.supervisor.LOCK_RETRY_SECONDS", 0.02)
    lines: list[str] = []
    is_locked = threading.Event()

    def hold_lock() -> None:
        with lock_data_folder(tmp_path, "ingest export"):
            is_locked.set()
            time.sleep(0.3)

    thread = threading.Thread(target=hold_lock)
    thread.start()
    is_locked.wait(5)
    with resolve_service(embedded, command="ingest verify", report=lines.append) as service:
        assert not service.is_running
        assert service.settings.qdrant_url.startswith("http://127.0.0.1:")
    thread.join(5)

    assert len(lines) == 1
    assert "in use by another `ingest export`" in lines[0]
