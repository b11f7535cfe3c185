"""Run the commands of deploy/compose.yaml as plain processes: two APIs and three worker groups on two queues, against one
Postgres, one broker and one vectors server. Not covered: the containers themselves, and a Qdrant server in the place of
the vectors process."""

import subprocess
from collections.abc import Iterator

import httpx
import openai
import psycopg
import pytest
from openai.types import FileObject

from tests import servers
from tests.deploy.running import Deployment, deployed
from tests.deploy.test_compose import DEPLOY

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]

BATCH = 60
SINGLES = 12
WORKERS = {"singles": "interactive,maintenance", "bulk-1": "bulk", "bulk-2": "bulk"}


@pytest.fixture(scope="module")
def deployment(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS ingest_deployed WITH (FORCE)")
        connection.execute("CREATE DATABASE ingest_deployed")
    database = postgres_server.rsplit("/", 1)[0] + "/ingest_deployed"
    with deployed(tmp_path_factory.mktemp("deployed"), database, WORKERS, {}, flower=True) as running_deployment:
        yield running_deployment


def upload(client: openai.OpenAI, number: int) -> FileObject:
    text = f"# Entry {number}\n\nThe keeper of lamp{number:03d} wrote it down.\n" * 40
    return client.files.create(file=(f"{number}.md", text.encode()), purpose="assistants")


def test_worker_groups_share_their_queues_and_both_apis_agree_on_every_count(deployment: Deployment) -> None:
    both = [openai.OpenAI(base_url=f"{api}/v1", api_key="none", max_retries=0) for api in deployment.apis]
    first, second = both
    store, other = (client.vector_stores.create(name="shared") for client in both)
    ids = [upload(both[number % 2], number).id for number in range(BATCH + SINGLES)]

    batch = second.vector_stores.file_batches.create(store.id, file_ids=ids[:BATCH])
    singles = [first.vector_stores.files.create(other.id, file_id=file).id for file in ids[BATCH:]]
    for file in singles:
        ended = second.vector_stores.files.poll(file, vector_store_id=other.id, poll_interval_ms=100)
        assert ended.status == "completed"
    batch = first.vector_stores.file_batches.poll(batch.id, vector_store_id=store.id, poll_interval_ms=200)

    assert (batch.status, batch.file_counts.completed, batch.file_counts.total) == ("completed", BATCH, BATCH)
    for each, files in ((store, BATCH), (other, SINGLES)):
        counts = [client.vector_stores.retrieve(each.id).file_counts for client in both]
        assert counts[0] == counts[1]
        assert (counts[0].completed, counts[0].total) == (files, files)
    assert first.vector_stores.search(store.id, query="lamp007").data[0].filename == "7.md"
    done = [deployment.log(f"worker-{name}").read_text().count("file_completed") for name in WORKERS]
    assert (done[0], done[1] + done[2]) == (SINGLES, BATCH)
    assert min(done) > 0
    verified = subprocess.run(
        ["ingest", "verify"], env=deployment.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_flower_requires_a_login_and_shows_all_workers(deployment: Deployment) -> None:
    assert httpx.get(f"{deployment.flower}/", trust_env=False).status_code == 401

    def all_of_them() -> bool:
        page = httpx.get(f"{deployment.flower}/workers", auth=("someone", "secret"), trust_env=False)
        return page.is_success and all(f"{name}@" in page.text for name in WORKERS)

    servers.wait_until(all_of_them, seconds=30, what="all workers in Flower")


def test_flower_changes_nothing(deployment: Deployment) -> None:
    url = f"{deployment.flower}/api/worker/shutdown/bulk-1@any"

    assert httpx.post(url, auth=("someone", "secret"), trust_env=False).status_code == 403


def test_other_machines_are_refused_until_a_key_is_created_as_documented(deployment: Deployment) -> None:
    """This test runs last: afterwards every client needs a key."""
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    first, second = (f"{api}/v1/files" for api in deployment.apis)
    refused = httpx.get(first, headers=elsewhere, trust_env=False)

    created = subprocess.run(
        _after("api", "compose.yaml"),
        env=deployment.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert refused.status_code == 401
    assert "ingest keys create" in refused.json()["error"]["message"]
    assert _after("--", "k8s/base/kustomization.yaml") == _after("api", "compose.yaml") == ["ingest", "keys", "create"]
    authorised = elsewhere | {"Authorization": f"Bearer {created.stdout.strip()}"}
    assert [httpx.get(url, headers=authorised, trust_env=False).status_code for url in (first, second)] == [200, 200]
    assert [httpx.get(url, headers=elsewhere, trust_env=False).status_code for url in (first, second)] == [401, 401]


def _after(word: str, name: str) -> list[str]:
    """Return the command that creates a key from a comment of a file, without its container prefix."""
    line = next(line for line in (DEPLOY / name).read_text().splitlines() if "keys create" in line)
    words = line.partition("  # ")[0].removeprefix("#").split()
    return words[words.index(word) + 1 :]
