"""Rows in states that only a worker brings about, put there directly."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, update

from hub.audit import operations as audit
from hub.kernel.model import Base
from hub.publishing.models import HoldReason, Publication, PublicationState
from tests.factories import World

#: What each state needs to be allowed; the way there goes through PUBLISHING.
_FACTS: dict[PublicationState, dict[str, Any]] = {
    PublicationState.HELD: {"hold_reason": HoldReason.MISSED, "problem": "It was late."},
    PublicationState.UNCONFIRMED: {"due_at": None},
    PublicationState.FAILED: {"due_at": None, "problem": "The platform refused it."},
}


async def bring(world: World, publication: Publication, state: PublicationState) -> None:
    """Bring a scheduled publication to a state, as a worker would leave it."""
    await change(
        world, Publication, publication.id, state=PublicationState.PUBLISHING, lease_until=now()
    )
    facts = dict(_FACTS.get(state, {}))
    if state is PublicationState.UNCONFIRMED:
        facts |= {"commit_attempted_at": now(), "commit_step": "commit:0"}
    if state is PublicationState.PUBLISHED:
        facts |= {
            "remote_id": f"remote-{publication.id}",
            "url": "https://social.example/1",
            "sent_hash": publication.approved_hash,
            "published_at": now(),
            "refs": [{"remote_id": f"remote-{publication.id}", "url": "https://social.example/1"}],
        }
    if state is not PublicationState.PUBLISHING:
        await change(world, Publication, publication.id, state=state, lease_until=None, **facts)


def now() -> Any:
    """Return the hub's clock as an expression."""
    return func.hub_now()


async def change(world: World, table: type[Base], row_id: UUID, **values: Any) -> None:
    """Change a row, past every rule but those of the database."""
    async with world.hub.unit_of_work(world.system) as work:
        assert await work.change(update(table).where(table.id == row_id).values(**values)) == 1


async def seal(world: World) -> int:
    """Seal what happened, as the relay does; return how many events there were."""
    async with world.hub.unit_of_work(world.system) as work:
        return await audit.seal(work)
