"""Places that projects share."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from api.concurrency.fair_limiter import FairLimiter, Turn, largest_share
from ingest.errors import RateLimited


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def start_all(limiter: FairLimiter, project: str, count: int) -> list[tuple[Turn, asyncio.Task[None]]]:
    turns = [limiter.enter(project) for _ in range(count)]
    started = [(turn, asyncio.create_task(turn.start())) for turn in turns]
    await settle()
    return started


def running(started: list[tuple[Turn, asyncio.Task[None]]]) -> int:
    return sum(task.done() for _, task in started)


@pytest.mark.parametrize(("total", "share"), [(1, 1), (2, 1), (3, 2), (4, 3), (16, 12)])
def test_a_project_may_have_most_places_and_never_all_of_several(total: int, share: int) -> None:
    assert largest_share(total) == share


def test_a_project_that_waits_with_many_requests_leaves_places_to_another() -> None:
    async def test() -> None:
        limiter = FairLimiter("searches", places=4, in_flight_per_project=100)
        greedy = await start_all(limiter, "greedy", 50)
        modest = await start_all(limiter, "modest", 1)

        assert (running(greedy), running(modest)) == (3, 1)
        for _, task in greedy:
            task.cancel()

    run(test)


def test_free_places_go_round_between_projects() -> None:
    async def test() -> None:
        limiter = FairLimiter("searches", places=2, in_flight_per_project=100)
        first, second = limiter.enter("a"), limiter.enter("b")
        await first.start()
        await second.start()
        greedy = await start_all(limiter, "greedy", 20)
        late = await start_all(limiter, "late", 1)

        second.stop()
        await settle()
        assert (running(greedy), running(late)) == (1, 0)
        first.stop()
        await settle()
        assert (running(greedy), running(late)) == (1, 1)
        for _, task in greedy:
            task.cancel()

    run(test)


def test_a_request_beyond_the_limit_of_its_project_is_refused_until_one_ends() -> None:
    limiter = FairLimiter("uploads", places=4, in_flight_per_project=2)
    first = limiter.enter("a")
    limiter.enter("a")

    with pytest.raises(RateLimited, match="at most 2 uploads of a project"):
        limiter.enter("a")
    limiter.enter("b")
    first.leave()
    limiter.enter("a")


def test_all_projects_together_have_a_limit() -> None:
    limiter = FairLimiter("uploads", places=4, in_flight_per_project=3, in_flight=4)
    turns = [limiter.enter("a"), limiter.enter("a"), limiter.enter("a"), limiter.enter("b")]

    with pytest.raises(RateLimited, match="at most 4 uploads may"):
        limiter.enter("c")
    for turn in turns:
        turn.leave()
    limiter.enter("c")


def test_a_cancelled_wait_takes_no_place() -> None:
    async def test() -> None:
        limiter = FairLimiter("searches", places=1, in_flight_per_project=10)
        holder = limiter.enter("a")
        await holder.start()
        [(gone, task)], [(patient, other)] = (await start_all(limiter, "a", 1)), (await start_all(limiter, "b", 1))

        task.cancel()
        holder.stop()  # at the same moment: the cancelled task has not run yet
        await settle()

        assert task.cancelled()
        assert other.done()
        for turn in (gone, patient, holder):
            turn.leave()
        again = limiter.enter("c")
        await again.start()

    run(test)


def test_a_place_that_was_given_to_a_cancelled_request_goes_to_the_next() -> None:
    async def test() -> None:
        limiter = FairLimiter("searches", places=1, in_flight_per_project=10)
        holder = limiter.enter("a")
        await holder.start()
        [(_, task)], [(_, other)] = (await start_all(limiter, "a", 1)), (await start_all(limiter, "b", 1))

        holder.stop()  # gives the place to the first
        task.cancel()
        await settle()

        assert other.done()

    run(test)
