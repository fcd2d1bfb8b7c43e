"""What is said elsewhere, as the API shows it: monitors, mentions, alerts, incidents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.actions import Action
from hub.engagement.models import SentimentLabel
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, named_in
from hub.reputation import models
from schema.access.types import Member
from schema.base.fields import (
    Asking,
    Facts,
    column,
    computed,
    embedded,
    listed,
    paged,
    reads,
    to_one,
)
from schema.base.node import Node
from schema.base.offers import available_actions
from schema.base.paging import Connection
from schema.channels.types import Channel
from schema.content.types import ContentItem
from schema.engagement.types import Thread
from schema.publishing.pauses import Pause
from schema.reputation.words import (
    AlertKind,
    EntryKind,
    IncidentState,
    MentionState,
    Sensitivity,
    Severity,
    SourceKind,
)
from schema.strategy.types import Brand

LazyMentions = Connection[Annotated["Mention", strawberry.lazy("schema.reputation.types")]]
LazyMatches = Connection[Annotated["MentionMatch", strawberry.lazy("schema.reputation.types")]]
LazyAlerts = Connection[Annotated["Alert", strawberry.lazy("schema.reputation.types")]]
LazyIncident = Annotated["Incident", strawberry.lazy("schema.reputation.types")]


@strawberry.type(
    description="What a monitor looks for: every one of `all`, none of `none`, and at least one of "
    "`any`, `hashtags` and `handles` where there are such."
)
class MonitorQuery:
    all: list[str] = strawberry.field(
        description="Words and exact phrases that must all be there; `word*` for its beginning."
    )
    any: list[str] = strawberry.field(description="Words and phrases of which one must be there.")
    none: list[str] = strawberry.field(description="Words and phrases that must not be there.")
    hashtags: list[str] = strawberry.field(description="Hashtags, without their sign.")
    handles: list[str] = strawberry.field(description="Names of accounts, without their sign.")
    languages: list[str] = strawberry.field(
        description="Languages that are wanted, such as fr; empty: all of them."
    )


@strawberry.type(description="When more, or worse, is said than usual raises an alert.")
class Alarm:
    hours: int = strawberry.field(description="How long the window is that is looked at.")
    at_least: int = strawberry.field(description="So many mentions it takes at least.")
    sensitivity: Sensitivity = strawberry.field(description="How unusual it must be.")
    cooldown_hours: int = strawberry.field(description="How long it is silent after an alert.")


def _alarm(kind: str) -> Any:
    def make(facts: Facts, _asking: Asking) -> Alarm | None:
        rule = facts["alarms"].get(kind)
        if rule is None:
            return None
        return Alarm(**{**rule, "sensitivity": Sensitivity(rule["sensitivity"])})

    return make


@reads(models.MonitorSource, permission=Permission.REPUTATION_READ)
@strawberry.type(description="One place a monitor looks at.")
class MonitorSource(Node):
    kind: SourceKind = column("What kind of place it is.")
    channel: Channel | None = to_one("Whose platform is searched.", columns("channel_id"))
    url: str = column("The address of the feed; empty for a channel.")
    title: str = column("What the feed calls itself; empty until it was read.")
    last_checked_at: datetime | None = column("When it was last looked at.")
    last_found_at: datetime | None = column("When something new was last found there.")
    due_at: datetime | None = column("When it is looked at next; null: not at all.")
    problem: str = column("Why it could not be looked at; empty when all is well.")


@reads(models.Monitor, permission=Permission.REPUTATION_READ)
@strawberry.type(description="What a brand wants to hear of, and when to raise the alarm.")
class Monitor(Node):
    brand: Brand | None = to_one("The brand it listens for.", columns("brand_id"))
    name: str = column("What colleagues call it.")
    query: MonitorQuery = computed(
        "What it looks for.",
        needs=("query",),
        make=lambda facts, _asking: MonitorQuery(**facts["query"]),
        lasting=True,
    )
    enabled: bool = column("Whether it looks at all.")
    sources: list[MonitorSource] = listed("Where it looks.", columns("id", "monitor_id"))
    volume_alarm: Alarm | None = computed(
        "When much more is said than usual; null: never.",
        needs=("alarms",),
        make=_alarm("volume"),
        lasting=True,
    )
    sentiment_alarm: Alarm | None = computed(
        "When people sound much worse than usual; null: never.",
        needs=("alarms",),
        make=_alarm("sentiment"),
        lasting=True,
    )
    opens_incident: bool = column("Whether an alert opens an incident by itself.")
    matches: LazyMatches = paged("What it found, last found first.", columns("id", "monitor_id"))
    alerts: LazyAlerts = paged("Its alerts, newest first.", columns("id", "monitor_id"))
    available_actions: list[Action] = available_actions("Monitor")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@reads(models.MentionMatch, permission=Permission.REPUTATION_READ)
@strawberry.type(description="A monitor found a mention.")
class MentionMatch(Node):
    monitor: Monitor | None = to_one("Which monitor.", columns("monitor_id"))
    mention: Annotated["Mention", strawberry.lazy("schema.reputation.types")] | None = to_one(
        "What it found.", columns("mention_id")
    )
    terms: list[str] = column("By which of its terms.")
    created_at: datetime = column("When.")


@reads(models.Mention, permission=Permission.REPUTATION_READ)
@strawberry.type(description="Something somebody said in public; the same thing is there once.")
class Mention(Node):
    kind: SourceKind = column("Where it was found first.")
    platform: str = column("Key of the platform it stands on, `feed` for an article.")
    channel: Channel | None = to_one("The channel it was found by.", columns("channel_id"))
    source_title: str = column("What the feed calls itself; may be empty.")
    author_name: str = column("What the author calls themselves; may be empty.")
    author_handle: str = column("The author's account; may be empty.")
    author_url: str = column("The author's address; may be empty.")
    title: str = column("The title of an article; empty for a post.")
    text: str = column("The words, without any markup.")
    url: str = column("Where it stands; may be empty.")
    language: str | None = column("Its language, such as fr; null where nobody can tell.")
    sentiment: int | None = column("How it sounds, from -100 to 100; null where nobody can tell.")
    sentiment_label: SentimentLabel | None = column(
        "How it sounds, in a word: as reckoned, or as somebody said."
    )
    state: MentionState = column("How far people have come with it.")
    matches: list[MentionMatch] = listed(
        "Which monitors found it, and by which words.", columns("id", "mention_id")
    )
    incident: LazyIncident | None = to_one("The incident it belongs to.", columns("incident_id"))
    thread: Thread | None = to_one(
        "The conversation it became in the inbox; null: nobody has brought it there.",
        columns("thread_id"),
    )
    published_at: datetime = column("When it was said, or found where that is not known.")
    available_actions: list[Action] = available_actions("Mention")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was found.")
    updated_at: datetime = column("When it last changed.")


@strawberry.type(description="What was usual in a window that an alert was compared with.")
class AlertWindow:
    starts_at: datetime = strawberry.field(description="When it began.")
    ends_at: datetime = strawberry.field(description="When it ended.")
    count: int = strawberry.field(description="Mentions in it, of the kind the alert counts.")
    total: int = strawberry.field(description="Mentions they were counted among.")


def _baseline(facts: Facts, _asking: Asking) -> list[AlertWindow]:
    return [
        AlertWindow(
            starts_at=datetime.fromisoformat(one["starts_at"]),
            ends_at=datetime.fromisoformat(one["ends_at"]),
            count=one["count"],
            total=one["total"],
        )
        for one in facts["baseline"]
    ]


@reads(
    models.Alert,
    permission=Permission.REPUTATION_READ,
    facts={"acknowledged": lambda alert: alert.c.acknowledged_at.is_not(None)},
)
@strawberry.type(description="More, or worse, was said than usual; the numbers say how much.")
class Alert(Node):
    monitor: Monitor | None = to_one("Which monitor raised it.", columns("monitor_id"))
    kind: AlertKind = column("What is unusual.")
    starts_at: datetime = column("When the window began.")
    ends_at: datetime = column("When the window ended.")
    count: int = column("How many mentions there were in it; negative ones with SENTIMENT.")
    total: int = column("How many they were counted among.")
    expected: float = computed(
        "How many were to be expected.",
        needs=("expected",),
        make=lambda facts, _asking: float(facts["expected"]),
        lasting=True,
    )
    probability: float = computed(
        "How probable so many or more would be on a usual day.",
        needs=("probability",),
        make=lambda facts, _asking: float(facts["probability"]),
        lasting=True,
    )
    baseline: list[AlertWindow] = computed(
        "What it was compared with, latest first.",
        needs=("baseline",),
        make=_baseline,
        lasting=True,
    )
    incident: LazyIncident | None = to_one("The incident it belongs to.", columns("incident_id"))
    acknowledged_by: Member | None = to_one(
        "Who has seen it; null: nobody yet, or a tool.", columns("acknowledged_by")
    )
    acknowledged_at: datetime | None = column("When somebody had seen it; null: not yet.")
    available_actions: list[Action] = available_actions("Alert")
    created_at: datetime = column("When it was raised.")


@strawberry.type(description="What may be said about an incident, in one language.")
class HoldingStatement:
    locale: str = strawberry.field(description="The language as a tag, such as fr.")
    text: str = strawberry.field(description="The words.")
    content_item: ContentItem | None = strawberry.field(
        description="The content item made of it; null: none yet."
    )


def _statements(facts: Facts, _asking: Asking, items: Mapping[str, Any]) -> list[HoldingStatement]:
    return [
        HoldingStatement(
            locale=one["locale"], text=one["text"], content_item=items.get(one["item_id"])
        )
        for one in facts["statements"]
    ]


@reads(models.IncidentEntry, permission=Permission.REPUTATION_READ)
@strawberry.type(description="A line in the timeline of an incident.")
class IncidentEntry(Node):
    kind: EntryKind = column("What it tells.")
    text: str = column("What happened, in words.")
    member: Member | None = to_one("Who did it; null: the hub or a tool.", columns("member_id"))
    created_at: datetime = column("When.")


@reads(models.Incident, permission=Permission.REPUTATION_READ)
@strawberry.type(description="A bad day: who sees to it, how far it is, and everything about it.")
class Incident(Node):
    brand: Brand | None = to_one("Whose bad day it is.", columns("brand_id"))
    monitor: Monitor | None = to_one(
        "The monitor whose alert opened it; null: a person did.", columns("monitor_id")
    )
    owner: Member | None = to_one("Who sees to it; null: nobody yet.", columns("owner_id"))
    title: str = column("What it is about, in a line.")
    summary: str = column("What is known; may be empty.")
    severity: Severity = column("How bad it is.")
    state: IncidentState = column("How far it is.")
    statements: list[HoldingStatement] = embedded(
        "What may be said about it, by language.",
        needs=("statements",),
        target="ContentItem",
        link=named_in("statements", "$[*].item_id"),
        make=_statements,
        lasting=True,
    )
    timeline: Connection[IncidentEntry] = paged(
        "Everything that happened, oldest first.", columns("id", "incident_id"), order=("id",)
    )
    mentions: LazyMentions = paged(
        "What was said, latest first.", columns("id", "incident_id"), order=("-published_at",)
    )
    alerts: LazyAlerts = paged("Its alerts, newest first.", columns("id", "incident_id"))
    pauses: Connection[Pause] = paged(
        "What was paused for it, newest first.", columns("id", "incident_id")
    )
    resolved_at: datetime | None = column("When it was over; null: it is not.")
    available_actions: list[Action] = available_actions("Incident")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was opened.")
    updated_at: datetime = column("When it last changed.")
