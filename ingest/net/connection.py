"""Whether a server accepts connections. Costs no request, so it may be asked often."""

import socket
from urllib.parse import urlsplit

from ingest.errors import DependencyDown
from ingest.net.http_pool import proxy_for

_PORTS = {"http": 80, "https": 443}


def check_connection(dependency: str, url: str, *, seconds: float) -> None:
    """Connect to the server of a URL, or to the proxy that the environment names for it, and close the connection.

    Raises DependencyDown with the dependency's name.
    """
    try:
        parts = urlsplit(url)
        proxy = proxy_for(parts.scheme, parts.hostname or "")
        target = urlsplit(proxy) if proxy is not None else parts
        address = (target.hostname or "", target.port or _PORTS.get(target.scheme, 443))
        socket.create_connection(address, timeout=seconds).close()
    except ValueError as exc:
        raise DependencyDown(dependency, f"its URL is no address to ask: {exc}") from exc
    except TimeoutError as exc:
        raise DependencyDown(dependency, "no answer in time") from exc
    except OSError as exc:
        raise DependencyDown(dependency, f"no connection ({exc})") from exc
