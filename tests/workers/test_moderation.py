"""Rules and sanctions at the platforms: hidden, taken down, muted, and all of it undone."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from hub.engagement import operations as engagement
from hub.engagement.models import Message, Person
from hub.engagement.moderation import deciding, operations, sanctioning
from hub.engagement.moderation.models import (
    ActionState,
    ModerationAction,
    Sanction,
    SanctionKind,
    SanctionState,
)
from hub.engagement.moderation.operations import Draft
from hub.kernel.work import Hub
from tests.conftest import Database
from tests.factories import World, a_publication, a_world, publication
from tests.workers.stands import Account, Stand, a_stand, an_account
from tests.working import a_toolbox, move_clock, work_off
from workers.handling import Toolbox


@pytest.fixture(scope="module")
def blog() -> Iterator[Stand]:
    """A site for this file."""
    with a_stand("wordpress") as stand:
        yield stand


@pytest.fixture(scope="module")
def network() -> Iterator[Stand]:
    """A network for this file."""
    with a_stand("mastodon") as stand:
        yield stand


@pytest.fixture
async def tools(hub: Hub, blog: Stand, network: Stand) -> AsyncIterator[Toolbox]:
    """A worker that may call both."""
    async with a_toolbox(hub, allow=(blog.netloc, network.netloc)) as opened:
        yield opened


@pytest.fixture
async def world(hub: Hub) -> World:
    """A workspace."""
    return await a_world(hub)


async def a_rule(world: World, kind: str) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await operations.create_rule(
            work,
            draft=Draft(
                brand_id=world.brand_id,
                name="Pas d'arnaques",
                conditions=[{"kind": "WORDS", "phrases": ["arnaque"]}],
                actions=[{"kind": kind}],
            ),
        )


async def commented(world: World, tools: Toolbox, account: Account, *texts: str) -> list[str]:
    """Publish something, let somebody answer it, and collect the answers; return their ids."""
    made = await a_publication(world, channel_id=account.channel_id, text="Le marché de samedi")
    await work_off(tools)
    row = await publication(world, made.id)
    ids = [
        str(
            (
                await account.stand.ask(
                    "POST", "answer", json={"account": "reader", "post": row.remote_id, "text": one}
                )
            )["id"]
        )
        for one in texts
    ]
    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.collect_now(work, publication_id=row.id)
    await work_off(tools)
    return ids


async def statuses(account: Account) -> dict[str, str]:
    """Return how each comment stands at the site."""
    stored = (await account.stand.ask("GET", "ledger?account=reader"))["statuses"]
    return {one["id"]: one.get("status", "") for one in stored}


async def the_action(world: World) -> ModerationAction:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(ModerationAction))
    assert found is not None
    return found


async def test_a_comment_is_hidden_by_a_rule_with_its_reason_and_shown_again(
    world: World, tools: Toolbox, blog: Stand
) -> None:
    account = await an_account(world, tools, blog)
    await a_rule(world, "HIDE")

    _, bad = await commented(world, tools, account, "Super !", "Quelle ARN4QUE")

    action = await the_action(world)
    assert (action.state, action.reason) == (
        ActionState.DONE,
        "It has the words “arnaque”.",
    )
    assert [one["text"] for one in action.spans] == ["ARN4QUE"]
    async with world.hub.unit_of_work(world.system) as work:
        hidden = await work.all(select(Message.remote_id).where(Message.hidden))
    assert list(hidden) == [bad]
    assert (await statuses(account))[bad] == "hold"

    async with world.hub.unit_of_work(world.editor) as work:
        await deciding.undo_action(work, action_id=action.id)
    await work_off(tools)

    assert (await the_action(world)).state is ActionState.UNDONE
    assert (await statuses(account))[bad] == "approved"
    async with world.hub.unit_of_work(world.system) as work:
        assert not await work.all(select(Message.id).where(Message.hidden))


async def test_a_comment_is_taken_down_by_a_rule_whose_answer_was_lost(
    world: World, tools: Toolbox, blog: Stand, database: Database
) -> None:
    account = await an_account(world, tools, blog)
    await a_rule(world, "DELETE")
    await blog.fault("drop_after", path="/wp-json/wp/v2/comments/*", method="DELETE")

    (bad,) = await commented(world, tools, account, "arnaque")
    assert (await the_action(world)).state is ActionState.PENDING
    await move_clock(world.hub, database.owner_url, timedelta(minutes=5))
    await work_off(tools)

    assert (await the_action(world)).state is ActionState.DONE
    assert (await statuses(account))[bad] == "trash"
    async with world.hub.unit_of_work(world.system) as work:
        (message,) = await work.all(select(Message).where(Message.remote_id == bad))
    assert message.deleted_at is not None


async def related(stand: Stand, token: str, person: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=stand.base, trust_env=False) as http:
        told = await http.get(
            "/api/v1/accounts/relationships",
            params={"id[]": person},
            headers={"Authorization": f"Bearer {token}"},
        )
    return dict(told.json()[0])


async def a_person(world: World, account: Account) -> tuple[UUID, str, str]:
    """Let somebody at the network be known; return them, their id there, and our token."""
    ours = await account.stand.ask("POST", "accounts", json={"username": account.name})
    theirs = await account.stand.ask("POST", "accounts", json={"username": f"x{account.name}"})
    async with world.hub.unit_of_work(world.system) as work:
        person = Person(
            workspace_id=world.workspace_id,
            channel_id=account.channel_id,
            remote_id=str(theirs["id"]),
            handle=f"@x{account.name}",
            name="",
            url="",
        )
        work.session.add(person)
    return person.id, person.remote_id, str(ours["access_token"])


async def standing(world: World) -> Sanction:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(Sanction))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "shown"), [(SanctionKind.MUTE, "muting"), (SanctionKind.BLOCK, "blocking")]
)
async def test_somebody_is_sanctioned_at_the_network_until_a_time(
    world: World,
    tools: Toolbox,
    network: Stand,
    database: Database,
    kind: SanctionKind,
    shown: str,
) -> None:
    account = await an_account(world, tools, network)
    person_id, person, token = await a_person(world, account)
    await network.fault("drop_after", path=f"/api/v1/accounts/{person}/*")
    async with world.hub.unit_of_work(world.editor) as work:
        await sanctioning.create_sanction(
            work,
            person_id=person_id,
            kind=kind,
            reason="Insultes",
            until=work.now + timedelta(days=1),
        )
    await work_off(tools)
    assert (await standing(world)).state is SanctionState.WANTED

    await move_clock(world.hub, database.owner_url, timedelta(minutes=5))
    await work_off(tools)

    assert (await standing(world)).state is SanctionState.IN_FORCE
    assert (await related(network, token, person))[shown] is True

    await move_clock(world.hub, database.owner_url, timedelta(days=1))
    await work_off(tools)

    row = await standing(world)
    assert (row.state, row.lifted_by) == (SanctionState.LIFTED, None)
    assert (await related(network, token, person))[shown] is False
