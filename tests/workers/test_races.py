"""People against workers, workers against workers: whoever wins, nobody is told anything untrue."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text

from hub.channels import operations as channels
from hub.content import operations as content
from hub.content.rules import Part, Words
from hub.kernel import jobs as kernel_jobs
from hub.kernel.errors import TooLate, WrongState
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.publishing import operations as publishing
from hub.publishing import pauses, sending
from hub.publishing.jobs import Publish
from hub.publishing.models import (
    Attempt,
    HoldReason,
    PauseDecision,
    PauseScope,
    Publication,
    PublicationState,
)
from hub.publishing.pauses import Decided
from hub.review import operations as review
from hub.review.models import Review, Verdict
from tests.conftest import Database
from tests.factories import World, a_publication, publication
from tests.workers.interleaving import run_to
from tests.workers.stands import (
    UPLOADS,
    Account,
    Stand,
    a_picture,
    an_account,
    attempts,
    item_of,
    job_of,
    jobs_of,
    many,
    outcomes,
    to_next_try,
)
from tests.workers.test_publishing import PICTURE, PICTURE_HASH
from tests.working import due_jobs, work_off
from workers import publishing as worker
from workers.handling import Toolbox, run

S = PublicationState
RACES = 200
AT_ONCE = 20
#: Where the opponent starts: before, around and after the moment of truth.
STARTS = (
    "before_claim",
    "after_claim",
    "before_truth",
    "before_truth",
    "after_truth",
    "performed:commit",
    "saved:commit",
    "before_settle",
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Room for many at once."""
    return settings.model_copy(update={"database_pool": 12, "lease_seconds": 30.0})


@dataclass(frozen=True, kw_only=True)
class Race:
    """One publication on its way, and what somebody who stopped it meanwhile was told."""

    made: Publication
    text: str
    told: str


Opponent = Callable[[World, Publication], Awaitable[str]]


async def meet(
    tools: Toolbox, job_id: UUID, act: Callable[[], Awaitable[str]], chance: random.Random
) -> str:
    """Let a worker and an opponent meet near some milestone; return what the opponent was told."""
    start, steps = chance.choice(STARTS), chance.randrange(12)
    off = asyncio.Event()

    async def passed(milestone: str) -> None:
        if milestone == start:
            off.set()
            # Both go on from here; now one has a few turns of the loop more, now the other.
            await turns(chance.randrange(12))

    async def opponent() -> str:
        await off.wait()
        await turns(steps)
        return await act()

    acting = asyncio.create_task(opponent())
    await run(job_id, replace(tools, passed=passed))
    off.set()
    return await acting


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def race_all(
    tools: Toolbox, world: World, account: Account, opponent: Opponent, *, count: int = RACES
) -> tuple[list[Race], dict[str, int]]:
    """Hold all races, many at once; return them, and how often each text went out."""
    chance = random.Random(20261122)
    texts = await many(world, account.channel_id, count)
    rows, jobs = await everything(world), await jobs_of(world.hub)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(publication_id: UUID, words: str) -> Race:
        row = rows[publication_id]
        async with places:
            told = await meet(tools, jobs[row.id], lambda: opponent(world, row), chance)
        return Race(made=row, text=words, told=told)

    races = await asyncio.gather(*(one(*known) for known in texts.items()))
    await work_off(tools)
    return list(races), Counter(await account.texts())


async def everything(world: World) -> dict[UUID, Publication]:
    """Read every publication as it is now."""
    async with world.hub.unit_of_work(world.system) as work:
        return {row.id: row for row in await work.all(select(Publication))}


async def require_truth(
    world: World, races: list[Race], stored: dict[str, int], *, stopped: S, reason: Any
) -> Counter[str]:
    """Require that every race ended one way or the other, and count the ways."""
    ended = await everything(world)
    ways: Counter[str] = Counter()
    for one in races:
        row = ended[one.made.id]
        out = stored.pop(one.text, 0)
        if row.state is S.PUBLISHED:
            assert out == 1
            assert row.sent_hash == row.approved_hash == one.made.approved_hash
            assert row.hold_reason is None
        else:
            assert (row.state, row.hold_reason, out) == (stopped, reason, 0)
        ways[f"{row.state.value} {one.told}".strip()] += 1
    assert stored == {}
    return ways


async def edit(world: World, made: Publication) -> str:
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(
            work, item_id=item_of(made), words=Words(parts=(Part(text="Never approved"),))
        )
    # What the editor sees when the change is made: held, or on its way.
    return (await publication(world, made.id)).state.value


