"""The layout of the code: sizes of modules and functions, mirrored tests, and reasons of suppressions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingest", "api", "workers")
FROZEN = ROOT / "ingest/db/migrations/versions/0001_initial.py"

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 50
MIN_MIRRORED_SHARE = 0.9

SUPPRESSION = re.compile(r"#\s*(?:type:\s*ignore|noqa)(?:\[[\w, -]+\]|:\s*[A-Z0-9, ]+)?(?P<reason>.*)")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if path != FROZEN)


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def only_declares(module: Path) -> bool:
    """Return whether a module has no code of its own: constants, imports, and classes without methods."""
    return not any(functions(module))


def mirrored_test(module: Path) -> Path:
    """Return the path of a module's test: `ingest/db/pages.py` has `tests/db/test_pages.py`."""
    relative = module.relative_to(ROOT / "ingest" if module.is_relative_to(ROOT / "ingest") else ROOT)
    name = relative.parent.name if module.name == "__init__.py" else module.stem
    folder = relative.parent.parent if module.name == "__init__.py" else relative.parent
    return ROOT / "tests" / folder / f"test_{name}.py"


def has_mirrored_test(module: Path) -> bool:
    """Return whether a module has a test file of its own; further files may add a subject: `test_files_expiry.py`."""
    expected = mirrored_test(module)
    in_package = expected.with_name(module.parent.name) / "test_package.py"
    return any(expected.parent.glob(f"{expected.stem}*.py")) or in_package.exists()


def test_no_module_is_longer_than_300_lines() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(*PACKAGES)}

    assert {path: lines for path, lines in long.items() if lines > MAX_MODULE_LINES} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in modules(*PACKAGES)
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= MAX_FUNCTION_LINES
    ]

    assert long == []


def test_nine_of_ten_modules_have_a_test_at_the_mirrored_path() -> None:
    tested = [path for path in modules(*PACKAGES) if not only_declares(path)]
    without = [str(path.relative_to(ROOT)) for path in tested if not has_mirrored_test(path)]

    assert 1 - len(without) / len(tested) >= MIN_MIRRORED_SHARE, without


def test_every_package_says_what_belongs_in_it() -> None:
    packages = [path for path in modules(*PACKAGES) if path.name == "__init__.py" and path.parent.name != "versions"]

    assert [
        str(path.relative_to(ROOT)) for path in packages if not ast.get_docstring(ast.parse(path.read_text()))
    ] == []


def test_every_suppression_of_a_warning_has_a_reason() -> None:
    without = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules(*PACKAGES, "tests", "deploy")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := SUPPRESSION.search(line)) and path.name != "test_layout.py" and not found["reason"].strip(" -")
    ]

    assert without == []
