"""Amendments that meet somebody else's transaction, a parked job, or a post nobody can address."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from hub.kernel.errors import Taken, Unsupported
from hub.publishing import amendments
from hub.publishing import operations as publishing
from hub.publishing.models import Amendment, AmendmentState, PublicationState, Standing
from hub.review import operations as review
from hub.review.models import Verdict
from tests.conftest import Database
from tests.factories import World, publication
from tests.hub.traces import put
from tests.workers.stands import Account, Stand, an_account, item_of
from tests.workers.test_amending import (
    amendments_of,
    ask,
    living,
    out,
    reapprove,
    rewrite,
    the_job,
)
from tests.working import jobs_left, move_clock, work_off
from workers.calendar import sweep_amendments
from workers.handling import Toolbox

S = PublicationState
A = AmendmentState


@pytest.fixture
async def mastodon(world: World, tools: Toolbox, stands: dict[str, Stand]) -> Account:
    return await an_account(world, tools, stands["mastodon"])


async def test_a_withdrawal_somebody_else_is_looking_at_is_waited_for_and_not_forgotten(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Oops")
    await ask(world, "withdraw", row)
    async with world.hub.unit_of_work(world.system) as work:
        # As whoever asks a second time, who is refused.
        await work.all(select(Amendment).with_for_update())
        working = asyncio.create_task(the_job(world, tools))
        await asyncio.wait({working}, timeout=1)
    await working
    await work_off(tools)

    assert (await publication(world, row.id)).state is S.WITHDRAWN
    assert await living(mastodon) == []


@pytest.mark.parametrize("left", ["parked", "gone"])
async def test_an_amendment_no_worker_brings_to_an_end_is_told_or_taken_up_again(
    world: World, tools: Toolbox, mastodon: Account, database: Database, left: str
) -> None:
    row = await out(world, tools, mastodon, "Oops")
    await ask(world, "withdraw", row)
    async with world.hub.unscoped() as session:
        await session.execute(
            text(
                "UPDATE jobs SET state = 'PARKED', last_error = 'It broke.' "
                "WHERE name = 'publishing.amend'"
                if left == "parked"
                else "DELETE FROM jobs WHERE name = 'publishing.amend'"
            )
        )
    await move_clock(world.hub, database.owner_url, timedelta(minutes=5))
    await sweep_amendments(world.hub)
    (first,) = await amendments_of(world, row)

    if left == "parked":
        assert (first.state, first.problem) == (A.FAILED, "It broke.")
        await ask(world, "withdraw", row)
    await work_off(tools)
    assert (await publication(world, row.id)).state is S.WITHDRAWN
    assert await living(mastodon) == []


async def test_an_amendment_that_waits_for_its_time_is_left_alone(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Oops")
    await ask(world, "withdraw", row)
    before = [(job.id, job.due_at) for job in await jobs_left(world.hub)]
    await sweep_amendments(world.hub)

    assert [(job.id, job.due_at) for job in await jobs_left(world.hub)] == before
    assert [one.state for one in await amendments_of(world, row)] == [A.PENDING]


async def test_the_same_words_are_not_scheduled_while_an_edit_with_them_is_being_asked_for(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Before")
    await rewrite(world, row, "After")
    await reapprove(world, row)

    async def schedule() -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await publishing.schedule(work, item_id=item_of(row), channel_id=row.channel_id)

    async with world.hub.unit_of_work(world.editor) as work:
        await amendments.edit(work, publication_id=row.id)
        await work.session.flush()
        scheduling = asyncio.create_task(schedule())
        await asyncio.wait({scheduling}, timeout=1)
    with pytest.raises(Taken):
        await scheduling
    await work_off(tools)

    assert [one.state for one in await amendments_of(world, row)] == [A.DONE]
    assert await living(mastodon) == ["After"]


async def test_what_failed_is_not_sent_again_while_an_edit_puts_its_words_elsewhere(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    row = await out(world, tools, mastodon, "Before")
    await rewrite(world, row, "After")
    await reapprove(world, row)
    async with world.hub.unit_of_work(world.editor) as work:
        failed = await publishing.schedule(work, item_id=item_of(row), channel_id=row.channel_id)
    await put(database, "publications", failed.id, state="FAILED", due_at=None)
    await ask(world, "edit", row)

    with pytest.raises(Taken):
        async with world.hub.unit_of_work(world.editor) as work:
            await publishing.retry(work, publication_id=failed.id)
    await work_off(tools)

    assert [one.state for one in await amendments_of(world, row)] == [A.DONE]
    assert await living(mastodon) == ["After"]


@pytest.mark.parametrize("act", ["withdraw", "read_back"])
async def test_what_nobody_can_address_is_not_said_to_be_taken_down_or_gone(
    world: World, tools: Toolbox, mastodon: Account, database: Database, act: str
) -> None:
    row = await out(world, tools, mastodon, "Still there")
    unknown = f"confirmed:{row.id}"
    refs = json.dumps([{**row.refs[0], "remote_id": unknown}])
    await put(database, "publications", row.id, refs=refs, remote_id=unknown)

    with pytest.raises(Unsupported):
        await ask(world, act, row)
    await work_off(tools)

    found = await publication(world, row.id)
    assert (found.state, found.standing) == (S.PUBLISHED, None)
    assert await living(mastodon) == ["Still there"]


async def test_a_thread_an_edit_left_half_done_can_be_given_its_former_words(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "one", "two")
    await rewrite(world, row, "uno", "dos")
    review_id = await reapprove(world, row)
    await ask(world, "edit", row)

    async def meanwhile(milestone: str) -> None:
        if milestone == "amendment:commit":
            async with world.hub.unit_of_work(world.approver) as work:
                await review.decide(
                    work, review_id=review_id, verdict=Verdict.REQUEST_CHANGES, remark="No."
                )

    await the_job(world, replace(tools, passed=meanwhile))
    await work_off(tools)
    half = sorted(await living(mastodon))
    standing = (await publication(world, row.id)).standing
    await rewrite(world, row, "one", "two")
    await reapprove(world, row)
    await ask(world, "edit", row)
    await work_off(tools)

    assert (half, standing) == (["two", "uno"], Standing.CHANGED)
    assert await living(mastodon) == ["one", "two"]
    assert (await publication(world, row.id)).sent_hash == row.sent_hash
