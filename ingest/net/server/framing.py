"""Where a request ends, and the last response on a connection whose client broke a rule."""

import json

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from ingest.net.server.limits import ServerLimits

_BODY = json.dumps(
    {"error": {"message": "Too many connections. Try again.", "type": "server_error", "param": None, "code": "service_unavailable"}}
).encode()  # fmt: skip
TOO_MANY_CONNECTIONS = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\nx-should-retry: true\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_BODY), _BODY)
)
"""The answer to a client for which there is no place."""


class Violation(Exception):
    """The client exceeded a limit or broke the protocol."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def head_too_large(limits: ServerLimits) -> Violation:
    """Return the violation of a head that exceeds its limits."""
    message = f"Request headers too large: at most {limits.head_bytes:,} bytes in {limits.headers} headers."
    return Violation(431, message)


def last_response(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return the bytes of a response after which the connection closes."""
    all_headers = [*headers, (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    head = b"".join(b"%s: %s\r\n" % header for header in all_headers)
    return b"".join([STATUS_LINE[status], head, b"\r\n", body])


def check_framing(headers: list[tuple[bytes, bytes]]) -> None:
    """Reject headers by which two servers could disagree about where a request ends."""
    names = [name for name, _ in headers]
    lengths = names.count(b"content-length")
    encodings = names.count(b"transfer-encoding")
    if lengths > 1 or encodings > 1 or (lengths and encodings):
        raise Violation(400, "Invalid HTTP request: Content-Length and Transfer-Encoding are given more than once.")
    for name, value in headers:
        if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise Violation(400, "Invalid HTTP request: the only Transfer-Encoding is chunked.")
        if name == b"content-length" and not value.strip().isdigit():
            raise Violation(400, "Invalid HTTP request: the Content-Length is no number.")
