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
def test_a_status_that_may_pass_is_a_dependency_that_is_down(status: int) -> None:
    with pytest.raises(DependencyDown, match=rf"qdrant: answered {status} \(some words\)"), translate_qdrant_errors():
        raise answered(status)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refused_request_is_an_error_of_the_program(status: int) -> None:
    with pytest.raises(IngestError, match=f"qdrant: answered {status}") as caught, translate_qdrant_errors():
        raise answered(status)

    assert not isinstance(caught.value, DependencyDown)


def test_a_request_for_fewer_requests_tells_when_to_retry() -> None:
    with pytest.raises(DependencyDown) as caught, translate_qdrant_errors():
        raise ResourceExhaustedResponse("too many", 7)

    assert caught.value.retry_after_seconds == 7


def test_no_answer_is_a_dependency_that_is_down() -> None:
    with pytest.raises(DependencyDown, match=r"qdrant: no answer \(OSError: gone\)"), translate_qdrant_errors():
        raise ResponseHandlingException(OSError("gone"))
