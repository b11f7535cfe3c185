"""The environment: only one module reads it; the functions of that module."""

import ast
import os
from pathlib import Path

import pytest

from ingest import environment

ROOT = Path(__file__).parents[1]
ALLOWED = ROOT / "ingest" / "environment.py"
NAMES = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def mentions_environment(source: str) -> bool:
    """Return whether a module uses os.environ, os.getenv or the like, by attribute or by import."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in NAMES:
            if isinstance(node.value, ast.Name) and node.value.id == "os":
                return True
        elif isinstance(node, ast.ImportFrom) and node.module == "os" and {each.name for each in node.names} & NAMES:
            return True
    return False


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os\nos.environ['A']", True),
        ("import os\nos.getenv('A')", True),
        ("from os import environ", True),
        ("import os\nos.getpid()", False),
        ("monitor.environ", False),
    ],
)
def test_every_access_to_the_environment_is_detected(source: str, expected: bool) -> None:
    assert mentions_environment(source) is expected


def test_one_module_reads_the_environment() -> None:
    modules = [path for room in ("ingest", "api", "workers") for path in sorted((ROOT / room).rglob("*.py"))]

    assert len(modules) > 100
    assert [path for path in modules if mentions_environment(path.read_text())] == [ALLOWED]


def test_a_selected_environment_has_no_other_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_TEST_SECRET", "sesame")
    monkeypatch.setenv("INGEST_TEST_LOCALE", "C")
    monkeypatch.delenv("INGEST_TEST_UNSET", raising=False)

    assert environment.selected_environment(["INGEST_TEST_LOCALE", "INGEST_TEST_UNSET"]) == {"INGEST_TEST_LOCALE": "C"}
    assert environment.whole_environment()["INGEST_TEST_SECRET"] == "sesame"


def test_the_whole_environment_is_a_copy() -> None:
    environment.whole_environment()["INGEST_TEST_COPY"] = "1"

    assert "INGEST_TEST_COPY" not in os.environ


def test_a_library_switch_of_the_operator_stays_unless_it_is_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_TEST_SWITCH", "operator")

    environment.set_library_switches({"INGEST_TEST_SWITCH": "service"})
    assert os.environ["INGEST_TEST_SWITCH"] == "operator"

    environment.set_library_switches({"INGEST_TEST_SWITCH": "service"}, override=True)
    assert os.environ["INGEST_TEST_SWITCH"] == "service"


def test_the_client_key_is_the_service_s_own_before_openai_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INGEST_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert environment.client_api_key() == ""

    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    assert environment.client_api_key() == "theirs"

    monkeypatch.setenv("INGEST_API_KEY", "own")
    assert environment.client_api_key() == "own"


def test_the_state_folder_follows_the_xdg_standard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert environment.state_folder() == tmp_path

    monkeypatch.delenv("XDG_STATE_HOME")
    assert environment.state_folder() == Path.home() / ".local" / "state"


def test_without_its_variable_there_is_no_folder_of_shared_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.PROMETHEUS_FOLDER, "/run/metrics")
    assert environment.prometheus_folder() == Path("/run/metrics")

    monkeypatch.delenv(environment.PROMETHEUS_FOLDER)
    assert environment.prometheus_folder() is None


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_either_variable_replaces_the_certificate_authorities(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    assert not environment.has_own_certificates()

    monkeypatch.setenv(name, "/etc/ssl")
    assert environment.has_own_certificates()