async def cancel(world: World, made: Publication) -> str:
    try:
        async with world.hub.unit_of_work(world.editor) as work:
            await publishing.cancel(work, publication_id=made.id)
    except (TooLate, WrongState) as error:
        return type(error).__name__
    return "called back"


async def revoke(world: World, made: Publication) -> str:
    async with world.hub.unit_of_work(world.approver) as work:
        found = await work.one(select(Review).where(Review.item_id == made.item_id))
        assert found is not None
        await review.decide(work, review_id=found.id, verdict=Verdict.REQUEST_CHANGES)
    return (await publication(world, made.id)).state.value


async def archive(world: World, made: Publication) -> str:
    async with world.hub.unit_of_work(world.editor) as work:
        await content.archive_item(work, item_id=item_of(made))
    return (await publication(world, made.id)).state.value


@pytest.fixture
async def account(world: World, tools: Toolbox, stands: dict[str, Stand]) -> Account:
    return await an_account(world, tools, stands["mastodon"])


#: On a busy machine a lease may run out in the middle: then it is unconfirmed until it is found.
ON_ITS_WAY = {"PUBLISHING", "PUBLISHED", "UNCONFIRMED"}


@pytest.mark.parametrize(
    ("opponent", "reason", "count"),
    [
        (edit, HoldReason.SUPERSEDED, RACES),
        (revoke, HoldReason.UNAPPROVED, RACES // 4),
        (archive, HoldReason.UNAPPROVED, RACES // 4),
    ],
)
async def test_whoever_takes_the_words_back_sees_them_held_or_on_their_way(
    world: World,
    tools: Toolbox,
    account: Account,
    opponent: Opponent,
    reason: HoldReason,
    count: int,
) -> None:
    races, stored = await race_all(tools, world, account, opponent, count=count)

    ways = await require_truth(world, races, stored, stopped=S.HELD, reason=reason)

    assert set(ways) <= {"HELD HELD", *(f"PUBLISHED {state}" for state in ON_ITS_WAY)}
    assert 0 < ways["HELD HELD"] < count


async def test_who_calls_back_is_told_the_truth(
    world: World, tools: Toolbox, account: Account
) -> None:
    races, stored = await race_all(tools, world, account, cancel)

    ways = await require_truth(world, races, stored, stopped=S.CANCELLED, reason=None)

    assert set(ways) <= {"CANCELLED called back", "PUBLISHED TooLate", "PUBLISHED WrongState"}
    assert 0 < ways["CANCELLED called back"] < RACES
    assert ways["PUBLISHED TooLate"] > 0


async def test_switching_a_channel_off_names_exactly_what_is_in_flight(
    world: World, tools: Toolbox, stands: dict[str, Stand]
) -> None:
    accounts = [await an_account(world, tools, stands["mastodon"]) for _ in range(AT_ONCE)]
    chance = random.Random(20261122)
    ways: Counter[str] = Counter()

    async def pause(world: World, made: Publication) -> str:
        async with world.hub.unit_of_work(world.manager) as work:
            await channels.set_enabled(work, channel_id=made.channel_id, enabled=False)
        # Asked after the switch has taken effect: what is not named now will not go out.
        async with world.hub.unit_of_work(world.manager) as work:
            flying = await publishing.in_flight(work, channel_id=made.channel_id)
        if flying:
            assert list(flying) == [made.id]
            return "in flight"
        return (await publication(world, made.id)).state.value

    waiting = [
        list((await many(world, one.channel_id, RACES // AT_ONCE)).items()) for one in accounts
    ]
    rows, jobs = await everything(world), await jobs_of(world.hub)
    for turn in zip(*waiting, strict=True):
        told = await asyncio.gather(
            *(
                meet(tools, jobs[made], lambda row=rows[made]: pause(world, row), chance)  # type: ignore[misc]  # the default binds it
                for made, _ in turn
            )
        )
        now = await everything(world)
        for (made, words), account, said in zip(turn, accounts, told, strict=True):
            out = (await account.texts()).count(words)
            ways[f"{now[made].state.value} {said}"] += 1
            assert out == int(now[made].state is S.PUBLISHED)
            assert now[made].hold_reason is (None if out else HoldReason.PAUSED)
            if not out:
                async with world.hub.unit_of_work(world.editor) as work:
                    await publishing.cancel(work, publication_id=made)
            async with world.hub.unit_of_work(world.manager) as work:
                await channels.set_enabled(work, channel_id=account.channel_id, enabled=True)

    assert set(ways) <= {"HELD HELD", "PUBLISHED in flight", "PUBLISHED PUBLISHED"}
    assert 0 < ways["HELD HELD"] < RACES
    assert ways["PUBLISHED in flight"] > 0


async def test_a_pause_names_exactly_what_is_in_flight(
    world: World, tools: Toolbox, account: Account
) -> None:
    chance = random.Random(20261123)
    ways: Counter[str] = Counter()
    texts = await many(world, account.channel_id, RACES // 14)
    jobs = await jobs_of(world.hub)

    for made, words in texts.items():
        paused: list[UUID] = []

        async def pause(row: UUID = made, into: list[UUID] = paused) -> str:
            async with world.hub.unit_of_work(world.manager) as work:
                begun, flying = await pauses.start(work, scope=PauseScope.WORKSPACE, reason="Stop")
            into.append(begun.id)
            # Told in the answer itself: what is not named in it will not go out.
            return "in flight" if row in flying else "stopped or out"

        said = await meet(tools, jobs[made], pause, chance)
        row = await publication(world, made)
        out = (await account.texts()).count(words)
        ways[f"{row.state.value} {said}"] += 1
        assert out == int(row.state is S.PUBLISHED)
        if not out:
            assert (row.hold_reason, row.pause_id) == (HoldReason.PAUSED, paused[0])
            assert said == "stopped or out"
        async with world.hub.unit_of_work(world.manager) as work:
            await pauses.end(
                work,
                pause_id=paused[0],
                decisions=[Decided(publication_id=made, decision=PauseDecision.CANCEL)],
                rest=PauseDecision.RELEASE,
            )

    assert set(ways) <= {"HELD stopped or out", "PUBLISHED in flight", "PUBLISHED stopped or out"}
    assert 0 < ways["HELD stopped or out"] < len(texts)
    assert ways["PUBLISHED in flight"] > 0


async def test_a_rate_limit_and_a_switch_never_wait_for_each_other(
    world: World, tools: Toolbox, account: Account
) -> None:
    picture = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt="A lighthouse")
    made = await many(world, account.channel_id, AT_ONCE, media=(picture,))

    async def switch() -> None:
        for enabled in (False, True) * 10:
            async with world.hub.unit_of_work(world.manager) as work:
                await channels.set_enabled(work, channel_id=account.channel_id, enabled=enabled)

    await account.stand.fault("ratelimit", path=UPLOADS, count=0, headers={"retry-after": "1"})
    jobs = await jobs_of(tools.hub)
    done = await asyncio.gather(switch(), *(run(jobs[row], tools) for row in made))

    assert done[1:] == [True] * AT_ONCE
    async with world.hub.unscoped() as session:
        errors = await session.execute(
            text("SELECT last_error FROM jobs WHERE last_error IS NOT NULL")
        )
        assert errors.all() == []


#: The one order in which rows are locked by whoever needs several of them.
LOCKS = ("channels", "approvals", "content_items", "publications")


@contextmanager
def locks_taken(hub: Hub) -> Iterator[list[list[str]]]:
    """Collect the tables whose rows each transaction locks, in order."""
    taken: list[list[str]] = []

    def begin(connection: Any) -> None:
        connection.info["locks"] = []
        taken.append(connection.info["locks"])

    def execute(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        locking = re.match(r"UPDATE (\w+)", statement) or re.search(
            r"FROM (\w+).*FOR (?:UPDATE|SHARE)", statement, re.DOTALL
        )
        if locking:
            connection.info["locks"].append(locking[1])

    hooks: dict[str, Callable[..., Any]] = {
        "begin": begin,
        "before_cursor_execute": execute,
    }
    for name, hook in hooks.items():
        event.listen(hub.engine.sync_engine, name, hook)
    try:
        yield taken
    finally:
        for name, hook in hooks.items():
            event.remove(hub.engine.sync_engine, name, hook)


@pytest.mark.parametrize(
    "trouble",
    [
        {},
        {"effect": "ratelimit"},
        {"effect": "status", "status": 401},
        {"effect": "status", "status": 422},
        {"effect": "ratelimit", "path": UPLOADS},
        {"effect": "drop_after"},
    ],
    ids=str,
)
async def test_rows_are_locked_in_one_order_whatever_happens(
    world: World, tools: Toolbox, account: Account, trouble: dict[str, Any]
) -> None:
    picture = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt="A lighthouse")
    parts = [Part(text="Look", media=(picture,))]
    made = await a_publication(world, channel_id=account.channel_id, parts=parts)
    if trouble:
        await account.stand.fault(**trouble)

    with locks_taken(world.hub) as taken:
        await work_off(tools)

    orders = [list(dict.fromkeys(table for table in one if table in LOCKS)) for one in taken]
    assert ["publications"] in orders
    for order in orders:
        assert order == sorted(order, key=LOCKS.index)
    assert (await publication(world, made.id)).attempts == 1


async def test_sixty_bells_for_one_publication_are_one_post(
    world: World, tools: Toolbox, account: Account
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    job = await job_of(world.hub, made.id)

    ran = await asyncio.gather(*(run(job.id, tools) for _ in range(60)))
    late = await asyncio.gather(*(run(job.id, tools) for _ in range(5)))

    assert (sum(ran), sum(late)) == (1, 0)
    assert await account.texts() == ["Hello, world"]
    assert await outcomes(world, made.id) == ["PUBLISHED"]


async def test_two_jobs_of_one_publication_do_not_send_it_twice(
    world: World, tools: Toolbox, account: Account
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    first = await job_of(world.hub, made.id)
    async with world.hub.unscoped() as session:
        await session.execute(text("UPDATE jobs SET key = NULL WHERE id = :id"), {"id": first.id})
    async with world.hub.unit_of_work(world.system) as work:
        publishing.promise_again(work, publication_id=made.id)
    second = await job_of(world.hub, made.id)

    await asyncio.gather(*(run(job_id, tools) for job_id in (first.id, second.id) * 5))
    await work_off(tools)

    assert first.id != second.id
    assert await account.texts() == ["Hello, world"]
    assert await outcomes(world, made.id) == ["PUBLISHED"]


async def test_another_worker_waits_while_the_first_still_holds_it(
    world: World, tools: Toolbox, account: Account
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    first = await job_of(world.hub, made.id)
    async with run_to(tools, made.id, "before_truth"):
        async with world.hub.unscoped() as session:
            await session.execute(text("UPDATE jobs SET key = NULL"))
        async with world.hub.unit_of_work(world.system) as work:
            publishing.promise_again(work, publication_id=made.id)
        second = await job_of(world.hub, made.id)
        ran = await run(second.id, tools)
        held, waiting = await publication(world, made.id), await job_of(world.hub, made.id)

    assert (ran, second.id != first.id) == (True, True)
    assert (held.state, held.fence, held.attempts) == (S.PUBLISHING, 1, 1)
    assert waiting.state == "WAITING"
    assert abs(waiting.due_at - held.lease_until) < timedelta(milliseconds=1)
    assert await account.texts() == ["Hello, world"]


async def expire(world: World, made: Publication) -> None:
    """Let the leases on a publication and its job run out."""
    async with world.hub.unscoped() as session:
        await session.execute(
            text(
                "UPDATE jobs SET lease_until = clock_timestamp() - interval '1 s' "
                "WHERE key = :key AND state = 'RUNNING'"
            ),
            {"key": f"publish:{made.id}"},
        )
    async with world.hub.unit_of_work(world.system) as work:
        await work.session.execute(
            text(
                "UPDATE publications SET lease_until = clock_timestamp() - interval '1 s' "
                "WHERE id = :id AND state = 'PUBLISHING'"
            ),
            {"id": made.id},
        )


@pytest.mark.parametrize("milestone", ["before_truth", "performed:commit", "before_settle"])
async def test_a_worker_that_slept_finds_its_place_taken_and_changes_nothing(
    world: World, tools: Toolbox, account: Account, database: Database, milestone: str
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    sleeper, other = replace(tools, worker="sleeper"), replace(tools, worker="other")
    async with run_to(sleeper, made.id, milestone):
        await expire(world, made)
        await work_off(other)
        if (await publication(world, made.id)).state is S.UNCONFIRMED:
            await to_next_try(world, database.owner_url, made.id)
            await work_off(other)
        settled = await publication(world, made.id)
        evidence = [(one.worker, one.outcome) for one in await attempts(world, made.id)]
    await work_off(tools)

    found = await publication(world, made.id)
    assert settled.state is S.PUBLISHED
    assert (found.version, found.fence, found.remote_id) == (
        settled.version,
        settled.fence,
        settled.remote_id,
    )
    assert evidence == [("sleeper", "SILENT"), ("other", "PUBLISHED")]
    assert await account.texts() == ["Hello, world"]


async def test_what_a_silent_worker_may_have_sent_is_given_time_to_be_seen(
    world: World, tools: Toolbox, stands: dict[str, Stand]
) -> None:
    account = await an_account(world, tools, stands["gotosocial"])
    made = await a_publication(world, channel_id=account.channel_id)
    async with run_to(tools, made.id, "performed:commit"):
        await expire(world, made)
        await work_off(replace(tools, worker="other"))
        found = await publication(world, made.id)
        wait = (found.due_at or await world.hub.now()) - await world.hub.now()

    assert (found.state, found.attempts) == (S.UNCONFIRMED, 1)
    assert timedelta(seconds=10) < wait <= timedelta(seconds=20)
    assert len(await account.posts()) == 1


async def test_a_worker_that_slept_cannot_settle_what_another_still_sends(
    world: World, tools: Toolbox, account: Account, database: Database
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    async with run_to(replace(tools, worker="sleeper"), made.id, "before_truth"):
        await expire(world, made)
        job = await job_of(world.hub, made.id)
        awake = replace(tools, worker="other")
        holding = run_to(awake, made.id, "after_truth", job_id=job.id)
        await holding.__aenter__()
    stale, job = await publication(world, made.id), await job_of(world.hub, made.id)
    await holding.__aexit__(None, None, None)

    assert (stale.state, stale.fence) == (S.PUBLISHING, 2)
    assert (job.state, job.fence) == ("RUNNING", 2)
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await account.texts() == ["Hello, world"]


async def test_a_worker_that_slept_longer_than_its_lease_past_the_truth_does_not_send(
    world: World, tools: Toolbox, account: Account, database: Database, settings: Settings
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    # The same hub, whose leases are shorter than the shortest pause.
    impatient = settings.model_copy(update={"lease_seconds": 0.0})
    tools.hub.settings = impatient
    job = await job_of(world.hub, made.id)
    async with world.hub.unscoped() as session:
        held = await kernel_jobs.claim(session, job.id, lease=30)
    assert held is not None
    following = await worker.publish(
        Publish(workspace_id=world.workspace_id, publication_id=made.id), tools
    )

    assert following is not None
    assert await account.posts() == []
    assert (await publication(world, made.id)).commit_attempted_at is not None


async def test_rescheduling_and_claiming_never_lose_the_publication(
    world: World, tools: Toolbox, account: Account, database: Database
) -> None:
    now = await world.hub.now()

    async def postpone(world: World, made: Publication) -> str:
        try:
            async with world.hub.unit_of_work(world.editor) as work:
                await publishing.reschedule(
                    work, publication_id=made.id, scheduled_for=now + timedelta(hours=1)
                )
        except (TooLate, WrongState) as error:
            return type(error).__name__
        return "postponed"

    races, stored = await race_all(tools, world, account, postpone, count=60)

    rows, jobs = await everything(world), await jobs_of(world.hub)
    for one in races:
        row = rows[one.made.id]
        if one.told == "postponed":
            assert (row.state, row.due_at) == (S.SCHEDULED, now + timedelta(hours=1))
            job = await job_of(world.hub, row.id)
            assert (job.state, job.due_at) == ("WAITING", row.due_at)
        else:
            assert row.state is S.PUBLISHED
            assert row.id not in jobs
    assert sorted(stored) == sorted(one.text for one in races if one.told != "postponed")
    assert set(stored.values()) == {1}
    assert 0 < len(stored) < 60


async def test_resuming_while_the_last_worker_still_tidies_up_loses_nothing(
    world: World, tools: Toolbox, account: Account
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    async with run_to(tools, made.id, "before_truth"):
        async with world.hub.unit_of_work(world.manager) as work:
            await channels.set_enabled(work, channel_id=account.channel_id, enabled=False)
        async with world.hub.unit_of_work(world.manager) as work:
            await channels.set_enabled(work, channel_id=account.channel_id, enabled=True)

    assert (await publication(world, made.id)).state is S.SCHEDULED
    assert len(await due_jobs(world.hub)) == 1
    await work_off(tools)
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await account.texts() == ["Hello, world"]


async def test_every_try_is_on_record_once(world: World, tools: Toolbox, account: Account) -> None:
    made = await many(world, account.channel_id, 10)
    jobs = await jobs_of(world.hub)

    await asyncio.gather(*(run(jobs[row], tools) for row in list(made) * 6))

    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(Attempt))
    assert len(rows) == 10
    assert {row.fence for row in rows} == {1}
    assert sending.PENDING not in {row.outcome for row in rows}
