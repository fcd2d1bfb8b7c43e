"""Pausing publishing in a scope, and what becomes of everything a pause has held."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.channels import operations as channels
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_id
from hub.publishing import claiming, pauses
from hub.publishing import operations as publishing
from hub.publishing.models import (
    HoldReason,
    Pause,
    PauseDecision,
    PauseScope,
    Publication,
    PublicationState,
)
from hub.publishing.pauses import Decided
from hub.strategy import operations as strategy
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, publication
from tests.hub.traces import error_of, events_of, put, refusal

S = PublicationState
D = PauseDecision


async def started(world: World, scope: PauseScope = PauseScope.WORKSPACE, **more: Any) -> Pause:
    async with world.hub.unit_of_work(world.manager) as work:
        pause, _ = await pauses.start(work, scope=scope, reason="A bad day", **more)
    return pause


async def ended(world: World, pause: Pause, **more: Any) -> dict[UUID, dict[str, Any]]:
    async with world.hub.unit_of_work(world.manager) as work:
        done = await pauses.end(work, pause_id=pause.id, **more)
    return {UUID(one["publication_id"]): one for one in done.outcomes}


async def claimed(world: World, made: Publication) -> Any:
    async with world.hub.unit_of_work(world.system) as work:
        return await claiming.claim(work, publication_id=made.id, worker="test")


async def stand(world: World, made: Publication) -> tuple[str, str | None, UUID | None]:
    row = await publication(world, made.id)
    return row.state.value, row.hold_reason and row.hold_reason.value, row.pause_id


async def later(database: Database, seconds: float) -> None:
    owner = await database.owner()
    await owner.execute("UPDATE clock SET shift = shift + make_interval(secs => $1)", seconds)
    await owner.close()


async def test_what_is_due_is_held_at_once_and_what_comes_later_when_its_time_comes(
    world: World, database: Database
) -> None:
    channel_id = await a_channel(world)
    due = await a_publication(world, channel_id=channel_id, text="due")
    soon = await world.hub.now() + timedelta(minutes=5)
    coming = await a_publication(world, channel_id=channel_id, text="coming", scheduled_for=soon)

    pause = await started(world)

    assert await stand(world, due) == ("HELD", "PAUSED", pause.id)
    assert (await publication(world, due.id)).problem == "Publishing is paused: A bad day"
    assert await stand(world, coming) == ("SCHEDULED", None, None)
    await later(database, 301)
    assert await claimed(world, coming) is None
    assert await stand(world, coming) == ("HELD", "PAUSED", pause.id)


@pytest.mark.parametrize("scope", list(PauseScope))
async def test_a_pause_stops_its_scope_and_nothing_else(world: World, scope: PauseScope) -> None:
    here, there = await a_channel(world, name="here"), await a_channel(world, name="there")
    async with world.hub.unit_of_work(world.manager) as work:
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="C")
        other = await strategy.create_brand(work, slug="other", name="Other", locales=["en"])
    inside = await a_publication(world, channel_id=here, text="inside")
    outside = await a_publication(world, channel_id=there, text="outside")
    async with world.hub.unit_of_work(world.system) as work:
        # What decides here is where they belong, not how they came there.
        moves: dict[PauseScope, tuple[str, UUID, UUID]] = {
            PauseScope.BRAND: (
                "UPDATE channels SET brand_id = :to WHERE id = :id",
                other.id,
                there,
            ),
            PauseScope.CAMPAIGN: (
                "UPDATE content_items SET campaign_id = :to WHERE id = :id",
                campaign.id,
                inside.item_id or new_id(),
            ),
        }
        if scope in moves:
            statement, to, row_id = moves[scope]
            await work.session.execute(text(statement), {"to": to, "id": row_id})
    subject = {
        PauseScope.WORKSPACE: None,
        PauseScope.BRAND: world.brand_id,
        PauseScope.CHANNEL: here,
        PauseScope.CAMPAIGN: campaign.id,
    }[scope]

    pause = await started(world, scope, subject_id=subject)

    assert await stand(world, inside) == ("HELD", "PAUSED", pause.id)
    if scope is PauseScope.WORKSPACE:
        assert await stand(world, outside) == ("HELD", "PAUSED", pause.id)
        return
    assert await stand(world, outside) == ("SCHEDULED", None, None)
    assert await claimed(world, outside) is not None


@pytest.mark.parametrize(("replies_too", "state"), [(False, "SCHEDULED"), (True, "HELD")])
async def test_answers_to_people_go_on_unless_they_are_to_stop_too(
    world: World, database: Database, replies_too: bool, state: str
) -> None:
    made = await a_publication(world, channel_id=await a_channel(world))
    await put(database, "publications", made.id, origin="REPLY")

    await started(world, replies_too=replies_too)
    claim = await claimed(world, made)

    assert (await publication(world, made.id)).state.value == (
        "PUBLISHING" if state == "SCHEDULED" else state
    )
    assert (claim is None) is replies_too


async def test_the_answer_and_the_event_name_what_was_in_flight(
    world: World, database: Database
) -> None:
    channel_id = await a_channel(world)
    waiting = await a_publication(world, channel_id=channel_id, text="waiting")
    flying = await a_publication(world, channel_id=channel_id, text="flying")
    now = await world.hub.now()
    await put(
        database,
        "publications",
        flying.id,
        state="PUBLISHING",
        lease_until=now + timedelta(minutes=1),
        commit_attempted_at=now,
    )

    async with world.hub.unit_of_work(world.manager) as work:
        pause, in_flight = await pauses.start(work, scope=PauseScope.WORKSPACE, reason="Stop")

    assert list(in_flight) == [flying.id]
    assert await stand(world, waiting) == ("HELD", "PAUSED", pause.id)
    assert await stand(world, flying) == ("PUBLISHING", None, None)
    told = (await events_of(world))[-1]
    assert (told.name, told.subject_id) == ("publishing.paused", pause.id)
    assert told.data == {
        "scope": "WORKSPACE",
        "reason": "Stop",
        "incident_id": None,
        "held": 1,
        "in_flight": [str(flying.id)],
    }


async def test_every_held_item_gets_its_decision_and_the_rest_what_the_rest_gets(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    made = {
        name: await a_publication(world, channel_id=channel_id, text=name)
        for name in ("release", "reschedule", "keep", "cancel", "rest", "in the past")
    }
    pause = await started(world)
    now = await world.hub.now()
    tomorrow = now + timedelta(days=1)

    outcomes = await ended(
        world,
        pause,
        decisions=[
            Decided(publication_id=made["release"].id, decision=D.RELEASE),
            Decided(publication_id=made["reschedule"].id, decision=D.RESCHEDULE, at=tomorrow),
            Decided(publication_id=made["keep"].id, decision=D.KEEP),
            Decided(publication_id=made["cancel"].id, decision=D.CANCEL),
            Decided(
                publication_id=made["in the past"].id,
                decision=D.RESCHEDULE,
                at=now - timedelta(days=1),
            ),
        ],
        rest=D.CANCEL,
    )

    stands = {name: await stand(world, one) for name, one in made.items()}
    assert stands == {
        "release": ("SCHEDULED", None, None),
        "reschedule": ("SCHEDULED", None, None),
        "keep": ("HELD", "PAUSED", pause.id),
        "cancel": ("CANCELLED", None, None),
        "rest": ("CANCELLED", None, None),
        "in the past": ("HELD", "PAUSED", pause.id),
    }
    assert (await publication(world, made["reschedule"].id)).due_at == tomorrow
    codes = {name: outcomes[one.id]["code"] for name, one in made.items()}
    assert codes == dict.fromkeys(made, "") | {"in the past": "IN_PAST"}
    told = (await events_of(world))[-1]
    assert (told.name, told.data) == (
        "publishing.resumed",
        {"incident_id": None, "released": 2, "still_held": 2, "cancelled": 2},
    )


async def test_without_a_decision_what_is_in_time_goes_out_and_what_is_not_was_missed(
    world: World, database: Database
) -> None:
    channel_id = await a_channel(world)
    missed = await a_publication(world, channel_id=channel_id, text="missed")
    pause = await started(world)
    await later(database, world.hub.settings.grace_seconds + 60)
    fresh = await a_publication(world, channel_id=channel_id, text="fresh")
    assert await claimed(world, fresh) is None

    outcomes = await ended(world, pause)

    assert await stand(world, missed) == ("HELD", "MISSED", None)
    assert await stand(world, fresh) == ("SCHEDULED", None, None)
    assert (outcomes[missed.id]["code"], outcomes[fresh.id]["code"]) == ("MISSED", "")
    assert await claimed(world, fresh) is not None


async def test_what_another_pause_covers_stays_held_by_that_one(world: World) -> None:
    channel_id = await a_channel(world)
    made = await a_publication(world, channel_id=channel_id)
    first = await started(world)
    second = await started(world, PauseScope.CHANNEL, subject_id=channel_id)

    outcomes = await ended(world, first, rest=D.RELEASE)

    assert await stand(world, made) == ("HELD", "PAUSED", second.id)
    assert outcomes[made.id]["code"] == "STILL_PAUSED"
    await ended(world, second, rest=D.RELEASE)
    assert await stand(world, made) == ("SCHEDULED", None, None)


async def test_switching_a_channel_on_releases_nothing_that_a_pause_holds(world: World) -> None:
    channel_id = await a_channel(world)
    made = await a_publication(world, channel_id=channel_id)
    pause = await started(world)
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=channel_id, enabled=False)
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=channel_id, enabled=True)

    assert await stand(world, made) == ("HELD", "PAUSED", pause.id)


async def test_a_pause_that_has_ended_stops_nothing_and_cannot_end_again(world: World) -> None:
    channel_id = await a_channel(world)
    pause = await started(world)
    assert await ended(world, pause) == {}
    made = await a_publication(world, channel_id=channel_id)

    assert await claimed(world, made) is not None
    assert await refusal(
        world, world.manager, lambda work: pauses.end(work, pause_id=pause.id)
    ) == ("WRONG_STATE", ("input", "id"))


async def test_a_publication_this_pause_does_not_hold_is_named_and_left_alone(
    world: World,
) -> None:
    pause = await started(world)
    stranger = new_id()

    outcomes = await ended(
        world, pause, decisions=[Decided(publication_id=stranger, decision=D.CANCEL)]
    )

    assert outcomes[stranger]["code"] == "NOT_FOUND"


async def test_an_end_that_is_not_committed_leaves_everything_held(world: World) -> None:
    made = await a_publication(world, channel_id=await a_channel(world))
    pause = await started(world)

    error = await error_of(
        world.hub,
        world.manager,
        lambda work: pauses.end(work, pause_id=pause.id, rest=D.RELEASE),
    )

    assert error is None
    assert await stand(world, made) == ("HELD", "PAUSED", pause.id)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"scope": PauseScope.BRAND}, ("INVALID", ("input", "subjectId"))),
        (
            {"scope": PauseScope.WORKSPACE, "subject_id": new_id()},
            ("INVALID", ("input", "subjectId")),
        ),
        (
            {"scope": PauseScope.CHANNEL, "subject_id": new_id()},
            ("NOT_FOUND", ("input", "subjectId")),
        ),
        ({"scope": PauseScope.WORKSPACE, "reason": " "}, ("INVALID", ("input", "reason"))),
    ],
)
async def test_a_pause_of_nothing_is_refused(
    world: World, given: dict[str, Any], error: tuple[str, tuple[str, ...]]
) -> None:
    assert (
        await refusal(
            world, world.manager, lambda work: pauses.start(work, **{"reason": "x", **given})
        )
        == error
    )


async def test_an_incident_nobody_knows_pauses_nothing(world: World) -> None:
    made = await a_publication(world, channel_id=await a_channel(world))

    with pytest.raises(NotFound, match="nothing with this id") as refused:
        async with world.hub.unit_of_work(world.manager) as work:
            await pauses.start(work, scope=PauseScope.WORKSPACE, reason="x", incident_id=new_id())

    assert refused.value.path == ("input", "incidentId")
    assert await stand(world, made) == ("SCHEDULED", None, None)


async def test_the_same_scope_is_paused_once(world: World) -> None:
    await started(world)

    assert await refusal(
        world,
        world.manager,
        lambda work: pauses.start(work, scope=PauseScope.WORKSPACE, reason="again"),
    ) == ("TAKEN", ("input", "scope"))


async def test_nothing_is_released_by_hand_while_it_is_paused(world: World) -> None:
    made = await a_publication(world, channel_id=await a_channel(world))
    pause = await started(world)
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.resume(work, publication_id=made.id)

    assert await claimed(world, made) is None
    row = await publication(world, made.id)
    assert (row.state, row.hold_reason, row.pause_id) == (S.HELD, HoldReason.PAUSED, pause.id)
