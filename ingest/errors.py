"""Every error of ours: whose fault it is, and whether a retry can help."""

from typing import ClassVar, Literal

LastErrorCode = Literal["server_error", "unsupported_file", "invalid_file"]


class IngestError(Exception):
    """The root of all errors raised on purpose; its text is for the person who called."""


# --- the request: the caller's fault, a retry cannot help ---


class RequestError(IngestError):
    """A request that cannot be carried out as it stands.

    `param` names the field at fault and `code` is one of the API's words (contract.md section 8).
    """

    http_status: ClassVar[int] = 400
    kind: ClassVar[str] = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class InvalidRequest(RequestError):
    """A parameter is missing, unknown or out of range."""


class NotFound(RequestError):
    """The named object does not exist, or not for this caller."""

    http_status = 404


class TooLarge(RequestError):
    """The body is larger than the service accepts."""

    http_status = 413


class Unauthorised(RequestError):
    """No key, or one that is not good."""

    http_status = 401


class Forbidden(RequestError):
    """A key that is good, but not for this."""

    http_status = 403


class TooMany(RequestError):
    """More than the project may have at a time; later it may work."""

    http_status = 429
    kind = "requests"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message, code="rate_limit_exceeded")
        self.retry_after_seconds = retry_after_seconds


class QuotaExceeded(RequestError):
    """More than the project may ever have: waiting does not help."""

    http_status = 429
    kind = "insufficient_quota"

    def __init__(self, message: str) -> None:
        super().__init__(message, code="insufficient_quota")


# --- the file: it will never work, the reason goes to its last_error ---


class FileError(IngestError):
    """This file cannot be ingested; the text is what its owner reads in `last_error.message`."""

    code: ClassVar[LastErrorCode] = "server_error"


class UnsupportedFile(FileError):
    """A kind of file that is not read here."""

    code = "unsupported_file"


class InvalidFile(FileError):
    """A known kind, but broken, encrypted, empty or too large to read within the limits."""

    code = "invalid_file"


# --- the surroundings: nobody's fault, a later try can help ---


class DependencyDown(IngestError):
    """A server that is needed did not answer, or asked to be left alone for a while.

    `dependency` is its name for people ("qdrant", "embedder", "database", "broker", "blobs").
    `retry_after_seconds` is what it asked for, if it did.
    """

    def __init__(self, dependency: str, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"{dependency}: {message}")
        self.dependency = dependency
        self.retry_after_seconds = retry_after_seconds


class ModelMissing(DependencyDown):
    """A vector store's embedding model is not configured (any more); only the operator can help."""

    def __init__(self, model: str) -> None:
        super().__init__(
            "embedding model",
            f"this vector store was made with the embedding model '{model}', which is not configured:"
            " set INGEST_EMBEDDING_MODELS, or move the store to another model",
        )
        self.model = model


# --- the job: somebody else decided ---


class Abandoned(IngestError):
    """The file is no longer this worker's: cancelled, deleted, or taken over. Stop quietly."""


class Moved(IngestError):
    """The store of the job's file goes over to another embedding model, or went: what the job made may be for the wrong
    one. The file is queued again."""


class Refused(IngestError):
    """The command line or the configuration cannot be carried out; one clear line for the operator."""
