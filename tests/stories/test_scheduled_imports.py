"""A folder is mirrored by the running service: with keys, through kill -9, and stopped in time."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.servers import wait_until
from tests.stories.running import Service, running
from tests.stories.test_crashes import INGEST, QUICK, family, none_lives, part, verify

FILES = 300


class Mirror:
    """A schedule, as its project sees it."""

    def __init__(self, client: openai.OpenAI, store: str, **wish: Any) -> None:
        self._client = client
        self.store = store
        self._path = f"/vector_stores/{store}/import_schedules"
        made = client.post(
            self._path, cast_to=dict[str, Any], body={"cron": "0 3 1 1 *", "delete_missing": True} | wish
        )
        self._path += f"/{made['id']}"

    def now(self) -> dict[str, Any]:
        return self._client.get(self._path, cast_to=dict[str, Any])

    def begin(self) -> None:
        self._client.post(f"{self._path}/run", cast_to=dict[str, Any])

    def counts(self) -> dict[str, int]:
        """What is not 0 of the last run's."""
        last = self.now()["last_run"] or {"counts": {}}
        return {name: count for name, count in last["counts"].items() if count}

    def ran(self) -> dict[str, Any]:
        """Run it now; the run, when it is over."""
        self.begin()
        return self.ended()

    def ended(self) -> dict[str, Any]:
        self.wait(lambda now: not now["due"] and now["last_run"]["ended_at"] is not None)
        last: dict[str, Any] = self.now()["last_run"]
        return last

    def wait(self, is_so: Callable[[dict[str, Any]], bool], seconds: float = 90) -> None:
        wait_until(lambda: is_so(self.now()), seconds=seconds, what="the import")


def key(data: Path) -> str:
    """A key with every right; from then on the service wants one."""
    scopes = [option for scope in ("read", "write", "admin") for option in ("--scope", scope)]
    command = [INGEST, "keys", "create", "--data", str(data), *scopes]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()[0]


def patient(service: Service, secret: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=service.base_url, api_key=secret, max_retries=8)


def write(folder: Path, numbers: range) -> None:
    for n in numbers:
        (folder / f"{n}.txt").write_text(f"marker{n:04d} " + "river stone harbour winter lantern " * 40)


def test_a_folder_is_mirrored_again_and_again_whatever_is_killed(tmp_path: Path) -> None:
    data, shared = tmp_path / "data", tmp_path / "shared"
    folder = shared / "documents"
    folder.mkdir(parents=True)
    secret = key(data)
    options = ("--workers", "2", "--import-root", str(shared))
    with running(data, *options, environment=QUICK) as service:
        client = patient(service, secret)
        store = client.vector_stores.create(name="mirror").id
        write(folder, range(3))
        minutely = Mirror(
            client, client.vector_stores.create(name="minutes").id, cron="* * * * *", sources=[str(folder / "0.txt")]
        )
        mirror = Mirror(client, store, sources=[str(folder)])

        first = mirror.ran()
        (folder / "0.txt").write_text("marker0000 has changed")
        (folder / "1.txt").unlink()
        write(folder, range(3, 4))
        second = mirror.ran()

        assert (first["status"], first["counts"]["uploaded"], first["counts"]["completed"]) == ("completed", 3, 3)
        counts = {name: count for name, count in second["counts"].items() if count}
        assert (second["status"], counts) == ("completed", {"uploaded": 2, "removed": 1, "completed": 3, "total": 3})
        assert {file.filename for file in client.files.list(limit=100)} >= {"0.txt", "2.txt", "3.txt"}
        [hit, *_] = client.vector_stores.search(store, query="marker0000").data
        assert hit.content[0].text == "marker0000 has changed"

        write(folder, range(4, FILES))
        mirror.begin()
        for words, enough in (("api.import_process", 40), ("api.app:create", 120)):
            mirror.wait(lambda now, enough=enough: (now["last_run"]["counts"]["uploaded"]) >= enough)  # type: ignore[misc]
            assert mirror.now()["last_run"]["status"] == "in_progress"
            part(service, words).kill()
        last = mirror.ended()

        assert last["status"] == "completed"
        assert mirror.counts() == {"uploaded": FILES - 4, "completed": FILES - 1, "total": FILES - 1}
        held = client.vector_stores.retrieve(store).file_counts
        assert (held.completed, held.total) == (FILES - 1, FILES - 1)
        minutely.wait(lambda now: now["last_run"] is not None and now["last_run"]["status"] == "completed")
        run = minutely.now()["last_run"]
        assert run["began_at"] % 60 < 50  # begun soon after the minute at which it was due
        assert run["counts"]["completed"] == 1
        minutely_files = client.vector_stores.retrieve(minutely.store).file_counts.total
        assert len({file.id for file in client.files.list(limit=1000)}) == FILES - 1 + minutely_files
        wait_until(lambda: verify(data) == [], seconds=60, what="everything to agree")


def test_a_service_that_stops_during_an_import_ends_in_time_and_the_next_goes_on(tmp_path: Path) -> None:
    data, shared = tmp_path / "data", tmp_path / "shared"
    shared.mkdir()
    write(shared, range(FILES))
    options = ("--workers", "2", "--import-root", str(shared))
    with running(data, *options, environment=QUICK) as service:
        client = service.client(max_retries=8)
        mirror = Mirror(client, client.vector_stores.create(name="mirror").id, sources=[str(shared)])
        mirror.begin()
        mirror.wait(lambda now: now["last_run"] is not None and now["last_run"]["counts"]["uploaded"] >= 20)
        processes = family(service)
    assert none_lives(processes)

    with running(data, *options, environment=QUICK) as again:
        mirror._client = again.client(max_retries=8)
        mirror.ended()
        assert mirror.counts() == {"uploaded": FILES, "completed": FILES, "total": FILES}


def test_nobody_reads_the_services_files(tmp_path: Path) -> None:
    data, shared = tmp_path / "data", tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to("/etc")
    (shared / "link.txt").symlink_to("/etc/hostname")
    (shared / "note.txt").write_text("A heron stands.")
    with running(data, "--workers", "1", "--import-root", str(shared), environment=QUICK) as service:
        client = service.client(max_retries=0)
        store = client.vector_stores.create(name="mirror").id
        wrong = ("/etc/hostname", "file:///etc/hostname", f"{shared}/../data", f"{shared}/link", f"{shared}/link.txt")
        for source in (*wrong, str(data), "s3://bucket/x", "etc"):
            with pytest.raises(openai.BadRequestError):
                Mirror(client, store, sources=[source])
        listing = shared / "list.txt"
        listing.write_text("/etc/hostname\nnote.txt\nhttp://127.0.0.1:1/x\n")

        ended = Mirror(client, store, sources=[f"{shared}/*"], manifests=[str(listing)]).ran()

        assert ended["status"] == "incomplete"
        held = [client.files.retrieve(file.id).filename for file in client.vector_stores.files.list(store)]
        assert sorted(held) == ["list.txt", "note.txt"]
