"""Write the byte code of every module that the service imports, at its start or later.

The image is read-only, so Python cannot write it at run time. Compiling all modules of all packages would take 45 MB more:
most of them are never imported. Run once in the environment, with Python's writing of byte code switched on.
"""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("ingest", "api", "workers")
COMMANDS = (
    "celery.bin.celery",
    "flower.command",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
"""What is started by name and not imported by our code."""


def main() -> None:
    """Import everything. What needs a package that is not installed, such as those of OCR, is left out."""
    for name in sorted({*COMMANDS, *own_modules(), *imported_names()}):
        try:
            importlib.import_module(name)
        except ImportError as exc:
            sys.stderr.write(f"not compiled: {name} ({exc})\n")


def own_modules() -> Iterator[str]:
    """Yield the modules of the service."""
    for package in PACKAGES:
        paths = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(paths, f"{package}."):
            if not module.name.endswith("__main__") and ".migrations." not in module.name:
                yield module.name


def imported_names() -> Iterator[str]:
    """Yield what these modules import anywhere, also inside functions."""
    for package in PACKAGES:
        [folder] = importlib.import_module(package).__path__
        for path in Path(folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module:
                    yield node.module
                elif isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)


if __name__ == "__main__":
    main()
