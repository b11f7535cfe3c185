"""Keep the memory and the environment of this process from other processes of its user."""

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def make_undumpable() -> None:
    """Refuse other processes of this user, except root's, to trace this process and to read its memory and environment.

    A parser that runs foreign code could otherwise read the secrets of its worker. The core dump goes as well. Processes
    that this one forks inherit it; those that it starts by exec do not. Does nothing on systems other than Linux.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
