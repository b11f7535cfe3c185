"""Files of metrics whose space is allocated, and what happens when it cannot be."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.mmap_dict import MmapedDict

from ingest.observability import allocated_values
from ingest.observability.allocated_values import AllocatedDict
from tests import disks


def values_in(path: Path) -> dict[str, float]:
    read: Any = MmapedDict.read_all_values_from_file
    return {key: value for key, value, *_ in read(str(path))}


def refuse(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_every_byte_of_the_file_has_a_block_before_it_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"

    values = AllocatedDict(str(path))
    for number in range(3_000):  # several times the first size
        values.write_value(f"key {number}", number, 0.0)

    assert path.stat().st_size > allocated_values.FIRST_BYTES
    assert path.stat().st_blocks * 512 >= path.stat().st_size
    assert values_in(path)["key 2999"] == 2999.0
    values.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_without_room_for_the_file_values_stay_in_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", lambda *_: (_ for _ in ()).throw(OSError(number, "no room")))
    path = tmp_path / "counter_1.db"

    values = AllocatedDict(str(path))
    values.write_value("key", 3.0, 0.0)

    assert values.read_value("key") == (3.0, 0.0)
    assert not path.exists()  # a scrape could not read a file without a header
    values.close()


def test_a_file_that_cannot_grow_keeps_its_values_and_takes_new_ones_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "counter_1.db"
    values = AllocatedDict(str(path))
    values.write_value("old", 1.0, 0.0)
    long_key = "k" * allocated_values.FIRST_BYTES

    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "posix_fallocate", refuse)
        values.write_value(long_key, 2.0, 0.0)
        values.write_value("old", 5.0, 0.0)
        assert values.read_value(long_key) == (2.0, 0.0)
        assert values_in(path) == {"old": 5.0}

    monkeypatch.setattr(time, "monotonic", lambda: 1e12)  # the next attempt is due
    values.write_value(long_key, 4.0, 0.0)
    assert {key.strip(): value for key, value in values_in(path).items()} == {"old": 5.0, long_key: 4.0}
    values.close()


COUNT = """
import sys
from ingest.observability import metrics
for number in range(2_000):  # several times the size of a new file
    metrics.failures.labels(f"code {number}").inc()
print(metrics.failures.labels("code 1999")._value.get())
"""


def test_a_process_counts_on_when_the_disk_of_the_metrics_is_full(tmp_path: Path) -> None:
    with disks.memory_disk(tmp_path, 256) as disk:
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(disk)}
        counting = subprocess.run([sys.executable, "-c", COUNT], env=environment, capture_output=True, text=True)

    assert (counting.returncode, counting.stdout.split()[-1:]) == (0, ["1.0"]), counting.stderr
    assert "metrics_not_shared" in counting.stdout + counting.stderr
