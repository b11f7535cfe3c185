"""Landlock: which files a process may use, from now on and for ever (https://docs.kernel.org/userspace-api/landlock.html)."""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from ingest.steps.parse.cage.kernel import system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION_FLAG, _RULE_PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIRECTORY = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Number of rights on files by the version of the interface; later ones know 16. Rights in no rule are refused."""
_LATEST_FILE_RIGHTS = 16
_NETWORK_ABI, _SCOPE_ABI = 4, 6
_ALL_TCP = 0b11  # bind and connect
_ALL_SCOPES = 0b11  # abstract Unix sockets and signals of processes outside


def landlock_version() -> int:
    """Return the version of the kernel's Landlock, or 0 if it has none or it is off."""
    try:
        return system_call(_CREATE_RULESET, "landlock", None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def restrict_files(readable: Iterable[Path], writable: Iterable[Path], *, may_execute: bool) -> int:
    """Let this process read only `readable` and what is below, and write only the files `writable`, which must exist.

    It can create, delete and rename nothing, use no TCP, and reach no process outside. Returns Landlock's version.
    Raises OSError if the kernel has no Landlock.
    """
    version = system_call(_CREATE_RULESET, "landlock", None, 0, _VERSION_FLAG)
    handled = (1 << _FILE_RIGHTS.get(version, _LATEST_FILE_RIGHTS)) - 1
    network = _ALL_TCP if version >= _NETWORK_ABI else 0
    scopes = _ALL_SCOPES if version >= _SCOPE_ABI else 0
    size = 24 if version >= _SCOPE_ABI else 16 if version >= _NETWORK_ABI else 8
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", handled, network, scopes))
    ruleset = system_call(_CREATE_RULESET, "landlock_create_ruleset", attributes, size, 0)
    try:
        read = _READ_FILE | _READ_DIRECTORY | (_EXECUTE if may_execute else 0)
        for path in readable:
            _add_rule(ruleset, path, read)
        for path in writable:
            _add_rule(ruleset, path, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & handled)
        system_call(_RESTRICT_SELF, "landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def _add_rule(ruleset: int, path: Path, rights: int) -> None:
    """Add a rule for a path. Does nothing if it does not exist."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= ~_READ_DIRECTORY
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, handle), 12)
        system_call(_ADD_RULE, f"landlock_add_rule for {path}", ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(handle)
