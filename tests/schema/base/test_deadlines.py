"""Deadlines behave as asyncio's own, which are tested here beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from schema.base.deadlines import Deadline, Deadlines


@asynccontextmanager
async def ours(deadlines: Deadlines) -> AsyncIterator[None]:
    with Deadline(deadlines):
        yield


@asynccontextmanager
async def theirs(deadlines: Deadlines) -> AsyncIterator[None]:
    async with asyncio.timeout(deadlines.seconds):
        yield


Within = Callable[[Deadlines], AbstractAsyncContextManager[None]]

both = pytest.mark.parametrize("within", [ours, theirs])


@both
async def test_what_takes_too_long_is_stopped(within: Within) -> None:
    deadlines = Deadlines(0.02)
    loop = asyncio.get_running_loop()
    began = loop.time()

    with pytest.raises(TimeoutError):
        async with within(deadlines):
            await asyncio.Event().wait()

    assert 0.02 <= loop.time() - began < 1
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


@both
async def test_what_is_done_in_time_is_left_alone(within: Within) -> None:
    deadlines = Deadlines(0.02)
    async with within(deadlines):
        await asyncio.sleep(0)

    await asyncio.sleep(0.05)


@both
async def test_who_is_cancelled_by_somebody_else_stays_cancelled(within: Within) -> None:
    deadlines = Deadlines(5)

    async def wait() -> None:
        async with within(deadlines):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@both
async def test_an_error_of_the_block_stays_that_error(within: Within) -> None:
    deadlines = Deadlines(0.01)

    with pytest.raises(TimeoutError, match="a store"):
        async with within(deadlines):
            raise TimeoutError("a store")

    async def fail_when_stopped() -> None:
        async with within(deadlines):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ZeroDivisionError from None

    with pytest.raises(ZeroDivisionError):
        await fail_when_stopped()
    await asyncio.sleep(0)


async def test_many_deadlines_share_one_timer_and_each_has_its_own_time() -> None:
    deadlines = Deadlines(0.05)
    loop = asyncio.get_running_loop()

    async def wait(pause: float) -> float:
        await asyncio.sleep(pause)
        began = loop.time()
        with pytest.raises(TimeoutError), Deadline(deadlines):
            await asyncio.Event().wait()
        return loop.time() - began

    took = await asyncio.gather(*(wait(number / 100) for number in range(10)))

    assert all(0.05 <= one < 1 for one in took)
    assert deadlines._waiting == {}
    again = await wait(0)
    assert 0.05 <= again < 1


def test_deadlines_outlive_the_loop_they_were_used_in() -> None:
    deadlines = Deadlines(0.02)

    async def pass_quickly() -> None:
        with Deadline(deadlines):
            await asyncio.sleep(0)

    async def wait() -> None:
        with Deadline(deadlines):
            await asyncio.Event().wait()

    asyncio.run(pass_quickly())
    with pytest.raises(TimeoutError):
        asyncio.run(wait())
