"""Blocks of a blob that are checked on their way."""

import hashlib

import pytest

from ingest.blobs import verified
from ingest.errors import DamagedFile


@pytest.mark.parametrize("blocks", [[], [b"one"], [b"one", b"two", b"three"]])
def test_undamaged_blocks_pass(blocks: list[bytes]) -> None:
    assert list(verified(iter(blocks), hashlib.sha256(b"".join(blocks)).hexdigest())) == blocks


@pytest.mark.parametrize("stored", [[], [b"one"], [b"one", b"twO"], [b"one", b"two", b"!"]])
def test_the_last_block_of_a_damaged_blob_does_not_pass(stored: list[bytes]) -> None:
    passed: list[bytes] = []

    with pytest.raises(DamagedFile):
        passed.extend(verified(iter(stored), hashlib.sha256(b"onetwo").hexdigest()))

    assert passed == []
    assert len(list_until_damaged(stored)) == max(0, len(stored) - 1)


def list_until_damaged(stored: list[bytes]) -> list[bytes]:
    passed: list[bytes] = []
    try:
        for block in verified(iter(stored), hashlib.sha256(b"onetwo").hexdigest()):
            passed.append(block)  # noqa: PERF402 - the blocks before the error count
    except DamagedFile:
        return passed
    raise AssertionError("the damage was not seen")
