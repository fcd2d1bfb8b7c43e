"""What a calendar is made of: publications, proposals and campaigns, one statement for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

import strawberry

from hub.content.models import EditionOrigin
from hub.kernel.caller import Permission
from hub.kernel.shapes import Link, columns
from hub.publishing.calendar import Day
from hub.publishing.models import PublicationState
from hub.review.rules import OPEN
from schema.base.enums import describe
from schema.base.fields import SOURCES, ToOne
from schema.base.filters import TimeRange, any_of, between, from_value, through, until
from schema.base.reading import Info, read_list, selection_of
from schema.base.selection import Plan, refusal
from schema.publishing.queries import PublicationFilter
from schema.publishing.types import STATES
from schema.review.types import ITEM_OF_TARGET

#: How many entries an answer holds at most; its cost is counted for as many.
ENTRIES_MAX = 400
_CAMPAIGNS_MAX = 100
_ENTRIES = ("days", "entries")

_PROPOSED = "PROPOSED"
# What is planned without a time stands on no day.
_STATES = {
    _PROPOSED: "Somebody must still approve it.",
    **{name: text for name, text in STATES.items() if name != PublicationState.PLANNED.name},
}
CalendarState: Any = Enum(  # type: ignore[misc]  # no type is known before it runs
    "CalendarState", {name: name for name in _STATES}
)
describe(
    CalendarState,
    description="Where an entry of the calendar stands.",
    values=_STATES,
)
#: What a calendar shows unless it is asked for something else.
_USUAL = [one for one in CalendarState if one.name != PublicationState.CANCELLED.name]


@strawberry.input(description="Which entries; all conditions hold together.")
class CalendarFilter:
    state_in: list[CalendarState] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Stands in one of these states; all but CANCELLED unless said.",
    )
    channel_in: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Goes to one of these channels."
    )
    brand_in: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Goes to a channel of one of these brands; of campaigns: theirs.",
    )
    campaign_in: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Serves one of these campaigns; of those: these."
    )


@strawberry.input
class _Span:
    at: TimeRange | None = between("Stands in this span.", "calendar_at")


@strawberry.input
class _TargetFilter:
    at: TimeRange | None = between("Stands in this span.", "scheduled_for")
    review_state_in: list[str] | None = any_of("Its review stands there.", "review_state")
    channel_in: list[strawberry.ID] | None = any_of(
        "Goes to one of these channels.", "channel_id", ids_of="Channel"
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Goes to a channel of one of these brands.",
        "brand_id",
        ids_of="Brand",
        via=through("Channel", "channel_id"),
    )
    campaign_in: list[strawberry.ID] | None = any_of(
        "Serves one of these campaigns.", "campaign_id", ids_of="Campaign"
    )


@strawberry.input
class _CampaignFilter:
    any_day: date | None = from_value("Has a first or a last day.", "any_day")
    first_day: date | None = until("Begins before this day.", "first_day")
    last_day: date | None = from_value("Ends on this day or later.", "last_day")
    brand_in: list[strawberry.ID] | None = any_of(
        "Is for one of these brands.", "brand_id", ids_of="Brand"
    )
    campaign_in: list[strawberry.ID] | None = any_of("Is one of these.", "id", ids_of="Campaign")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A publication or a proposal, and what every entry shows of it."""

    at: datetime
    state: Any
    title: str | None
    channel: Any
    content_item: Any
    publication: Any = None
    proposal: Any = None


async def read_rows(info: Info, days: Sequence[Day], given: CalendarFilter) -> list[Row]:
    """Return what stands on the days, the earliest first; one more than is shown at most of each.

    Raises Forbidden to whom may not read publications; without the right to read reviews there
    are no proposals.
    """
    states = [one.name for one in given.state_in or _USUAL]
    span = TimeRange(from_=days[0].starts_at, before=days[-1].ends_at)
    rows = [
        *await _publications(info, span, states, _places(given)),
        *(await _proposals(info, span, _places(given)) if _PROPOSED in states else ()),
    ]
    return sorted(rows, key=lambda row: row.at)


async def read_campaigns(info: Info, days: Sequence[Day], given: CalendarFilter) -> Any:
    """Return the campaigns that run on one of the days, where they are selected at all."""
    caller = info.context.caller
    if not caller.may(Permission.STRATEGY_READ):
        return refusal(Permission.STRATEGY_READ)
    plan = selection_of(info).plan("Campaign", under=("campaigns",))
    if plan is None:
        return []
    places = _places(given)
    wanted = _CampaignFilter(
        any_day=date.min,
        first_day=days[-1].date + timedelta(days=1),
        last_day=days[0].date,
        brand_in=places["brand_in"],
        campaign_in=places["campaign_in"],
    )
    return await read_list(
        info, plan, filters=(wanted,), order=("first_day",), limit=_CAMPAIGNS_MAX
    )


async def _publications(
    info: Info, span: TimeRange, states: Sequence[str], places: dict[str, Any]
) -> list[Row]:
    info.context.caller.require(Permission.PUBLISHING_READ)
    wanted = [one for one in PublicationState if one.name in states]
    if not wanted:
        return []
    plan = _plan(info, "Publication", "publication", item=columns("item_id"))
    plan.columns |= {"entry_at": "calendar_at", "entry_state": "state"}
    filters = (
        PublicationFilter(state_in=wanted, origin_in=[EditionOrigin.CONTENT], **places),
        _Span(at=span),
    )
    found = await read_list(
        info, plan, filters=filters, order=("calendar_at",), limit=ENTRIES_MAX + 1
    )
    return [_row(made, made.entry_state, publication=made) for made in found]


async def _proposals(info: Info, span: TimeRange, places: dict[str, Any]) -> list[Row]:
    if not info.context.caller.may(Permission.REVIEW_READ):
        return []
    plan = _plan(info, "ReviewTarget", "proposal", item=ITEM_OF_TARGET)
    plan.columns["entry_at"] = "scheduled_for"
    wanted = _TargetFilter(at=span, review_state_in=sorted(OPEN), **places)
    found = await read_list(
        info, plan, filters=(wanted,), order=("scheduled_for",), limit=ENTRIES_MAX + 1
    )
    return [_row(made, _PROPOSED, proposal=made) for made in found]


def _row(made: Any, state: str, **of: Any) -> Row:
    return Row(
        at=made.entry_at,
        state=CalendarState[state],
        title=getattr(made, "entry_title", None),
        channel=made.entry_channel,
        content_item=made.entry_item,
        **of,
    )


def _plan(info: Info, kind: str, field: str, *, item: Link) -> Plan:
    """Return what is wanted of a row: for its own field, and for those that every entry has."""
    selection = selection_of(info)
    plan = selection.plan(kind, under=(*_ENTRIES, field)) or Plan(source=SOURCES[kind])
    caller = info.context.caller
    if caller.may(Permission.CONTENT_READ):
        plan.columns["entry_title"] = "item_title"
    related = (
        ("entry_channel", "Channel", "channel", columns("channel_id")),
        ("entry_item", "ContentItem", "contentItem", item),
    )
    for attribute, related_kind, name, link in related:
        permission = SOURCES[related_kind].permission
        if permission is not None and not caller.may(permission):
            plan.refused[attribute] = permission
            continue
        inner = selection.plan(related_kind, under=(*_ENTRIES, name))
        inner = inner or Plan(source=SOURCES[related_kind])
        plan.ones[attribute] = (ToOne(link=link), inner)
    return plan


def _places(given: CalendarFilter) -> dict[str, Any]:
    names = ("channel_in", "brand_in", "campaign_in")
    return {name: getattr(given, name) for name in names}
