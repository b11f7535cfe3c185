"""The engine on a disk that another process fills: it must refuse writes, answer reads, and go on when there is room."""

import subprocess
import sys
from pathlib import Path

from tests import disks

FILL_AND_FREE = """
import os, sys
from pathlib import Path
import qdrant_edge as edge
from ingest.embedded.vectors import points
from ingest.embedded.vectors.collections import Collections
from ingest.embedded.vectors.errors import DiskFull
from tests import disks

disk = Path(sys.argv[1])
collections = Collections(disk)
collections.create("c", {"vectors": {"dense": {"size": 384, "distance": "Cosine"}}, "sparse_vectors": {"text": {}}})
collection = collections.get("c")

def upsert(start):
    vectors = {"dense": [0.1] * 384, "text": {"indices": [1], "values": [1.0]}}
    body = {"points": [{"id": start + n, "vector": vectors, "payload": {"text": "x" * 20_000}} for n in range(50)]}
    collection.update(edge.UpdateOperation.upsert_points(points.read(body, collection.vectors)))

def count():
    return collection.shard.count(edge.CountRequest(exact=True, filter=None))

upsert(0)
filler = disks.fill(disk)
refused = 0
for start in range(50, 2_000, 50):  # more than what the mapped files have room for
    try:
        upsert(start)
    except DiskFull:
        refused += 1
print(refused, count())
filler.unlink()
upsert(50)
collections.close()
"""

READ_AGAIN = """
import sys
from pathlib import Path
import qdrant_edge as edge
from ingest.embedded.vectors.collections import Collections

collections = Collections(Path(sys.argv[1]))
print(collections.get("c").shard.count(edge.CountRequest(exact=True, filter=None)))
collections.close()
"""


def run(script: str, disk: Path) -> str:
    process = subprocess.run([sys.executable, "-c", script, str(disk)], capture_output=True, text=True)
    assert process.returncode == 0, f"exit {process.returncode}: {process.stderr}"
    return process.stdout


def test_a_full_disk_refuses_writes_and_loses_no_point(tmp_path: Path) -> None:
    with disks.memory_disk(tmp_path, 300 * 1024) as disk:
        assert run(FILL_AND_FREE, disk).split() == ["39", "50"]
        assert run(READ_AGAIN, disk).split() == ["100"]
