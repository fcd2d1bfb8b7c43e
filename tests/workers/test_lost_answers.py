"""Platforms that lie: an answer lost, late, wrong or none, and never a second post for it."""

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.audit.models import EventRow
from hub.channels.models import Channel
from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import Guarantee
from hub.content import operations as content
from hub.content.rules import Part
from hub.publishing import operations as publishing
from hub.publishing.models import Publication, PublicationState
from hub.publishing.rules import ATTEMPTS, FAILED_LOOKS
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, channel, publication
from tests.workers.interleaving import run_to
from tests.workers.simulated import SIMULATED
from tests.workers.stands import Stand, an_account, attempts, item_of, job_of, outcomes, to_next_try
from tests.working import a_toolbox, jobs_left, move_clock, work_off
from workers.handling import Toolbox

S = PublicationState
GUARANTEES = {
    "mastodon": Guarantee.REPLAY,
    "gotosocial": Guarantee.SEARCH,
    "writeonly": Guarantee.BLIND,
    "webhook": Guarantee.IDENTITY,
    **{kind: PLATFORMS[kind].guarantee for kind in SIMULATED},
}


@dataclass(frozen=True, kw_only=True)
class Lie:
    """What the platform does to a commit, and whether it has stored the post by then."""

    effect: dict[str, Any]
    stored: bool
    outcome: str

    @property
    def patience(self) -> float:
        """How many seconds to wait for an answer: briefly where none will ever come."""
        return 1.0 if self.effect["effect"] in {"hang_after", "slow"} else 8.0


LIES = {
    "the answer is lost": Lie(effect={"effect": "drop_after"}, stored=True, outcome="UNKNOWN"),
    "the answer never comes": Lie(effect={"effect": "hang_after"}, stored=True, outcome="UNKNOWN"),
    "cut before it was stored": Lie(
        effect={"effect": "drop_before"}, stored=False, outcome="UNKNOWN"
    ),
    "an error, but stored": Lie(
        effect={"effect": "status_after", "status": 502}, stored=True, outcome="TRANSIENT"
    ),
    "an error, and not stored": Lie(
        effect={"effect": "status", "status": 500}, stored=False, outcome="TRANSIENT"
    ),
    "the page of a proxy": Lie(effect={"effect": "html"}, stored=True, outcome="UNKNOWN"),
    "an answer without end": Lie(effect={"effect": "huge"}, stored=True, outcome="UNKNOWN"),
    "an answer that drips": Lie(effect={"effect": "slow"}, stored=True, outcome="UNKNOWN"),
    "200 without an id": Lie(
        effect={"effect": "status", "status": 200}, stored=False, outcome="UNKNOWN"
    ),
    "a repeat still running": Lie(
        effect={"effect": "status_after", "status": 409}, stored=True, outcome="TRANSIENT"
    ),
}
#: A webhook need not answer anything but 2xx: these are no lies to it.
FINE_FOR_WEBHOOKS = {"the page of a proxy", "200 without an id"}


async def the_story_of(
    world: World, tools: Toolbox, stand: Stand, database: Database, lie: Lie, kind: str
) -> tuple[Publication, Publication, list[dict[str, Any]], list[str | None]]:
    """Publish under a lie; return how it looked then, how it ended, the posts and the tries."""
    account = await an_account(world, tools, stand)
    assert (await channel(world, account.channel_id)).guarantee is GUARANTEES[kind]
    path = f"/hooks/{account.name}" if kind == "webhook" else stand.commit_path
    await stand.fault(path=path, **lie.effect)
    made = await a_publication(world, channel_id=account.channel_id)
    async with a_toolbox(world.hub, allow=(stand.netloc,), deadline=lie.patience) as caller:
        await work_off(caller)
    then = await publication(world, made.id)
    for _ in range(3):
        if (await publication(world, made.id)).due_at is not None:
            await to_next_try(world, database.owner_url, made.id)
            await work_off(tools)
    return (
        then,
        await publication(world, made.id),
        await account.posts(),
        await outcomes(world, made.id),
    )


# A blog is lied to at each of its steps in a file of its own.
@pytest.mark.parametrize("kind", ["mastodon", "gotosocial", "bluesky", "misago"])
@pytest.mark.parametrize("name", LIES)
async def test_a_lie_leads_to_exactly_one_post_where_the_platform_can_be_asked(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database, name: str, kind: str
) -> None:
    lie = LIES[name]

    then, found, posts, said = await the_story_of(world, tools, stands[kind], database, lie, kind)

    assert then.state is S.UNCONFIRMED
    assert then.commit_attempted_at is not None
    assert then.due_at is not None
    assert found.state is S.PUBLISHED
    assert [post["text"] for post in posts] == ["Hello, world"]
    assert found.remote_id == posts[0]["id"]
    assert found.sent_hash == found.approved_hash
    assert said == [lie.outcome, "PUBLISHED"]


