"""The inbox: every kind of conversation, what it owes, and who looks after it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.content import operations as content
from hub.engagement import cases, inboxes, persons, saved_replies, service_targets, threads
from hub.engagement import operations as engagement
from hub.engagement.models import Message, Person, Priority, Thread, ThreadKind, ThreadState
from hub.engagement.operations import Received
from hub.kernel.ids import new_id
from hub.publishing.models import Publication
from hub.publishing.sending import mark_published
from tests.conftest import Database
from tests.factories import World, a_channel
from tests.hub.engagement.test_operations import an_answer, published, receive, rows
from tests.hub.traces import events_of, promised, put, refusal

PRIVATE: dict[str, Any] = {"private": True, "audience": "direct", "parent_remote_id": ""}


async def into_inbox(world: World, channel_id: UUID, *given: Received, cursor: str = "i1") -> int:
    async with world.hub.unit_of_work(world.system) as work:
        return await engagement.receive_inbox(
            work, channel_id=channel_id, messages=given, cursor=cursor
        )


async def recent(world: World, number: int, **more: Any) -> Received:
    """Return a message that was written a minute ago."""
    written = await world.hub.now() - timedelta(minutes=1)
    return replace(an_answer(number), written_at=written, **more)


async def names(world: World, prefix: str) -> list[str]:
    return [one.name for one in await events_of(world) if one.name.startswith(prefix)]


async def a_thread(world: World) -> tuple[UUID, UUID]:
    """Make a private conversation; return it and its message."""
    channel_id = await a_channel(world)
    await into_inbox(world, channel_id, await recent(world, 1, **PRIVATE))
    (thread,), (message,) = await rows(world, Thread), await rows(world, Message)
    return thread.id, message.id


async def target(world: World, minutes: dict[Priority, int], **more: Any) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        await service_targets.set_service_target(
            work, brand_id=world.brand_id, timezone="Europe/Paris", minutes=minutes, **more
        )


async def change(world: World, thread_id: UUID, **changes: Any) -> Thread:
    async with world.hub.unit_of_work(world.editor) as work:
        return await threads.update_thread(work, thread_id=thread_id, changes=changes)


async def test_what_waits_for_approval_there_is_hidden_until_somebody_there_lets_it_through(
    world: World, database: Database
) -> None:
    made = await published(world, database)
    waiting = await recent(world, 1, hidden=True)

    await receive(world, made.id, waiting)
    await receive(world, made.id, waiting)
    (before,) = await rows(world, Message)
    await receive(world, made.id, replace(waiting, hidden=False))
    (after,) = await rows(world, Message)

    assert (before.hidden, after.hidden) == (True, False)
    assert await names(world, "message.") == ["message.received", "message.shown"]


async def test_what_the_team_has_hidden_stays_hidden_though_the_platform_lists_it(
    world: World, database: Database
) -> None:
    made = await published(world, database, platform_key="wordpress")
    given = await recent(world, 1)
    await receive(world, made.id, given)
    (message,) = await rows(world, Message)
    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.set_hidden(work, message_id=message.id, hidden=True)
    async with world.hub.unit_of_work(world.system) as work:
        await engagement.note_hidden(work, message_id=message.id, hidden=True)

    await receive(world, made.id, given)

    assert [one.hidden for one in await rows(world, Message)] == [True]


async def test_private_messages_of_a_person_are_one_conversation(world: World) -> None:
    channel_id = await a_channel(world)

    first = await into_inbox(world, channel_id, await recent(world, 1, **PRIVATE))
    again = await into_inbox(
        world, channel_id, await recent(world, 1, **PRIVATE), await recent(world, 2, **PRIVATE)
    )

    assert (first, again) == (1, 1)
    (thread,) = await rows(world, Thread)
    (person,) = await rows(world, Person)
    assert (thread.kind, thread.remote_id, thread.person_id) == (
        ThreadKind.DIRECT,
        "ann",
        person.id,
    )
    assert (thread.state, thread.publication_id) == (ThreadState.NEW, None)
    assert {message.audience for message in await rows(world, Message)} == {"direct"}


async def test_a_mention_is_a_conversation_about_a_post_and_its_answers_join_it(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    await into_inbox(world, channel_id, await recent(world, 1, parent_remote_id=""))

    await into_inbox(world, channel_id, await recent(world, 2, parent_remote_id="m1"))

    (thread,) = await rows(world, Thread)
    assert (thread.kind, thread.remote_id) == (ThreadKind.POST, "m1")
    assert len(await rows(world, Message)) == 2


async def test_an_answer_to_a_publication_joins_its_comments_whoever_hands_it_over(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    answer = replace(an_answer(1), parent_remote_id=row.remote_id or "")

    by_inbox = await into_inbox(world, row.channel_id, answer)
    by_look = await receive(world, row.id, answer)

    assert (by_inbox, by_look) == (1, 0)
    (thread,) = await rows(world, Thread)
    assert (thread.kind, thread.publication_id) == (ThreadKind.COMMENTS, row.id)


async def test_what_came_as_a_mention_moves_under_the_publication_it_answers(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    await into_inbox(world, row.channel_id, replace(an_answer(2), parent_remote_id="m1"))

    await receive(world, row.id, an_answer(1), replace(an_answer(2), parent_remote_id="m1"))

    comments, about = sorted(await rows(world, Thread), key=lambda one: one.kind)
    assert (about.kind, about.state) == (ThreadKind.POST, ThreadState.DONE)
    assert {message.thread_id for message in await rows(world, Message)} == {comments.id}


async def test_a_private_answer_below_a_publication_is_not_among_its_comments(
    world: World, database: Database
) -> None:
    row = await published(world, database)

    await receive(world, row.id, an_answer(1), replace(an_answer(2), private=True))

    kinds = {thread.id: thread.kind for thread in await rows(world, Thread)}
    assert [kinds[message.thread_id] for message in await rows(world, Message)] == [
        ThreadKind.COMMENTS,
        ThreadKind.DIRECT,
    ]


async def test_what_was_edited_or_deleted_at_the_platform_is_seen_so(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    await receive(world, row.id, an_answer(1), an_answer(2))
    edited = replace(an_answer(1), text="Pardon", edited_at=an_answer(5).written_at)

    async with world.hub.unit_of_work(world.system) as work:
        await engagement.receive(
            work, publication_id=row.id, messages=[edited], cursor="", whole=True
        )
    await receive(world, row.id, edited)

    one, two = await rows(world, Message)
    assert (one.text, one.edited_at, one.deleted_at) == ("Pardon", edited.edited_at, None)
    assert two.deleted_at is not None
    assert await names(world, "message.") == [
        "message.received",
        "message.received",
        "message.edited",
        "message.deleted",
    ]
    assert await refusal(
        world, world.editor, lambda work: engagement.reply(work, message_id=two.id, text="x")
    ) == ("WRONG_STATE", ("input", "messageId"))


async def test_a_private_message_is_never_answered_in_public(world: World) -> None:
    _, message_id = await a_thread(world)

    async with world.hub.unit_of_work(world.editor) as work:
        row = await engagement.reply(work, message_id=message_id, text="Merci !")
        sent = await content.edition_content(work, edition_id=row.edition_id)

    assert sent.fields["visibility"] == "direct"
    assert sent.parts[0].text == "@ann Merci !"


async def test_where_the_channel_knows_no_private_messages_nobody_answers_one(
    world: World, database: Database
) -> None:
    _, message_id = await a_thread(world)
    (message,) = await rows(world, Message)
    await put(database, "channels", message.channel_id, capabilities='["REPLY", "HIDE"]')

    assert await refusal(
        world, world.editor, lambda work: engagement.reply(work, message_id=message_id, text="x")
    ) == ("UNSUPPORTED", ("input", "id"))
    assert await refusal(
        world,
        world.editor,
        lambda work: engagement.set_hidden(work, message_id=message_id, hidden=True),
    ) == ("UNSUPPORTED", ("input", "messageId"))


async def test_a_message_after_it_was_done_opens_the_conversation_again(world: World) -> None:
    thread_id, _ = await a_thread(world)
    await change(world, thread_id, state=ThreadState.DONE)
    (thread,) = await rows(world, Thread)

    await into_inbox(world, thread.channel_id, await recent(world, 2, **PRIVATE))

    (thread,) = await rows(world, Thread)
    assert thread.state is ThreadState.OPEN
    opened = [one.data for one in await events_of(world) if one.name == "thread.opened"]
    assert opened == [{"kind": "DIRECT", "again": False}, {"kind": "DIRECT", "again": True}]


async def test_a_target_gives_a_deadline_that_a_reply_meets(
    world: World, database: Database
) -> None:
    await target(world, {Priority.NORMAL: 30})
    thread_id, message_id = await a_thread(world)
    (thread,) = await rows(world, Thread)
    assert thread.first_reply_due_at == thread.opened_at + timedelta(minutes=30)
    assert ("engagement.watch_target", f"target:{thread_id}") in await promised(world.hub)

    async with world.hub.unit_of_work(world.editor) as work:
        row = await engagement.reply(work, message_id=message_id, text="Bonjour")
    await put(database, "publications", row.id, state="PUBLISHING", lease_until=row.created_at)
    async with world.hub.unit_of_work(world.system) as work:
        sent = await work.one(select(Publication).where(Publication.id == row.id))
        assert sent is not None
        mark_published(work, sent, [{"remote_id": "r1", "url": ""}])
    await put(database, "threads", thread_id, first_reply_due_at=row.created_at)
    async with world.hub.unit_of_work(world.system) as work:
        assert await cases.look_at_target(work, thread_id=thread_id) is None

    (thread,) = await rows(world, Thread)
    assert (thread.state, thread.overdue) == (ThreadState.WAITING, False)
    assert thread.first_replied_at is not None
    assert "thread.target_missed" not in await names(world, "thread.")


async def test_a_missed_target_is_told_once(world: World, database: Database) -> None:
    await target(world, {Priority.NORMAL: 30})
    thread_id, _ = await a_thread(world)
    async with world.hub.unit_of_work(world.system) as work:
        early = await cases.look_at_target(work, thread_id=thread_id)
    (thread,) = await rows(world, Thread)
    assert early == thread.first_reply_due_at
    await put(database, "threads", thread_id, first_reply_due_at=thread.opened_at)

    for _ in range(2):
        async with world.hub.unit_of_work(world.system) as work:
            assert await cases.look_at_target(work, thread_id=thread_id) is None

    (thread,) = await rows(world, Thread)
    assert thread.overdue
    missed = [one for one in await events_of(world) if one.name == "thread.target_missed"]
    assert [one.subject_id for one in missed] == [thread_id]
    assert (await change(world, thread_id, state=ThreadState.DONE)).overdue is False


async def test_a_channels_target_stands_before_its_brands_and_follows_the_priority(
    world: World,
) -> None:
    await target(world, {Priority.NORMAL: 30})
    thread_id, _ = await a_thread(world)
    (thread,) = await rows(world, Thread)
    await target(world, {Priority.URGENT: 5}, channel_id=thread.channel_id)

    urgent = await change(world, thread_id, priority=Priority.URGENT)
    assert urgent.first_reply_due_at == thread.opened_at + timedelta(minutes=5)
    low = await change(world, thread_id, priority=Priority.LOW)
    assert low.first_reply_due_at is None


async def test_a_conversation_rests_until_its_time_or_a_message(world: World) -> None:
    thread_id, _ = await a_thread(world)
    until = await world.hub.now() + timedelta(hours=1)
    async with world.hub.unit_of_work(world.editor) as work:
        thread = await threads.snooze_thread(work, thread_id=thread_id, until=until)
    assert (thread.state, thread.snoozed_until) == (ThreadState.WAITING, until)
    async with world.hub.unit_of_work(world.system) as work:
        assert await cases.end_rest(work, thread_id=thread_id) == until

    await into_inbox(world, thread.channel_id, await recent(world, 2, **PRIVATE))

    (thread,) = await rows(world, Thread)
    assert (thread.state, thread.snoozed_until) == (ThreadState.OPEN, None)
    assert await refusal(
        world,
        world.editor,
        lambda work: threads.snooze_thread(work, thread_id=thread_id, until=None),
    ) == ("WRONG_STATE", ("input", "id"))
    assert await refusal(
        world,
        world.editor,
        lambda work: threads.snooze_thread(work, thread_id=thread_id, until=work.now),
    ) == ("INVALID", ("input", "until"))


async def test_several_are_changed_together_or_those_that_are_there(world: World) -> None:
    thread_id, _ = await a_thread(world)
    asked = [new_id(), thread_id, None]

    refused = await refusal(
        world,
        world.editor,
        lambda work: threads.update_threads(work, thread_ids=asked, changes={}, add_tags=["a"]),
    )
    assert refused == ("NOT_FOUND", ("input", "ids", "0"))
    async with world.hub.unit_of_work(world.editor) as work:
        done = await threads.update_threads(
            work,
            thread_ids=asked,
            changes={"assignee_id": world.editor.member_id},
            add_tags=["Prix", " prix "],
            reject_all=False,
        )

    assert [row.thread_id for row in done] == [None, thread_id, None]
    assert [row.error and row.error.path[-1] for row in done] == ["0", None, "2"]
    (thread,) = await rows(world, Thread)
    assert (thread.tags, thread.state) == (["prix"], ThreadState.OPEN)
    assert thread.assignee_id == world.editor.member_id
    assert await names(world, "thread.") == ["thread.opened", "thread.assigned", "thread.updated"]


async def test_a_note_is_its_authors(world: World) -> None:
    thread_id, _ = await a_thread(world)
    async with world.hub.unit_of_work(world.editor) as work:
        note = await threads.add_thread_note(work, thread_id=thread_id, text=" Fragile ")
    assert note.text == "Fragile"

    for act in (
        lambda work: threads.update_note(work, note_id=note.id, text="x"),
        lambda work: threads.delete_note(work, note_id=note.id),
    ):
        assert await refusal(world, world.manager, act) == ("FORBIDDEN", ("input", "id"))
    async with world.hub.unit_of_work(world.editor) as work:
        await threads.update_note(work, note_id=note.id, text="Très fragile")
    async with world.hub.unit_of_work(world.editor) as work:
        await threads.delete_note(work, note_id=note.id)
    assert await names(world, "note.") == ["note.added", "note.updated", "note.deleted"]


async def test_linked_accounts_stay_one_person_until_somebody_leaves(world: World) -> None:
    channel_id = await a_channel(world)
    people = ("ann", "bob", "cid")
    given = [
        replace(await recent(world, number, **PRIVATE), person_remote_id=name)
        for number, name in enumerate(people)
    ]
    await into_inbox(world, channel_id, *given)
    ann, bob, cid = sorted(await rows(world, Person), key=lambda one: one.remote_id)

    async def link(one: Person, other: Person) -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await persons.link_persons(work, person_id=one.id, other_id=other.id)

    await link(ann, bob)
    await link(cid, ann)
    groups = {one.remote_id: one.group_id for one in await rows(world, Person)}
    assert len(set(groups.values())) == 1
    assert await refusal(
        world,
        world.editor,
        lambda work: persons.link_persons(work, person_id=bob.id, other_id=cid.id),
    ) == ("WRONG_STATE", ("input", "otherId"))
    async with world.hub.unit_of_work(world.editor) as work:
        await persons.unlink_person(work, person_id=ann.id)
    groups = {one.remote_id: one.group_id for one in await rows(world, Person)}
    assert groups["ann"] is None
    assert groups["bob"] == groups["cid"] is not None
    async with world.hub.unit_of_work(world.editor) as work:
        await persons.unlink_person(work, person_id=bob.id)
    assert {one.group_id for one in await rows(world, Person)} == {None}


async def test_a_saved_reply_speaks_to_who_wrote_and_is_counted_when_it_is_used(
    world: World,
) -> None:
    thread_id, message_id = await a_thread(world)
    async with world.hub.unit_of_work(world.editor) as work:
        saved = await saved_replies.create_saved_reply(
            work,
            brand_id=world.brand_id,
            locale="fr",
            name="Merci",
            text="Merci {person} ({handle}) ! {member}, {brand} {publication}",
        )
    for place in ({"message_id": message_id}, {"thread_id": thread_id}):
        async with world.hub.unit_of_work(world.editor) as work:
            filled = await saved_replies.render_saved_reply(work, saved_reply_id=saved.id, **place)
        assert filled.text == "Merci Ann (@ann) ! Editor of acme, Brand "
        assert [problem.code for problem in filled.problems] == ["VARIABLE_EMPTY"]

    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.reply(
            work, message_id=message_id, text=filled.text, saved_reply_id=saved.id
        )
    async with world.hub.unit_of_work(world.editor) as work:
        used = await saved_replies.update_saved_reply(
            work, saved_reply_id=saved.id, changes={"text": "Merci"}
        )
    assert used.used_count == 1
    assert await refusal(
        world,
        world.editor,
        lambda work: saved_replies.update_saved_reply(
            work, saved_reply_id=saved.id, changes={"text": "{prix}"}
        ),
    ) == ("INVALID", ("input", "text"))
    assert await refusal(
        world,
        world.editor,
        lambda work: saved_replies.create_saved_reply(
            work, brand_id=world.brand_id, locale="fr", name="Merci", text="x"
        ),
    ) == ("TAKEN", ("input", "name"))


async def test_a_mention_that_somebody_must_act_on_is_opened_once(world: World) -> None:
    channel_id = await a_channel(world)
    opened = []
    for _ in range(2):
        async with world.hub.unit_of_work(world.editor) as work:
            thread = await engagement.open_for_mention(
                work, channel_id=channel_id, post=await recent(world, 7)
            )
            opened.append((thread.id, thread.kind, thread.state))

    assert opened[0] == opened[1]
    assert opened[0][1:] == (ThreadKind.POST, ThreadState.NEW)
    assert len(await rows(world, Message)) == 1


async def test_only_inboxes_that_can_be_read_are_read(world: World, database: Database) -> None:
    readable = await a_channel(world)
    await a_channel(world, platform_key="wordpress")
    disabled = await a_channel(world)
    await put(database, "channels", disabled, enabled=False)

    async def idle() -> list[UUID]:
        async with world.hub.unscoped() as session:
            return [channel for _, channel in await inboxes.idle_inboxes(session)]

    assert await idle() == [readable]
    async with world.hub.unit_of_work(world.system) as work:
        inboxes.promise_reading(work, channel_id=readable)
    assert await idle() == []
    async with world.hub.unit_of_work(world.system) as work:
        assert await inboxes.reading(work, channel_id=disabled) is None
        found = await inboxes.reading(work, channel_id=readable)
    assert found is not None
    assert (found.cursor, found.rests_until) == ("", None)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"minutes": {}}, ("input", "firstReplyMinutes")),
        ({"minutes": {Priority.LOW: 0}}, ("input", "firstReplyMinutes")),
        ({"timezone": "Mars/Olympus"}, ("input", "timeZone")),
    ],
)
async def test_a_target_that_makes_no_sense_is_refused(
    world: World, given: dict[str, Any], path: tuple[str, ...]
) -> None:
    usual: dict[str, Any] = {"timezone": "UTC", "minutes": {Priority.NORMAL: 5}}

    assert await refusal(
        world,
        world.manager,
        lambda work: service_targets.set_service_target(
            work, brand_id=world.brand_id, **{**usual, **given}
        ),
    ) == ("INVALID", path)


@pytest.mark.parametrize(
    "absurd", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
)
async def test_what_its_writer_dates_to_no_time_at_all_was_written_when_it_was_found(
    world: World, absurd: datetime
) -> None:
    channel_id = await a_channel(world)
    began = await world.hub.now()

    for _ in range(2):
        given = replace(await recent(world, 1), written_at=absurd, edited_at=absurd, **PRIVATE)
        await into_inbox(world, channel_id, given)

    (message,), (thread,) = await rows(world, Message), await rows(world, Thread)
    assert began <= message.written_at <= await world.hub.now()
    assert message.edited_at is None
    assert thread.last_message_at == message.written_at
