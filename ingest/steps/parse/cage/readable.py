"""What the parser process may read: Python, its packages, the system's libraries and data of programs."""

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.environment import selected_environment

_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/bin", "/nix/store", "/gnu/store")
_SYSTEM_FILES = (
    *("/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/alternatives"),
    *("/dev/urandom", "/dev/random", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"),
)
_VARIABLES = ("TESSDATA_PREFIX", "LD_LIBRARY_PATH")


def readable_paths(handlers: str, private: Iterable[Path]) -> list[Path]:
    """Return the files and folders that a parser with this module of handlers reads, without those in `private`."""
    package = Path(__file__).parents[3]
    paths = [*map(Path, (*_SYSTEM_FOLDERS, *_SYSTEM_FILES)), package, *_python_folders(), *_module_folder(handlers)]
    for value in selected_environment(_VARIABLES).values():
        paths += [Path(entry) for entry in value.split(os.pathsep) if entry]
    secret = [path.resolve() for path in private]
    return list(dict.fromkeys(part for path in paths if path.is_absolute() for part in _without(path, secret)))


def _python_folders() -> Iterator[Path]:
    """Yield the folders of Python itself and those from which it imports, but never the whole of a home folder."""
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield Path(sysconfig.get_path(name))
    for prefix in {sys.prefix, sys.base_prefix}:
        yield from (Path(prefix) / name for name in ("lib", "lib64", "share", "pyvenv.cfg"))
    unsafe = {Path("/"), Path.home()}
    yield from (Path(entry) for entry in sys.path if entry and Path(entry) not in unsafe)


def _module_folder(module: str) -> list[Path]:
    spec = importlib.util.find_spec(module.partition(".")[0])
    return [Path(spec.origin).parent] if spec is not None and spec.origin else []


def _without(path: Path, private: list[Path]) -> Iterator[Path]:
    """Yield `path`, or what is in it except the private paths. Landlock has no rule that takes a right away."""
    real = path.resolve()
    if any(real == secret or secret in real.parents for secret in private):
        return
    if not any(real in secret.parents for secret in private):
        yield path
        return
    try:
        entries = list(path.iterdir())
    except OSError:
        return
    for entry in entries:
        yield from _without(entry, private)
