"""Blocks of a blob that are checked on their way to a reader."""

import hashlib
from collections.abc import Iterator

from ingest.errors import DamagedFile
from ingest.observability import logs

_log = logs.get(__name__)


def verified(blocks: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """Yield the blocks of a blob, the last one only if all have this hash. Raises DamagedFile."""
    digest, held = hashlib.sha256(), b""
    for block in blocks:
        digest.update(block)
        if held:
            yield held
        held = block
    if digest.hexdigest() != sha256:
        _log.error("blob_damaged", sha256=sha256)
        raise DamagedFile("The file's content is damaged on the server. Upload it again.")
    if held:
        yield held
