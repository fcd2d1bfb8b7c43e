"""What people ask for once something is out: other words, taking it down, hiding an answer."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from hub.channels.models import Channel
from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import Capability
from hub.content.models import ContentItem, Edition
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text, require_version
from hub.kernel.errors import Taken, Unsupported, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.editions import newest_approved
from hub.publishing.errors import NotApproved
from hub.publishing.events import AmendmentFailed, AmendmentRequested
from hub.publishing.jobs import Amend, ReadBack
from hub.publishing.models import (
    Amendment,
    AmendmentKind,
    AmendmentState,
    Publication,
    PublicationState,
    Standing,
)
from hub.publishing.rules import can_be_addressed

_REASON = 500
_ID = ("input", "id")


async def edit(
    work: UnitOfWork, *, publication_id: UUID, expected_version: int | None = None
) -> Publication:
    """Put the newest approved words in the place of those that are out.

    They are the approved edition of the item's current revision for the same channel; nothing is
    changed at the platform that nobody has approved.
    """
    item = await _item(work, publication_id)
    row, channel = await _out(work, publication_id, expected_version, Capability.EDIT)
    if item is None:
        raise Unsupported("An answer is not edited; withdraw it and answer again.", path=_ID)
    edition = await newest_approved(
        work, revision_id=item.current_revision_id, channel_id=channel.id
    )
    if edition is None or item.archived:
        raise NotApproved(
            f"Nobody has approved the current revision for {channel.name}. "
            "Submit it for review with this channel first.",
            path=_ID,
        )
    # What an edit left half done, or somebody changed there, may be put right again.
    if edition.hash == row.sent_hash and row.standing is not Standing.CHANGED:
        raise WrongState("These very words are out already.", path=_ID)
    await _require_unused(work, row, edition)
    _require_as_many_posts(row, edition, channel)
    await _require_quiet(work, row)
    await _request(work, row, kind=AmendmentKind.EDIT, edition=edition)
    return row


async def withdraw(
    work: UnitOfWork,
    *,
    publication_id: UUID,
    reason: str = "",
    expected_version: int | None = None,
) -> Publication:
    """Take down what is out, whatever else is under way; a switched-off channel is no obstacle."""
    row, _ = await _out(work, publication_id, expected_version, Capability.DELETE)
    words = require_text(reason, most=_REASON, path=("input", "reason"), empty=True)
    for pending in await _pending(work, row):
        if pending.kind is AmendmentKind.WITHDRAW:
            raise Taken("It is being withdrawn already.", path=_ID)
        if pending.kind is AmendmentKind.EDIT:
            close(work, pending, problem="The publication is being withdrawn.")
    await work.session.flush()
    await _request(work, row, kind=AmendmentKind.WITHDRAW, reason=words)
    return row


async def set_hidden(
    work: UnitOfWork,
    *,
    publication_id: UUID,
    message_id: UUID,
    target: Mapping[str, Any],
    hidden: bool,
) -> Amendment:
    """Hide an answer under a publication from others, or show it again. Internal."""
    row = await get(work, Publication, publication_id, lock=True)
    for pending in await _pending(work, row, message_id=message_id):
        close(work, pending, problem="Somebody decided otherwise.")
    await work.session.flush()
    kind = AmendmentKind.HIDE if hidden else AmendmentKind.UNHIDE
    return await _request(work, row, kind=kind, message_id=message_id, target=target)


async def wanted_hidden(work: UnitOfWork, *, publication_id: UUID, message_id: UUID) -> bool | None:
    """Return what is being done to an answer now: hidden, shown, or None for nothing. Internal."""
    kind = await work.one(
        select(Amendment.kind).where(
            Amendment.publication_id == publication_id,
            Amendment.message_id == message_id,
            Amendment.state == AmendmentState.PENDING,
        )
    )
    return None if kind is None else kind is AmendmentKind.HIDE


async def ever_hidden(work: UnitOfWork, *, message_id: UUID) -> bool:
    """Say whether the team has ever wished an answer to be hidden or shown. Internal."""
    found = await work.one(select(Amendment.id).where(Amendment.message_id == message_id).limit(1))
    return found is not None


async def read_back(work: UnitOfWork, *, publication_id: UUID) -> Publication:
    """Look now whether something that is out still stands as it was sent."""
    work.caller.require(Permission.PUBLISHING_READ)
    row = await get(work, Publication, publication_id)
    if row.state is not PublicationState.PUBLISHED:
        raise WrongState("Nothing is published here.", path=_ID)
    channel = await get(work, Channel, row.channel_id)
    _require(channel, Capability.READ_BACK)
    _require_address(row, channel)
    work.promise(ReadBack(workspace_id=row.workspace_id, publication_id=row.id))
    return row


def close(work: UnitOfWork, row: Amendment, *, problem: str) -> None:
    """End an amendment that was not done, or not wholly; workers on it find another fence."""
    row.state = AmendmentState.FAILED
    row.fence += 1
    row.due_at = None
    row.finished_at = work.now
    row.problem = problem
    work.record(
        AmendmentFailed(
            subject_id=row.id, publication_id=row.publication_id, kind=row.kind, problem=problem
        )
    )


async def _request(
    work: UnitOfWork,
    row: Publication,
    *,
    kind: AmendmentKind,
    edition: Edition | None = None,
    reason: str = "",
    message_id: UUID | None = None,
    target: Mapping[str, Any] | None = None,
) -> Amendment:
    made = Amendment(
        id=new_id(),
        workspace_id=row.workspace_id,
        publication_id=row.id,
        kind=kind,
        state=AmendmentState.PENDING,
        edition_id=edition.id if edition else None,
        former_edition_id=row.edition_id if edition else None,
        message_id=message_id,
        target=dict(target) if target else None,
        reason=reason,
        requested_by=work.caller.member_id,
        due_at=work.now,
        fence=0,
        attempts=0,
        checkpoint={},
        problem="",
    )
    await work.add(made)
    work.record(AmendmentRequested(subject_id=made.id, publication_id=row.id, kind=kind))
    work.promise(Amend(workspace_id=row.workspace_id, amendment_id=made.id))
    return made


async def _item(work: UnitOfWork, publication_id: UUID) -> ContentItem | None:
    """Return the content of a publication, locked first, as scheduling locks it.

    Otherwise the same words could be scheduled by themselves in the same moment.
    """
    work.caller.require(Permission.PUBLISHING_WRITE)
    found = await get(work, Publication, publication_id)
    if found.item_id is None:
        return None
    return await get(work, ContentItem, found.item_id, lock=True)


async def _out(
    work: UnitOfWork,
    publication_id: UUID,
    expected_version: int | None,
    capability: Capability,
) -> tuple[Publication, Channel]:
    """Return a publication that is out, locked, and its channel, which must be able to do it."""
    work.caller.require(Permission.PUBLISHING_WRITE)
    row = await get(work, Publication, publication_id, lock=True)
    require_version(row, expected_version)
    if row.state is not PublicationState.PUBLISHED:
        raise WrongState(f"This publication is {row.state.value}, not published.", path=_ID)
    channel = await get(work, Channel, row.channel_id)
    _require(channel, capability)
    _require_address(row, channel)
    return row, channel


def _require(channel: Channel, capability: Capability) -> None:
    if capability.value in channel.capabilities:
        return
    raise Unsupported(_CANNOT[capability].format(name=channel.name), path=_ID)


def _require_address(row: Publication, channel: Channel) -> None:
    if can_be_addressed(row.refs):
        return
    raise Unsupported(
        f"It was confirmed without its id at {channel.name}, so nobody knows which post it is. "
        "Change it or take it down there.",
        path=_ID,
    )


_CANNOT: Mapping[Capability, str] = {
    Capability.EDIT: "{name} cannot change what is out. Withdraw it and publish the new words.",
    Capability.DELETE: "{name} cannot take down what is out.",
    Capability.READ_BACK: "{name} cannot be asked how something stands.",
}


async def _require_unused(work: UnitOfWork, row: Publication, edition: Edition) -> None:
    ended = (
        PublicationState.CANCELLED,
        PublicationState.FAILED,
        PublicationState.EXPIRED,
        PublicationState.WITHDRAWN,
    )
    other = await work.one(
        select(Publication.id).where(
            Publication.edition_id == edition.id,
            Publication.id != row.id,
            Publication.state.not_in(ended),
        )
    )
    if other is not None:
        raise Taken(
            "The new words are scheduled or published here by themselves. Cancel that first.",
            path=_ID,
        )


def _require_as_many_posts(row: Publication, edition: Edition, channel: Channel) -> None:
    if platform_by_key(channel.platform).joins_parts:
        return
    parts = len(orjson.loads(edition.body)["parts"])
    if parts != len(row.refs):
        raise Unsupported(
            f"It is out as {len(row.refs)} posts and the new words are {parts}: posts can be "
            "changed, not added or left out. Withdraw it and publish the new words.",
            path=_ID,
        )


async def _require_quiet(work: UnitOfWork, row: Publication) -> None:
    for pending in await _pending(work, row):
        busy = "edited" if pending.kind is AmendmentKind.EDIT else "withdrawn"
        raise Taken(f"It is being {busy} already.", path=_ID)


async def _pending(
    work: UnitOfWork, row: Publication, *, message_id: UUID | None = None
) -> list[Amendment]:
    found = await work.all(
        select(Amendment)
        .where(
            Amendment.publication_id == row.id,
            Amendment.state == AmendmentState.PENDING,
            Amendment.message_id.is_not_distinct_from(message_id),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found)
