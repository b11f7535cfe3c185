"""deploy/Dockerfile copies what exists and installs what is pinned."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def pinned(lock: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+==\S+)", (ROOT / "deploy" / lock).read_text(), re.MULTILINE))


def test_what_it_copies_exists() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)

    assert copied
    assert all((ROOT / name).exists() for names in copied for name in names.split())


def test_it_runs_as_nobody_in_particular() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_it_has_the_versions_that_were_tested_and_nothing_that_only_tests_need() -> None:
    runtime = pinned("runtime.lock")

    assert runtime < pinned("requirements.lock")
    assert not any(line.startswith(("pytest", "hypothesis", "mypy", "moto")) for line in runtime)


@pytest.mark.parametrize("lock", ["requirements.lock", "runtime.lock"])
def test_every_package_is_checked_by_its_hash_and_comes_from_wherever_pip_is_told(lock: str) -> None:
    text = (ROOT / "deploy" / lock).read_text()

    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")
