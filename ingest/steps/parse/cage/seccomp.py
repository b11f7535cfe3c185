"""The filter of system calls (seccomp), as a program of the kernel's packet filter (BPF)."""

import ctypes
import errno
import struct
from dataclasses import dataclass

from ingest.steps.parse.cage.kernel import check, libc
from ingest.steps.parse.cage.syscalls import Architecture, this_architecture

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL_PROCESS, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_REFUSE = _ERRNO | errno.EPERM
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32_BIT = 0x40000000  # numbers of the x32 ABI, which would pass by a filter of the numbers of x86_64

_NEW_NAMESPACE_FLAGS = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_CLONE_PARENT, _CLONE_THREAD = 0x8000, 0x10000
_NEGATIVE = 0x80000000
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_PRCTL_REFUSED = (4, 28, 35, 36, 0x59616D61)  # SET_DUMPABLE, SET_SECUREBITS, SET_MM, SET_CHILD_SUBREAPER, SET_PTRACER
_FCNTL_REFUSED = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: they send signals to other processes
_IOCTL_REFUSED = (0x5412, 0x541C, 0x8901, 0x8902)  # TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP
_RLIMITS_ALLOWED = (4, 9)  # RLIMIT_CORE and RLIMIT_AS: their hard limits are set already

_Instruction = tuple[int, int, int, int]
"""Code, distance of the jump when true, distance when false, constant."""


@dataclass(frozen=True)
class Rights:
    """What the filter leaves to a parser.

    `pid` is the parser's process id. ONNX Runtime starts a thread when it is imported, and Tesseract is a program. A parser
    that may run programs may send signals to its programs, but not to the processes in `protected_pids`.
    """

    pid: int
    may_start_threads: bool = False
    may_run_programs: bool = False
    protected_pids: tuple[int, ...] = ()


def install_filter(rights: Rights) -> None:
    """Restrict the system calls of this process and of its descendants for ever. It must have no_new_privs.

    Raises OSError if the kernel refuses it, or if this processor is not known.
    """
    architecture = this_architecture()
    if architecture is None:
        raise OSError(errno.ENOSYS, "the system calls of this processor are not known")
    program = build_program(architecture, rights)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    pointer = ctypes.create_string_buffer(struct.pack("=H6xQ", len(program), ctypes.addressof(code)))
    check(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer, 0, 0), "seccomp")


def build_program(architecture: Architecture, rights: Rights) -> list[_Instruction]:
    """Return the filter's program: refused calls fail with EPERM, and calls of another ABI end the process."""
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture.identifier),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if architecture.name == "x86_64":
        program += _when(_JUMP_GREATER_EQUAL, _X32_BIT, _KILL_PROCESS)
    for denied in architecture.denied(may_run_programs=rights.may_run_programs):
        program += _when(_JUMP_EQUAL, denied, _REFUSE)
    for call, block in _conditions(rights).items():
        number = architecture.number(call)
        if number is not None:
            program += [(_JUMP_EQUAL, 0, len(block), number), *block]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _conditions(rights: Rights) -> dict[str, list[_Instruction]]:
    """Return for each call that depends on its arguments what decides; every block ends with a return."""
    signal_rule = _signal_rule(rights)
    return {
        "clone": _clone_rule(rights),
        # Its flags are in memory, where the filter cannot read. The C library uses clone when clone3 does not exist.
        "clone3": [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)],
        "kill": signal_rule,
        "tgkill": signal_rule,
        "tkill": signal_rule,
        "prctl": _prctl_rule(),
        "prlimit64": _prlimit_rule(rights),
        "setrlimit": [*_argument(0), *_allow_values(_RLIMITS_ALLOWED)],
        "fcntl": [*_argument(1), *_refuse_values(_FCNTL_REFUSED)],
        "ioctl": [*_argument(1), *_refuse_values(_IOCTL_REFUSED)],
    }


def _clone_rule(rights: Rights) -> list[_Instruction]:
    # A process with CLONE_PARENT would be a child of the worker.
    refused = _when(_JUMP_ANY_BIT, _NEW_NAMESPACE_FLAGS | _CLONE_PARENT, _REFUSE)
    if rights.may_run_programs:
        return [*_argument(0), *refused, (_RETURN, 0, 0, _ALLOW)]
    threads = _when(_JUMP_ANY_BIT, _CLONE_THREAD, _ALLOW) if rights.may_start_threads else []
    return [*_argument(0), *refused, *threads, (_RETURN, 0, 0, _REFUSE)]


def _signal_rule(rights: Rights) -> list[_Instruction]:
    if not rights.may_run_programs:
        return [*_argument(0), *_allow_values((rights.pid,))]
    negative = _when(_JUMP_ANY_BIT, _NEGATIVE, _REFUSE)  # process groups, and all processes of the user
    return [*_argument(0), *negative, *_refuse_values(rights.protected_pids)]


def _prctl_rule() -> list[_Instruction]:
    return [
        *_argument(0),
        (_JUMP_EQUAL, 0, 4, _PR_SET_PDEATHSIG),
        *_argument(1),
        *_allow_values((_SIGKILL,)),
        *_refuse_values(_PRCTL_REFUSED),
    ]


def _prlimit_rule(rights: Rights) -> list[_Instruction]:
    """Allow reading limits, and setting soft limits of this process."""
    set_own = [*_argument(1), *_allow_values(_RLIMITS_ALLOWED)]
    check_pid = [
        *_argument(0),
        (_JUMP_EQUAL, 2, 0, 0),
        (_JUMP_EQUAL, 1, 0, rights.pid),
        (_RETURN, 0, 0, _REFUSE),
        *set_own,
    ]
    return [
        *_argument(2),
        (_JUMP_EQUAL, 0, 3, 0),
        *_argument(2, upper_half=True),
        (_JUMP_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),  # no new limits
        *check_pid,
    ]


def _argument(index: int, *, upper_half: bool = False) -> list[_Instruction]:
    return [(_LOAD, 0, 0, _ARGUMENTS + 8 * index + 4 * upper_half)]


def _when(jump: int, constant: int, action: int) -> list[_Instruction]:
    return [(jump, 0, 1, constant), (_RETURN, 0, 0, action)]


def _allow_values(values: tuple[int, ...]) -> list[_Instruction]:
    return [*_any_of(values, _ALLOW), (_RETURN, 0, 0, _REFUSE)]


def _refuse_values(values: tuple[int, ...]) -> list[_Instruction]:
    return [*_any_of(values, _REFUSE), (_RETURN, 0, 0, _ALLOW)]


def _any_of(values: tuple[int, ...], action: int) -> list[_Instruction]:
    return [instruction for value in values for instruction in _when(_JUMP_EQUAL, value, action)]
