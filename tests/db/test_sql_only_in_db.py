"""SQL stays in ingest/db: no other module builds a statement or executes one.

Others may import `sqlalchemy.orm.Session`, the type of what they pass on, and `sqlalchemy.exc`, because a constraint that
fails at the commit (a file deleted at the same moment) is for them to translate. They may also use a session as a unit of
work: add an object, flush, refresh.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path.relative_to(ROOT)
    for package in ("ingest", "api", "workers")
    for path in (ROOT / package).rglob("*.py")
    if not path.is_relative_to(ROOT / "ingest" / "db")
)

ALLOWED_IMPORTS = {"sqlalchemy.exc": None, "sqlalchemy.orm": {"Session"}}
"""By module: the names that may be imported, or None for all."""

EXECUTING = {"execute", "scalar", "scalars", "get", "query", "connection", "get_one", "stream_scalars"}
"""Methods of a session that execute a statement, or hand out what does."""


def violations(source: str) -> list[str]:
    tree = ast.parse(source)
    return [*_imports(tree), *_executions(tree)]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_outside_of_ingest_db_has_no_sql(module: Path) -> None:
    assert violations((ROOT / module).read_text()) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("from sqlalchemy import select", 1),
        ("import sqlalchemy as sa", 1),
        ("from sqlalchemy.orm import Session, aliased", 1),
        ("from sqlalchemy.dialects import postgresql", 1),
        ("from ingest.db.execute import execute", 1),
        ("from ingest.db import execute", 1),
        ("session.execute(statement)", 1),
        ("with services.database.reading() as session: session.get(File, 1)", 1),
        ("database.engine.connect()", 1),
        ("connection.exec_driver_sql('SELECT 1')", 1),
        ("from sqlalchemy.exc import IntegrityError", 0),
        ("from sqlalchemy.orm import Session", 0),
        ("session.add(store); session.flush(); session.refresh(store)", 0),
        ("cache.get(key); client.execute(command)", 0),
    ],
)
def test_sql_in_source_code_is_detected(source: str, count: int) -> None:
    assert len(violations(source)) == count


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"import {each.name}" for each in node.names if each.name.split(".")[0] == "sqlalchemy")
        elif isinstance(node, ast.ImportFrom):
            yield from (
                f"from {node.module} import {each.name}" for each in node.names if _is_sql(node.module, each.name)
            )


def _is_sql(module: str | None, name: str) -> bool:
    if module == "ingest.db.execute" or (module, name) == ("ingest.db", "execute"):
        return True
    if module is None or module.split(".")[0] != "sqlalchemy":
        return False
    allowed = ALLOWED_IMPORTS.get(module, set())
    return allowed is not None and name not in allowed


def _executions(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
        if (owner == "session" and node.attr in EXECUTING) or owner == "engine" or node.attr == "exec_driver_sql":
            yield f"line {node.lineno}: {owner}.{node.attr}"
