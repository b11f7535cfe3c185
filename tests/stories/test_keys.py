"""A running service with API keys: the real client, and generated requests (schemathesis) with and without a key."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import openai
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import ignored_auth, response_schema_conformance, status_code_conformance

from api.app import build_app
from ingest.config import Settings
from ingest.services import Services
from tests.stories.running import Service, running

EXAMPLES = 4
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance, ignored_auth]


@pytest.fixture(scope="module")
def service_with_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str]]:
    """Run a service that requires keys, and create one."""
    data: Path = tmp_path_factory.mktemp("locked") / "data"
    command = [str(Path(sys.executable).with_name("ingest")), "keys", "create", "--data", str(data)]
    key = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    with running(data, "--workers", "1") as service:
        yield service, key


def test_ingestion_and_search_require_a_key(service_with_key: tuple[Service, str]) -> None:
    service, key = service_with_key
    with openai.OpenAI(base_url=service.base_url, api_key=key, max_retries=0) as client:
        store = client.vector_stores.create(name="kept")
        file = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("a.txt", b"A heron stands"))
        assert [hit.file_id for hit in client.vector_stores.search(store.id, query="heron")] == [file.id]
    with service.client(max_retries=0) as anonymous, pytest.raises(openai.AuthenticationError) as refused:
        anonymous.vector_stores.search(store.id, query="heron")
    assert refused.value.code == "invalid_api_key"


def _schema() -> Any:
    generation = {"deterministic": True, "max-examples": EXAMPLES, "database": "none", "allow-x00": False}
    config = SchemathesisConfig.from_dict({"seed": 1, "generation": generation})
    return schemathesis.openapi.from_dict(build_app(Services(Settings())).openapi(), config=config)  # starts no process


@_schema().parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_answers_match_the_openapi_schema_and_require_a_key(case: Any, service_with_key: tuple[Service, str]) -> None:
    service, key = service_with_key
    case.call_and_validate(
        base_url=service.base_url.removesuffix("/v1"), headers={"Authorization": f"Bearer {key}"}, checks=CHECKS
    )
