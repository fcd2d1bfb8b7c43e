"""Following what a call of a trigger began: by a signed address, for tools that have no token."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.automation.models import TriggerCall
from hub.automation.rules import operation_state
from hub.kernel.errors import NotFound
from hub.kernel.ids import global_id
from hub.kernel.secrets import Vault
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.review.models import Review


def operation_path(vault: Vault, *, workspace_id: UUID, call_id: UUID) -> str:
    """Return the path and query at which a call can be followed; whoever has it may."""
    signature = vault.sign_link(_signed(workspace_id, call_id))
    return f"/operations/{call_id}?workspace={workspace_id}&signature={signature}"


def require_genuine(vault: Vault, *, workspace_id: UUID, call_id: UUID, signature: str) -> None:
    """Raise NotFound unless the hub itself made this address."""
    if not vault.link_is_genuine(_signed(workspace_id, call_id), signature):
        raise unknown()


def unknown() -> NotFound:
    """Return the one answer to forged and forgotten addresses."""
    return NotFound("There is nothing at this address.")


async def operation(work: UnitOfWork, *, call_id: UUID) -> dict[str, Any]:
    """Return how far a call has come, as plain JSON; NotFound when it is forgotten."""
    call = await work.one(select(TriggerCall).where(TriggerCall.id == call_id))
    if call is None:
        raise unknown()
    review = None
    if call.review_id is not None:
        review = await work.one(select(Review).where(Review.id == call.review_id))
    rows = await work.all(
        select(Publication)
        .where(Publication.id.in_([UUID(one) for one in call.publications]))
        .order_by(Publication.id)
    )
    state = operation_state(
        code=call.code,
        review=review.state.value if review else None,
        publications=[row.state.value for row in rows],
    )
    return {
        "id": global_id("TriggerCall", call.id),
        "action": call.action.value if call.action else None,
        "state": state.value,
        "code": call.code,
        "receivedAt": call.received_at.isoformat(),
        "contentItemId": call.item_id and global_id("ContentItem", call.item_id),
        "contentImportId": call.import_id and global_id("ContentImport", call.import_id),
        "review": review and {"id": global_id("Review", review.id), "state": review.state.value},
        "publications": [
            {
                "id": global_id("Publication", row.id),
                "channelId": global_id("Channel", row.channel_id),
                "state": row.state.value,
                "url": row.url,
            }
            for row in rows
        ],
    }


def _signed(workspace_id: UUID, call_id: UUID) -> str:
    return f"operation:{workspace_id}/{call_id}"
