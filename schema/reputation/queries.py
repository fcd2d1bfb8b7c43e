"""Asking what is said, what is unusual about it, and what is being done."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import strawberry

from hub.channels.rules import require_timezone
from hub.engagement.models import SentimentLabel
from hub.reputation import queries
from schema.base.filters import (
    TimeRange,
    any_of,
    between,
    contains,
    equal,
    every_of,
    none_of,
    some_of,
    through,
    words_in,
)
from schema.base.lists import all_of, ordering
from schema.base.node import row_id, to_global_id
from schema.base.paging import Connection
from schema.base.reading import Info
from schema.reputation.inputs import MonitorQueryInput
from schema.reputation.types import Alert, Incident, Mention, Monitor
from schema.reputation.words import AlertKind, IncidentState, MentionState, Severity, SourceKind

MonitorOrder = ordering(
    "MonitorOrder",
    "Orders of monitors.",
    {
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
MentionOrder = ordering(
    "MentionOrder",
    "Orders of mentions.",
    {
        "PUBLISHED_AT_ASC": ("published_at", "First said first."),
        "PUBLISHED_AT_DESC": ("-published_at", "Last said first."),
        "CREATED_AT_ASC": ("id", "First found first."),
        "CREATED_AT_DESC": ("-id", "Last found first."),
    },
)
AlertOrder = ordering(
    "AlertOrder",
    "Orders of alerts.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
IncidentOrder = ordering(
    "IncidentOrder",
    "Orders of incidents.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
_MATCHES = through("MentionMatch", "id", "mention_id")


@strawberry.input(description="Which monitors; all conditions hold together.")
class MonitorFilter:
    and_: list["MonitorFilter"] | None = every_of()
    or_: list["MonitorFilter"] | None = some_of()
    not_: "MonitorFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Listens for one of these brands.", "brand_id", ids_of="Brand"
    )
    name_contains: str | None = contains("The name contains this.", "name")
    enabled: bool | None = equal("Looks, or does not.", "enabled")


@strawberry.input(description="Which mentions; all conditions hold together.")
class MentionFilter:
    and_: list["MentionFilter"] | None = every_of()
    or_: list["MentionFilter"] | None = some_of()
    not_: "MentionFilter | None" = none_of()
    monitor_in: list[strawberry.ID] | None = any_of(
        "Was found by one of these monitors.", "monitor_id", ids_of="Monitor", via=_MATCHES
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Was found for one of these brands.", "brand_id", ids_of="Brand", via=_MATCHES
    )
    language_in: list[str] | None = any_of("Is in one of these languages.", "language")
    sentiment_label_in: list[SentimentLabel] | None = any_of(
        "Sounds like one of these.", "sentiment_label"
    )
    kind_in: list[SourceKind] | None = any_of("Was found in one of these ways.", "kind")
    platform_in: list[str] | None = any_of("Stands on one of these platforms.", "platform")
    channel_in: list[strawberry.ID] | None = any_of(
        "Was found by one of these channels.", "channel_id", ids_of="Channel"
    )
    state_in: list[MentionState] | None = any_of("Is in one of these states.", "state")
    incident_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these incidents.", "incident_id", ids_of="Incident"
    )
    search: str | None = words_in("Has these words, or its author has this name.")
    published_at: TimeRange | None = between("Was said in this span.", "published_at")


@strawberry.input(description="Which alerts; all conditions hold together.")
class AlertFilter:
    and_: list["AlertFilter"] | None = every_of()
    or_: list["AlertFilter"] | None = some_of()
    not_: "AlertFilter | None" = none_of()
    monitor_in: list[strawberry.ID] | None = any_of(
        "Was raised by one of these monitors.", "monitor_id", ids_of="Monitor"
    )
    kind_in: list[AlertKind] | None = any_of("Says one of these.", "kind")
    acknowledged: bool | None = equal("Has been seen by somebody, or not.", "acknowledged")


@strawberry.input(description="Which incidents; all conditions hold together.")
class IncidentFilter:
    and_: list["IncidentFilter"] | None = every_of()
    or_: list["IncidentFilter"] | None = some_of()
    not_: "IncidentFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is one of these brands' bad day.", "brand_id", ids_of="Brand"
    )
    state_in: list[IncidentState] | None = any_of("Is in one of these states.", "state")
    severity_in: list[Severity] | None = any_of("Is as bad as one of these.", "severity")
    owner_in: list[strawberry.ID] | None = any_of(
        "One of these members sees to it.", "owner_id", ids_of="Member"
    )


@strawberry.type(description="The mentions of one day, by how they sound.")
class MentionCount:
    day: date = strawberry.field(description="Which day, where the time zone is.")
    total: int = strawberry.field(description="All of them, but for those that are ignored.")
    negative: int = strawberry.field(description="Those that sound displeased.")
    neutral: int = strawberry.field(description="Those that sound neither nor.")
    positive: int = strawberry.field(description="Those that sound pleased.")
    unrated: int = strawberry.field(description="Those nobody can tell of.")


@strawberry.type(description="What a monitor's query makes of one text.")
class MonitorTestResult:
    text: str = strawberry.field(description="The text.")
    mention_id: strawberry.ID | None = strawberry.field(
        description="The mention it was taken from; null: it was given."
    )
    language: str | None = strawberry.field(description="Its language; null where nobody can tell.")
    found: bool = strawberry.field(description="Whether the monitor would find it.")
    terms: list[str] = strawberry.field(description="By which terms.")


@strawberry.type
class ReputationQueries:
    monitors: Connection[Monitor] = all_of(
        "The monitors of the workspace.",
        "Monitor",
        filters=MonitorFilter,
        orders=MonitorOrder,
        order=("name",),
    )
    mentions: Connection[Mention] = all_of(
        "What was said in public, last said first.",
        "Mention",
        filters=MentionFilter,
        orders=MentionOrder,
        order=("-published_at",),
    )
    alerts: Connection[Alert] = all_of(
        "What was unusual, newest first.",
        "Alert",
        filters=AlertFilter,
        orders=AlertOrder,
        order=("-id",),
    )
    incidents: Connection[Incident] = all_of(
        "The incidents of the workspace, newest first.",
        "Incident",
        filters=IncidentFilter,
        orders=IncidentOrder,
        order=("-id",),
    )

    @strawberry.field(
        description="How much was said on each day, and how it sounds; days without a mention are "
        "left out."
    )
    async def mention_counts(
        self,
        info: Info,
        since: Annotated[datetime, strawberry.argument(description="Not before this instant.")],
        until: Annotated[datetime, strawberry.argument(description="Earlier than this instant.")],
        time_zone: Annotated[
            str, strawberry.argument(description='Whose days they are, such as "Europe/Paris".')
        ] = "UTC",
        monitor_in: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Found by one of these monitors; null: by any."),
        ] = strawberry.UNSET,
        brand_in: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Found for one of these brands; null: for any."),
        ] = strawberry.UNSET,
    ) -> list[MentionCount]:
        context = info.context
        counted = await queries.counted(
            context.reader,
            context.caller,
            since=since,
            until=until,
            zone=ZoneInfo(require_timezone(time_zone, path=("timeZone",))),
            monitor_ids=[row_id(one, "Monitor", path=("monitorIn",)) for one in monitor_in or ()],
            brand_ids=[row_id(one, "Brand", path=("brandIn",)) for one in brand_in or ()],
        )
        return [MentionCount(**vars(one), unrated=one.unrated) for one in counted]

    @strawberry.field(
        description="Try what a monitor would find, without making one. Refused like the monitor "
        "where it would find everything."
    )
    async def monitor_test(
        self,
        info: Info,
        query: Annotated[MonitorQueryInput, strawberry.argument(description="What to look for.")],
        texts: Annotated[
            list[str] | None, strawberry.argument(description="Texts to try it on; 200 at most.")
        ] = strawberry.UNSET,
        last_mentions: Annotated[
            int,
            strawberry.argument(
                description="Try it on so many mentions that were found last; 200 at most."
            ),
        ] = 0,
    ) -> list[MonitorTestResult]:
        context = info.context
        tried = await queries.tried(
            context.reader,
            context.caller,
            query=query.read(),
            texts=texts or (),
            last_mentions=last_mentions,
        )
        return [
            MonitorTestResult(
                text=one.text,
                mention_id=None
                if one.mention_id is None
                else strawberry.ID(to_global_id("Mention", one.mention_id)),
                language=one.language,
                found=one.terms is not None,
                terms=list(one.terms or ()),
            )
            for one in tried
        ]
