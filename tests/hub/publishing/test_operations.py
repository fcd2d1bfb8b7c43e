"""Scheduling, calling back, and what a person decides when the hub cannot know."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select

from hub.channels import operations as channels
from hub.content import operations as content
from hub.content.rules import Part, Words
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing import operations as publishing
from hub.publishing import queries as publications
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.publishing.rules import TRANSITIONS
from hub.review import operations as review
from hub.review.models import Review, Verdict
from tests import factories
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, an_item, approve, in_review
from tests.hub.publishing.stands import STANDS
from tests.hub.traces import error_of, promised, put, refusal, tell

HOUR = timedelta(hours=1)


async def approved(world: World, channel_id: UUID, *, text: str = "Hello") -> UUID:
    """Write something and have it approved, without a time."""
    item_id = await an_item(world, text=text)
    await approve(
        world, review_id=await in_review(world, item_id=item_id, channel_ids=[channel_id])
    )
    return item_id


async def rows(world: World) -> Sequence[Publication]:
    async with world.hub.unit_of_work(world.system) as work:
        return await work.all(select(Publication).order_by(Publication.id))


async def test_what_was_approved_is_scheduled(world: World) -> None:
    channel_id = await a_channel(world)
    item_id = await approved(world, channel_id)
    later = await world.hub.now() + HOUR
    made: list[Publication] = []

    async def act(work: UnitOfWork) -> None:
        made.append(
            await publishing.schedule(
                work,
                item_id=item_id,
                channel_id=channel_id,
                scheduled_for=later,
                expires_at=later + HOUR,
                external_reference="n8n-1",
            )
        )

    (told,) = await tell(world, world.editor, act)

    row = made[0]
    assert (told.name, told.subject_id) == ("publication.scheduled", row.id)
    assert told.data == {"channel_id": str(channel_id), "scheduled_for": later.isoformat()}
    assert (row.state, row.scheduled_for, row.due_at) == ("SCHEDULED", later, later)
    assert (row.expires_at, row.external_reference) == (later + HOUR, "n8n-1")
    assert (row.fence, row.attempts, row.sent_hash, row.version) == (0, 0, None, 1)
    assert row.approved_hash is not None
    assert ("publishing.publish", f"publish:{row.id}") in await promised(world.hub)


async def test_without_a_time_it_goes_out_at_once(world: World) -> None:
    channel_id = await a_channel(world)
    item_id = await approved(world, channel_id)

    async with world.hub.unit_of_work(world.editor) as work:
        row = await publishing.schedule(work, item_id=item_id, channel_id=channel_id)

        assert row.due_at == row.scheduled_for == work.now


async def test_what_cannot_be_scheduled_is_refused(world: World) -> None:
    channel_id, other = await a_channel(world), await a_channel(world)
    item_id = await approved(world, channel_id)
    unapproved = await an_item(world, text="draft")
    now = await world.hub.now()
    valid: dict[str, Any] = {"item_id": item_id, "channel_id": channel_id}
    cases: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
        ({"item_id": new_id()}, ("NOT_FOUND", ("input", "contentItemId"))),
        ({"channel_id": new_id()}, ("NOT_FOUND", ("input", "channelId"))),
        ({"item_id": unapproved}, ("NOT_APPROVED", ("input", "contentItemId"))),
        ({"channel_id": other}, ("NOT_APPROVED", ("input", "contentItemId"))),
        (
            {"scheduled_for": now - timedelta(minutes=2)},
            ("IN_PAST", ("input", "scheduledFor")),
        ),
        (
            {"scheduled_for": now.replace(tzinfo=None)},
            ("INVALID", ("input", "scheduledFor")),
        ),
        ({"expires_at": now - timedelta(minutes=2)}, ("IN_PAST", ("input", "expiresAt"))),
        ({"expires_at": now - timedelta(seconds=30)}, ("INVALID", ("input", "expiresAt"))),
        (
            {"scheduled_for": now + HOUR, "expires_at": now + HOUR},
            ("INVALID", ("input", "expiresAt")),
        ),
        ({"external_reference": " "}, ("INVALID", ("input", "externalReference"))),
    ]

    for change, answer in cases:
        given = {**valid, **change}
        assert (
            await refusal(
                world,
                world.editor,
                partial(publishing.schedule, **given),
            )
            == answer
        )

    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.schedule(work, **valid, external_reference="n8n-1")
    twice = await refusal(world, world.editor, lambda work: publishing.schedule(work, **valid))
    assert twice == ("TAKEN", ("input", "channelId"))
    second = await approved(world, other, text="second")
    reference = await refusal(
        world,
        world.editor,
        lambda work: publishing.schedule(
            work, item_id=second, channel_id=other, external_reference="n8n-1"
        ),
    )
    assert reference == ("TAKEN", ("input", "externalReference"))
    async with world.hub.unit_of_work(world.editor) as work:
        await content.archive_item(work, item_id=second)
    archived = await refusal(
        world,
        world.editor,
        lambda work: publishing.schedule(work, item_id=second, channel_id=other),
    )
    assert archived == ("WRONG_STATE", ("input", "contentItemId"))
    assert len(await rows(world)) == 1


async def test_a_changed_or_revoked_text_is_not_approved_any_more(world: World) -> None:
    channel_id = await a_channel(world)
    changed, revoked = await approved(world, channel_id), await approved(world, channel_id)
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=changed, words=Words(parts=(Part(text="New"),)))
    async with world.hub.unit_of_work(world.approver) as work:
        found = await work.one(select(Review).where(Review.item_id == revoked))
        assert found is not None
        await review.decide(work, review_id=found.id, verdict=Verdict.REQUEST_CHANGES)

    for item_id in (changed, revoked):
        assert await refusal(
            world,
            world.editor,
            partial(publishing.schedule, item_id=item_id, channel_id=channel_id),
        ) == ("NOT_APPROVED", ("input", "contentItemId"))


async def test_a_publication_is_moved_before_it_begins(world: World) -> None:
    later = await world.hub.now() + HOUR
    row = await a_publication(world, channel_id=await a_channel(world), scheduled_for=later)

    (told,) = await tell(
        world,
        world.editor,
        lambda work: publishing.reschedule(
            work, publication_id=row.id, scheduled_for=later + HOUR, expected_version=1
        ),
    )

    assert told.data["scheduled_for"] == (later + HOUR).isoformat()
    moved = await factories.publication(world, row.id)
    assert (moved.scheduled_for, moved.due_at, moved.version) == (later + HOUR, later + HOUR, 2)
    async with world.hub.unit_of_work(world.editor) as work:
        at_once = await publishing.reschedule(work, publication_id=row.id, scheduled_for=None)
        assert at_once.due_at == work.now
    cases: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
        ({"expected_version": 1}, ("CONFLICT", ("input", "expectedVersion"))),
        ({"scheduled_for": later - 3 * HOUR}, ("IN_PAST", ("input", "scheduledFor"))),
        ({"publication_id": new_id()}, ("NOT_FOUND", ("input", "id"))),
    ]
    for change, answer in cases:
        given: dict[str, Any] = {"publication_id": row.id, "scheduled_for": later, **change}
        assert (
            await refusal(
                world,
                world.editor,
                partial(publishing.reschedule, **given),
            )
            == answer
        )


async def test_it_cannot_be_moved_behind_its_latest_time(world: World) -> None:
    channel_id = await a_channel(world)
    item_id, later = await approved(world, channel_id), await world.hub.now() + HOUR
    async with world.hub.unit_of_work(world.editor) as work:
        row = await publishing.schedule(
            work, item_id=item_id, channel_id=channel_id, expires_at=later
        )

    assert await refusal(
        world,
        world.editor,
        lambda work: publishing.reschedule(work, publication_id=row.id, scheduled_for=later),
    ) == ("INVALID", ("input", "scheduledFor"))


async def test_a_publication_is_called_back(world: World) -> None:
    channel_id = await a_channel(world)
    row = await a_publication(world, channel_id=channel_id)

    (told,) = await tell(
        world,
        world.editor,
        lambda work: publishing.cancel(work, publication_id=row.id, expected_version=1),
    )

    assert (told.name, told.subject_id, told.data) == ("publication.cancelled", row.id, {})
    found = await factories.publication(world, row.id)
    assert (found.state, found.due_at, found.fence) == ("CANCELLED", None, 1)
    assert await refusal(
        world, world.editor, lambda work: publishing.cancel(work, publication_id=row.id)
    ) == ("WRONG_STATE", ("input", "id"))
    # The same words may be scheduled again.
    assert row.item_id is not None
    async with world.hub.unit_of_work(world.editor) as work:
        again = await publishing.schedule(work, item_id=row.item_id, channel_id=channel_id)
    assert again.idempotency_key != row.idempotency_key


ACTS: dict[str, Any] = {
    "reschedule": lambda work, row_id: publishing.reschedule(
        work, publication_id=row_id, scheduled_for=None
    ),
    "cancel": lambda work, row_id: publishing.cancel(work, publication_id=row_id),
    "resume": lambda work, row_id: publishing.resume(work, publication_id=row_id),
    "retry": lambda work, row_id: publishing.retry(work, publication_id=row_id),
    "confirm": lambda work, row_id: publishing.confirm(work, publication_id=row_id),
    "abandon": lambda work, row_id: publishing.abandon(work, publication_id=row_id),
}
#: What each act ends in; the trigger of the database agrees, or these tests would fail.
ENDS = {
    "reschedule": "SCHEDULED",
    "cancel": "CANCELLED",
    "resume": "SCHEDULED",
    "retry": "SCHEDULED",
    "confirm": "PUBLISHED",
    "abandon": "FAILED",
}


_BARE = {
    "version": 1,
    "hold_reason": None,
    "lease_until": None,
    "commit_attempted_at": None,
    "checkpoint": "{}",
    "remote_id": None,
    "sent_hash": None,
}


async def staged(
    world: World, database: Database, stand: dict[str, Any], row: Publication | None = None
) -> Publication:
    """Put a publication, a new one unless it is given, into a situation."""
    if row is None:
        row = await a_publication(world, channel_id=await a_channel(world), text=f"T {new_id()}")
    moment = row.created_at
    filled = {name: moment if value is ... else value for name, value in stand.items()}
    if filled.get("sent_hash"):
        filled["sent_hash"] = row.approved_hash
    await put(database, "publications", row.id, **{**_BARE, "due_at": moment, **filled})
    return row


async def test_each_act_is_possible_exactly_where_it_makes_sense(
    world: World, database: Database
) -> None:
    row = await staged(world, database, {"state": "SCHEDULED"})
    for name, stand, allowed in STANDS:
        await staged(world, database, stand, row)
        for act, do in ACTS.items():
            error = await error_of(
                world.hub,
                world.editor,
                partial(do, row_id=row.id),
            )
            if act in allowed.split():
                assert error is None, (name, act)
                continue
            late = stand["state"] in {"PUBLISHING", "UNCONFIRMED"}
            moving = act in {"cancel", "reschedule"}
            assert error is not None, (name, act)
            assert error.code == ("TOO_LATE" if late and moving else "WRONG_STATE"), (name, act)
            assert error.path == ("input", "id"), (name, act)


async def test_each_act_that_makes_sense_is_done_and_told(world: World, database: Database) -> None:
    row = await staged(world, database, {"state": "SCHEDULED"})
    for name, stand, allowed in STANDS:
        for act in allowed.split():
            await staged(world, database, stand, row)
            told = await tell(
                world,
                world.editor,
                partial(ACTS[act], row_id=row.id),
            )
            found = await factories.publication(world, row.id)
            assert (found.state, found.version) == (ENDS[act], 2), (name, act)
            assert (found.hold_reason, found.lease_until) == (None, None), (name, act)
            assert [(event.name, event.subject_id) for event in told] == [
                (TOLD[ENDS[act]], row.id)
            ], (name, act)


TOLD = {
    "SCHEDULED": "publication.scheduled",
    "CANCELLED": "publication.cancelled",
    "PUBLISHED": "publication.published",
    "FAILED": "publication.failed",
}


async def test_a_retry_is_another_sending(world: World, database: Database) -> None:
    row = await staged(
        world,
        database,
        {
            "state": "UNCONFIRMED",
            "due_at": None,
            "commit_attempted_at": ...,
            "commit_step": "commit:0",
            "attempts": 7,
        },
    )

    async with world.hub.unit_of_work(world.editor) as work:
        again = await publishing.retry(work, publication_id=row.id)

    assert again.idempotency_key != row.idempotency_key
    assert (again.commit_attempted_at, again.commit_step) == (None, None)
    assert (again.attempts, again.attempts_forgiven, again.reconcile_count) == (7, 7, 0)


async def test_what_failed_is_not_retried_beside_its_successor(
    world: World, database: Database
) -> None:
    row = await staged(world, database, {"state": "FAILED", "due_at": None})
    assert row.item_id is not None
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.schedule(work, item_id=row.item_id, channel_id=row.channel_id)

    assert await refusal(
        world, world.editor, lambda work: publishing.retry(work, publication_id=row.id)
    ) == ("TAKEN", ("input", "id"))


async def test_a_person_confirms_with_what_they_saw(world: World, database: Database) -> None:
    unknown = {"state": "UNCONFIRMED", "due_at": None, "commit_attempted_at": ...}
    row = await staged(world, database, unknown)

    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.confirm(
            work, publication_id=row.id, remote_id=" 42 ", url="https://social.example/42"
        )

    found = await factories.publication(world, row.id)
    assert (found.state, found.remote_id, found.url) == (
        "PUBLISHED",
        "42",
        "https://social.example/42",
    )
    assert found.sent_hash == found.approved_hash
    assert (found.commit_attempted_at, found.due_at, found.problem) == (None, None, "")
    other = await a_publication(world, channel_id=row.channel_id, text="other")
    await put(
        database,
        "publications",
        other.id,
        state="UNCONFIRMED",
        due_at=None,
        commit_attempted_at=row.created_at,
    )
    cases: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
        ({"remote_id": "42"}, ("TAKEN", ("input", "remoteId"))),
        ({"remote_id": " "}, ("INVALID", ("input", "remoteId"))),
        ({"remote_id": "a\x00"}, ("INVALID", ("input", "remoteId"))),
        ({"url": "javascript:alert(1)"}, ("INVALID", ("input", "url"))),
        ({"url": "https://a\x00"}, ("INVALID", ("input", "url"))),
    ]
    for given, answer in cases:
        assert (
            await refusal(
                world,
                world.editor,
                partial(publishing.confirm, publication_id=other.id, **given),
            )
            == answer
        )


async def test_half_a_thread_is_confirmed_by_its_id_and_goes_on(
    world: World, database: Database
) -> None:
    row = await a_publication(
        world, channel_id=await a_channel(world), parts=[Part(text="One"), Part(text="Two")]
    )
    await put(
        database,
        "publications",
        row.id,
        state="UNCONFIRMED",
        due_at=None,
        commit_attempted_at=row.created_at,
        commit_step="commit:0",
    )
    blind = await refusal(
        world, world.editor, lambda work: publishing.confirm(work, publication_id=row.id)
    )
    assert blind == ("INVALID", ("input", "remoteId"))

    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.confirm(work, publication_id=row.id, remote_id="1")

    found = await factories.publication(world, row.id)
    assert (found.state, found.commit_attempted_at) == ("SCHEDULED", None)
    assert [part["remote_id"] for part in found.checkpoint["parts"]] == ["1"]


async def test_resuming_what_was_superseded_sends_the_older_words_knowingly(
    world: World,
) -> None:
    later = await world.hub.now() + HOUR
    row = await a_publication(world, channel_id=await a_channel(world), scheduled_for=later)
    assert row.item_id is not None
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=row.item_id, words=Words(parts=(Part(text="New"),)))
    held = await factories.publication(world, row.id)
    assert (held.state, held.hold_reason, held.fence) == ("HELD", "SUPERSEDED", 1)
    assert not held.accept_older_revision

    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.resume(work, publication_id=row.id)

    found = await factories.publication(world, row.id)
    assert (found.state, found.due_at, found.accept_older_revision) == ("SCHEDULED", later, True)


async def test_putting_a_text_away_holds_it_everywhere(world: World) -> None:
    later = await world.hub.now() + HOUR
    row = await a_publication(world, channel_id=await a_channel(world), scheduled_for=later)
    item_id = row.item_id
    assert item_id is not None

    told = await tell(world, world.editor, lambda work: content.archive_item(work, item_id=item_id))

    assert [event.name for event in told] == ["content_item.archived", "publication.held"]
    assert told[1].data == {"reason": "UNAPPROVED", "problem": "The content was archived."}


async def test_switching_a_channel_off_holds_what_is_due_and_on_gives_it_back(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    now = await world.hub.now()
    due = await a_publication(world, channel_id=channel_id, text="due")
    later = await a_publication(
        world, channel_id=channel_id, text="later", scheduled_for=now + HOUR
    )

    async def switch(enabled: bool) -> list[str]:
        async with world.hub.unit_of_work(world.manager) as work:
            await channels.set_enabled(work, channel_id=channel_id, enabled=enabled)
        return [(await factories.publication(world, one.id)).state for one in (due, later)]

    assert await switch(enabled=False) == ["HELD", "SCHEDULED"]
    assert await switch(enabled=True) == ["SCHEDULED", "SCHEDULED"]
    back = await factories.publication(world, due.id)
    assert (back.due_at, back.hold_reason) == (due.due_at, None)


async def test_holding_never_touches_what_is_past_its_moment_of_truth(
    world: World, database: Database
) -> None:
    row = await staged(
        world,
        database,
        {"state": "PUBLISHING", "lease_until": ..., "commit_attempted_at": ...},
    )

    async with world.hub.unit_of_work(world.system) as work:
        held = await publishing.hold(
            work,
            reason=HoldReason.PROBLEM,
            problem="x",
            where=[Publication.channel_id == row.channel_id],
        )

    assert held == []
    assert (await factories.publication(world, row.id)).fence == row.fence


async def test_strays_are_what_is_due_and_has_no_job(world: World, database: Database) -> None:
    lost = await a_publication(world, channel_id=await a_channel(world), text="lost")
    kept = await a_publication(world, channel_id=await a_channel(world), text="kept")
    for row in (lost, kept):
        due_at = row.created_at - timedelta(minutes=2)
        await put(database, "publications", row.id, due_at=due_at)
    owner = await database.owner()
    await owner.execute("DELETE FROM jobs WHERE key = $1", f"publish:{lost.id}")
    await owner.close()

    async with world.hub.unscoped() as session:
        assert await publications.strays(session) == [(world.workspace_id, lost.id)]
    async with world.hub.unit_of_work(world.system) as work:
        publishing.promise_again(work, publication_id=lost.id)
    async with world.hub.unscoped() as session:
        assert await publications.strays(session) == []


async def test_the_database_holds_the_same_table_of_transitions(
    world: World, database: Database
) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))
    owner = await database.owner()
    source = await owner.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'check_transition'")
    written = re.search(r"'\{([A-Z,>]+)\}'", source)
    assert written is not None
    table = {f"{state}>{after}" for state, following in TRANSITIONS.items() for after in following}
    assert set(written[1].split(",")) == table

    # And it does what it says: try every pair.
    for before in PublicationState:
        await put(database, "publications", row.id, **_columns(before, row))
        for after in PublicationState:
            columns = _columns(after, row)
            names = ", ".join(f"{name} = ${index + 2}" for index, name in enumerate(columns))
            change = f"UPDATE publications SET {names} WHERE id = $1"
            transaction = owner.transaction()
            await transaction.start()
            said = None
            try:
                await owner.execute(change, row.id, *columns.values())
            except asyncpg.CheckViolationError as error:
                said = str(error)
            await transaction.rollback()
            allowed = before is after or after in TRANSITIONS[before]
            refused = f"a publication cannot go from {before} to {after}"
            assert said == (None if allowed else refused)
    await owner.close()


def _columns(state: PublicationState, row: Publication) -> dict[str, Any]:
    """Return columns with which a publication may be in that state."""
    moment: datetime = row.created_at
    return {
        "state": state.value,
        "due_at": moment,
        "lease_until": moment if state == "PUBLISHING" else None,
        "hold_reason": "PAUSED" if state == "HELD" else None,
        "remote_id": "1" if state == "PUBLISHED" else None,
        "sent_hash": row.approved_hash,
    }


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"state": "PUBLISHING", "lease_until": None}, "has_lease"),
    ({"state": "HELD", "hold_reason": None}, "hold_reason"),
    ({"hold_reason": "PAUSED"}, "hold_reason"),
    ({"due_at": None}, "scheduled_has_time"),
    ({"fence": -1}, "fence"),
]


async def test_a_publication_that_makes_no_sense_cannot_be_stored(
    world: World, database: Database
) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))
    owner = await database.owner()

    for broken, constraint in NONSENSE:
        names = ", ".join(f"{name} = ${index + 2}" for index, name in enumerate(broken))
        change = f"UPDATE publications SET {names} WHERE id = $1"
        with pytest.raises(asyncpg.CheckViolationError, match=constraint):
            await owner.execute(change, row.id, *broken.values())
    await owner.close()


async def test_what_was_sent_is_what_was_approved_or_it_is_not_published(
    world: World, database: Database
) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))
    await put(database, "publications", row.id, state="PUBLISHING", lease_until=row.created_at)
    owner = await database.owner()
    publish = (
        "UPDATE publications SET state = 'PUBLISHED', remote_id = $2, sent_hash = $3 WHERE id = $1"
    )

    with pytest.raises(asyncpg.CheckViolationError, match="sent_is_approved"):
        await owner.execute(publish, row.id, "1", "0" * 64)
    with pytest.raises(asyncpg.CheckViolationError, match="published_has_id"):
        await owner.execute(publish, row.id, None, row.approved_hash)
    # NULL is not equal to anything, and must not pass for it.
    with pytest.raises(asyncpg.CheckViolationError, match="sent_is_approved"):
        await owner.execute(publish, row.id, "1", None)
    await owner.close()


async def test_an_edition_lives_once_on_its_channel(world: World, database: Database) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))
    owner = await database.owner()
    columns = await owner.fetchval(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns "
        "WHERE table_name = 'publications' AND column_name NOT IN ('id', 'idempotency_key')"
    )

    with pytest.raises(asyncpg.UniqueViolationError, match="uq_publications_living"):
        await owner.execute(
            f"INSERT INTO publications (id, idempotency_key, {columns}) "
            f"SELECT gen_random_uuid(), gen_random_uuid(), {columns} FROM publications "
            "WHERE id = $1",
            row.id,
        )
    await owner.close()
