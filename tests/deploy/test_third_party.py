"""deploy/third_party.py lists the packages of the image with their licences, and refuses those that need a source offer."""

import importlib.util
import re
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("third_party", DEPLOY / "third_party.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def packages_of_the_image() -> list[Distribution]:
    """Return the packages of runtime.lock that are installed on this platform."""
    names = re.findall(r"^([\w.-]+)==", (DEPLOY / "runtime.lock").read_text(), re.MULTILINE)
    found = []
    for name in names:
        try:
            found.append(distribution(name))
        except PackageNotFoundError:  # for another platform
            continue
    assert len(found) > len(names) * 0.9
    return found


def package(folder: Path, *metadata: str, **files: str) -> Distribution:
    """Install a package that has only metadata and the given files."""
    info = folder / "odd-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", "Name: odd", "Version: 1", *metadata]) + "\n")
    for name, text in files.items():
        (info / name).write_text(text)
    (info / "RECORD").write_text("\n".join(f"odd-1.dist-info/{name},," for name in ("METADATA", *files)) + "\n")
    return Distribution.at(info)


def test_every_package_of_the_image_states_a_licence_that_needs_no_source_offer(script: ModuleType) -> None:
    text, wrong = script.notices(packages_of_the_image())

    assert wrong == []
    assert re.search(r"^psycopg [\d.]+: LGPL-3.0-only; https://", text, re.MULTILINE)
    assert "pypdfium2: pypdfium2" in text
    assert "Redistribution and use in source and binary forms" in text


def test_pandoc_is_not_in_the_image() -> None:
    assert "pandoc" not in (DEPLOY / "runtime.lock").read_text()
    assert "pandoc" not in (DEPLOY / "Dockerfile").read_text()


@pytest.mark.parametrize(
    "licence",
    ["License-Expression: GPL-2.0-or-later", "License: AGPL-3.0", "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"],
)  # fmt: skip
def test_a_package_under_the_gpl_fails_the_build(script: ModuleType, tmp_path: Path, licence: str) -> None:
    _, wrong = script.notices([package(tmp_path, licence)])

    assert len(wrong) == 1
    assert "offer its source" in wrong[0]


def test_a_package_without_a_licence_fails_the_build(script: ModuleType, tmp_path: Path) -> None:
    package(tmp_path)

    built = subprocess.run(
        [sys.executable, str(DEPLOY / "third_party.py"), str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (built.returncode, built.stderr) == (1, "odd states no licence\n")


def test_the_texts_that_a_package_ships_are_in_the_notices(script: ModuleType, tmp_path: Path) -> None:
    odd = package(tmp_path, "License: MIT", LICENSE="Permission is hereby granted", NOTICE="Made by somebody")

    text, wrong = script.notices([odd])

    assert wrong == []
    assert "odd 1: MIT; states no address" in text
    assert "Permission is hereby granted" in text
    assert "Made by somebody" in text
