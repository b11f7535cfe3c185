"""An embedding server without a model: `python -m tests.bench.stub PORT LATENCY_MS DIMENSIONS`.

The vector of a text is the sum of fixed random rows for its words. Equal texts have equal vectors, and a search for a
"""

import asyncio
import base64
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import uvicorn
from pydantic_core import from_json, to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingest.embedded.processes import LOOPBACK_HOST, free_port
from tests.servers import process, wait_until

DIMENSIONS = 384
_ROWS = 4096


@contextmanager
def running(folder: Path, latency_ms: float, dimensions: int = DIMENSIONS) -> Iterator[str]:
    """Run the stub as a process and yield its base URL."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.stub", str(port), str(latency_ms), str(dimensions)]
    with serving(command, port, folder / "stub.log") as url:
        yield url


@contextmanager
def serving(command: list[str], port: int, log: Path) -> Iterator[str]:
    """Run the command of an embedding server and yield its base URL once it answers."""
    url = f"http://{LOOPBACK_HOST}:{port}/v1"

    def answers() -> bool:
        try:
            return httpx.post(f"{url}/embeddings", json={"input": ["word"]}, timeout=2).is_success
        except httpx.HTTPError:
            return False

    with process(command, log):
        wait_until(answers, what="the start of the embedding stub")
        yield url


def create(latency_ms: float, dimensions: int = DIMENSIONS) -> Starlette:
    table = np.random.default_rng(7).standard_normal((_ROWS, dimensions), np.float32)

    def vector(text: str) -> str:
        rows = [zlib.crc32(word.encode()) % _ROWS for word in text.lower().split()]
        return base64.b64encode(table[rows].sum(axis=0).astype("<f4").tobytes()).decode()

    async def embeddings(request: Request) -> Response:
        given = from_json(await request.body())
        await asyncio.sleep(latency_ms / 1000)
        data = [{"object": "embedding", "index": i, "embedding": vector(t)} for i, t in enumerate(given["input"])]
        return Response(to_json({"object": "list", "data": data}), media_type="application/json")

    return Starlette(routes=[Route("/v1/embeddings", embeddings, methods=["POST"])])


if __name__ == "__main__":
    uvicorn.run(
        create(float(sys.argv[2]), int(sys.argv[3])),
        host=LOOPBACK_HOST,
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
    )
