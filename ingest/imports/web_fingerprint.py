"""Fingerprints of web files: JSON of the headers for a conditional request, and the `lastmod` of their sitemap."""

import json
from contextlib import suppress
from email.utils import parsedate_to_datetime

LASTMOD = "lastmod"
LAST_MODIFIED = "last-modified"


def lastmod_fingerprint(lastmod: str) -> str:
    """Return the fingerprint of a page before its download; "" when only a request tells whether it changed."""
    return json.dumps({LASTMOD: lastmod}) if lastmod else ""


def lastmod_of(fingerprint: str) -> str:
    """Return the `lastmod` in a fingerprint, or ""."""
    return str(json.loads(fingerprint or "{}").get(LASTMOD, ""))


def last_modified_of(fingerprint: str) -> int | None:
    """Return the Last-Modified header in a fingerprint in seconds since 1970; None without a valid one."""
    header = json.loads(fingerprint or "{}").get(LAST_MODIFIED) if fingerprint.startswith("{") else None
    with suppress(ValueError, OverflowError):
        return int(parsedate_to_datetime(header).timestamp()) if header else None
    return None


def with_lastmod_of(fingerprint: str, other: str) -> str:
    """Return a fingerprint with the `lastmod` of another one, or without one if that has none."""
    facts: dict[str, str] = json.loads(fingerprint or "{}")
    facts.pop(LASTMOD, None)
    if lastmod := lastmod_of(other):
        facts[LASTMOD] = lastmod
    return json.dumps(facts) if facts else ""