@pytest.mark.parametrize("name", LIES)
async def test_a_lie_needs_a_person_where_the_platform_is_blind(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database, name: str
) -> None:
    lie = LIES[name]

    then, found, posts, said = await the_story_of(
        world, tools, stands["writeonly"], database, lie, "writeonly"
    )

    assert (then.state, then.due_at) == (S.UNCONFIRMED, None)
    assert (found.state, found.due_at) == (S.UNCONFIRMED, None)
    assert len(posts) == int(lie.stored)
    assert said == [lie.outcome]
    assert await jobs_left(world.hub) == []
    assert await asked_for_a_person(world, found) == [True]


async def asked_for_a_person(world: World, found: Publication) -> list[bool]:
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(
            select(EventRow).where(
                EventRow.subject_id == found.id, EventRow.name == "publication.unconfirmed"
            )
        )
    return [row.data["needs_person"] for row in rows]


@pytest.mark.parametrize("name", LIES)
async def test_a_webhook_gets_the_same_id_again_and_keeps_it_once(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database, name: str
) -> None:
    lie = LIES[name]

    then, found, posts, said = await the_story_of(
        world, tools, stands["webhook"], database, lie, "webhook"
    )

    believed = name in FINE_FOR_WEBHOOKS
    assert then.state is (S.PUBLISHED if believed else S.UNCONFIRMED)
    assert found.state is S.PUBLISHED
    assert len(posts) == (1 if lie.stored or not believed else 0)
    assert said == (["PUBLISHED"] if believed else [lie.outcome, "PUBLISHED"])


async def test_a_feed_cannot_be_lied_to(world: World, tools: Toolbox) -> None:
    made = await a_publication(world, channel_id=await a_channel(world, platform_key="feed"))

    await work_off(tools)

    found = await publication(world, made.id)
    assert (found.state, found.remote_id) == (S.PUBLISHED, f"urn:uuid:{made.id}")


NOES = {
    "too many requests": {"effect": "ratelimit", "headers": {"retry-after": "3"}},
    "refused": {"effect": "status", "status": 422},
    "gone": {"effect": "status", "status": 404},
    "no such token": {"effect": "status", "status": 401},
}


@pytest.mark.parametrize("no", NOES)
async def test_a_no_to_the_repeat_does_not_mean_that_the_first_is_not_out(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database, no: str
) -> None:
    account = await an_account(world, tools, stands["mastodon"])
    await account.stand.fault("drop_after")
    await account.stand.fault(**NOES[no])  # type: ignore[arg-type]  # keywords of any type
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await to_next_try(world, database.owner_url, made.id)
    await work_off(tools)
    told_no = await publication(world, made.id)
    async with world.hub.unit_of_work(world.system) as work:
        await work.change(
            update(Channel).where(Channel.id == account.channel_id).values(rate_held_until=None)
        )
    await to_next_try(world, database.owner_url, made.id)
    await work_off(tools)

    assert told_no.state is S.UNCONFIRMED
    assert told_no.commit_attempted_at is not None
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await account.texts() == ["Hello, world"]


async def test_past_its_window_a_key_is_not_replayed_but_the_post_is_looked_for(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database
) -> None:
    account = await an_account(world, tools, stands["mastodon"])
    await account.stand.fault("drop_after")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    # The key was kept for an hour: ours is older, and the server has forgotten it.
    await account.stand.ask("POST", "settings", json={"offset_seconds": 4000})
    async with world.hub.unit_of_work(world.system) as work:
        await work.change(
            update(Publication)
            .where(Publication.id == made.id)
            .values(commit_attempted_at=work.clock - timedelta(seconds=3100))
        )
    await to_next_try(world, database.owner_url, made.id)
    await work_off(tools)
    await account.stand.ask("POST", "settings", json={"offset_seconds": 0})

    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await account.texts() == ["Hello, world"]


async def test_the_platform_is_not_asked_before_it_can_know(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database
) -> None:
    account = await an_account(world, tools, stands["gotosocial"])
    await account.stand.fault("drop_after")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await move_clock(world.hub, database.owner_url, timedelta(seconds=19))
    early = await work_off(tools)
    await move_clock(world.hub, database.owner_url, timedelta(seconds=1.5))
    await work_off(tools)

    assert early == 0
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert len(await account.posts()) == 1


async def test_a_platform_that_is_always_unwell_is_not_asked_for_ever(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database
) -> None:
    hook = await an_account(world, tools, stands["webhook"])
    await hook.stand.fault("status", path=f"/hooks/{hook.name}", status=500, count=0)
    made = await a_publication(world, channel_id=hook.channel_id)
    await work_off(tools)
    waits = []
    while (row := await publication(world, made.id)).due_at is not None:
        waits.append(row.due_at - await world.hub.now())
        await to_next_try(world, database.owner_url, made.id)
        await work_off(tools)

    found = await publication(world, made.id)
    assert found.state is S.UNCONFIRMED
    assert len(waits) == ATTEMPTS - 1
    assert all(later > earlier for earlier, later in itertools.pairwise(waits[:7]))
    assert await outcomes(world, made.id) == ["TRANSIENT"] * ATTEMPTS
    assert await asked_for_a_person(world, found) == [False] * (ATTEMPTS - 1) + [True]


