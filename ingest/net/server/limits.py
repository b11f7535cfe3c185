"""The limits of the HTTP server. Times are seconds."""

from dataclasses import dataclass

MIN_RESERVED_DESCRIPTORS = 64
"""Descriptors that connections leave to the database, other servers, files and child processes."""

CONNECTIONS_SHARE = 0.75
"""Share of the descriptors that connections may use."""


@dataclass(frozen=True)
class ServerLimits:
    """What one connection may send and how long it may take, and how many connections there may be."""

    max_connections: int = 2_048
    max_connections_per_address: int = 512
    """Of one client address. Addresses of this machine have no limit of their own."""

    head_bytes: int = 64 * 2**10
    """Request line and headers. The same limit applies to what lies between two parts of a chunked body, and to trailers."""

    url_bytes: int = 16 * 2**10
    headers: int = 128
    pipelined_requests: int = 4
    """Requests that wait behind one whose answer is not complete."""

    head_seconds: float = 10.0
    """From the first byte of a request, or from the start of the connection, to the end of the headers."""

    idle_seconds: int = 75
    """Between two requests. Longer than clients and proxies keep connections, so that the server never closes one in use."""

    window_bytes: int = 10_000
    """What a client sends of a body, or reads of an answer, at least in each of the next two times."""

    body_seconds: float = 20.0
    write_seconds: float = 30.0

    drain_seconds: float = 30.0
    """For the rest of a body whose request is answered. A client that sends on after an error reads the answer later."""

    linger_bytes: int = 256 * 2**10
    """Of what a client sends after its answer. This much is read and dropped, then the server sends and reads no more."""

    unread_bytes: int = 48 * 2**20
    stalled_seconds: float = 2.0
    """Of answers on all connections. Beyond, the largest ones are dropped whose clients do not read for this time."""

    close_seconds: float = 5.0
    """For reading the rest of an answer once the connection is to be closed."""

    linger_seconds: float = 2.0
    """For reading an answer after which the connection closes. A reset that comes earlier could overtake it."""

    behind_seconds: float = 1.0
    """A client this far behind the slowest permitted pace loses its place first when there is none left."""

    free_chunks: int = 1_024
    chunk_bytes: int = 16
    """A body may have `free_chunks` chunks of any size; all chunks together have `chunk_bytes` on average. Each costs a call."""

    def within_descriptors(self, descriptors: int) -> int:
        """Return how many connections are possible with a limit of descriptors."""
        usable = min(descriptors - MIN_RESERVED_DESCRIPTORS, int(descriptors * CONNECTIONS_SHARE))
        return max(8, min(self.max_connections, usable))
