"""The engine's exceptions as errors of the API."""

import pytest

from ingest.embedded.vectors.errors import BadRequest, UnknownCollection, from_engine_error


@pytest.mark.parametrize("error", [ValueError("no"), TypeError("no"), Exception("Wrong input: no")])
def test_a_rejected_request_is_a_bad_request(error: Exception) -> None:
    assert isinstance(from_engine_error(error), BadRequest)


def test_a_failure_of_the_engine_is_no_api_error() -> None:
    assert from_engine_error(Exception("disk full")) is None


def test_an_unknown_collection_is_answered_as_by_a_server() -> None:
    error = UnknownCollection("things")

    assert (error.status, str(error)) == (404, "Not found: Collection `things` doesn't exist!")
