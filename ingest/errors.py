"""All errors that are raised on purpose, by whose fault they are and whether a retry can help."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

LastErrorCode = Literal["server_error", "unsupported_file", "invalid_file"]

REFUSED_EXIT_CODE = 2
"""Exit code of a process whose settings, schema or arguments are refused."""


class IngestError(Exception):
    """The base class. Its text is for the person who sent the request or the command."""


# --- the caller's fault: a retry cannot help, except as `RateLimited` says ---


class RequestError(IngestError):
    """A request that cannot be carried out as it stands; the API answers with `http_status`.

    `param` names the field at fault, and `code` is one of the API's error codes (deploy/docs/api-contract.md section 8).
    """

    http_status: ClassVar[int] = 400
    error_type: ClassVar[str] = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class InvalidRequest(RequestError):
    """A parameter is missing, unknown or out of range."""


class NotFound(RequestError):
    """The object does not exist, or belongs to another project."""

    http_status = 404


class TooLarge(RequestError):
    """The body is larger than the service accepts."""

    http_status = 413


class Unauthorised(RequestError):
    """The request has no API key, or an invalid or revoked one."""

    http_status = 401


class Forbidden(RequestError):
    """The API key is valid but lacks the scope for this request."""

    http_status = 403


class RateLimited(RequestError):
    """The project exceeds a limit at present. A retry can succeed after `retry_after_seconds`."""

    http_status = 429
    error_type = "requests"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message, code="rate_limit_exceeded")
        self.retry_after_seconds = retry_after_seconds


class QuotaExceeded(RequestError):
    """The request exceeds the project's quota. Waiting does not help."""

    http_status = 429
    error_type = "insufficient_quota"

    def __init__(self, message: str) -> None:
        super().__init__(message, code="insufficient_quota")


# --- the file's fault: a retry cannot help, and the text becomes its `last_error` ---


class FileError(IngestError):
    """The file cannot be ingested. The text becomes `last_error.message` and `code` `last_error.code`.

    `report` is the coverage report of the file as JSON, if the parser came so far.
    """

    code: ClassVar[LastErrorCode] = "server_error"

    def __init__(self, message: str, report: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.report = report


class UnsupportedFile(FileError):
    """The format of the file is not supported."""

    code = "unsupported_file"


class InvalidFile(FileError):
    """The format is supported, but the file is broken, encrypted, empty, or exceeds a limit of its parser."""

    code = "invalid_file"


class DamagedFile(FileError):
    """The stored bytes are not those that were uploaded."""


class ProtectedFile(InvalidFile):
    """The file is encrypted. No other parser can read it either."""


class OversizedFile(InvalidFile):
    """The file would grow beyond a limit, for example when it is unpacked. No other parser may try."""


# --- a dependency's fault: a retry can help ---


class DependencyDown(IngestError):
    """A server that is needed did not answer, or refused the request for the time being.

    `dependency` is its name: "qdrant", "embedder", "reranker", "database", "broker", "blobs", "parser" or "embedding model".
    `retry_after_seconds` is the time that the server asked for, if it did.
    """

    def __init__(self, dependency: str, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"{dependency}: {message}")
        self.dependency = dependency
        self.retry_after_seconds = retry_after_seconds


class DatabaseDamaged(DependencyDown):
    """The file of a SQLite database is damaged, empty, or no database. Only a backup can help."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__("database", f"the file {path} is damaged ({reason}): restore it from a backup")


class ModelMissing(DependencyDown):
    """A vector store uses an embedding model that is not configured (any more). Only the operator can help."""

    def __init__(self, model: str) -> None:
        super().__init__(
            "embedding model",
            f"this vector store was made with the embedding model '{model}', which is not configured:"
            " set INGEST_EMBEDDING_MODELS, or move the store to another model",
        )
        self.model = model


# --- another process decided first, or does the work ---


class Abandoned(IngestError):
    """The file was cancelled, deleted, or reclaimed for another worker. Stop without an error."""


class RequestCancelled(IngestError):
    """The client of a request left, or its deadline is over. Stop; nobody reads the answer."""


class ModelChanged(IngestError):
    """The store changed its embedding models after the file was claimed. The points may be of the wrong model, so the file
    is queued again."""


class OcrDeferred(IngestError):
    """The file needs OCR, which workers of the fast lane leave to those of the slow lane. The file is queued there."""


class SecretUnreadable(IngestError):
    """A secret of the database cannot be decrypted. The text says why."""


class Refused(IngestError):
    """A command or the configuration is refused. The text is one line for the operator, and the exit code is 2."""
