"""Downloads: each block is read in a thread, in turn with those of other projects."""

from collections.abc import AsyncIterator, Iterator

from fastapi.concurrency import run_in_threadpool

from api.concurrency.fair_limiter import FairLimiter


async def stream_in_turn(blocks: Iterator[bytes], limiter: FairLimiter, project: str) -> AsyncIterator[bytes]:
    """Yield the blocks. A block that a slow blob store sends holds one of the project's places."""
    turn = limiter.enter(project)
    try:
        while True:
            await turn.start()
            try:
                block = await run_in_threadpool(next, blocks, None)
            finally:
                turn.stop()
            if block is None:
                return
            yield block
    finally:
        turn.leave()
