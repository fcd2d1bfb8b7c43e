"""What a genuine call of a trigger does: publish, save, submit or import; refusals are raised."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.automation import importing, rules, saving
from hub.automation.models import RowOutcome, TriggerAction
from hub.automation.rows import Row, Rows, Submission, place_in_row
from hub.automation.rules import Wish
from hub.channels.models import Channel
from hub.channels.rules import read
from hub.content.models import ContentItem, Edition
from hub.kernel.caller import Permission
from hub.kernel.errors import HubError, NotFound, WrongState
from hub.kernel.ids import global_id
from hub.kernel.work import UnitOfWork
from hub.publishing import operations as publishing
from hub.publishing.errors import NotApproved
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.review.models import Approval

_OUTDATED = (HoldReason.SUPERSEDED, HoldReason.EDITION_STALE)
_ENDED = (
    PublicationState.CANCELLED,
    PublicationState.FAILED,
    PublicationState.EXPIRED,
)
_REFUSED = 422


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call is answered: a status and plain JSON; `replayed` when it was done before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a call did, and what it is answered; `scheduled` are those that are new by it."""

    action: TriggerAction | None
    answer: Answer
    external_reference: str = ""
    item_id: UUID | None = None
    review_id: UUID | None = None
    import_id: UUID | None = None
    publications: tuple[UUID, ...] = ()
    scheduled: tuple[UUID, ...] = ()


async def publish(work: UnitOfWork, given: Mapping[str, Any]) -> Done:
    """Schedule what is approved, at a time or at once; what is out or on its way stays so."""
    wish = rules.read_wish(given)
    item = await work.one(
        select(ContentItem)
        .where(ContentItem.external_reference == wish.externalReference)
        .with_for_update()
    )
    if item is None:
        raise NotFound("No content has this reference.", path=("externalReference",))
    if item.archived:
        raise WrongState("This content is archived.", path=("externalReference",))
    rows, scheduled = [], []
    for edition in await _editions(work, item, wish):
        row = await _standing(work, item, edition)
        if row is None:
            row = await publishing.schedule(
                work,
                item_id=item.id,
                channel_id=edition.channel_id,
                scheduled_for=wish.scheduledFor,
            )
            scheduled.append(row.id)
        rows.append(row)
    return Done(
        action=TriggerAction.PUBLISH,
        answer=Answer(status=202 if scheduled else 200, body=_told(wish, rows)),
        external_reference=wish.externalReference,
        item_id=item.id,
        publications=tuple(row.id for row in rows),
        scheduled=tuple(scheduled),
    )


async def _editions(work: UnitOfWork, item: ContentItem, wish: Wish) -> Sequence[Edition]:
    """Return the approved editions that are asked for; NotApproved unless it is all of them."""
    found = await work.all(
        select(Edition)
        .join(Approval, Approval.edition_id == Edition.id)
        .where(
            Edition.revision_id == item.current_revision_id,
            Approval.hash == Edition.hash,
            Approval.revoked_at.is_(None),
        )
        .order_by(Edition.id)
    )
    approved = {edition.channel_id: edition for edition in found}
    wanted = await _channels(work, wish) if wish.channelIds or wish.channels else list(approved)
    for place in wanted:
        if place not in approved:
            raise NotApproved(
                "Nobody has approved the current words of this content for one of the channels.",
                path=("channels" if wish.channels else "channelIds",),
            )
    if not wanted:
        raise NotApproved(
            "Nobody has approved the current words of this content. Have them reviewed first.",
            path=("externalReference",),
        )
    return [approved[place] for place in wanted]


async def _channels(work: UnitOfWork, wish: Wish) -> list[UUID]:
    rows = await work.session.execute(
        select(Channel.id, Channel.external_reference).where(
            Channel.workspace_id == work.caller.workspace_id
        )
    )
    field_name = "channels" if wish.channels else "channelIds"
    known = {
        row.external_reference if wish.channels else global_id("Channel", row.id): row.id
        for row in rows
    }
    asked = wish.channels or wish.channelIds or []
    for index, name in enumerate(asked):
        if name not in known:
            raise NotFound("There is no such channel.", path=(field_name, str(index)))
    return list(dict.fromkeys(known[name] for name in asked))


async def _standing(work: UnitOfWork, item: ContentItem, edition: Edition) -> Publication | None:
    """Return what is out or on its way of this content on the channel, if anything.

    What is held because its words are outdated does not count, unless they are these very words.
    That of which a part is out counts in any case: a person decides how it goes on.
    """
    rows = await work.all(
        select(Publication)
        .where(
            Publication.item_id == item.id,
            Publication.channel_id == edition.channel_id,
            Publication.state != PublicationState.WITHDRAWN,
        )
        .order_by(Publication.id.desc())
    )
    return next((row for row in rows if _stands(row, edition)), None)


