"""System calls that Python has no function for, and the capabilities of this process."""

import ctypes
import errno
import os
import struct
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522


def check(result: int, what: str) -> int:
    """Return the result of a call of the C library. Raises OSError with `what` if it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def system_call(number: int, what: str, *arguments: Any) -> int:
    """Make a system call by its number. Integers are passed in full width. Raises OSError with `what`."""
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return check(libc.syscall(ctypes.c_long(number), *values), what)


def set_no_new_privileges() -> None:
    """Have set-user-id programs and file capabilities give nothing to this process and its descendants."""
    check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def drop_capabilities() -> None:
    """Give up what distinguishes root: otherwise a parser of a service that runs as root could raise its limits."""
    header = ctypes.create_string_buffer(struct.pack("=II", _CAPABILITY_VERSION_3, 0))
    nothing = ctypes.create_string_buffer(24)  # effective, permitted and inheritable, in two halves of 32 bits
    if libc.capset(header, nothing) < 0 and ctypes.get_errno() != errno.ENOSYS:
        check(-1, "capset")
