"""Figures in the database: hours are kept as counters change, and questions are few and right."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from hub.analytics import operations as analytics
from hub.analytics import queries
from hub.analytics.dashboards import Dashboard, dashboard
from hub.analytics.queries import EVERYTHING, Scope, ScopeKind
from hub.analytics.series import Comparison, Period
from hub.channels.platforms.base import Capability
from hub.kernel.caller import Caller
from hub.kernel.errors import Forbidden, NotFound
from hub.kernel.ids import new_id
from hub.kernel.reading import Reader
from hub.kernel.work import Hub
from hub.publishing.models import Publication
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, a_world
from tests.hub.traces import promised, put, tell
from tests.working import move_clock

HOUR = timedelta(hours=1)


@pytest.fixture
async def reader(hub: Hub) -> AsyncIterator[Reader]:
    """The reading half of the hub."""
    opened = Reader(hub.settings, pool=1)
    yield opened
    await opened.close()


async def published(
    world: World, database: Database, channel_id: UUID, at: datetime
) -> Publication:
    row = await a_publication(world, channel_id=channel_id)
    await put(
        database,
        "publications",
        row.id,
        state="PUBLISHED",
        remote_id=str(row.id),
        sent_hash=row.approved_hash,
        published_at=at,
        due_at=None,
    )
    return row


async def record(world: World, row: Publication, **counters: int) -> None:
    async with world.hub.unit_of_work(world.system) as work:
        await analytics.record(work, publication_id=row.id, counters=counters, approximate=False)


async def hours_of(
    world: World, reader: Reader, row: Publication, metric: str
) -> list[tuple[int, int]]:
    found = await queries.figures(
        reader,
        world.editor,
        of="publication",
        ids=[row.id],
        metric=metric,
        start=datetime(2000, 1, 1, tzinfo=UTC),
        end=datetime(2200, 1, 1, tzinfo=UTC),
    )
    return [(one.value, one.increase) for one in found[row.id].figures]


async def test_an_hour_holds_its_last_value_and_how_far_that_is_from_before(
    world: World, reader: Reader, hub: Hub, database: Database
) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))

    # From the beginning of an hour on, so that the first three are within one.
    now = await hub.now()
    await move_clock(
        hub, database.owner_url, now.replace(minute=0, second=0, microsecond=0) + HOUR - now
    )
    await record(world, row, LIKES=5_000_000_000)
    await record(world, row, LIKES=5_000_000_003)
    await record(world, row, LIKES=5_000_000_003, REPLIES=1)
    await move_clock(hub, database.owner_url, HOUR)
    await record(world, row, LIKES=4_999_999_999)

    assert await hours_of(world, reader, row, "LIKES") == [
        (5_000_000_003, 5_000_000_003),
        (4_999_999_999, -4),
    ]
    assert await hours_of(world, reader, row, "REPLIES") == [(1, 1)]
    # The sum of several counters is where all of them together stood.
    assert await hours_of(world, reader, row, "ENGAGEMENT") == [
        (5_000_000_003, 5_000_000_003),
        (5_000_000_004, 1),
        (5_000_000_000, -4),
    ]


async def test_a_span_begins_with_the_value_before_it(
    world: World, reader: Reader, hub: Hub
) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))
    await record(world, row, LIKES=7)
    start = await hub.now() + 2 * HOUR

    found = await queries.figures(
        reader,
        world.editor,
        of="publication",
        ids=[row.id, new_id()],
        metric="LIKES",
        start=start,
        end=start + HOUR,
    )

    assert [(one.before, list(one.figures)) for one in found.values()] == [(7, []), (None, [])]


async def test_an_account_counts_from_where_it_stood_when_it_was_first_looked_at(
    world: World, reader: Reader, hub: Hub, database: Database
) -> None:
    channel_id = await a_channel(world)

    async def counted(followers: int) -> list[str]:
        told = await tell(
            world,
            world.system,
            lambda work: analytics.record_channel(
                work, channel_id=channel_id, counters={"FOLLOWERS": followers}
            ),
        )
        return [one.name for one in told]

    assert await counted(1000) == ["channel.measured"]
    await move_clock(hub, database.owner_url, 24 * HOUR)
    assert await counted(1000) == []
    await move_clock(hub, database.owner_url, 24 * HOUR)
    assert await counted(990) == ["channel.measured"]

    found = await queries.figures(
        reader,
        world.editor,
        of="channel",
        ids=[channel_id],
        metric="FOLLOWERS",
        start=datetime(2000, 1, 1, tzinfo=UTC),
        end=datetime(2200, 1, 1, tzinfo=UTC),
    )
    assert [(one.value, one.increase) for one in found[channel_id].figures] == [
        (1000, 0),
        (1000, 0),
        (990, -10),
    ]


async def test_accounts_are_counted_once_a_day_where_the_platform_counts_them(
    world: World, database: Database, hub: Hub
) -> None:
    one = await a_channel(world)
    silent = await a_channel(world, name="Silent")
    off = await a_channel(world, name="Off")
    others = sorted(Capability)
    others.remove(Capability.AUDIENCE)
    await put(database, "channels", silent, capabilities=json.dumps(others))
    await put(database, "channels", off, enabled=False)

    async def asked() -> int:
        async with hub.unit_of_work(world.system) as work:
            return await analytics.promise_channels(work)

    assert await asked() == 1
    assert ("analytics.measure_channel", f"measure-channel:{one}") in await promised(hub)
    async with hub.unit_of_work(world.system) as work:
        await analytics.record_channel(work, channel_id=one, counters={"FOLLOWERS": 1})
    assert await asked() == 0
    await move_clock(hub, database.owner_url, 24 * HOUR)
    assert await asked() == 1


async def a_dashboard(reader: Reader, caller: Caller, scope: Scope, **more: Any) -> Dashboard:
    given: dict[str, Any] = {
        "period": Period(first=date(2026, 3, 8), last=date(2026, 3, 14), zone="Europe/Paris"),
        "comparison": Comparison.PREVIOUS,
    }
    return await dashboard(reader, caller, scope=scope, **{**given, **more})


async def put_hour(
    database: Database, world: World, row: Publication, metric: str, at: datetime, increase: int
) -> None:
    connection = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    await connection.execute(
        "INSERT INTO publication_hours (id, workspace_id, publication_id, metric, hour, value, "
        "increase) VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $5)",
        *(world.workspace_id, row.id, metric, at, increase),
    )
    await connection.close()


@pytest.fixture
async def week(world: World, database: Database) -> tuple[Publication, Publication]:
    """Two publications on two channels, one in the week and one in the week before."""
    now = await published(
        world, database, await a_channel(world), datetime(2026, 3, 9, 8, tzinfo=UTC)
    )
    before = await published(
        world,
        database,
        await a_channel(world, name="Other"),
        datetime(2026, 3, 3, 8, tzinfo=UTC),
    )
    for row, metric, at, increase in (
        # The last hour of the week before and the first of the week, where Paris has its midnight.
        (now, "LIKES", datetime(2026, 3, 7, 22, tzinfo=UTC), 1),
        (now, "LIKES", datetime(2026, 3, 7, 23, tzinfo=UTC), 10),
        (now, "SHARES", datetime(2026, 3, 14, 22, tzinfo=UTC), 20),
        (now, "VIEWS", datetime(2026, 3, 10, tzinfo=UTC), 300),
        (now, "LIKES", datetime(2026, 3, 14, 23, tzinfo=UTC), 4000),
        (before, "LIKES", datetime(2026, 3, 4, tzinfo=UTC), 24),
        (before, "LIKES", datetime(2026, 3, 9, tzinfo=UTC), -6),
        (before, "LIKES", datetime(2026, 2, 28, 22, tzinfo=UTC), 50_000),
    ):
        await put_hour(database, world, row, metric, at, increase)
    return now, before


async def test_a_dashboard_adds_up_what_was_gained_and_compares_it(
    world: World, reader: Reader, week: tuple[Publication, Publication]
) -> None:
    now, before = week

    found = await a_dashboard(reader, world.editor, EVERYTHING)

    assert {name: (one.value, one.previous) for name, one in found.metrics.items()} == {
        "ENGAGEMENT": (24, 25),
        "LIKES": (4, 25),
        "SHARES": (20, 0),
        "VIEWS": (300, 0),
    }
    assert (found.publications.value, found.publications.previous) == (1, 1)
    assert found.engagement_rate == 0.08
    assert found.engagement_per_publication == 24.0
    assert list(found.daily["ENGAGEMENT"]) == [10, -6, 0, 0, 0, 0, 20]
    assert found.daily_before is not None
    assert list(found.daily_before["LIKES"]) == [0, 0, 0, 24, 0, 0, 1]
    assert [
        (one.channel_id, one.engagement.value, one.engagement.previous, one.publications.value)
        for one in found.channels
    ] == [(now.channel_id, 30, 1, 1), (before.channel_id, -6, 24, 0)]
    assert [(one.publication_id, one.engagement, one.views) for one in found.top] == [
        (now.id, 30, 300)
    ]


async def test_a_scope_holds_what_belongs_to_it(
    world: World, reader: Reader, week: tuple[Publication, Publication]
) -> None:
    now, before = week
    assert now.item_id is not None

    async def engagement(kind: ScopeKind, row: UUID) -> int:
        found = await a_dashboard(reader, world.editor, Scope(kind=kind, id=row))
        return found.engagement.value

    assert await engagement(ScopeKind.CHANNEL, now.channel_id) == 30
    assert await engagement(ScopeKind.CHANNEL, before.channel_id) == -6
    assert await engagement(ScopeKind.CONTENT_ITEM, now.item_id) == 30
    assert await engagement(ScopeKind.BRAND, world.brand_id) == 24


async def test_a_dashboard_is_four_statements_and_one_more_for_a_thing(
    world: World, reader: Reader, week: tuple[Publication, Publication]
) -> None:
    before = reader.statements
    await a_dashboard(reader, world.editor, EVERYTHING)
    assert reader.statements - before == 4
    await a_dashboard(reader, world.editor, Scope(kind=ScopeKind.BRAND, id=world.brand_id))
    assert reader.statements - before == 9


async def test_without_comparison_there_is_nothing_before(
    world: World, reader: Reader, week: tuple[Publication, Publication]
) -> None:
    found = await a_dashboard(reader, world.editor, EVERYTHING, comparison=Comparison.NONE)

    assert (found.engagement.value, found.engagement.previous) == (24, None)
    assert found.daily_before is None


async def test_another_workspaces_things_answer_like_those_that_do_not_exist(
    world: World, reader: Reader, hub: Hub, week: tuple[Publication, Publication]
) -> None:
    other = await a_world(hub, slug="other")
    errors = []
    for row in (world.brand_id, new_id()):
        with pytest.raises(NotFound) as caught:
            await a_dashboard(reader, other.editor, Scope(kind=ScopeKind.BRAND, id=row))
        errors.append((caught.value.message, caught.value.path))

    assert errors[0] == errors[1]
    found = await a_dashboard(reader, other.editor, EVERYTHING)
    assert (found.engagement.value, found.channels) == (0, [])
    nobody = Caller.nobody(world.workspace_id)
    with pytest.raises(Forbidden):
        await a_dashboard(reader, nobody, EVERYTHING)


async def test_only_answers_of_the_first_two_days_say_when_to_post(
    world: World, reader: Reader, database: Database, hub: Hub
) -> None:
    now = (await hub.now()).replace(minute=0, second=0, microsecond=0)
    channel_id = await a_channel(world)
    old = await published(world, database, channel_id, now - 90 * HOUR)
    fresh = await published(world, database, channel_id, now - 40 * HOUR)
    await put_hour(database, world, old, "LIKES", now - 43 * HOUR, 5)
    await put_hour(database, world, old, "LIKES", now - 41 * HOUR, 100)
    await put_hour(database, world, fresh, "LIKES", now - 39 * HOUR, 9)

    found = await queries.responses(
        reader, world.editor, channel_id=channel_id, days=180, metric="ENGAGEMENT"
    )

    assert [(one.published_at, one.engagement) for one in found] == [(now - 90 * HOUR, 5)]
