"""The filter of system calls, run by a small interpreter: so it is tested for processors that are not here, too."""

import errno
from collections.abc import Sequence

import pytest

from ingest.steps.parse.cage.seccomp import Rights, build_program
from ingest.steps.parse.cage.syscalls import AUDIT_ARCHITECTURES, Architecture

PID, WORKER, OTHER = 100, 50, 200
ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE = 0x00050000 | errno.EPERM
STRICT, WITH_THREADS = Rights(PID), Rights(PID, may_start_threads=True)
WITH_PROGRAMS = Rights(PID, may_run_programs=True, protected_pids=(WORKER,))

CLONE_THREAD, CLONE_NEWUSER, CLONE_PARENT, SIGCHLD = 0x10000, 0x10000000, 0x8000, 17


def run(
    rights: Rights, call: str | int, arguments: Sequence[int] = (), *, name: str = "x86_64", abi: int | None = None
) -> int:
    """Return what the kernel would do with a system call."""
    architecture = Architecture(name, AUDIT_ARCHITECTURES[name])
    number = call if isinstance(call, int) else architecture.number(call)
    assert number is not None
    data = {0: number, 4: architecture.identifier if abi is None else abi}
    for index in range(6):
        value = (arguments[index] if index < len(arguments) else 0) % 2**64
        data |= {16 + 8 * index: value % 2**32, 20 + 8 * index: value >> 32}
    program, position, accumulator = build_program(architecture, rights), 0, 0
    while True:
        code, if_true, if_false, constant = program[position]
        position += 1
        match code:
            case 0x20:
                accumulator = data[constant]
            case 0x06:
                return constant
            case 0x15:
                position += if_true if accumulator == constant else if_false
            case 0x35:
                position += if_true if accumulator >= constant else if_false
            case 0x45:
                position += if_true if accumulator & constant else if_false
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


@pytest.fixture(params=sorted(AUDIT_ARCHITECTURES))
def processor(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("call", ["socket", "ptrace", "setsid", "memfd_create", "io_uring_setup", "fchmodat", "execve"])
def test_calls_that_no_parser_needs_are_refused(call: str, processor: str) -> None:
    assert run(STRICT, call, name=processor) == REFUSE


def test_other_calls_are_allowed(processor: str) -> None:
    read = {"x86_64": 0, "aarch64": 63}[processor]

    assert run(STRICT, read, name=processor) == ALLOW


def test_calls_of_another_abi_end_the_process(processor: str) -> None:
    other = next(value for name, value in AUDIT_ARCHITECTURES.items() if name != processor)

    assert run(STRICT, "prctl", name=processor, abi=other) == KILL
    assert run(STRICT, 0x40000000 | 1) == KILL


def test_processes_and_threads_start_only_where_ocr_needs_them(processor: str) -> None:
    def clone(rights: Rights, flags: int) -> int:
        return run(rights, "clone", [flags], name=processor)

    assert [clone(rights, SIGCHLD) for rights in (STRICT, WITH_THREADS, WITH_PROGRAMS)] == [REFUSE, REFUSE, ALLOW]
    assert [clone(rights, CLONE_THREAD) for rights in (STRICT, WITH_THREADS)] == [REFUSE, ALLOW]
    for flag in (CLONE_NEWUSER, CLONE_PARENT):
        assert clone(WITH_PROGRAMS, flag | SIGCHLD) == clone(WITH_THREADS, flag | CLONE_THREAD) == REFUSE
    assert run(WITH_PROGRAMS, "execve", name=processor) == ALLOW
    assert run(WITH_PROGRAMS, "clone3", name=processor) == 0x00050000 | errno.ENOSYS


@pytest.mark.parametrize("call", ["kill", "tgkill", "tkill"])
def test_signals_reach_only_the_parser_and_its_programs(call: str, processor: str) -> None:
    def send(rights: Rights, pid: int) -> int:
        return run(rights, call, [pid, 9], name=processor)

    assert [send(STRICT, pid) for pid in (PID, OTHER, WORKER, 0, -1)] == [ALLOW, REFUSE, REFUSE, REFUSE, REFUSE]
    assert [send(WITH_PROGRAMS, pid) for pid in (PID, OTHER, WORKER, -1)] == [ALLOW, ALLOW, REFUSE, REFUSE]


def test_limits_can_be_read_and_only_soft_limits_of_memory_set(processor: str) -> None:
    def prlimit(pid: int, limit: int, new: int) -> int:
        return run(STRICT, "prlimit64", [pid, limit, new], name=processor)

    memory, files, address = 9, 7, 0x7FFF12345678
    assert prlimit(0, files, 0) == prlimit(OTHER, files, 0) == ALLOW
    assert prlimit(0, memory, address) == prlimit(PID, memory, address) == ALLOW
    assert prlimit(OTHER, memory, address) == prlimit(0, files, address) == REFUSE
    assert prlimit(OTHER, memory, 0x7F00000000) == REFUSE  # an address whose lower half is 0


def test_the_signal_of_a_dead_parent_stays(processor: str) -> None:
    assert run(STRICT, "prctl", [1, 9], name=processor) == ALLOW
    assert run(STRICT, "prctl", [1, 0], name=processor) == REFUSE
    assert run(STRICT, "prctl", [4, 1], name=processor) == REFUSE
    assert run(STRICT, "prctl", [15, 1], name=processor) == ALLOW  # PR_SET_NAME


def test_descriptors_send_no_signals_and_terminals_get_no_input(processor: str) -> None:
    assert run(STRICT, "fcntl", [0, 8, WORKER], name=processor) == REFUSE
    assert run(STRICT, "fcntl", [0, 1], name=processor) == ALLOW
    assert run(STRICT, "ioctl", [0, 0x5412], name=processor) == REFUSE
    assert run(STRICT, "ioctl", [0, 0x5401], name=processor) == ALLOW
