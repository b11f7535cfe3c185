"""A worker's processes: what is loaded where."""

import os
import subprocess
import sys

TOLD = """
import gc
from celery.signals import worker_init
from ingest.steps import chunk
from workers import app, process
worker_init.send(sender=app)
print(chunk._encoding.cache_info().currsize, gc.get_freeze_count() > 50_000)
"""


def test_the_tokenizer_is_loaded_before_the_children_are_forked_and_no_collector_touches_what_they_share() -> None:
    environment = {**os.environ, "INGEST_REDIS_URL": "redis://127.0.0.1:1/0"}
    told = subprocess.run(
        [sys.executable, "-c", TOLD], env=environment, capture_output=True, text=True, check=True, timeout=120
    )

    assert told.stdout.split() == ["1", "True"]
