"""Ids of objects."""

import re
from typing import get_args

import pytest

from ingest import ids


@pytest.mark.parametrize("prefix", get_args(ids.Prefix))
def test_an_id_is_its_prefix_and_32_hex_digits(prefix: ids.Prefix) -> None:
    assert re.fullmatch(re.escape(prefix) + "[0-9a-f]{32}", ids.new(prefix))


def test_ids_are_unique() -> None:
    assert len({ids.new("vs_") for _ in range(1_000)}) == 1_000
