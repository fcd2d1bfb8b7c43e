"""Meeting a bad day: somebody owns it, everything about it stands in one timeline."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.access.models import Member
from hub.content import operations as content
from hub.content.rules import Part, Words
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version, touch
from hub.kernel.errors import Invalid, NotFound, WrongState
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork
from hub.reputation.events import (
    IncidentLinked,
    IncidentNoted,
    IncidentOpened,
    IncidentUpdated,
    StatementDrafted,
    StatementWritten,
)
from hub.reputation.models import (
    Alert,
    AlertKind,
    EntryKind,
    Incident,
    IncidentEntry,
    IncidentState,
    Mention,
    Monitor,
    Severity,
)
from hub.strategy.models import Brand

TITLE_MAX = 200
TEXT_MAX = 10_000
LINKED_MAX = 100
LOCALES_MAX = 20


async def open_incident(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    title: str,
    summary: str = "",
    severity: Severity = Severity.MINOR,
    owner_id: UUID | None = None,
    mention_ids: Sequence[UUID] = (),
    alert_ids: Sequence[UUID] = (),
) -> Incident:
    """Say that a bad day has begun; whoever says so owns it unless somebody else is named."""
    work.caller.require(Permission.REPUTATION_WRITE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    owner = work.caller.member_id if owner_id is None else owner_id
    incident = _incident(
        work,
        brand_id=brand.id,
        owner_id=None if owner is None else await _member(work, owner),
        title=require_text(title, most=TITLE_MAX, path=("input", "title")),
        summary=require_text(summary, most=TEXT_MAX, path=("input", "summary"), empty=True),
        severity=severity,
    )
    await work.add(incident)
    await _enter(work, incident, EntryKind.OPENED, incident.title)
    work.record(IncidentOpened(subject_id=incident.id, severity=severity, alert_id=None))
    await _link(work, incident, mention_ids, alert_ids)
    return incident


async def update_incident(
    work: UnitOfWork,
    *,
    incident_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Incident:
    """Change who owns an incident, how bad it is, how far it is, or its words."""
    work.caller.require(Permission.REPUTATION_WRITE)
    incident = await get(work, Incident, incident_id, lock=True)
    require_version(incident, expected_version)
    clean = dict(changes)
    for field, most in (("title", TITLE_MAX), ("summary", TEXT_MAX)):
        if field in clean:
            clean[field] = require_text(
                clean[field], most=most, path=("input", field), empty=field == "summary"
            )
    if clean.get("owner_id") is not None:
        await _member(work, clean["owner_id"])
    if clean.get("state", incident.state) is not incident.state:
        if incident.state is IncidentState.RESOLVED and incident.monitor_id is not None:
            await _require_alone(work, incident)
        clean["resolved_at"] = work.now if clean["state"] is IncidentState.RESOLVED else None
    changed = await edit(work, incident, clean, expected_version=None)
    told = tuple(name for name in changed if name != "resolved_at")
    if told:
        said = ", ".join(_told(name, getattr(incident, name)) for name in told)
        await _enter(work, incident, EntryKind.CHANGED, said)
        work.record(IncidentUpdated(subject_id=incident.id, fields=told))
    return incident


def _told(name: str, value: Any) -> str:
    shown = getattr(value, "value", "")
    return f"{name} {shown}".strip().replace("owner_id", "owner")


async def _require_alone(work: UnitOfWork, incident: Incident) -> None:
    other = select(Incident.id).where(
        Incident.monitor_id == incident.monitor_id, Incident.state != IncidentState.RESOLVED
    )
    if await work.one(other) is not None:
        raise WrongState(
            "Its monitor has opened another incident since; go on with that one.",
            path=("input", "state"),
        )


async def note(work: UnitOfWork, *, incident_id: UUID, text: str) -> Incident:
    """Write a line into the timeline."""
    work.caller.require(Permission.REPUTATION_WRITE)
    incident = await get(work, Incident, incident_id, lock=True)
    said = require_text(text, most=TEXT_MAX, path=("input", "text"))
    await _enter(work, incident, EntryKind.NOTE, said)
    touch(work, incident)
    work.record(IncidentNoted(subject_id=incident.id))
    return incident


async def link(
    work: UnitOfWork,
    *,
    incident_id: UUID,
    mention_ids: Sequence[UUID] = (),
    alert_ids: Sequence[UUID] = (),
) -> Incident:
    """Say which mentions and alerts belong to an incident; they leave any other."""
    work.caller.require(Permission.REPUTATION_WRITE)
    incident = await get(work, Incident, incident_id, lock=True)
    await _link(work, incident, mention_ids, alert_ids)
    return incident


async def _link(
    work: UnitOfWork,
    incident: Incident,
    mention_ids: Sequence[UUID],
    alert_ids: Sequence[UUID],
) -> None:
    mentions = await _rows(work, Mention, mention_ids, "mentionIds")
    alerts = await _rows(work, Alert, alert_ids, "alertIds")
    moved = [row for row in (*mentions, *alerts) if row.incident_id != incident.id]
    if not moved:
        return
    for row in moved:
        row.incident_id = incident.id
        if isinstance(row, Mention):
            touch(work, row)
    touch(work, incident)
    new = [row.id for row in moved if isinstance(row, Mention)]
    if new:
        await _enter(work, incident, EntryKind.MENTIONS, _added(len(new)))
    for row in moved:
        if isinstance(row, Alert):
            await _enter(work, incident, EntryKind.ALERT, _shown(row), subject_id=row.id)
    work.record(
        IncidentLinked(
            subject_id=incident.id,
            mention_ids=tuple(new),
            alert_ids=tuple(row.id for row in moved if isinstance(row, Alert)),
        )
    )


def _added(count: int) -> str:
    return "A mention was added." if count == 1 else f"{count} mentions were added."


async def _rows(
    work: UnitOfWork, table: type[Any], ids: Sequence[UUID], argument: str
) -> list[Any]:
    if len(ids) > LINKED_MAX:
        raise Invalid(f"{LINKED_MAX} at a time.", path=("input", argument))
    wanted = list(dict.fromkeys(ids))
    found = await work.all(
        select(table)
        .where(table.id.in_(wanted))
        .order_by(table.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    missing = set(wanted) - {row.id for row in found}
    for index, one in enumerate(ids):
        if one in missing:
            path = ("input", argument, str(index))
            raise NotFound("There is nothing with this id.", path=path)
    return list(found)


async def set_statement(work: UnitOfWork, *, incident_id: UUID, locale: str, text: str) -> Incident:
    """Write what may be said about an incident in a language, for everybody who is asked."""
    work.caller.require(Permission.REPUTATION_WRITE)
    incident = await get(work, Incident, incident_id, lock=True)
    require_locale(locale, path=("input", "locale"))
    words = require_text(text, most=TEXT_MAX, path=("input", "text"))
    others = [one for one in incident.statements if one["locale"] != locale]
    former = next((one for one in incident.statements if one["locale"] == locale), None)
    if former is not None and former["text"] == words:
        return incident
    if len(others) >= LOCALES_MAX:
        raise Invalid(f"{LOCALES_MAX} languages at most.", path=("input", "locale"))
    # What was made of other words stays what it is; these need an item of their own.
    made = {"locale": locale, "text": words, "item_id": None}
    incident.statements = sorted([*others, made], key=lambda one: str(one["locale"]))
    touch(work, incident)
    await _enter(work, incident, EntryKind.STATEMENT, f"{locale}: {words}")
    work.record(StatementWritten(subject_id=incident.id, locale=locale))
    return incident


async def draft_statement(
    work: UnitOfWork, *, incident_id: UUID, locale: str
) -> tuple[Incident, UUID]:
    """Make a content item of a holding statement: it is reviewed and published like any other."""
    work.caller.require(Permission.REPUTATION_WRITE)
    work.caller.require(Permission.CONTENT_WRITE)
    incident = await get(work, Incident, incident_id, lock=True)
    known = next((one for one in incident.statements if one["locale"] == locale), None)
    if known is None:
        raise NotFound("There is no statement in this language.", path=("input", "locale"))
    if known["item_id"] is not None:
        raise WrongState(
            "There is a content item of this statement already; change it there.",
            path=("input", "locale"),
        )
    item = await content.create_item(
        work,
        brand_id=incident.brand_id,
        words=Words(title=incident.title, parts=(Part(text=known["text"]),)),
        locale=locale,
    )
    incident.statements = [
        {**one, "item_id": str(item.id)} if one is known else one for one in incident.statements
    ]
    touch(work, incident)
    await _enter(
        work, incident, EntryKind.STATEMENT, f"{locale}: a draft was made.", subject_id=item.id
    )
    work.record(StatementDrafted(subject_id=incident.id, locale=locale, item_id=item.id))
    return incident, item.id


async def follow_alert(work: UnitOfWork, *, monitor: Monitor, alert: Alert) -> None:
    """Put an alert where it belongs: into the monitor's open incident, or a new one if it says so.

    Internal.
    """
    incident = await work.one(
        select(Incident)
        .where(Incident.monitor_id == monitor.id, Incident.state != IncidentState.RESOLVED)
        .with_for_update()
    )
    if incident is None and not monitor.opens_incident:
        return
    if incident is None:
        incident = _incident(
            work,
            brand_id=monitor.brand_id,
            monitor_id=monitor.id,
            title=f"{monitor.name}: {_shown(alert)}"[:TITLE_MAX],
            summary="",
            severity=Severity.MAJOR,
        )
        await work.add(incident)
        await _enter(work, incident, EntryKind.OPENED, "An alert opened this.")
        work.record(
            IncidentOpened(subject_id=incident.id, severity=incident.severity, alert_id=alert.id)
        )
    await work.flush()
    alert.incident_id = incident.id
    await _enter(work, incident, EntryKind.ALERT, _shown(alert), subject_id=alert.id)


async def note_pause(
    work: UnitOfWork, *, incident_id: UUID, pause_id: UUID, reason: str, in_flight: int
) -> None:
    """Write into the timeline that publishing was paused; a reaction."""
    incident = await get(work, Incident, incident_id, path=("input", "incidentId"), lock=True)
    told = f"{reason} ({in_flight} in flight)" if in_flight else reason
    await _enter(work, incident, EntryKind.PAUSED, told, subject_id=pause_id)


async def note_resume(work: UnitOfWork, *, incident_id: UUID, pause_id: UUID, told: str) -> None:
    """Write into the timeline that publishing goes on; a reaction."""
    incident = await work.one(select(Incident).where(Incident.id == incident_id).with_for_update())
    if incident is not None:
        await _enter(work, incident, EntryKind.RESUMED, told, subject_id=pause_id)


def _incident(work: UnitOfWork, **given: Any) -> Incident:
    return Incident(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        state=IncidentState.OPEN,
        statements=[],
        **given,
    )


async def _member(work: UnitOfWork, member_id: UUID) -> UUID:
    path = ("input", "ownerId")
    member = await get(work, Member, member_id, path=path)
    if member.removed_at is not None:
        raise NotFound("There is nothing with this id.", path=path)
    return member.id


async def _enter(
    work: UnitOfWork,
    incident: Incident,
    kind: EntryKind,
    text: str,
    *,
    subject_id: UUID | None = None,
) -> None:
    await work.add(
        IncidentEntry(
            id=new_id(),
            workspace_id=incident.workspace_id,
            incident_id=incident.id,
            kind=kind,
            text=text,
            member_id=work.caller.member_id,
            subject_id=subject_id,
        )
    )


def _shown(alert: Alert) -> str:
    what = "mentions" if alert.kind is AlertKind.VOLUME else "negative mentions"
    hours = round((alert.ends_at - alert.starts_at).total_seconds() / 3600)
    return f"{alert.count} {what} in {hours} h, {alert.expected:.1f} expected"
