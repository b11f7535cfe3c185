"""Downloads take turns."""

import asyncio
import threading
from collections.abc import Iterator

from api.concurrency.downloads import stream_in_turn
from api.concurrency.fair_limiter import FairLimiter


def test_blocks_of_a_slow_store_hold_no_places_of_other_projects() -> None:
    released = threading.Event()
    started = threading.Semaphore(0)

    def slow() -> Iterator[bytes]:
        started.release()
        released.wait(30)
        yield b"late"

    async def test() -> None:
        limiter = FairLimiter("downloads", 4, 1_000)

        async def read(blocks: Iterator[bytes], project: str) -> bytes:
            return b"".join([block async for block in stream_in_turn(blocks, limiter, project)])

        greedy = [asyncio.create_task(read(slow(), "greedy")) for _ in range(20)]
        for _ in range(3):
            await asyncio.to_thread(started.acquire)
        assert await asyncio.wait_for(read(iter([b"a", b"b"]), "modest"), 20) == b"ab"
        assert not any(task.done() for task in greedy)
        released.set()
        assert await asyncio.gather(*greedy) == [b"late"] * 20

    asyncio.run(test())
