"""Webhook endpoints of a project."""

import pytest

from ingest.errors import InvalidRequest, NotFound
from ingest.jobs.maintenance import run_maintenance
from ingest.webhooks import endpoints
from ingest.webhooks.endpoints import MAX_ENDPOINTS_PER_PROJECT
from tests.fakes import CALLER, FakeServices
from tests.webhooks.scenes import COMPLETED, create_ended_batch, subscribe, waiting_deliveries

URL = "https://receiver.example/hook"


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://", "/hook", "http://me:secret@a.example/", "http://a b/"])
def test_an_invalid_url_is_refused(services: FakeServices, url: str) -> None:
    with pytest.raises(InvalidRequest, match="http or https"):
        subscribe(services, url)


def test_an_invalid_url_does_not_replace_a_valid_one(services: FakeServices) -> None:
    endpoint, _ = subscribe(services, URL)

    with pytest.raises(InvalidRequest, match="http or https"):
        endpoints.update(services, CALLER, endpoint, {"url": "/hook"})

    assert endpoints.retrieve(services, CALLER, endpoint).endpoint.url == URL


def test_a_project_has_a_maximum_number_of_endpoints(services: FakeServices) -> None:
    for _ in range(MAX_ENDPOINTS_PER_PROJECT):
        subscribe(services, URL)

    with pytest.raises(InvalidRequest, match="at most"):
        subscribe(services, URL)


def test_event_types_are_stored_once_each(services: FakeServices) -> None:
    endpoint, _ = subscribe(services, URL, COMPLETED, COMPLETED)

    assert endpoints.retrieve(services, CALLER, endpoint).endpoint.event_types == [COMPLETED]


def test_a_deleted_endpoint_loses_its_waiting_events(services: FakeServices) -> None:
    endpoint, _ = subscribe(services, URL)
    create_ended_batch(services)
    run_maintenance(services)
    assert endpoints.retrieve(services, CALLER, endpoint).waiting_events == 1

    endpoints.delete(services, CALLER, endpoint)

    assert waiting_deliveries(services) == []
    with pytest.raises(NotFound):
        endpoints.retrieve(services, CALLER, endpoint)
