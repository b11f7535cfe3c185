"""`make setup` on a machine without a suitable Python, and with several."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile, what `make setup` depends on, and a folder `bin` with the few tools it calls."""
    shutil.copy(MAKEFILE, tmp_path)
    for name in ("deploy/requirements.lock", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("one==1\n")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "grep", "mkdir", "touch"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("make") or "make", *arguments]
    return subprocess.run(
        command, cwd=checkout, env={"PATH": str(checkout / "bin")}, capture_output=True, text=True, check=False
    )


def test_without_a_python_setup_says_what_to_install(checkout: Path) -> None:
    ended = make(checkout, "setup")

    assert ended.returncode == 2
    assert "Python 3.11, 3.12 or 3.13 is needed" in ended.stderr
    assert "apt-get install python3.11" in ended.stderr


@pytest.mark.parametrize(("installed", "chosen"), [(("3.12", "3.13"), "3.12"), (("3.13", "3.11"), "3.11")])
def test_setup_takes_the_first_python_that_fits_and_says_what_takes_long(
    checkout: Path, installed: tuple[str, ...], chosen: str
) -> None:
    for version in installed:
        python = checkout / "bin" / f"python{version}"
        python.write_text("#!/bin/sh\nmkdir -p .venv/bin && echo '#!/bin/sh' > .venv/bin/python\n")
        python.chmod(0o755)

    ended = make(checkout, "setup")

    assert f"/bin/python{chosen} -m venv .venv" in ended.stdout
    assert "Installing 1 pinned packages into .venv." in ended.stdout
