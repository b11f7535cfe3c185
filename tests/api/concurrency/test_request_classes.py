"""Which requests share which places."""

import pytest

from api.concurrency.request_classes import RequestLimits, class_of, searches_at_once
from ingest.config import Settings
from tests.api.projects import OPERATIONS


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("POST /v1/vector_stores/vs_1/search", "searches"),
        ("POST /v1/vector_stores/vs_1/search\n", "searches"),
        ("POST /v1/files", "uploads"),
        ("POST /v1/uploads/upload_1/parts", "uploads"),
        ("POST /v1/uploads/upload_1/complete", "completions"),
        ("POST /v1/webhook_endpoints/we_1/test", "webhook tests"),
        ("GET /v1/files", "requests"),
        ("DELETE /v1/files/file-1", "requests"),
        ("POST /v1/vector_stores", "requests"),
        ("POST /v1/vector_stores/vs_1/file_batches", "requests"),
        ("GET /metrics", "scrapes"),
        ("GET /health", None),
        ("GET /ready", None),
    ],
)
def test_the_class_follows_from_method_and_path(request_line: str, expected: str | None) -> None:
    assert class_of(*request_line.split(" ", 1)) == expected


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_places(operation: str, settings: Settings) -> None:
    assert class_of(*operation.split(" ")) in RequestLimits(settings).by_class


def test_the_thread_pool_has_a_thread_for_every_place(settings: Settings) -> None:
    limits = RequestLimits(settings)

    assert limits.threads >= sum(
        each.places for each in (*limits.by_class.values(), limits.downloads, limits.admission)
    )


def test_more_searches_run_with_a_remote_model(settings: Settings) -> None:
    remote = settings.model_copy(update={"embedding_url": "http://127.0.0.1:1/v1", "embedding_model": "m"})
    remote.__dict__.pop("models", None)

    assert 4 <= searches_at_once(settings) <= searches_at_once(remote)
    assert searches_at_once(settings.model_copy(update={"searches_at_once": 7})) == 7
