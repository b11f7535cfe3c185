"""The patch level of Python."""

import pytest

from ingest.runtime.python_version import outdated_python


@pytest.mark.parametrize("version", [(3, 11, 10), (3, 11, 14), (3, 12, 4), (3, 13, 0)])
def test_a_recommended_version_is_accepted(version: tuple[int, int, int]) -> None:
    assert outdated_python(version) is None


@pytest.mark.parametrize("version", [(3, 11, 7), (3, 12, 3)])
def test_an_older_version_is_said(version: tuple[int, int, int]) -> None:
    line = outdated_python(version)

    assert line is not None
    assert line.startswith(f"Python {version[0]}.{version[1]}.{version[2]} lacks security fixes: use ")
