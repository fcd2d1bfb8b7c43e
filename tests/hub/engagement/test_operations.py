"""Receiving answers exactly once, and answering them through the same engine."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from hub.channels.platforms.base import Capability
from hub.content.models import Edition
from hub.engagement import operations as engagement
from hub.engagement.models import Message, Person, Thread
from hub.engagement.operations import Received
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.publishing.sending import mark_published
from hub.review.models import Approval
from tests import factories
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication
from tests.hub.traces import events_of, promised, put, refusal, tell

THEN = datetime(2030, 1, 1, 12, tzinfo=UTC)


def an_answer(number: int, *, person: str = "ann") -> Received:
    return Received(
        remote_id=f"m{number}",
        parent_remote_id="root",
        person_remote_id=person,
        person_handle=f"@{person}",
        person_name=person.title(),
        person_url=f"https://social.example/@{person}",
        text=f"Answer {number}",
        html=f"<p>Answer {number}</p>",
        url=f"https://social.example/{number}",
        written_at=THEN + timedelta(minutes=number),
    )


async def published(
    world: World,
    database: Database,
    *,
    channel_id: UUID | None = None,
    platform_key: str = "mastodon",
) -> Publication:
    """Publish something, and drop the jobs of before."""
    where = channel_id or await a_channel(world, platform_key=platform_key)
    row = await a_publication(world, channel_id=where, text=f"Post {new_id()}")
    await put(database, "publications", row.id, state="PUBLISHING", lease_until=row.created_at)
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(Publication).where(Publication.id == row.id))
        assert found is not None
        mark_published(
            work, found, [{"remote_id": f"post-{row.id}", "url": "https://social.example/1"}]
        )
    return await factories.publication(world, row.id)


async def receive(
    world: World, publication_id: UUID, *answers: Received, cursor: str = "c1"
) -> int:
    async with world.hub.unit_of_work(world.system) as work:
        return await engagement.receive(
            work, publication_id=publication_id, messages=answers, cursor=cursor
        )


async def rows(world: World, table: Any) -> list[Any]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(table).order_by(table.id)))


async def received_events(world: World) -> list[UUID]:
    told = await events_of(world)
    return [event.subject_id for event in told if event.name == "message.received"]


async def test_what_is_published_is_watched(world: World, database: Database) -> None:
    row = await published(world, database)

    wanted = await promised(world.hub)
    assert ("engagement.collect", f"collect:{row.id}") in wanted
    assert ("analytics.measure", f"measure:{row.id}") in wanted


async def test_where_nobody_can_answer_nobody_looks(world: World, database: Database) -> None:
    row = await published(world, database, platform_key="feed")

    names = [name for name, _ in await promised(world.hub)]
    assert "engagement.collect" not in names
    assert await refusal(
        world,
        world.editor,
        lambda work: engagement.collect_now(work, publication_id=row.id),
    ) == ("UNSUPPORTED", ("input", "id"))


async def test_answers_become_messages_of_one_thread(world: World, database: Database) -> None:
    row = await published(world, database)

    assert await receive(world, row.id, an_answer(1), an_answer(2, person="bob")) == 2

    (thread,) = await rows(world, Thread)
    assert (thread.publication_id, thread.cursor) == (row.id, "c1")
    assert (thread.last_message_at, thread.version) == (THEN + timedelta(minutes=2), 2)
    one, two = await rows(world, Message)
    assert (one.remote_id, one.text, one.direction) == ("m1", "Answer 1", "INBOUND")
    assert (one.thread_id, one.parent_remote_id, one.written_at) == (
        thread.id,
        "root",
        THEN + timedelta(minutes=1),
    )
    people = {person.id: person.remote_id for person in await rows(world, Person)}
    assert [people[one.person_id], people[two.person_id]] == ["ann", "bob"]
    assert await received_events(world) == [one.id, two.id]


async def test_the_same_page_again_and_again_changes_nothing(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    page = [an_answer(1), an_answer(2), an_answer(2)]

    news = [await receive(world, row.id, *page) for _ in range(3)]

    assert news == [2, 0, 0]
    assert len(await rows(world, Message)) == 2
    assert len(await received_events(world)) == 2
    assert (await rows(world, Thread))[0].version == 2


async def test_pages_that_overlap_give_each_answer_once(world: World, database: Database) -> None:
    row = await published(world, database)

    news = [
        await receive(world, row.id, an_answer(n), an_answer(n + 1), cursor=f"c{n}")
        for n in (1, 2, 3)
    ]

    assert news == [2, 1, 1]
    assert [message.remote_id for message in await rows(world, Message)] == ["m1", "m2", "m3", "m4"]
    assert (await rows(world, Thread))[0].cursor == "c3"


async def test_an_older_answer_does_not_turn_the_clock_back(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    await receive(world, row.id, an_answer(9))

    await receive(world, row.id, an_answer(3))

    assert (await rows(world, Thread))[0].last_message_at == THEN + timedelta(minutes=9)


async def test_workers_receiving_at_once_keep_each_answer_once(
    world: World, database: Database
) -> None:
    # Two posts of one channel, answered by the same people in the opposite order.
    one = await published(world, database)
    two = await published(world, database, channel_id=one.channel_id)
    people = [f"p{n}" for n in range(8)]
    for turn in range(5):
        start = turn * 100
        first = [an_answer(start + n, person=who) for n, who in enumerate(people)]
        other = [an_answer(start + 50 + n, person=who) for n, who in enumerate(reversed(people))]

        news = await asyncio.gather(
            receive(world, one.id, *first),
            receive(world, one.id, *first),
            receive(world, two.id, *other),
            receive(world, two.id, *other),
        )

        assert sorted(news) == [0, 0, 8, 8]
    assert len(await rows(world, Message)) == 80
    assert len(set(await received_events(world))) == len(await received_events(world)) == 80
    assert len(await rows(world, Person)) == 8


async def test_a_person_is_known_by_their_latest_name(world: World, database: Database) -> None:
    row = await published(world, database)
    await receive(world, row.id, an_answer(1))

    await receive(world, row.id, replace(an_answer(2), person_name="Anna", person_handle="@anna"))

    (person,) = await rows(world, Person)
    assert (person.remote_id, person.name, person.handle) == ("ann", "Anna", "@anna")


async def test_a_worker_gets_what_it_needs_to_look(world: World, database: Database) -> None:
    row = await published(world, database)
    await receive(world, row.id, cursor="c7")

    async def looking(publication_id: UUID, capability: Capability) -> Any:
        async with world.hub.unit_of_work(world.system) as work:
            return await engagement.looking(
                work, publication_id=publication_id, capability=capability
            )

    found = await looking(row.id, Capability.MESSAGES)
    assert (found.publication_id, found.cursor, list(found.refs)) == (row.id, "c7", row.refs)
    assert found.next_look is not None
    assert await looking(new_id(), Capability.MESSAGES) is None
    assert await looking(row.id, Capability.HIDE) is None
    await put(database, "channels", row.channel_id, enabled=False)
    paused = await looking(row.id, Capability.MESSAGES)
    assert list(paused.refs) == []


async def test_somebody_can_look_at_once(world: World, database: Database) -> None:
    row = await published(world, database)
    waiting = await a_publication(world, channel_id=row.channel_id, text="waiting")

    assert (
        await tell(
            world,
            world.callers[next(iter(world.callers))],
            lambda work: engagement.collect_now(work, publication_id=row.id),
        )
        == []
    )

    assert await refusal(
        world,
        world.editor,
        lambda work: engagement.collect_now(work, publication_id=waiting.id),
    ) == ("WRONG_STATE", ("input", "id"))


async def test_a_reply_is_an_edition_of_its_own_approved_by_policy(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    await receive(world, row.id, an_answer(1))
    (message,) = await rows(world, Message)
    made: list[Publication] = []

    async def act(work: UnitOfWork) -> None:
        made.append(await engagement.reply(work, message_id=message.id, text=" Thank you! "))

    told = await tell(world, world.editor, act)

    reply = made[0]
    assert [event.name for event in told] == [
        "edition.prepared",
        "publication.scheduled",
        "message.replied",
    ]
    assert told[2].subject_id == message.id
    assert told[2].data == {"publication_id": str(reply.id)}
    assert (reply.origin, reply.item_id, reply.revision_id) == ("REPLY", None, None)
    assert (reply.state, reply.channel_id) == ("SCHEDULED", row.channel_id)
    assert reply.in_reply_to is not None
    assert reply.in_reply_to["remote_id"] == "m1"
    edition = next(one for one in await rows(world, Edition) if one.id == reply.edition_id)
    assert orjson.loads(edition.body)["parts"][0]["text"] == "Thank you!"
    approval = next(
        one for one in await rows(world, Approval) if one.edition_id == reply.edition_id
    )
    assert (approval.policy, approval.review_id, approval.hash) == (
        "reply.by_member",
        None,
        edition.hash,
    )
    assert approval.member_id == world.editor.member_id
    assert ("publishing.publish", f"publish:{reply.id}") in await promised(world.hub)


async def test_a_reply_that_cannot_be_is_refused_and_leaves_nothing(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    await receive(world, row.id, an_answer(1))
    (message,) = await rows(world, Message)
    editions = len(await rows(world, Edition))

    for text, answer in (
        ("x" * 501, ("TOO_LONG", ("input", "text"))),
        ("x" * 10_001, ("INVALID", ("input", "text"))),
        (" ", ("INVALID", ("input", "text"))),
        ("a\x00", ("INVALID", ("input", "text"))),
    ):
        assert (
            await refusal(
                world,
                world.editor,
                partial(engagement.reply, message_id=message.id, text=text),
            )
            == answer
        )
    assert await refusal(
        world, world.editor, lambda work: engagement.reply(work, message_id=new_id(), text="x")
    ) == ("NOT_FOUND", ("input", "messageId"))
    await put(database, "channels", row.channel_id, capabilities='["MESSAGES"]')
    code, _ = await refusal(
        world, world.editor, lambda work: engagement.reply(work, message_id=message.id, text="x")
    )
    assert code == "UNSUPPORTED"
    assert len(await rows(world, Edition)) == editions


async def test_a_reply_that_went_out_stands_in_its_conversation_once(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    await receive(world, row.id, an_answer(1))
    (message,) = await rows(world, Message)
    async with world.hub.unit_of_work(world.editor) as work:
        reply = await engagement.reply(work, message_id=message.id, text="Thanks")
    await put(database, "publications", reply.id, state="PUBLISHING", lease_until=THEN)

    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(Publication).where(Publication.id == reply.id))
        assert found is not None
        mark_published(work, found, [{"remote_id": "m2", "url": "https://social.example/2"}])

    own = (await rows(world, Message))[-1]
    assert (own.direction, own.remote_id, own.parent_remote_id) == ("OUTBOUND", "m2", "m1")
    assert (own.text, own.publication_id, own.thread_id) == (
        "Thanks",
        reply.id,
        message.thread_id,
    )
    # The platform shows it among the answers as well: it is there already.
    assert await receive(world, row.id, replace(an_answer(2), text="Thanks")) == 0
    assert len(await rows(world, Message)) == 2
    assert await refusal(
        world, world.editor, lambda work: engagement.reply(work, message_id=own.id, text="x")
    ) == ("WRONG_STATE", ("input", "messageId"))
