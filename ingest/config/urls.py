"""Which URLs of servers can be right: the others are refused at start, by the name of their setting.

The messages never repeat a URL, because it may hold a password.
"""

import re
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import SplitResult, parse_qsl, urlsplit

HTTP_EXAMPLE = "http://HOST:PORT or https://HOST"
BROKER_EXAMPLE = "redis://HOST:PORT/0 or rediss://HOST:PORT/0"
DATABASE_EXAMPLE = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:////PATH"
BLOBS_EXAMPLE = "a folder, s3://BUCKET/PREFIX or another URL that fsspec knows"

DATABASE_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
SQLITE_SCHEMES = ("sqlite", "sqlite+pysqlite")

MAX_PORT = 65_535

_DATABASE_URL = re.compile(
    r"(?P<scheme>[\w+]+)://(?:[^:/]*(?::[^@]*)?@)?(?P<host>\[[^/?]+\]|[^/:?]+)?(?::(?P<port>[^/?]*))?"
    r"(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?"
)
"""As SQLAlchemy reads it: a password may contain characters that other URLs do not have there."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


def check_http_url(url: str) -> str:
    """Return the URL of a server that speaks HTTP, or "". Raises ValueError."""
    if url:
        _check_server(_split(url, HTTP_EXAMPLE), ("http", "https"), HTTP_EXAMPLE)
    return url


def check_broker_url(url: str) -> str:
    """Return the URL of a broker, or "". Raises ValueError."""
    if not url:
        return url
    parts = _split(url, BROKER_EXAMPLE)
    _check_server(parts, ("redis", "rediss"), BROKER_EXAMPLE)
    if not re.fullmatch(r"/?\d*", parts.path):
        raise _invalid(BROKER_EXAMPLE, "its path is not the number of a database")
    return url


def check_database_url(url: str) -> str:
    """Return the URL of a database, or "". Raises ValueError, also for a driver that is not supported."""
    if not url:
        return url
    _check_characters(url, DATABASE_EXAMPLE)
    match = _DATABASE_URL.fullmatch(url)
    if match is None:
        raise _invalid(DATABASE_EXAMPLE, "it is not a URL")
    scheme, host, port = match["scheme"], match["host"] or "", match["port"]
    if scheme in SQLITE_SCHEMES:
        if host or port is not None:
            raise _invalid(
                DATABASE_EXAMPLE, "a relative path of SQLite begins after three slashes, an absolute one after four"
            )
        return url
    if scheme not in DATABASE_SCHEMES:
        raise _invalid(DATABASE_EXAMPLE, f"its scheme is {scheme[:40]}")
    # libpq takes several hosts, also as folders of sockets, from the query.
    if not host and not any(name in ("host", "hostaddr", "service") for name, _ in parse_qsl(match["query"] or "")):
        raise _invalid(DATABASE_EXAMPLE, "it has no host")
    if host:
        _check_host(host.strip("[]"), DATABASE_EXAMPLE)
    if port:
        _check_port(port, DATABASE_EXAMPLE)
    return url


def check_blobs_url(url: str) -> str:
    """Return a folder, a URL that fsspec knows, or "". Raises ValueError."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        if "\0" in url:
            raise _invalid(BLOBS_EXAMPLE, "it contains a control character")
        return url
    from fsspec.registry import available_protocols  # 0.1 s, which most processes do not need

    _check_characters(url, BLOBS_EXAMPLE)
    if scheme in ("http", "https"):
        raise _invalid(
            BLOBS_EXAMPLE, "a web server cannot be written; S3-compatible servers are s3://, with AWS_ENDPOINT_URL"
        )
    if scheme not in available_protocols():
        raise _invalid(BLOBS_EXAMPLE, f"its scheme is {scheme[:40]}")
    if not rest.strip("/"):
        raise _invalid(BLOBS_EXAMPLE, "it names no bucket or folder")
    return url


def _split(url: str, example: str) -> SplitResult:
    _check_characters(url, example)
    try:
        return urlsplit(url)
    except ValueError:
        raise _invalid(example, "it is not a URL") from None


def _check_characters(url: str, example: str) -> None:
    if any(character <= " " or character == "\x7f" for character in url):
        raise _invalid(example, "it contains a space or a control character")


def _check_server(parts: SplitResult, schemes: tuple[str, ...], example: str) -> None:
    if parts.scheme not in schemes:
        raise _invalid(example, f"its scheme is {parts.scheme[:40]}" if parts.scheme else "it has no scheme")
    if not parts.hostname:
        raise _invalid(example, "it has no host")
    _check_host(parts.hostname, example)
    _, separator, port = parts.netloc.rpartition("@")[2].rpartition(":")
    if separator and "]" not in port and port:
        _check_port(port, example)


def _check_port(port: str, example: str) -> None:
    if not (port.isascii() and port.isdecimal()) or not 0 < int(port) <= MAX_PORT:
        raise _invalid(example, f"its port is not a number from 1 to {MAX_PORT}")


def _check_host(host: str, example: str) -> None:
    """Check the form of a host name or address; whether it exists is found out later."""
    if ":" in host:
        try:
            IPv6Address(host.partition("%")[0])
        except AddressValueError:
            raise _invalid(example, "its host is not an address") from None
        return
    try:
        labels = host.removesuffix(".").encode("idna").decode("ascii").split(".")
    except UnicodeError:
        labels = [""]
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid(example, "its host is not a name")


def _invalid(example: str, reason: str) -> ValueError:
    return ValueError(f"expected {example}, but {reason}")
