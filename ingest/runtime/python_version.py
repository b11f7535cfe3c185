"""The patch level of Python that the service should run on."""

import sys

RECOMMENDED = {(3, 11): 10, (3, 12): 4}
"""By minor version: the patch level since which `ipaddress` knows the networks that are not public (CVE-2024-4032).

The egress guard has a list of its own, so an older one is no hole in it; but older ones lack other fixes as well.
"""


def outdated_python(version: tuple[int, int, int] = sys.version_info[:3]) -> str | None:
    """Return one line for the operator if this Python is older than recommended, else None."""
    major, minor, patch = version
    recommended = RECOMMENDED.get((major, minor), 0)
    if patch >= recommended:
        return None
    return f"Python {major}.{minor}.{patch} lacks security fixes: use {major}.{minor}.{recommended} or a later one"
