"""Which of Qdrant's errors are a dependency that is down."""

import httpx
import pytest
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from ingest.errors import DependencyDown, IngestError
from ingest.steps.index.errors import translate_qdrant_errors


def answered(status: int) -> UnexpectedResponse:
    return UnexpectedResponse(status, "", b"some words", httpx.Headers())


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
def test_a_transient_status_raises_dependency_down(status: int) -> None:
    with pytest.raises(DependencyDown, match=rf"qdrant: answered {status} \(some words\)"), translate_qdrant_errors():
        raise answered(status)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_rejected_request_does_not_raise_dependency_down(status: int) -> None:
    with pytest.raises(IngestError, match=f"qdrant: answered {status}") as caught, translate_qdrant_errors():
        raise answered(status)

    assert not isinstance(caught.value, DependencyDown)


def test_a_rate_limit_error_has_the_seconds_until_the_retry() -> None:
    with pytest.raises(DependencyDown) as caught, translate_qdrant_errors():
        raise ResourceExhaustedResponse("too many", 7)

    assert caught.value.retry_after_seconds == 7


def test_a_missing_response_raises_dependency_down() -> None:
    with pytest.raises(DependencyDown, match=r"qdrant: no answer \(OSError: gone\)"), translate_qdrant_errors():
        raise ResponseHandlingException(OSError("gone"))
