"""Rules act on what comes in, say why, and can be taken back; sanctions hold and end."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.access import operations as access
from hub.access.models import Role
from hub.channels.models import Channel
from hub.channels.platforms.base import Capability
from hub.engagement import operations as engagement
from hub.engagement import saved_replies
from hub.engagement.models import Message, Person, Priority, SentimentLabel, Thread, ThreadState
from hub.engagement.moderation import deciding, doing, operations, sanctioning
from hub.engagement.moderation.models import (
    ActionKind,
    ActionState,
    ModerationAction,
    ModerationRule,
    NoticeWay,
    Sanction,
    SanctionKind,
    SanctionPlace,
    SanctionState,
)
from hub.engagement.moderation.operations import Draft, DryWarning
from hub.kernel.caller import Caller, Permission
from hub.kernel.errors import Conflict, HubError, Invalid, NotFound, Taken, Unsupported, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing import amendments
from hub.publishing.models import Amendment, AmendmentState, Publication
from tests.conftest import Database
from tests.factories import World, a_channel
from tests.hub.engagement.test_inbox import PRIVATE, into_inbox, recent
from tests.hub.engagement.test_operations import an_answer, published, receive, rows
from tests.hub.traces import events_of, promised
from tests.working import move_clock

SPAM = [{"kind": "WORDS", "phrases": ["arnaque", "crypto*"]}]
HIDE = [{"kind": "HIDE"}]


async def a_rule(world: World, *, accept_broad: bool = False, **more: Any) -> ModerationRule:
    given: dict[str, Any] = {
        "brand_id": world.brand_id,
        "name": "Pas d'arnaques",
        "conditions": SPAM,
        "actions": HIDE,
    }
    async with world.hub.unit_of_work(world.editor) as work:
        return await operations.create_rule(
            work, draft=Draft(**{**given, **more}), accept_broad=accept_broad
        )


async def comes(world: World, channel_id: UUID, *texts: str, start: int = 1, **more: Any) -> None:
    given = [
        await recent(world, number, **{**PRIVATE, **more, "text": text})
        for number, text in enumerate(texts, start=start)
    ]
    await into_inbox(world, channel_id, *given)


async def actions(world: World) -> list[ModerationAction]:
    return await rows(world, ModerationAction)


async def act(world: World, operation: Any, **given: Any) -> Any:
    async with world.hub.unit_of_work(world.editor) as work:
        return await operation(work, **given)


async def refused(world: World, operation: Any, **given: Any) -> HubError:
    with pytest.raises(HubError) as told:
        await act(world, operation, **given)
    return told.value


async def begin(world: World, action_id: UUID) -> Any:
    async with world.hub.unit_of_work(world.system) as work:
        return await doing.begin(work, action_id=action_id)


async def hiding(world: World, database: Database) -> Publication:
    """Publish something on a site, where answers can be hidden."""
    return await published(world, database, platform_key="wordpress")


async def test_what_is_received_is_read_for_its_language_and_mood(world: World) -> None:
    channel_id = await a_channel(world)

    await comes(world, channel_id, "Le service est vraiment nul, je suis très déçue.")

    (message,) = await rows(world, Message)
    assert (message.language, message.sentiment_label) == ("fr", SentimentLabel.NEGATIVE)
    assert message.sentiment is not None
    assert message.sentiment < -30


async def test_a_rule_acts_on_what_comes_and_says_why_and_where(world: World) -> None:
    channel_id = await a_channel(world)
    rule = await a_rule(
        world,
        actions=[
            {"kind": "HOLD"},
            {"kind": "TAG", "tags": ["Spam"]},
            {"kind": "PRIORITY", "priority": "HIGH"},
            {"kind": "ASSIGN", "assignee_id": world.editor.member_id},
            {"kind": "NOTIFY"},
        ],
    )

    await comes(world, channel_id, "Bonjour", "Attention, ARN4QUE aux cryptomonnaies")

    _, message = await rows(world, Message)
    (thread,) = await rows(world, Thread)
    done = await actions(world)
    assert [(one.kind, one.state, one.message_id) for one in done] == [
        (kind, ActionState.DONE, message.id)
        for kind in ("HOLD", "TAG", "PRIORITY", "ASSIGN", "NOTIFY")
    ]
    assert {(one.rule_id, one.rule_version, one.rule_name) for one in done} == {
        (rule.id, 1, "Pas d'arnaques")
    }
    assert done[0].reason == "It has the words “arnaque”, “crypto*”."
    assert [one["text"] for one in done[0].spans] == ["ARN4QUE", "cryptomonnaies"]
    assert message.held
    assert (thread.tags, thread.priority) == (["spam"], Priority.HIGH)
    assert (thread.assignee_id, thread.state) == (world.editor.member_id, ThreadState.OPEN)
    names = [event.name for event in await events_of(world)]
    assert names.count("message.flagged") == 1
    assert names.count("moderation_action.taken") == 5


async def test_what_is_received_again_is_not_judged_again(world: World) -> None:
    channel_id = await a_channel(world)
    await a_rule(world, actions=[{"kind": "HOLD"}])
    await comes(world, channel_id, "arnaque")

    await comes(world, channel_id, "arnaque")

    assert len(await actions(world)) == 1


async def test_an_edited_message_is_judged_by_its_new_words_and_nothing_is_done_twice(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    await a_rule(world, actions=[{"kind": "HOLD"}, {"kind": "TAG", "tags": ["spam"]}])
    first = await recent(world, 1, **PRIVATE, text="Bonjour")
    await into_inbox(world, channel_id, first)
    assert await actions(world) == []
    at = first.written_at

    for minutes in (1, 2):
        edited = replace(first, text="arnaque", edited_at=at + timedelta(minutes=minutes))
        await into_inbox(world, channel_id, edited)

    assert [one.kind for one in await actions(world)] == ["HOLD", "TAG"]


async def test_the_brand_and_its_team_are_never_moderated(world: World) -> None:
    channel_id = await a_channel(world)
    await a_rule(world, actions=[{"kind": "HOLD"}])
    async with world.hub.unit_of_work(world.system) as work:
        await work.session.execute(
            update(Channel).where(Channel.id == channel_id).values(handle="@brand")
        )
    await comes(world, channel_id, "Bonjour")
    async with world.hub.unit_of_work(world.system) as work:
        await work.session.execute(update(Person).values(tags=["team"]))

    await comes(world, channel_id, "arnaque", start=2)
    await comes(
        world,
        channel_id,
        "arnaque",
        start=3,
        person_handle="@Brand",
        person_remote_id="another",
    )

    assert await actions(world) == []
    assert not any(message.held for message in await rows(world, Message))


async def test_an_act_that_cannot_be_done_is_recorded_and_the_message_is_received(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    async with world.hub.unit_of_work(world.system) as work:
        gone = await access.add_member(
            work, name="Gone", email="gone@acme.example", role=Role.EDITOR
        )
    await a_rule(
        world,
        actions=[{"kind": "ASSIGN", "assignee_id": gone.id}, {"kind": "TAG", "tags": ["spam"]}],
    )
    async with world.hub.unit_of_work(world.callers[Role.ADMIN]) as work:
        await access.remove_member(work, member_id=gone.id)

    await comes(world, channel_id, "arnaque")

    failed, tagged = await actions(world)
    assert (failed.state, failed.problem) == (ActionState.FAILED, "This member was removed.")
    assert tagged.state is ActionState.DONE
    (thread,) = await rows(world, Thread)
    assert (thread.assignee_id, thread.tags) == (None, ["spam"])


async def test_a_rule_hides_at_the_platform_and_is_undone_there(
    world: World, database: Database
) -> None:
    row = await hiding(world, database)
    await a_rule(world)
    await receive(world, row.id, await recent(world, 1, text="arnaque", parent_remote_id="root"))
    (action,) = await actions(world)
    assert action.state is ActionState.PENDING
    assert ("moderation.act", f"moderate:{action.id}") in await promised(world.hub)

    assert await begin(world, action.id) is None
    (wanted,) = await rows(world, Amendment)
    assert (wanted.kind, wanted.requested_by, wanted.message_id) == (
        "HIDE",
        None,
        action.message_id,
    )
    assert (await actions(world))[0].state is ActionState.PENDING

    undone = await act(world, deciding.undo_action, action_id=action.id)

    assert (undone.state, undone.undone_by) == (ActionState.UNDONE, world.editor.member_id)
    kinds = {one.kind: one.state for one in await rows(world, Amendment)}
    assert kinds == {"HIDE": AmendmentState.FAILED, "UNHIDE": AmendmentState.PENDING}
    assert isinstance(await refused(world, deciding.undo_action, action_id=action.id), WrongState)


async def test_what_two_rules_want_hidden_is_hidden_once(world: World, database: Database) -> None:
    row = await hiding(world, database)
    first = await a_rule(world)
    await a_rule(world, name="Encore", conditions=[{"kind": "WORDS", "phrases": ["nul"]}])

    await receive(
        world, row.id, await recent(world, 1, text="arnaque, nul", parent_remote_id="root")
    )

    (action,) = await actions(world)
    assert (action.kind, action.rule_id) == ("HIDE", first.id)


async def test_what_is_undone_before_the_platform_was_told_is_never_done(
    world: World, database: Database
) -> None:
    row = await hiding(world, database)
    await a_rule(world)
    await receive(world, row.id, await recent(world, 1, text="arnaque", parent_remote_id="root"))
    (action,) = await actions(world)

    await act(world, deciding.undo_action, action_id=action.id)
    await begin(world, action.id)

    assert await rows(world, Amendment) == []


async def test_where_nothing_can_be_hidden_the_action_fails_and_says_so(
    world: World, database: Database
) -> None:
    row = await published(world, database)
    await a_rule(world)
    await receive(world, row.id, await recent(world, 1, text="arnaque", parent_remote_id="root"))
    (action,) = await actions(world)

    await begin(world, action.id)

    (action,) = await actions(world)
    assert (action.state, action.problem) == (
        ActionState.FAILED,
        "A channel cannot do this: hide.",
    )


async def test_a_member_who_hides_a_message_that_waits_is_on_record(
    world: World, database: Database
) -> None:
    row = await hiding(world, database)
    await a_rule(world, actions=[{"kind": "HOLD"}])
    await receive(world, row.id, await recent(world, 1, text="arnaque", parent_remote_id="root"))
    (message,) = await rows(world, Message)

    await act(world, engagement.set_hidden, message_id=message.id, hidden=True)

    held, hidden = await actions(world)
    assert (held.state, hidden.state) == (ActionState.UNDONE, ActionState.PENDING)
    assert (hidden.kind, hidden.member_id, hidden.rule_id) == (
        "HIDE",
        world.editor.member_id,
        None,
    )
    (message,) = await rows(world, Message)
    assert not message.held


async def test_what_waited_and_could_not_be_hidden_waits_again(
    world: World, database: Database
) -> None:
    row = await hiding(world, database)
    await a_rule(world, actions=[{"kind": "HOLD"}])
    await receive(
        world,
        row.id,
        await recent(world, 1, text="arnaque", parent_remote_id="root"),
        await recent(world, 2, text="Bonjour", parent_remote_id="root"),
    )
    for message in await rows(world, Message):
        await act(world, engagement.set_hidden, message_id=message.id, hidden=True)

    async with world.hub.unit_of_work(world.system) as work:
        for amendment in await work.all(select(Amendment)):
            amendments.close(work, amendment, problem="The site refused it.")

    told = {one.text: one for one in await rows(world, Message)}
    assert {text: (one.held, one.hidden) for text, one in told.items()} == {
        "arnaque": (True, False),
        "Bonjour": (False, False),
    }
    assert {one.state for one in await actions(world) if one.kind == "HIDE"} == {ActionState.FAILED}
    await act(world, deciding.release_message, message_id=told["arnaque"].id)


async def test_a_message_that_waits_is_released(world: World) -> None:
    channel_id = await a_channel(world)
    await a_rule(world, actions=[{"kind": "HOLD"}])
    await comes(world, channel_id, "arnaque")
    (message,) = await rows(world, Message)

    await act(world, deciding.release_message, message_id=message.id)

    (message,) = await rows(world, Message)
    (action,) = await actions(world)
    assert (message.held, action.state) == (False, ActionState.UNDONE)
    again = await refused(world, deciding.release_message, message_id=message.id)
    assert isinstance(again, WrongState)


async def test_tags_assignee_and_priority_go_back_to_what_they_were(world: World) -> None:
    channel_id = await a_channel(world)
    await a_rule(
        world,
        actions=[
            {"kind": "TAG", "tags": ["spam"]},
            {"kind": "ASSIGN", "assignee_id": world.editor.member_id},
            {"kind": "PRIORITY", "priority": "URGENT"},
        ],
    )
    await comes(world, channel_id, "arnaque")

    for action in await actions(world):
        await act(world, deciding.undo_action, action_id=action.id)

    (thread,) = await rows(world, Thread)
    assert (thread.tags, thread.assignee_id, thread.priority) == ([], None, Priority.NORMAL)


async def a_saved_reply(world: World, text: str) -> UUID:
    async with world.hub.unit_of_work(world.editor) as work:
        saved = await saved_replies.create_saved_reply(
            work, brand_id=world.brand_id, locale="fr", name=text[:20], text=text
        )
    return saved.id


async def test_a_rule_answers_a_person_once_a_day_and_in_private_where_they_wrote_so(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    saved = await a_saved_reply(world, "Merci {person}, nous regardons.")
    await a_rule(world, actions=[{"kind": "REPLY", "saved_reply_id": saved}])

    await comes(world, channel_id, "arnaque", "encore une arnaque")
    (action,) = await actions(world)
    await begin(world, action.id)
    await begin(world, action.id)

    (publication,) = await rows(world, Publication)
    (action,) = await actions(world)
    assert (action.state, action.publication_id) == (ActionState.DONE, publication.id)
    assert publication.in_reply_to["remote_id"] == "m1"
    error = await refused(world, deciding.undo_action, action_id=action.id)
    assert isinstance(error, Unsupported)


async def test_what_was_written_long_ago_is_not_answered(world: World) -> None:
    channel_id = await a_channel(world)
    saved = await a_saved_reply(world, "Merci.")
    await a_rule(world, actions=[{"kind": "REPLY", "saved_reply_id": saved}])
    late = replace(
        await recent(world, 1, **PRIVATE, text="arnaque"),
        written_at=await world.hub.now() - timedelta(hours=25),
    )

    await into_inbox(world, channel_id, late)

    (action,) = await actions(world)
    assert action.state is ActionState.FAILED


async def test_rules_of_a_brand_are_changed_ordered_and_thrown_away(world: World) -> None:
    first = await a_rule(world)
    second = await a_rule(world, name="Second")
    assert [first.position, second.position] == [1, 2]

    await act(
        world, operations.reorder_rules, brand_id=world.brand_id, rule_ids=[second.id, first.id]
    )
    await act(
        world, operations.update_rule, rule_id=first.id, changes={"name": "Renommée", "stop": True}
    )
    stale = await refused(
        world,
        operations.update_rule,
        rule_id=first.id,
        changes={"name": "x"},
        expected_version=1,
    )
    partly = await refused(
        world, operations.reorder_rules, brand_id=world.brand_id, rule_ids=[first.id]
    )
    await act(world, operations.delete_rule, rule_id=second.id)

    (left,) = await rows(world, ModerationRule)
    assert (left.id, left.name, left.position, left.stop, left.version) == (
        first.id,
        "Renommée",
        2,
        True,
        3,
    )
    assert isinstance(stale, Conflict)
    assert (type(partly), partly.path) == (Invalid, ("input", "ruleIds"))


async def test_what_a_rule_did_stays_when_the_rule_is_thrown_away(world: World) -> None:
    channel_id = await a_channel(world)
    rule = await a_rule(world, actions=[{"kind": "HOLD"}])
    await comes(world, channel_id, "arnaque")

    await act(world, operations.delete_rule, rule_id=rule.id)

    (action,) = await actions(world)
    assert (action.rule_id, action.rule_name) == (None, "Pas d'arnaques")


async def test_a_dry_run_tells_what_a_rule_would_do_and_does_nothing(world: World) -> None:
    channel_id = await a_channel(world)
    await comes(world, channel_id, "une arnaque", "Bonjour", "Merci", "Bravo")
    before = await events_of(world)
    draft = Draft(brand_id=world.brand_id, name="x", conditions=SPAM, actions=HIDE)

    async with world.hub.unit_of_work(world.callers[Role.VIEWER]) as work:
        run = await operations.dry_run(work, draft=draft, last=10)
        nothing = await operations.dry_run(
            work, draft=replace(draft, conditions=[{"kind": "LINKS"}])
        )

    (sample,) = run.samples
    assert (run.looked_at, run.matched, run.share) == (4, 1, 0.25)
    assert run.acts == {ActionKind.HIDE: 1}
    assert [one["text"] for one in sample.spans] == ["arnaque"]
    assert run.warnings == []
    assert nothing.warnings == [DryWarning.MATCHES_NOTHING]
    assert await actions(world) == []
    assert await events_of(world) == before


async def test_a_rule_that_would_hide_nearly_everything_is_refused_unless_accepted(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    await comes(world, channel_id, *[f"Message {number}" for number in range(10)])
    everything: Any = {"conditions": [{"kind": "WORDS", "phrases": ["message"]}]}

    with pytest.raises(HubError) as told:
        await a_rule(world, **everything)
    held = await a_rule(world, **everything, actions=[{"kind": "HOLD"}])
    changed = await refused(
        world, operations.update_rule, rule_id=held.id, changes={"actions": HIDE}
    )
    accepted = await a_rule(world, **everything, accept_broad=True)

    assert told.value.code == changed.code == "TOO_BROAD"
    assert "10 of the last 10 messages (100%)" in told.value.message
    assert [rule.id for rule in await rows(world, ModerationRule)] == [held.id, accepted.id]
    async with world.hub.unit_of_work(world.callers[Role.VIEWER]) as work:
        run = await operations.dry_run(work, rule_id=held.id)
    assert run.warnings == [DryWarning.MATCHES_NEARLY_EVERYTHING]


async def test_a_rule_names_only_what_is_the_brands(world: World) -> None:
    for more in (
        {"channel_ids": [new_id()]},
        {"actions": [{"kind": "ASSIGN", "assignee_id": new_id()}]},
        {"actions": [{"kind": "REPLY", "saved_reply_id": new_id()}]},
    ):
        with pytest.raises(NotFound):
            await a_rule(world, **more)


async def test_the_first_message_and_the_rate_of_a_writer_are_known(world: World) -> None:
    channel_id = await a_channel(world)
    await a_rule(
        world,
        conditions=[{"kind": "AUTHOR", "first_message": True}],
        actions=[{"kind": "TAG", "tags": ["nouveau"]}],
    )
    await a_rule(
        world,
        conditions=[{"kind": "RATE", "messages": 3, "minutes": 5}],
        actions=[{"kind": "HOLD"}],
    )

    await comes(world, channel_id, "un", "deux")
    await comes(world, channel_id, "trois", start=3)

    told = {one.id: one.text for one in await rows(world, Message)}
    assert [(told[one.message_id], one.kind) for one in await actions(world)] == [
        ("un", "TAG"),
        ("trois", "HOLD"),
    ]


async def test_receivers_at_once_act_once_while_their_rule_is_changed_and_thrown_away(
    world: World, database: Database
) -> None:
    one = await published(world, database)
    two = await published(world, database, channel_id=one.channel_id)
    people = [f"p{number}" for number in range(6)]
    for turn in range(3):
        rule = await a_rule(world, name=f"Turn {turn}", actions=[{"kind": "HOLD"}])
        first = [
            replace(an_answer(turn * 100 + number, person=who), text="arnaque")
            for number, who in enumerate(people)
        ]
        other = [
            replace(an_answer(turn * 100 + 50 + number, person=who), text="arnaque")
            for number, who in enumerate(reversed(people))
        ]

        await asyncio.gather(
            receive(world, one.id, *first),
            act(world, operations.update_rule, rule_id=rule.id, changes={"name": "Renamed"}),
            receive(world, one.id, *first),
            receive(world, two.id, *other),
            act(world, operations.delete_rule, rule_id=rule.id),
            receive(world, two.id, *other),
        )

    assert len(await rows(world, Message)) == 36
    done = await actions(world)
    assert len({one.message_id for one in done}) == len(done)
    assert all(one.rule_id is None and one.kind is ActionKind.HOLD for one in done)
    held = {message.id for message in await rows(world, Message) if message.held}
    assert held == {one.message_id for one in done}


# --- taking down ----------------------------------------------------------------------------------


async def test_what_a_rule_deletes_is_taken_down_once_and_stays_so(
    world: World, database: Database
) -> None:
    row = await hiding(world, database)
    await a_rule(world, actions=[{"kind": "DELETE"}])
    await receive(world, row.id, await recent(world, 1, text="arnaque", parent_remote_id="root"))
    (action,) = await actions(world)

    begun = await begin(world, action.id)
    assert begun.target["remote_id"] == "m1"
    async with world.hub.unit_of_work(world.system) as work:
        await doing.settle_deleted(work, action_id=action.id)

    (action,), (message,) = await actions(world), await rows(world, Message)
    assert action.state is ActionState.DONE
    assert message.deleted_at is not None
    assert await begin(world, action.id) is None
    error = await refused(world, deciding.undo_action, action_id=action.id)
    assert isinstance(error, Unsupported)


# --- sanctions ------------------------------------------------------------------------------------


async def somebody(world: World, platform_key: str = "mastodon") -> tuple[UUID, UUID]:
    """Return a channel and a person who wrote there in private."""
    channel_id = await a_channel(world, platform_key=platform_key)
    await comes(world, channel_id, "Bonjour")
    (person,) = await rows(world, Person)
    return channel_id, person.id


async def sanction(world: World, person_id: UUID, kind: SanctionKind, **more: Any) -> Sanction:
    made: Sanction = await act(
        world,
        sanctioning.create_sanction,
        **{"person_id": person_id, "kind": kind, "reason": "Insultes répétées", **more},
    )
    return made


async def enforced(world: World, sanction_id: UUID, *, on: bool) -> Any:
    """Let the platform do what is wanted; return when the job is due again."""
    async with world.hub.unit_of_work(world.system) as work:
        begun = await sanctioning.begin(work, sanction_id=sanction_id)
    assert isinstance(begun, sanctioning.Enforcing)
    assert begun.on is on
    async with world.hub.unit_of_work(world.system) as work:
        return await sanctioning.settle(work, enforcing=begun)


async def test_a_mute_holds_at_the_platform_and_ends_in_time(
    world: World, database: Database
) -> None:
    _, person_id = await somebody(world)
    until = await world.hub.now() + timedelta(hours=1)
    row = await sanction(world, person_id, SanctionKind.MUTE, until=until)
    assert (row.place, row.state) == (SanctionPlace.PLATFORM, SanctionState.WANTED)

    assert await enforced(world, row.id, on=True) == until
    await move_clock(world.hub, database.owner_url, timedelta(hours=1))
    assert await enforced(world, row.id, on=False) is None

    (row,) = await rows(world, Sanction)
    assert (row.state, row.lifted_by) == (SanctionState.LIFTED, None)
    names = [one.name for one in await events_of(world) if one.name.startswith("sanction.")]
    assert names == [
        "sanction.created",
        "sanction.in_force",
        "sanction.lifting",
        "sanction.lifted",
    ]


async def test_what_a_muted_person_writes_waits_and_opens_no_case(world: World) -> None:
    channel_id, person_id = await somebody(world, "misago")
    await a_rule(world, actions=[{"kind": "TAG", "tags": ["spam"]}])
    row = await sanction(world, person_id, SanctionKind.MUTE)
    assert (row.place, row.state) == (SanctionPlace.HUB, SanctionState.IN_FORCE)
    async with world.hub.unit_of_work(world.system) as work:
        await work.session.execute(update(Thread).values(state=ThreadState.DONE))

    await comes(world, channel_id, "Encore une arnaque", start=2)

    (thread,) = await rows(world, Thread)
    (action,) = await actions(world)
    assert (thread.state, thread.tags) == (ThreadState.DONE, [])
    assert (action.kind, action.sanction_id) == ("HOLD", row.id)
    assert action.reason == "Its writer is muted: Insultes répétées"

    await act(world, sanctioning.lift_sanction, sanction_id=row.id, reason="Excuses")
    await comes(world, channel_id, "Merci", start=3)

    assert [message.held for message in await rows(world, Message)] == [False, True, False]


async def test_a_warning_is_told_in_private_where_the_channel_can(world: World) -> None:
    _, person_id = await somebody(world)

    row = await sanction(world, person_id, SanctionKind.WARN, notice="Restez courtois.")

    (publication,) = await rows(world, Publication)
    assert (row.told, row.publication_id, row.state) == (
        NoticeWay.PRIVATE,
        publication.id,
        SanctionState.IN_FORCE,
    )


async def test_a_block_waits_for_its_notice_to_leave(world: World, database: Database) -> None:
    _, person_id = await somebody(world)
    row = await sanction(world, person_id, SanctionKind.BLOCK, notice="Vous êtes bloqué.")

    async with world.hub.unit_of_work(world.system) as work:
        due_at = await sanctioning.begin(work, sanction_id=row.id)
        assert due_at == work.now + timedelta(seconds=5)


async def test_a_sanction_needs_a_reason_and_an_end_to_come_and_is_there_once(
    world: World,
) -> None:
    _, person_id = await somebody(world)
    given: dict[str, Any] = {"person_id": person_id, "kind": SanctionKind.MUTE, "reason": "x"}
    await sanction(world, person_id, SanctionKind.MUTE)

    paths = [
        (await refused(world, sanctioning.create_sanction, **{**given, **more})).path
        for more in (
            {"reason": " "},
            {"kind": SanctionKind.WARN},
            {"until": await world.hub.now()},
            {"kind": SanctionKind.WARN, "notice": "x", "until": await world.hub.now()},
            {"person_id": new_id()},
        )
    ]

    assert paths == [
        ("input", "reason"),
        ("input", "notice"),
        ("input", "until"),
        ("input", "until"),
        ("input", "personId"),
    ]
    twice = await refused(world, sanctioning.create_sanction, **given)
    assert isinstance(twice, Taken)


async def test_what_is_lifted_while_it_comes_into_force_is_lifted_after_it(world: World) -> None:
    _, person_id = await somebody(world)
    row = await sanction(world, person_id, SanctionKind.MUTE)
    async with world.hub.unit_of_work(world.system) as work:
        begun = await sanctioning.begin(work, sanction_id=row.id)
    assert isinstance(begun, sanctioning.Enforcing)

    await act(world, sanctioning.lift_sanction, sanction_id=row.id)
    async with world.hub.unit_of_work(world.system) as work:
        again = await sanctioning.settle(work, enforcing=begun)

    assert again is not None
    assert await enforced(world, row.id, on=False) is None
    (row,) = await rows(world, Sanction)
    assert row.state is SanctionState.LIFTED


async def test_what_the_platform_refuses_to_lift_is_in_force_still(world: World) -> None:
    _, person_id = await somebody(world)
    row = await sanction(world, person_id, SanctionKind.BLOCK)
    await enforced(world, row.id, on=True)
    await act(world, sanctioning.lift_sanction, sanction_id=row.id)
    async with world.hub.unit_of_work(world.system) as work:
        begun = await sanctioning.begin(work, sanction_id=row.id)
    assert isinstance(begun, sanctioning.Enforcing)

    async with world.hub.unit_of_work(world.system) as work:
        await sanctioning.fail(work, enforcing=begun, problem="Not allowed.")

    (row,) = await rows(world, Sanction)
    assert (row.state, row.problem) == (SanctionState.IN_FORCE, "Not allowed.")


async def test_platforms_that_can_do_it_say_so(world: World) -> None:
    able = {
        key: set((await rows(world, Channel))[-1].capabilities)
        for key in ("mastodon", "misago", "wordpress")
        if await a_channel(world, platform_key=key, name=key)
    }

    assert {Capability.MUTE, Capability.BLOCK} <= able["mastodon"]
    assert not {Capability.MUTE, Capability.BLOCK} & (able["misago"] | able["wordpress"])
    assert [key for key, some in able.items() if Capability.DELETE_MESSAGES in some] == [
        "wordpress"
    ]


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ({"kind": "HOLD"}, None),
        ({"kind": "TAG", "tags": ["spam"]}, "FORBIDDEN"),
        ({"kind": "PRIORITY", "priority": "HIGH"}, "FORBIDDEN"),
    ],
)
async def test_nobody_has_a_rule_do_what_they_may_not_do_themselves(
    world: World, action: dict[str, Any], code: str | None
) -> None:
    narrowed = replace(
        world.editor, permissions=world.editor.permissions - {Permission.ENGAGEMENT_REPLY}
    )
    held = await a_rule(world, actions=[{"kind": "HOLD"}])
    draft = Draft(brand_id=world.brand_id, name="x", conditions=SPAM, actions=[action])

    async def make(work: UnitOfWork) -> None:
        await operations.create_rule(work, draft=draft)

    async def change(work: UnitOfWork) -> None:
        await operations.update_rule(work, rule_id=held.id, changes={"actions": [action]})

    assert [await _code(world, narrowed, one) for one in (make, change)] == [code, code]


async def _code(world: World, caller: Caller, attempt: Any) -> str | None:
    try:
        async with world.hub.unit_of_work(caller) as work:
            await attempt(work)
    except HubError as error:
        return error.code.value
    return None
