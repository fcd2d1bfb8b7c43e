"""The engine over a forum, which keeps no keys: one thread, in order, whatever goes wrong."""

import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.channels.models import ChannelState
from hub.content import operations as content
from hub.content.rules import Part, Words
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.publishing.models import AmendmentState, Publication, PublicationState
from hub.review import operations as review
from hub.review.models import Verdict
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, channel, publication
from tests.workers.stands import Account, Stand, item_of, job_of, outcomes
from tests.workers.test_amending import amendments_of, ask, reapprove, the_job
from tests.workers.test_crashes import collapsed, empty_redis, go_on
from tests.workers.victims import Victims
from tests.working import a_toolbox, jobs_left, work_off
from workers.handling import Toolbox
from workers.simulators.misago import CONTROL, create_simulator
from workers.simulators.serving import served

S = PublicationState
THREADS = "/api/threads/"
REPLIES = "/api/threads/*/posts/"
STEPS = (
    "before_claim",
    "after_claim",
    "before_truth",
    "after_truth",
    "performed:commit",
    "saved:commit",
    "before_settle",
)
TEXTS = ["The first part", "The second part", "The third part"]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A forum, the hub's account there, and the channel that is connected to it."""

    account: Account
    channel_id: UUID

    async def fault(self, effect: str, *, path: str = THREADS, **more: Any) -> None:
        """Let the next matching request fail."""
        await self.account.stand.fault(effect, path=path, **more)

    async def adjust(self, **settings: Any) -> None:
        """Change how the forum behaves."""
        await self.account.stand.ask("POST", "settings", json=settings)

    async def moderate(self, act: str, **what: str) -> None:
        """Let a moderator do something."""
        await self.account.stand.ask("POST", "moderate", json={"act": act, **what})


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """One forum for all tests of this file; each opens an account of its own."""
    with served(create_simulator()) as base:
        yield Stand(kind="board", base=base, control=CONTROL)


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Short leases where workers die: it is noticed soon. A living one keeps the usual time."""
    short = {"lease_seconds": 0.7} if "victims" in request.fixturenames else {}
    return settings.model_copy(update=short)


@pytest.fixture
async def tools(hub: Hub, stand: Stand) -> AsyncIterator[Toolbox]:
    """A worker's tools that reach the forum; what a test left behind fails nobody else's."""
    async with a_toolbox(hub, allow=(stand.netloc,)) as opened:
        yield opened
    await stand.quiet()
    await stand.ask("POST", "settings", json={"floods": 0, "language": "en", "hold": False})


@pytest.fixture
async def board(world: World, tools: Toolbox, stand: Stand) -> Board:
    """A fresh account, connected as a manager would."""
    name = f"user{uuid4().hex[:12]}"
    joined = await stand.ask("POST", "accounts", json={"username": name})
    channel_id = await a_channel(
        world,
        platform_key="misago",
        settings=joined["settings"],
        credentials=joined["secrets"],
        ready=False,
        name=name,
    )
    await work_off(tools)
    found = await channel(world, channel_id)
    assert (found.state, found.guarantee) == (ChannelState.READY, "SEARCH")
    return Board(
        account=Account(stand=stand, channel_id=channel_id, name=name), channel_id=channel_id
    )


async def a_thread(world: World, board: Board, *texts: str) -> Publication:
    parts = [Part(text=text) for text in texts or TEXTS]
    return await a_publication(world, channel_id=board.channel_id, parts=parts)


async def one_thread(world: World, board: Board, made: Publication, *texts: str) -> Publication:
    """Expect that all is out once and in order, and that the hub knows it."""
    found = await publication(world, made.id)
    posts = await board.account.posts()
    assert (found.state, found.due_at) == (S.PUBLISHED, None)
    assert [post["text"] for post in posts] == list(texts or TEXTS)
    first = posts[0]["id"]
    assert [post["in_reply_to_id"] for post in posts] == [None, *[first] * (len(posts) - 1)]
    assert [ref["remote_id"] for ref in found.refs] == [post["id"] for post in posts]
    assert found.remote_id == first
    assert found.sent_hash == found.approved_hash
    return found


@pytest.mark.parametrize("effect", ["drop_after", "html", "status_after"])
async def test_a_lost_answer_is_looked_for_and_the_thread_is_opened_once(
    world: World, tools: Toolbox, database: Database, board: Board, effect: str
) -> None:
    made = await a_thread(world, board, "Only one part")
    await board.fault(effect, status=502)

    await go_on(world, tools, database, made)

    await one_thread(world, board, made, "Only one part")
    tries = await outcomes(world, made.id)
    assert tries == ["TRANSIENT" if effect == "status_after" else "UNKNOWN", "PUBLISHED"]


async def test_a_request_that_was_lost_is_sent_again_after_a_look(
    world: World, tools: Toolbox, database: Database, board: Board
) -> None:
    made = await a_thread(world, board, "Only one part")
    await board.fault("drop_before")

    await go_on(world, tools, database, made)

    await one_thread(world, board, made, "Only one part")


async def test_an_answer_lost_in_the_middle_of_a_thread_doubles_nothing(
    world: World, tools: Toolbox, database: Database, board: Board
) -> None:
    made = await a_thread(world, board)
    await board.fault("drop_after", path=REPLIES)

    await go_on(world, tools, database, made)

    await one_thread(world, board, made)
    assert "UNKNOWN" in await outcomes(world, made.id)


@pytest.mark.parametrize("milestone", STEPS)
async def test_a_dead_worker_is_replaced_and_there_is_one_thread(
    world: World,
    tools: Toolbox,
    database: Database,
    victims: Victims,
    board: Board,
    milestone: str,
) -> None:
    made = await a_thread(world, board, "Only one part")
    job = await job_of(world.hub, made.id)
    await victims.start(tools, board.account.stand, job.id, milestone)
    assert await victims.end() == -signal.SIGKILL
    await empty_redis(tools)

    await go_on(world, tools, database, made)

    await one_thread(world, board, made, "Only one part")
    tries = collapsed(await outcomes(world, made.id))
    assert tries == (["PUBLISHED"] if milestone == "before_claim" else ["SILENT", "PUBLISHED"])
    assert all(row.name != "publishing.publish" for row in await jobs_left(world.hub))


async def test_a_thread_is_not_begun_again_after_a_crash_in_its_middle(
    world: World, tools: Toolbox, database: Database, victims: Victims, board: Board
) -> None:
    made = await a_thread(world, board)
    job = await job_of(world.hub, made.id)
    await victims.start(tools, board.account.stand, job.id, "saved:commit")
    assert await victims.end() == -signal.SIGKILL
    assert await board.account.texts() == TEXTS[:1]

    await go_on(world, tools, database, made)

    await one_thread(world, board, made)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_flood_control_between_parts_is_waited_for_in_any_language(
    world: World, tools: Toolbox, database: Database, board: Board, language: str
) -> None:
    made = await a_thread(world, board)
    await work_off(tools)
    assert await board.account.texts() == TEXTS[:1]
    await board.adjust(floods=1, language=language)

    await go_on(world, tools, database, made)

    await one_thread(world, board, made)
    tries = await outcomes(world, made.id)
    assert tries == ["PENDING", "RATE_LIMITED", "PENDING", "PUBLISHED"]


async def test_a_session_that_ends_between_parts_is_opened_again(
    world: World, tools: Toolbox, database: Database, board: Board
) -> None:
    made = await a_thread(world, board)
    await work_off(tools)
    await board.moderate("sign_out", account=board.account.name)

    await go_on(world, tools, database, made)

    await one_thread(world, board, made)
    assert await outcomes(world, made.id) == ["PENDING", "PENDING", "PUBLISHED"]


async def test_a_thread_that_is_closed_meanwhile_is_left_to_a_person(
    world: World, tools: Toolbox, database: Database, board: Board, stand: Stand
) -> None:
    name = f"member{uuid4().hex[:12]}"
    joined = await stand.ask("POST", "accounts", json={"username": name, "role": "member"})
    channel_id = await a_channel(
        world,
        platform_key="misago",
        settings=joined["settings"],
        credentials=joined["secrets"],
        ready=False,
        name=name,
    )
    await work_off(tools)
    account = Account(stand=stand, channel_id=channel_id, name=name)
    plain = Board(account=account, channel_id=channel_id)
    made = await a_thread(world, plain)
    await work_off(tools)
    (first,) = await account.posts()
    await plain.moderate("close", post=first["id"])

    await go_on(world, tools, database, made)

    found = await publication(world, made.id)
    assert found.state is S.FAILED
    assert await account.texts() == TEXTS[:1]


async def test_a_held_thread_is_found_and_not_sent_again(
    world: World, tools: Toolbox, database: Database, board: Board
) -> None:
    await board.adjust(hold=True)
    made = await a_thread(world, board, "Only one part")
    await board.fault("drop_after")

    await go_on(world, tools, database, made)

    await one_thread(world, board, made, "Only one part")


async def test_a_title_whose_approval_is_revoked_between_two_calls_is_not_set(
    world: World, tools: Toolbox, board: Board
) -> None:
    made = await a_thread(world, board, "Words that stay")
    await work_off(tools)
    row = await publication(world, made.id)
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(
            work,
            item_id=item_of(row),
            words=Words(title="Another title", parts=(Part(text="Words that changed"),)),
        )
    review_id = await reapprove(world, row)
    await ask(world, "edit", row)

    async def meanwhile(milestone: str) -> None:
        if milestone == "amendment:commit":
            async with world.hub.unit_of_work(world.approver) as work:
                await review.decide(
                    work, review_id=review_id, verdict=Verdict.REQUEST_CHANGES, remark="No."
                )

    before = (await board.account.posts())[0]
    await the_job(world, replace(tools, passed=meanwhile))

    (stopped,) = await amendments_of(world, row)
    after = (await board.account.posts())[0]
    assert stopped.state is AmendmentState.FAILED
    assert (after["text"], after.get("title")) == ("Words that changed", before.get("title"))
