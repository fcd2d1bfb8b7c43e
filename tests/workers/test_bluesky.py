"""The engine and the connector of Bluesky together, where the one leans on the other."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.content.rules import Part
from hub.engagement import operations as engagement
from hub.engagement.models import Message
from hub.publishing.models import Publication, PublicationState
from tests.conftest import Database
from tests.factories import World, a_publication, publication
from tests.workers.interleaving import run_to
from tests.workers.stands import Account, Stand, a_picture, an_account, outcomes, to_next_try
from tests.workers.test_publishing import PICTURE, PICTURE_HASH
from tests.working import work_off
from workers.handling import Toolbox

S = PublicationState


@pytest.fixture
async def account(world: World, tools: Toolbox, stands: dict[str, Stand]) -> Account:
    return await an_account(world, tools, stands["bluesky"])


async def told(account: Account, **settings: object) -> None:
    await account.stand.ask("POST", "settings", json=settings)


async def test_uploads_that_were_thrown_away_meanwhile_hold_nothing_up(
    world: World, tools: Toolbox, account: Account
) -> None:
    asset = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt="A lighthouse")
    made = await a_publication(
        world, channel_id=account.channel_id, parts=[Part(text="Look", media=(asset,))]
    )

    async with run_to(tools, made.id, "saved:upload"):
        await told(account, forget_blobs=True)

    found = await publication(world, made.id)
    assert (found.state, await outcomes(world, made.id)) == (S.PUBLISHED, ["PUBLISHED"])
    assert found.sent_hash == found.approved_hash
    assert [post["descriptions"] for post in await account.posts()] == [["A lighthouse"]]


async def test_a_session_that_ends_before_the_commit_is_no_failed_try(
    world: World, tools: Toolbox, account: Account
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)

    async with run_to(tools, made.id, "after_truth"):
        await told(account, forget_tokens=True)

    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await outcomes(world, made.id) == ["PUBLISHED"]
    assert await account.texts() == ["Hello, world"]


async def test_a_network_without_its_index_publishes_all_the_same(
    world: World, tools: Toolbox, account: Account
) -> None:
    await told(account, appview=False)
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await told(account, appview=True)

    assert (await publication(world, made.id)).state is S.PUBLISHED


async def test_a_lost_answer_is_found_while_the_index_is_still_behind(
    world: World, tools: Toolbox, account: Account, database: Database
) -> None:
    await told(account, behind=True)
    await account.stand.fault("drop_after")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await to_next_try(world, database.owner_url, made.id)
    await work_off(tools)
    await told(account, behind=False)

    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await account.texts() == ["Hello, world"]


async def test_answers_come_once_and_a_reply_hangs_where_it_belongs(
    world: World, tools: Toolbox, account: Account
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    post = (await publication(world, made.id)).remote_id
    question = await answered(account, str(post), "When?")
    for text in ("Late", "Later"):
        await answered(account, str(post), text, created_at="2001-01-01T00:00:00Z")
        await look(world, tools, made)

    found = await messages(world)
    reply = await replied(world, tools, next(one for one in found if one.text == "When?"))

    assert sorted(one.text for one in found) == ["Late", "Later", "When?"]
    assert (await publication(world, reply)).state is S.PUBLISHED
    (first, second) = await account.posts()
    assert (second["in_reply_to_id"], second["root_id"]) == (question, first["id"])
    await look(world, tools, made)
    kept = await messages(world)
    assert sorted(one.text for one in kept) == ["At nine.", "Late", "Later", "When?"]


async def answered(account: Account, post: str, text: str, **more: str) -> str:
    body = {"account": "ann", "post": post, "text": text, **more}
    return str((await account.stand.ask("POST", "answer", json=body))["id"])


async def look(world: World, tools: Toolbox, made: Publication) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.collect_now(work, publication_id=made.id)
    await work_off(tools)


async def messages(world: World) -> list[Message]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(Message)))


async def replied(world: World, tools: Toolbox, message: Message) -> UUID:
    async with world.hub.unit_of_work(world.editor) as work:
        made = await engagement.reply(work, message_id=message.id, text="At nine.")
    await work_off(tools)
    return made.id


async def test_a_rate_limit_in_the_words_of_the_network_is_waited_for(
    world: World, tools: Toolbox, account: Account
) -> None:
    await account.stand.fault("ratelimit")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)

    found = await publication(world, made.id)
    assert found.due_at is not None
    wait = found.due_at - await world.hub.now()
    # Its window of five minutes has just begun, and its end is given in seconds since 1970.
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5, seconds=5)
    assert await account.texts() == []


async def test_an_answer_no_row_can_hold_does_not_keep_the_others_away(
    world: World, tools: Toolbox, account: Account
) -> None:
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    post = (await publication(world, made.id)).remote_id
    for words in ("one\x00two", "three"):
        body = {"account": "ann", "post": post, "text": words}
        await account.stand.ask("POST", "answer", json=body)
    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.collect_now(work, publication_id=made.id)
    await work_off(tools)

    async with world.hub.unit_of_work(world.system) as work:
        found = await work.all(select(Message.text).order_by(Message.text))
    assert list(found) == ["onetwo", "three"]
