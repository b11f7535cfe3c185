"""The whole service on a disk that runs full: reads are answered, writes are refused with 503, and nothing dies or is lost."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import openai
import pytest

from tests import disks
from tests.servers import wait_until
from tests.stories.running import Service, running

pytestmark = [pytest.mark.story, pytest.mark.services, pytest.mark.long]

DISK_MIB = 400
BELOW_RESERVE_BYTES = 8 * 2**20

OBSTACLES: dict[str, Callable[[Path], Path]] = {
    "less than the reserve is free": lambda disk: disks.fill(disk, leave_bytes=BELOW_RESERVE_BYTES),
    "the last byte is used": disks.fill,
    "the last inode is used": disks.use_all_inodes,
}


def add_file(client: openai.OpenAI, store: str, text: str) -> str:
    file = client.files.create(file=("note.txt", text.encode()), purpose="assistants")
    return client.vector_stores.files.create_and_poll(file.id, vector_store_id=store, poll_interval_ms=200).status


def assert_reads_are_answered(service: Service, client: openai.OpenAI, store: str) -> None:
    assert len(client.files.list().data) == 1
    found = client.vector_stores.search(store, query="Where does the heron nest?").data
    assert "heron" in found[0].content[0].text
    assert httpx.get(service.base_url.removesuffix("/v1") + "/health").status_code == 200
    assert httpx.get(service.base_url.removesuffix("/v1") + "/metrics").status_code == 200


def readiness(service: Service) -> tuple[int, str]:
    answer = httpx.get(service.base_url.removesuffix("/v1") + "/ready", timeout=20)
    return answer.status_code, answer.json()["status"]


def verify(data: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("ingest")), "verify", "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("obstacle", OBSTACLES.values(), ids=OBSTACLES.keys())
def test_the_service_survives_a_full_disk_and_goes_on_when_there_is_room(
    tmp_path: Path, obstacle: Callable[[Path], Path]
) -> None:
    with (
        disks.small_disk(tmp_path, DISK_MIB, inodes=2_000) as disk,
        running(disk / "data") as service,
        service.client(max_retries=0) as client,
    ):
        store = client.vector_stores.create(name="birds").id
        assert add_file(client, store, "The heron nests in the alders.") == "completed"

        in_the_way = obstacle(disk)

        for number in range(3):
            with pytest.raises(openai.InternalServerError, match="waiting for its") as refused:
                add_file(client, store, f"The stork {number} nests on the chimney.")
            assert refused.value.status_code == 503
            assert_reads_are_answered(service, client, store)
        wait_until(lambda: readiness(service) == (200, "degraded"), what="a readiness that says so")

        shutil.rmtree(in_the_way) if in_the_way.is_dir() else in_the_way.unlink()
        wait_until(lambda: readiness(service) == (200, "ready"), what="a readiness without complaint")
        assert add_file(client, store, "The kingfisher nests in the bank.") == "completed"
        assert "ended (" not in service.output()
        checked = verify(service.data)
        assert checked.returncode == 0, checked.stdout


def test_below_the_reserve_files_can_be_deleted_to_make_room(tmp_path: Path) -> None:
    with (
        disks.small_disk(tmp_path, DISK_MIB) as disk,
        running(disk / "data") as service,
        service.client(max_retries=0) as client,
    ):
        store = client.vector_stores.create(name="birds").id
        large = client.files.create(file=("large.txt", b"heron " * 5_000_000), purpose="assistants")
        disks.fill(disk, leave_bytes=BELOW_RESERVE_BYTES)
        with pytest.raises(openai.InternalServerError):
            client.files.create(file=("note.txt", b"stork"), purpose="assistants")

        client.files.delete(large.id)

        assert add_file(client, store, "The stork nests on the chimney.") == "completed"


def test_starting_on_a_full_disk_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path, 40) as disk:
        disks.fill(disk)
        command = [str(Path(sys.executable).with_name("ingest")), "up", "--data", str(disk / "data"), "--no-flower"]
        started = subprocess.run(command, capture_output=True, text=True)

    assert started.returncode == 2
    assert len(started.stderr.splitlines()) == 1
    assert "No space left on device" in started.stderr
