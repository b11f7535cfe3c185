"""What hostile code in the parser process would like to do. Every function raises OSError where the cage refuses it.

`hostile` runs them; the sandbox of a test imports this module by its bare name.
"""

import ctypes
import fcntl
import os
import platform
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_X86 = platform.machine() == "x86_64"
_HARMLESS = signal.SIGCONT


def attempt_all(document: Path, places: dict[str, str]) -> dict[str, str]:
    """Return for each attack "refused" with the error, or "succeeded".

    `places`: "data" is a data folder with `ingest.db` and a blob, "outside" a folder with a file, "port" a TCP port.
    """
    return {name: _outcome(attack) for name, attack in _attacks(document, places).items()}


def _outcome(attack: Callable[[], Any]) -> str:
    try:
        attack()
    except (OSError, RuntimeError, ValueError, sqlite3.Error, subprocess.SubprocessError) as exc:
        return f"refused: {exc}"
    return "succeeded"


def _attacks(document: Path, places: dict[str, str]) -> dict[str, Callable[[], Any]]:
    data, outside, worker = Path(places["data"]), Path(places["outside"]), os.getppid()
    scratch = Path(places["scratch"])
    return {
        "connect to the API": lambda: _connect(int(places["port"])),
        "a TCP socket": lambda: _call(_libc.socket, socket.AF_INET, socket.SOCK_STREAM, 0),
        "a Unix socket": lambda: _call(_libc.socket, socket.AF_UNIX, socket.SOCK_STREAM, 0),
        "a raw socket": lambda: _call(_libc.socket, socket.AF_PACKET, socket.SOCK_RAW, 0),
        "the worker's environment": lambda: Path(f"/proc/{worker}/environ").read_bytes(),
        "the worker's memory": lambda: os.close(os.open(f"/proc/{worker}/mem", os.O_RDWR)),
        "the worker's descriptors": lambda: os.listdir(f"/proc/{worker}/fd"),
        "the worker's command line": lambda: Path(f"/proc/{worker}/cmdline").read_bytes(),
        "tracing the worker": lambda: _call(_libc.ptrace, 16, worker, 0, 0),
        "reading by process_vm_readv": lambda: _call(_libc.process_vm_readv, worker, None, 0, None, 0, 0),
        "a descriptor of the worker": lambda: _call(_libc.syscall, 434, worker, 0),
        "a signal to the worker": lambda: os.kill(worker, _HARMLESS),
        "a signal to all processes": lambda: os.kill(-1, _HARMLESS),
        "a signal to a thread of the worker": lambda: _call(_libc.tgkill, worker, worker, int(_HARMLESS)),
        "a signal by a descriptor's owner": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, worker),
        "limits of the worker": lambda: resource.prlimit(worker, resource.RLIMIT_NOFILE, (64, 64)),
        "reading the database": lambda: (data / "ingest.db").read_bytes(),
        "querying the database": lambda: sqlite3.connect(f"file:{data}/ingest.db?mode=ro", uri=True).execute(
            "select 1"
        ),
        "writing the database": lambda: (data / "ingest.db").open("r+b").close(),
        "truncating the database": lambda: os.truncate(data / "ingest.db", 0),
        "listing the data folder": lambda: os.listdir(data),
        "another file's blob": lambda: (data / "blobs" / "other").read_bytes(),
        "linking another file's blob": lambda: os.link(data / "blobs" / "other", scratch.parent / "link"),
        "a symbolic link": lambda: os.symlink(data, scratch.parent / "link"),
        "the home folder": lambda: os.listdir(Path.home()),
        "a file outside": lambda: (outside / "new").write_text("x"),
        "a file in the temporary folder": lambda: Path(f"/tmp/ingest-attack-{os.getpid()}").write_text("x"),
        "one more file of its own": lambda: (scratch.parent / "new").write_text("x"),
        "a folder of its own": lambda: (scratch.parent / "folder").mkdir(),
        "removing a file": lambda: (outside / "file").unlink(),
        "renaming a file": lambda: (outside / "file").rename(outside / "other"),
        "the mode of a file": lambda: os.chmod(outside / "file", 0o777),
        "the owner of a file": lambda: os.chown(outside / "file", os.getuid(), os.getgid()),
        "the time of a file": lambda: os.utime(outside / "file"),
        "an attribute of a file": lambda: os.setxattr(outside / "file", "user.x", b"x"),
        "writing the document": lambda: document.open("r+b").close(),
        "too large a file": lambda: _write_far(scratch),
        "more memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
        "more file size": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**40, 2**40)),
        "memory in a file": lambda: os.memfd_create("x"),
        "memory that stays": lambda: _call(_libc.shmget, 0, 4096, 0o1600),
        "a process": _fork,
        "a program": lambda: subprocess.run(["/bin/true"], check=True),
        "a thread": _start_thread,
        "a process by clone3": lambda: _call(_libc.syscall, 435, 0, 0),
        "a child of the worker": lambda: _clone(0x8000 | int(signal.SIGCHLD)),
        "a namespace": lambda: _call(_libc.unshare, 0x10000000),
        "a session of its own": os.setsid,
        "a process group of its own": lambda: os.setpgid(0, 0),
        "living longer than the worker": lambda: _call(_libc.prctl, 1, 0, 0, 0, 0),
        "being reaped by another": lambda: _call(_libc.prctl, 36, 1, 0, 0, 0),
        "mounting": lambda: _call(_libc.mount, b"none", b"/mnt", b"tmpfs", 0, None),
        "another root folder": lambda: os.chroot("/usr"),
        "io_uring": lambda: _call(_libc.syscall, 425, 1, 0),
        "bpf": lambda: _call(_libc.syscall, 321 if _X86 else 280, 0, 0, 0),
        "perf events": lambda: _call(_libc.syscall, 298 if _X86 else 241, 0, 0, -1, -1, 0),
        "user page faults": lambda: _call(_libc.syscall, 323 if _X86 else 282, 0),
        "the kernel's keys": lambda: _call(_libc.syscall, 250 if _X86 else 219, 0, -3, 1),
        "watching files": lambda: _call(_libc.inotify_init),
    }


def _call(function: Any, *arguments: Any) -> int:
    result: int = function(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()


def _write_far(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(600 * 2**20)
        file.write(b"x")


def _fork() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _clone(flags: int) -> None:
    number = 56 if _X86 else 220
    pid = _call(_libc.syscall, number, flags, 0, 0, 0, 0)
    if not pid:
        os._exit(0)


def _start_thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
