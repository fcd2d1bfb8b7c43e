"""A blog is sent a draft, and publishing it is the commit: whatever dies, there is one post."""

import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from hub.channels.models import ChannelState
from hub.channels.platforms.base import Guarantee
from hub.content.rules import Part
from hub.engagement import operations as engagement
from hub.engagement.models import Direction, Message
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.publishing.models import Publication, PublicationState
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, channel, publication
from tests.workers.stands import (
    Account,
    Stand,
    a_picture,
    job_of,
    outcomes,
    to_next_try,
)
from tests.workers.test_crashes import collapsed, empty_redis, go_on
from tests.workers.test_publishing import PICTURE, PICTURE_HASH
from tests.workers.victims import Victims
from tests.working import a_toolbox, work_off
from workers.handling import Toolbox
from workers.simulators.serving import served
from workers.simulators.wordpress import CONTROL, create_simulator

S = PublicationState
API = "/wp-json/wp/v2"
HTML = "<p>Look</p>"


@dataclass(frozen=True, kw_only=True)
class Blog(Account):
    """An account at the blog, and all that it has there."""

    async def kept(self) -> dict[str, Any]:
        """Return what is public, the drafts, and the pictures."""
        return dict(await self.stand.ask("GET", f"ledger?account={self.name}"))


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """One blog for this file; every test has a user of its own."""
    with served(create_simulator()) as base:
        yield Stand(kind="blog", base=base, control=CONTROL)


