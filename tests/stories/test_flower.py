"""Flower in a real browser: the login, and the file behind each task."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers import wait_until
from tests.stories.running import Service, running

FILES = 24


@pytest.fixture(scope="module")
def flower_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a service with Flower."""
    environment = {"INGEST_FLOWER_PORT": "0"}
    with running(tmp_path_factory.mktemp("watched") / "data", "--flower", environment=environment) as service:
        wait_until(lambda: answers(f"{address(service)}/healthcheck"), seconds=60, what="the start of Flower")
        yield service


@pytest.fixture
def browser() -> str:
    """Return the path of Chromium. Without it the test is skipped locally and fails in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        assert not os.environ.get("CI"), "install chromium"
        pytest.skip("no chromium")
    return found


def address(service: Service) -> str:
    """Return Flower's address as `ingest up` printed it, with name and password."""
    found = re.search(r"^flower (http://\S+)$", service.output(), re.MULTILINE)
    assert found is not None
    return found[1]


def answers(url: str) -> bool:
    """Return whether the server answers."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def render(browser: str, url: str, *what: str, profile: Path) -> bytes:
    """Render a page in the browser, with options, and return its standard output."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--window-size=1700,900"]
    return subprocess.run(
        [browser, *options, "--virtual-time-budget=8000", *what, url], capture_output=True, timeout=60, check=True
    ).stdout


def test_flower_asks_for_the_password_that_was_printed(flower_service: Service) -> None:
    url = httpx.URL(address(flower_service))

    assert httpx.get(url.copy_with(username="", password=""), trust_env=False).status_code == 401
    assert httpx.get(url, trust_env=False, follow_redirects=True).status_code == 200


def test_flower_is_read_only(flower_service: Service) -> None:
    url = httpx.URL(address(flower_service)).copy_with(path="/api/worker/shutdown/celery@any")

    assert httpx.post(url, trust_env=False).status_code in (401, 403)


def test_an_operator_finds_a_running_import_in_the_browser(
    flower_service: Service, browser: str, tmp_path: Path
) -> None:
    client = flower_service.client()
    text = "The keeper of the lamp wrote down the weather of the day. " * 600
    ids = [
        client.files.create(file=(f"logbook-{n}.txt", f"{n} {text}".encode()), purpose="assistants").id
        for n in range(FILES)
    ]
    store = client.vector_stores.create(name="watched")
    batch = client.vector_stores.file_batches.create(store.id, file_ids=ids)
    wait_until(
        lambda: (
            client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id).file_counts.completed > 0
        ),
        seconds=60,
        what="the first file",
    )

    page = render(browser, f"{address(flower_service)}/tasks", "--dump-dom", profile=tmp_path / "profile").decode()
    render(
        browser,
        f"{address(flower_service)}/tasks",
        f"--screenshot={tmp_path / 'flower.png'}",
        profile=tmp_path / "profile",
    )

    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*logbook-\d+\.txt.*?</tr>", page, re.DOTALL)
    assert row is not None, page[-3000:]
    assert "ingest.file" in row[0]
    assert store.id in row[0]
    assert batch.id in row[0]
    assert "attempt 1" in row[0]
    assert re.search("SUCCESS|STARTED|RECEIVED", row[0])
    screenshot = (tmp_path / "flower.png").read_bytes()
    assert screenshot.startswith(b"\x89PNG")
    assert len(screenshot) > 20_000
    if kept := os.environ.get("SCREENSHOTS"):
        shutil.copy(tmp_path / "flower.png", kept)
