"""Limits of how many files a mirror removes."""

import pytest

from ingest.errors import Refused
from ingest.imports.removal_limit import RemovalLimit


@pytest.mark.parametrize(
    ("text", "missing", "known", "allowed"),
    [
        ("2", 2, 10, True), ("2", 3, 10, False), ("0", 1, 10, False), ("0", 0, 10, True),
        ("20%", 2, 10, True), ("20%", 3, 10, False), ("0%", 1, 10, False), ("100%", 10, 10, True),
        ("0.5%", 1, 200, True), ("0.5%", 2, 200, False), ("10%", 0, 0, True),
    ],
)  # fmt: skip
def test_a_limit_is_a_number_or_a_part_of_the_known_files(text: str, missing: int, known: int, allowed: bool) -> None:
    assert RemovalLimit.parse(text).allows(missing, known) is allowed


@pytest.mark.parametrize("text", ["", "-1", "ten", "101%", "1.5", "%", "10 %", "1e3", "nan%"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="expected a number of files, such as 50, or a percentage"):
        RemovalLimit.parse(text)