def _stands(row: Publication, edition: Edition) -> bool:
    if row.checkpoint.get("parts"):
        return True
    current = row.hold_reason not in _OUTDATED or row.edition_id == edition.id
    return current and row.state not in _ENDED


def _told(wish: Wish, rows: Sequence[Publication]) -> dict[str, Any]:
    return {
        "externalReference": wish.externalReference,
        "publications": [
            {
                "id": global_id("Publication", row.id),
                "channelId": global_id("Channel", row.channel_id),
                "state": row.state.value,
                "holdReason": row.hold_reason.value if row.hold_reason else None,
                "scheduledFor": row.scheduled_for.isoformat() if row.scheduled_for else None,
                "url": row.url,
            }
            for row in rows
        ],
    }


async def save(work: UnitOfWork, given: Mapping[str, Any]) -> Done:
    """Write content down, or change what has its reference."""
    row = read(Row, given, path=())
    if row.channels is not None or row.scheduledFor is not None:
        raise WrongState("Where and when is asked of SUBMIT or PUBLISH.", path=("channels",))
    try:
        saved = await saving.save(work, row, await saving.names(work))
    except HubError as error:
        error.path = tuple(place_in_row(row, error.path))
        raise
    body = {
        "externalReference": row.externalReference,
        "contentItem": {
            "id": global_id("ContentItem", saved.item_id),
            "revisionId": global_id("Revision", saved.revision_id),
            "outcome": saved.outcome.value,
        },
    }
    return Done(
        action=TriggerAction.SAVE,
        answer=Answer(status=200 if saved.outcome is RowOutcome.UNCHANGED else 202, body=body),
        external_reference=row.externalReference,
        item_id=saved.item_id,
    )


async def submit(work: UnitOfWork, given: Mapping[str, Any]) -> Done:
    """Submit content for review, for the channels named; once for the same words."""
    asked = read(Submission, given, path=())
    item_id = await work.one(
        select(ContentItem.id)
        .where(ContentItem.external_reference == asked.externalReference)
        .with_for_update()
    )
    if item_id is None:
        raise NotFound("No content has this reference.", path=("externalReference",))
    try:
        review, is_new = await saving.submit(
            work,
            item_id=item_id,
            channels=asked.channels,
            known=await saving.names(work),
            scheduled_for=asked.scheduledFor,
            note=asked.note,
        )
    except HubError as error:
        error.path = tuple(place_in_row(asked, error.path))
        raise
    body = {
        "externalReference": asked.externalReference,
        "review": {"id": global_id("Review", review.id), "state": review.state.value},
    }
    return Done(
        action=TriggerAction.SUBMIT,
        answer=Answer(status=202 if is_new else 200, body=body),
        external_reference=asked.externalReference,
        item_id=item_id,
        review_id=review.id,
    )


async def import_rows(work: UnitOfWork, given: Mapping[str, Any]) -> Done:
    """Write many rows down; the first row that was refused is the error, where nothing was done."""
    asked = read(Rows, given, path=())
    if asked.submit:
        work.caller.require(Permission.REVIEW_SUBMIT)
    made = await importing.import_content(
        work,
        rows=asked.rows,
        policy=asked.policy,
        dry_run=asked.dryRun,
        submit=asked.submit,
        path=("rows",),
    )
    shown = {
        "id": global_id("ContentImport", made.id),
        "applied": made.applied,
        "rows": [
            {**one, "item": one["item"] and global_id("ContentItem", one["item"])}
            | {"review": one["review"] and global_id("Review", one["review"])}
            for one in made.results
        ],
    }
    body: dict[str, Any] = {"import": shown}
    first = next((one for one in made.results if one["errors"]), None)
    in_vain = first is not None and not made.applied and not asked.dryRun
    if first is not None and in_vain:
        error = first["errors"][0]
        place = ["rows", str(first["row"] - 1), *error["path"]]
        body |= {"code": error["code"], "message": error["message"], "path": place}
    changed = made.applied and made.created_count + made.updated_count > 0
    status = _REFUSED if in_vain else 202 if changed else 200
    return Done(
        action=TriggerAction.IMPORT,
        answer=Answer(status=status, body=body),
        import_id=made.id,
    )


#: What each action of a trigger does with the body of a call.
ACTIONS: Mapping[TriggerAction, Callable[[UnitOfWork, Mapping[str, Any]], Awaitable[Done]]] = {
    TriggerAction.PUBLISH: publish,
    TriggerAction.SAVE: save,
    TriggerAction.SUBMIT: submit,
    TriggerAction.IMPORT: import_rows,
}