@pytest.fixture
async def tools(hub: Hub, stand: Stand) -> AsyncIterator[Toolbox]:
    """A worker's tools that reach the blog."""
    async with a_toolbox(hub, allow=(stand.netloc,)) as opened:
        yield opened
    await stand.quiet()


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Short leases where workers die: it is noticed soon. A living one keeps the usual time."""
    short = {"lease_seconds": 0.7} if "victims" in request.fixturenames else {}
    return settings.model_copy(update=short)


async def a_blog(world: World, tools: Toolbox, stand: Stand) -> Blog:
    """Connect a channel that files everything under one category."""
    joined = await stand.ask("POST", "accounts", json={"username": f"user{uuid4().hex[:12]}"})
    name = joined["username"]
    channel_id = await a_channel(
        world,
        platform_key="wordpress",
        settings={**joined["settings"], "categories": [f"Category of {name}"]},
        credentials=joined["secrets"],
        ready=False,
        name=name,
    )
    await work_off(tools)
    found = await channel(world, channel_id)
    assert (found.state, found.guarantee) == (ChannelState.READY, Guarantee.IDENTITY)
    return Blog(stand=stand, channel_id=channel_id, name=name)


async def a_post(world: World, tools: Toolbox, blog: Blog, *, alt: str | None) -> Publication:
    """Return a publication that is due now, with a picture when there is an alternative text."""
    if alt is None:
        return await a_publication(world, channel_id=blog.channel_id, text="Look")
    asset_id = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt=alt)
    return await a_publication(
        world, channel_id=blog.channel_id, parts=[Part(text="Look", media=(asset_id,))]
    )


async def exactly_one(world: World, blog: Blog, made: Publication, *, pictures: int) -> None:
    """Expect one public post, no draft beside it, and every picture once."""
    found = await publication(world, made.id)
    kept = await blog.kept()
    (post,) = kept["statuses"]
    assert (found.state, found.due_at) == (S.PUBLISHED, None)
    assert found.remote_id == post["id"]
    assert found.sent_hash == found.approved_hash
    assert post["text"] == HTML
    assert post["status"] == "publish"
    assert post["categories"] == [f"Category of {blog.name}"]
    assert not post["slug"].endswith("-2")
    assert kept["drafts"] == []
    assert len(kept["media"]) == pictures


#: Without a description the first preparation is the category.
MILESTONES = (
    ("before_claim", "A lighthouse"),
    ("after_claim", "A lighthouse"),
    ("performed:upload", "A lighthouse"),
    ("saved:upload", "A lighthouse"),
    ("performed:prepare", "A lighthouse"),
    ("saved:prepare", "A lighthouse"),
    ("performed:prepare", None),
    ("saved:prepare", None),
    ("before_truth", None),
    ("after_truth", "A lighthouse"),
    ("performed:commit", "A lighthouse"),
    ("saved:commit", "A lighthouse"),
    ("before_settle", None),
)


@pytest.mark.parametrize(("milestone", "alt"), MILESTONES)
async def test_a_dead_worker_is_replaced_and_there_is_one_post_and_no_draft(
    world: World,
    tools: Toolbox,
    stand: Stand,
    database: Database,
    victims: Victims,
    milestone: str,
    alt: str | None,
) -> None:
    blog = await a_blog(world, tools, stand)
    # The library of the blog keeps a picture once, for all its users.
    described = alt and f"{alt} of {blog.name}"
    made = await a_post(world, tools, blog, alt=described)
    job = await job_of(world.hub, made.id)
    await victims.start(tools, stand, job.id, milestone)
    assert await victims.end() == -signal.SIGKILL
    if milestone not in {"performed:commit", "saved:commit", "before_settle"}:
        assert (await blog.kept())["statuses"] == []
    await empty_redis(tools)

    await go_on(world, tools, database, made)

    await exactly_one(world, blog, made, pictures=int(alt is not None))
    expected = ["PUBLISHED"] if milestone == "before_claim" else ["SILENT", "PUBLISHED"]
    assert collapsed(await outcomes(world, made.id)) == expected


#: What a platform can do to any request, and how patient the worker is.
LIES: dict[str, tuple[dict[str, Any], float]] = {
    "the answer is lost": ({"effect": "drop_after"}, 8.0),
    "the answer never comes": ({"effect": "hang_after"}, 1.0),
    "cut before it was stored": ({"effect": "drop_before"}, 8.0),
    "an error, but stored": ({"effect": "status_after", "status": 502}, 8.0),
    "an error, and not stored": ({"effect": "status", "status": 500}, 8.0),
    "the page of a proxy": ({"effect": "html"}, 8.0),
}
STEPS = {
    "upload": f"{API}/media",
    "describe": f"{API}/media/*",
    "term": f"{API}/categories",
    "draft": f"{API}/posts",
    "commit": f"{API}/posts/*",
}


#: Every lie about what can be doubled, the two most telling ones about the rest.
TOLD = [
    (step, lie)
    for step in STEPS
    for lie in LIES
    if step in {"draft", "commit"} or lie in {"the answer is lost", "an error, but stored"}
]


@pytest.mark.parametrize(("step", "lie"), TOLD)
async def test_a_lie_about_any_step_leads_to_one_post_and_no_draft(
    world: World, tools: Toolbox, stand: Stand, database: Database, step: str, lie: str
) -> None:
    effect, patience = LIES[lie]
    blog = await a_blog(world, tools, stand)
    made = await a_post(world, tools, blog, alt=f"{step}: {lie}")
    await stand.fault(path=STEPS[step], **effect)
    async with a_toolbox(world.hub, allow=(stand.netloc,), deadline=patience) as caller:
        await work_off(caller)
    then = await publication(world, made.id)

    await go_on(world, tools, database, made)

    in_doubt = step == "commit"
    assert then.state is (S.UNCONFIRMED if in_doubt else S.SCHEDULED)
    assert (then.commit_attempted_at is not None) is in_doubt
    await exactly_one(world, blog, made, pictures=1)
    assert await stand.faults_left() == 0


async def test_a_site_that_is_closed_for_a_while_is_asked_again(
    world: World, tools: Toolbox, stand: Stand, database: Database
) -> None:
    blog = await a_blog(world, tools, stand)
    made = await a_post(world, tools, blog, alt=None)
    await stand.ask("POST", "settings", json={"maintenance": True})
    await work_off(tools)
    then = await publication(world, made.id)
    await stand.ask("POST", "settings", json={"maintenance": False})
    await to_next_try(world, database.owner_url, made.id)
    await work_off(tools)

    assert then.state is S.SCHEDULED
    await exactly_one(world, blog, made, pictures=0)


async def a_question(world: World, tools: Toolbox, blog: Blog) -> Message:
    """Publish something, have a reader ask below it, and bring the question in."""
    made = await a_post(world, tools, blog, alt=None)
    await work_off(tools)
    post = (await publication(world, made.id)).remote_id
    asked = {"account": "reader", "post": post, "text": "When?"}
    await blog.stand.ask("POST", "answer", json=asked)
    for _ in range(3):
        async with world.hub.unit_of_work(world.manager) as work:
            await engagement.collect_now(work, publication_id=made.id)
        await work_off(tools)
    async with world.hub.unit_of_work(world.system) as work:
        (message,) = await work.all(
            select(Message).where(
                Message.channel_id == blog.channel_id, Message.direction == Direction.INBOUND
            )
        )
    return message


async def a_reply(world: World, message: Message) -> Publication:
    async with world.hub.unit_of_work(world.manager) as work:
        return await engagement.reply(work, message_id=message.id, text="At nine")


async def one_reply(world: World, blog: Blog, message: Message, made: Publication) -> None:
    found = await publication(world, made.id)
    replies = [one for one in (await blog.kept())["statuses"] if one["in_reply_to_id"]]
    assert found.state is S.PUBLISHED
    assert [(one["id"], one["text"], one["in_reply_to_id"]) for one in replies] == [
        (found.remote_id, "At nine", message.remote_id)
    ]


@pytest.mark.parametrize(
    "milestone", ["performed:prepare", "after_truth", "performed:commit", "before_settle"]
)
async def test_a_reply_survives_its_worker_and_is_said_once(
    world: World,
    tools: Toolbox,
    stand: Stand,
    database: Database,
    victims: Victims,
    milestone: str,
) -> None:
    blog = await a_blog(world, tools, stand)
    message = await a_question(world, tools, blog)
    made = await a_reply(world, message)
    job = await job_of(world.hub, made.id)
    await victims.start(tools, stand, job.id, milestone)
    assert await victims.end() == -signal.SIGKILL

    await go_on(world, tools, database, made)

    await one_reply(world, blog, message, made)


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_about_a_reply_leads_to_one_comment(
    world: World, tools: Toolbox, stand: Stand, database: Database, lie: str
) -> None:
    effect, patience = LIES[lie]
    blog = await a_blog(world, tools, stand)
    message = await a_question(world, tools, blog)
    made = await a_reply(world, message)
    await stand.fault(path=f"{API}/comments", **effect)
    async with a_toolbox(world.hub, allow=(stand.netloc,), deadline=patience) as caller:
        await work_off(caller)
    then = await publication(world, made.id)

    await go_on(world, tools, database, made)

    assert then.state is S.UNCONFIRMED
    await one_reply(world, blog, message, made)
