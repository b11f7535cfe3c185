"""Names and addresses of archives and their members."""

import os

_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")


def is_archive_name(name: str) -> bool:
    """Return whether a file with this name is opened as an archive."""
    return name.lower().endswith(_SUFFIXES)


def split_address(address: str) -> tuple[str, str] | None:
    """Return the archive's path and the member's path that an address names, or None for any other local address."""
    if os.path.lexists(address):
        return None
    archive, member = os.path.split(address)
    while member and archive not in ("", "/"):
        if os.path.isfile(archive):
            return archive, member
        archive, name = os.path.split(archive)
        member = f"{name}/{member}"
    return None


def safe_member_name(name: str) -> str:
    """Return a member's path without drives, "." and "..", so that it names something below its archive; "" if nothing."""
    parts = name.replace("\\", "/").split("/")
    kept = [part for part in parts if part not in ("", ".", "..") and not (len(part) == 2 and part[1] == ":")]
    return "/".join(kept).replace("\0", "")
