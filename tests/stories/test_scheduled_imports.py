"""Scheduled imports of a running service: with keys, after kill -9, and stopped in time."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.servers import wait_until
from tests.stories.running import Service, running
from tests.stories.test_crashes import INGEST, SHORT_TIMEOUTS, all_have_exited, all_processes, find_process, verify

FILES = 300


class ScheduledImport:
    """An import schedule as a client sees it."""

    def __init__(self, client: openai.OpenAI, store: str, **options: Any) -> None:
        self._client = client
        self.store = store
        self._path = f"/vector_stores/{store}/import_schedules"
        schedule = client.post(
            self._path, cast_to=dict[str, Any], body={"cron": "0 3 1 1 *", "delete_missing": True} | options
        )
        self._path += f"/{schedule['id']}"

    def read(self) -> dict[str, Any]:
        """Return the schedule."""
        return self._client.get(self._path, cast_to=dict[str, Any])

    def start(self) -> None:
        """Make the schedule due."""
        self._client.post(f"{self._path}/run", cast_to=dict[str, Any])

    def counts(self) -> dict[str, int]:
        """Return the counts of the last run that are not 0."""
        last = self.read()["last_run"] or {"counts": {}}
        return {name: count for name, count in last["counts"].items() if count}

    def run_to_end(self) -> dict[str, Any]:
        """Start a run, wait for its end, and return it."""
        self.start()
        return self.wait_for_end()

    def wait_for_end(self) -> dict[str, Any]:
        """Wait for the end of the last run, and return it."""
        self.wait(lambda schedule: not schedule["due"] and schedule["last_run"]["ended_at"] is not None)
        last: dict[str, Any] = self.read()["last_run"]
        return last

    def wait(self, is_reached: Callable[[dict[str, Any]], bool], seconds: float = 90) -> None:
        """Wait until the schedule reaches a state."""
        wait_until(lambda: is_reached(self.read()), seconds=seconds, what="the import")


def create_key(data: Path) -> str:
    """Create a key with every scope. From then on the service requires a key."""
    scopes = [option for scope in ("read", "write", "admin") for option in ("--scope", scope)]
    command = [INGEST, "keys", "create", "--data", str(data), *scopes]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()[0]


def open_client(service: Service, secret: str) -> openai.OpenAI:
    """Return a client whose retries outlast a restart of the API."""
    return openai.OpenAI(base_url=service.base_url, api_key=secret, max_retries=8)


def write_files(folder: Path, numbers: range) -> None:
    """Write files with these numbers."""
    for n in numbers:
        (folder / f"{n}.txt").write_text(f"marker{n:04d} " + "river stone harbour winter lantern " * 40)


@pytest.mark.timeout(300)  # it waits for a full minute and for restarts
def test_a_scheduled_mirror_survives_kills(tmp_path: Path) -> None:
    data, shared = tmp_path / "data", tmp_path / "shared"
    folder = shared / "documents"
    folder.mkdir(parents=True)
    secret = create_key(data)
    options = ("--workers", "2", "--import-root", str(shared))
    with running(data, *options, environment=SHORT_TIMEOUTS) as service:
        client = open_client(service, secret)
        store = client.vector_stores.create(name="mirror").id
        write_files(folder, range(3))
        minutely = ScheduledImport(
            client, client.vector_stores.create(name="minutes").id, cron="* * * * *", sources=[str(folder / "0.txt")]
        )
        mirror = ScheduledImport(client, store, sources=[str(folder)])

        first = mirror.run_to_end()
        (folder / "0.txt").write_text("marker0000 has changed")
        (folder / "1.txt").unlink()
        write_files(folder, range(3, 4))
        second = mirror.run_to_end()

        assert (first["status"], first["counts"]["uploaded"], first["counts"]["completed"]) == ("completed", 3, 3)
        counts = {name: count for name, count in second["counts"].items() if count}
        assert (second["status"], counts) == ("completed", {"uploaded": 2, "removed": 1, "completed": 3, "total": 3})
        assert {file.filename for file in client.files.list(limit=100)} >= {"0.txt", "2.txt", "3.txt"}
        [hit, *_] = client.vector_stores.search(store, query="marker0000").data
        assert hit.content[0].text == "marker0000 has changed"

        write_files(folder, range(4, FILES))
        mirror.start()
        for process, enough in (("api.import_process", 40), ("api.server", 120)):
            mirror.wait(
                lambda schedule, enough=enough: schedule["last_run"]["counts"]["uploaded"] >= enough  # type: ignore[misc] # mypy cannot infer a lambda with defaults
            )
            assert mirror.read()["last_run"]["status"] == "in_progress"
            find_process(service, process).kill()
        last = mirror.wait_for_end()

        assert last["status"] == "completed"
        assert mirror.counts() == {"uploaded": FILES - 4, "completed": FILES - 1, "total": FILES - 1}
        file_counts = client.vector_stores.retrieve(store).file_counts
        assert (file_counts.completed, file_counts.total) == (FILES - 1, FILES - 1)
        minutely.wait(
            lambda schedule: schedule["last_run"] is not None and schedule["last_run"]["status"] == "completed"
        )
        run = minutely.read()["last_run"]
        assert run["began_at"] % 60 < 50  # it began soon after the full minute
        assert run["counts"]["completed"] == 1
        minutely_files = client.vector_stores.retrieve(minutely.store).file_counts.total
        assert len({file.id for file in client.files.list(limit=1000)}) == FILES - 1 + minutely_files
        wait_until(lambda: verify(data) == [], seconds=60, what="a verification without findings")


@pytest.mark.long
def test_a_service_stopped_during_an_import_stops_in_time_and_resumes(tmp_path: Path) -> None:
    data, shared = tmp_path / "data", tmp_path / "shared"
    shared.mkdir()
    write_files(shared, range(FILES))
    options = ("--workers", "2", "--import-root", str(shared))
    with running(data, *options, environment=SHORT_TIMEOUTS) as service:
        client = service.client(max_retries=8)
        mirror = ScheduledImport(client, client.vector_stores.create(name="mirror").id, sources=[str(shared)])
        mirror.start()
        mirror.wait(
            lambda schedule: schedule["last_run"] is not None and schedule["last_run"]["counts"]["uploaded"] >= 20
        )
        processes = all_processes(service)
    assert all_have_exited(processes)

    with running(data, *options, environment=SHORT_TIMEOUTS) as restarted:
        mirror._client = restarted.client(max_retries=8)
        mirror.wait_for_end()
        assert mirror.counts() == {"uploaded": FILES, "completed": FILES, "total": FILES}


def test_other_users_cannot_read_the_data_folder(tmp_path: Path) -> None:
    data, shared = tmp_path / "data", tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to("/etc")
    (shared / "link.txt").symlink_to("/etc/hostname")
    (shared / "note.txt").write_text("A heron stands.")
    with running(data, "--workers", "1", "--import-root", str(shared), environment=SHORT_TIMEOUTS) as service:
        client = service.client(max_retries=0)
        store = client.vector_stores.create(name="mirror").id
        forbidden = (
            "/etc/hostname",
            "file:///etc/hostname",
            f"{shared}/../data",
            f"{shared}/link",
            f"{shared}/link.txt",
        )
        for source in (*forbidden, str(data), "s3://bucket/x", "etc"):
            with pytest.raises(openai.BadRequestError):
                ScheduledImport(client, store, sources=[source])
        listing = shared / "list.txt"
        listing.write_text("/etc/hostname\nnote.txt\nhttp://127.0.0.1:1/x\n")

        run = ScheduledImport(client, store, sources=[f"{shared}/*"], manifests=[str(listing)]).run_to_end()

        assert run["status"] == "incomplete"
        names = [client.files.retrieve(file.id).filename for file in client.vector_stores.files.list(store)]
        assert sorted(names) == ["list.txt", "note.txt"]