async def test_looks_that_are_not_answered_are_repeated_for_hours_and_then_shown_to_a_person(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database
) -> None:
    account = await an_account(world, tools, stands["gotosocial"])
    await account.stand.fault("drop_after")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await account.stand.fault("status", method="GET", path="/api/v1/accounts/*", count=0)
    began = await world.hub.now()
    while (await publication(world, made.id)).due_at is not None:
        await to_next_try(world, database.owner_url, made.id)
        await work_off(tools)

    assert (await world.hub.now()) - began > timedelta(hours=2)
    said = await outcomes(world, made.id)
    assert said == ["UNKNOWN"] + ["LOOK_FAILED"] * FAILED_LOOKS
    assert len(await account.posts()) == 1


async def test_looking_under_a_rate_limit_waits_for_its_end(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database
) -> None:
    account = await an_account(world, tools, stands["gotosocial"])
    await account.stand.fault("drop_after")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await account.stand.fault(
        "ratelimit", method="GET", path="/api/v1/accounts/*", headers={"retry-after": "900"}
    )
    await to_next_try(world, database.owner_url, made.id)
    await work_off(tools)

    found = await publication(world, made.id)
    wait = (found.due_at or await world.hub.now()) - await world.hub.now()
    held_until = (await channel(world, account.channel_id)).rate_held_until
    assert found.state is S.UNCONFIRMED
    assert wait > timedelta(minutes=14)
    assert held_until is not None


async def test_an_obstacle_that_came_up_since_lets_the_hub_look_but_not_send(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database
) -> None:
    account = await an_account(world, tools, stands["mastodon"])
    rows = {}
    for text, effect in {"Stored": "drop_after", "Lost": "drop_before"}.items():
        await account.stand.fault(effect)
        rows[text] = await a_publication(world, channel_id=account.channel_id, text=text)
        await work_off(tools)
    async with world.hub.unit_of_work(world.editor) as work:
        for row in rows.values():
            await content.archive_item(work, item_id=item_of(row))
    # The first look of the lost one may come too early to prove anything; the second decides.
    for row in (*rows.values(), *rows.values()):
        found = await publication(world, row.id)
        if found.due_at is not None and found.state is S.UNCONFIRMED:
            await to_next_try(world, database.owner_url, row.id)
            await work_off(tools)

    states = {text: (await publication(world, row.id)).state for text, row in rows.items()}
    assert states == {"Stored": S.PUBLISHED, "Lost": S.HELD}
    assert await account.texts() == ["Stored"]


@pytest.mark.parametrize("kind", ["gotosocial", "bluesky"])
async def test_a_part_of_a_thread_that_got_lost_is_found_and_the_rest_follows(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database, kind: str
) -> None:
    account = await an_account(world, tools, stands[kind])
    made = await a_publication(
        world,
        channel_id=account.channel_id,
        parts=[Part(text="One"), Part(text="Two"), Part(text="Three")],
    )
    # The first part gets through, the answer to the second is lost.
    async with run_to(tools, made.id, "saved:commit"):
        await account.stand.fault("drop_after")
    await to_next_try(world, database.owner_url, made.id)
    await work_off(tools)

    posts = await account.posts()
    assert [post["text"] for post in posts] == ["One", "Two", "Three"]
    assert [post["in_reply_to_id"] for post in posts] == [None, posts[0]["id"], posts[1]["id"]]
    assert [attempt.step for attempt in await attempts(world, made.id)] == ["commit:1", "commit:2"]
    assert await job_of(world.hub, made.id) is None


@pytest.mark.parametrize("kind", ["gotosocial", "bluesky"])
async def test_the_same_words_on_purpose_are_two_posts(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database, kind: str
) -> None:
    account = await an_account(world, tools, stands[kind])
    first = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await account.stand.fault("drop_after")
    second = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await to_next_try(world, database.owner_url, second.id)
    await work_off(tools)

    rows = [await publication(world, made.id) for made in (first, second)]
    assert [row.state for row in rows] == [S.PUBLISHED, S.PUBLISHED]
    assert rows[0].remote_id != rows[1].remote_id
    assert await account.texts() == ["Hello, world", "Hello, world"]


async def test_a_person_may_cut_the_looking_short(
    world: World, tools: Toolbox, stands: dict[str, Stand]
) -> None:
    account = await an_account(world, tools, stands["gotosocial"])
    await account.stand.fault("drop_after")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    (post,) = await account.posts()
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.confirm(work, publication_id=made.id, remote_id=post["id"])
    await work_off(tools)

    found = await publication(world, made.id)
    assert (found.state, found.remote_id) == (S.PUBLISHED, post["id"])
