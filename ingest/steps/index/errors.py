"""Translation of the Qdrant client's errors into the project's."""

from collections.abc import Iterator
from contextlib import contextmanager

from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from ingest.errors import DependencyDown, IngestError

# An operator can correct a key while files wait. A 404 gets here only if a new collection vanished at once.
_RETRYABLE_STATUSES = frozenset({401, 403, 404, 408, 429})


@contextmanager
def translate_qdrant_errors() -> Iterator[None]:
    """Raise DependencyDown when Qdrant is unreachable or failing, IngestError when it rejects our request."""
    try:
        yield
    except ResourceExhaustedResponse as error:
        raise DependencyDown("qdrant", "asks for fewer requests", retry_after_seconds=error.retry_after_s) from error
    except ResponseHandlingException as error:
        raise DependencyDown("qdrant", f"no answer ({_excerpt(error.source)})") from error
    except UnexpectedResponse as error:
        text = f"answered {error.status_code} ({_excerpt(error.content)})"
        if error.status_code in _RETRYABLE_STATUSES or (error.status_code or 500) >= 500:
            raise DependencyDown("qdrant", text) from error
        raise IngestError(f"qdrant: {text}") from error


def _excerpt(cause: object) -> str:
    text = cause.decode(errors="replace") if isinstance(cause, bytes) else f"{type(cause).__name__}: {cause}"
    return text[:200]
