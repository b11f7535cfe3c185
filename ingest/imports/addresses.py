"""Addresses of files: local paths, `file://` URLs, URLs of buckets, URLs on the web, and sitemaps."""

import glob
from urllib.parse import unquote, urlsplit

from ingest.errors import Refused

WEB_SCHEMES = ("http", "https")
LOCAL_SCHEMES = ("", "file", "local")

SITEMAP_PREFIX = "sitemap+"
"""Before the URL of a sitemap, whose pages are imported."""

OTHER_STORE_SCHEMES = ("openai", "qdrant", "jsonl")
"""See `ingest/imports/other_stores/`."""

INVALID_ADDRESS = "The address is not valid"

_SCHEME_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "az": "abfs", "abfss": "abfs"}


def url_scheme(address: str) -> str:
    """Return the lower-case scheme of a URL, or "" for a path."""
    scheme, separator, _ = address.partition("://")
    return scheme.lower() if separator and scheme.replace("+", "").isalnum() else ""


def is_local(address: str) -> bool:
    """Return whether an address names files of this machine."""
    return url_scheme(address) in LOCAL_SCHEMES


def is_web(address: str) -> bool:
    """Return whether an address is an HTTP or HTTPS URL."""
    return url_scheme(address) in WEB_SCHEMES


def is_sitemap(address: str) -> bool:
    """Return whether an address names a sitemap as a source: `sitemap+https://...`."""
    scheme = url_scheme(address)
    return scheme.startswith(SITEMAP_PREFIX) and scheme.removeprefix(SITEMAP_PREFIX) in WEB_SCHEMES


def is_other_store(address: str) -> bool:
    """Return whether an address names a store of another service, or a file of it."""
    return url_scheme(address) in OTHER_STORE_SCHEMES


def sitemap_address(url: str) -> str:
    """Return the address of a sitemap as a source. Raises Refused when the URL is not one on the web."""
    if not is_web(url) or not is_valid_address(url):
        raise Refused(f"{url}: expected the URL of a sitemap, such as https://example.org/sitemap.xml.")
    return SITEMAP_PREFIX + url


def sitemap_url(address: str) -> str:
    """Return the URL of the sitemap that an address names."""
    return address[len(SITEMAP_PREFIX) :]


def local_path(address: str) -> str:
    """Return the path that a local address names. Raises Refused when a `file://` URL cannot be parsed."""
    if url_scheme(address) != "file":
        return address.removeprefix("local://")
    try:
        return unquote(urlsplit(address).path)
    except ValueError as exc:
        raise Refused(f"{address}: {INVALID_ADDRESS}.") from exc


def is_valid_address(address: str) -> bool:
    """Return whether an address can name a file: a URL needs a part after its scheme, a web URL needs a host."""
    if not address or "\0" in address:
        return False
    scheme, rest = url_scheme(address), address.partition("://")[2]
    if scheme.removeprefix(SITEMAP_PREFIX) not in (*WEB_SCHEMES, "file"):
        return not scheme or bool(rest.strip("/"))
    try:
        parts = urlsplit(address)
        return bool(parts.path if scheme == "file" else parts.hostname and parts.port != 0)
    except ValueError:
        return False


def glob_base(pattern: str) -> str:
    """Return the folder that a glob searches: its parts before the first wildcard."""
    parts = pattern.split("/")
    wildcard = next((number for number, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return "/".join(parts[:wildcard]) or ("/" if pattern.startswith("/") else ".")


def canonical_bucket_url(url: str) -> str:
    """Return a bucket's URL in one form for comparisons: no scheme aliases, no credentials, no port."""
    scheme, (host, *parts) = url_scheme(url), [part for part in url.partition("://")[2].split("/") if part] or [""]
    scheme = _SCHEME_ALIASES.get(scheme, scheme)
    # Azure writes container@account; in other URLs the part before the @ is a user.
    host = host.partition("@")[0] if scheme == "abfs" else host.rpartition("@")[2].partition(":")[0]
    return "/".join([f"{scheme}:/", host.lower(), *parts]).rstrip("/")
