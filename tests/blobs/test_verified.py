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
    blocks = verified(iter(stored), hashlib.sha256(b"onetwo").hexdigest())

    assert [next(blocks) for _ in stored[:-1]] == stored[:-1]
    with pytest.raises(DamagedFile):
        next(blocks)
