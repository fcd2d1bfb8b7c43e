"""Two workspaces with rows of every type, in states and with values that find mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.models import Member, Workspace
from hub.analytics.models import Export, Measurement, Report
from hub.audit.models import EventRow
from hub.automation import models as automation
from hub.channels.models import Channel
from hub.content.models import (
    Asset,
    AssetUpload,
    ContentItem,
    Edition,
    Rendition,
    Revision,
    ShortLink,
    Variant,
)
from hub.engagement.contests.models import (
    Contest,
    ContestEntry,
    ContestPlace,
    ContestSource,
)
from hub.engagement.models import Message, Note, Person, SavedReply, ServiceTarget, Thread
from hub.engagement.moderation.models import ModerationAction, ModerationRule, Sanction
from hub.kernel.model import Base
from hub.publishing.models import (
    Amendment,
    Attempt,
    Pause,
    Publication,
)
from hub.reputation import models as reputation
from hub.review.models import (
    Decision,
    Notice,
    Remark,
    Review,
    ReviewStep,
    ReviewTarget,
    Workflow,
    WorkflowStep,
)
from hub.strategy.models import Audience, Brand, Campaign, Goal, Pillar, PlanEntry, VoiceGuide
from tests.schema.compiled.moderation_rows import Moderation
from tests.schema.compiled.results import Results
from tests.schema.compiled.said import Said
from tests.schema.compiled.values import Values


@dataclass(kw_only=True)
class Workspaceful:
    """What one workspace holds: its ids by the type's name in GraphQL, and words found there."""

    id: UUID
    slug: str
    ids: dict[str, list[UUID]]
    words: dict[str, list[str]] = field(default_factory=dict)


async def fill(engine: AsyncEngine, *, seed: int) -> tuple[Workspaceful, Workspaceful]:
    """Fill two workspaces, the second with less; every run with a seed makes the same rows."""
    values = Values(seed)
    first = _Filler(values, slug="first", items=22)
    second = _Filler(values, slug="second", items=6)
    for filler in (first, second):
        filler.make()
    await _write(engine, [first.rows, second.rows])
    return first.known(), second.known()


async def _write(engine: AsyncEngine, several: Sequence[Mapping[Any, list[Any]]]) -> None:
    async with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            for rows in several:
                if rows.get(table):
                    await connection.execute(insert(table), rows[table])
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))


class _Filler(Moderation, Results, Said):
    """Makes all rows of one workspace in memory, area by area."""

    def known(self) -> Workspaceful:
        """Return what was made."""
        ids = {
            kind: self.ids(model)
            for kind, model in (
                ("Member", Member),
                ("Brand", Brand),
                ("Campaign", Campaign),
                ("VoiceGuide", VoiceGuide),
                ("Audience", Audience),
                ("Pillar", Pillar),
                ("PlanEntry", PlanEntry),
                ("Goal", Goal),
                ("Channel", Channel),
                ("Asset", Asset),
                ("Rendition", Rendition),
                ("AssetUpload", AssetUpload),
                ("ContentItem", ContentItem),
                ("Revision", Revision),
                ("Variant", Variant),
                ("Edition", Edition),
                ("Review", Review),
                ("ReviewTarget", ReviewTarget),
                ("Decision", Decision),
                ("Workflow", Workflow),
                ("WorkflowStep", WorkflowStep),
                ("ReviewStep", ReviewStep),
                ("Remark", Remark),
                ("Notice", Notice),
                ("Publication", Publication),
                ("Attempt", Attempt),
                ("Amendment", Amendment),
                ("Measurement", Measurement),
                ("ShortLink", ShortLink),
                ("Export", Export),
                ("Report", Report),
                ("Person", Person),
                ("Thread", Thread),
                ("Message", Message),
                ("Contest", Contest),
                ("ContestSource", ContestSource),
                ("ContestEntry", ContestEntry),
                ("ContestPlace", ContestPlace),
                ("ModerationRule", ModerationRule),
                ("ModerationAction", ModerationAction),
                ("Sanction", Sanction),
                ("Note", Note),
                ("SavedReply", SavedReply),
                ("ServiceTarget", ServiceTarget),
                ("Event", EventRow),
                ("Pause", Pause),
                ("Monitor", reputation.Monitor),
                ("MonitorSource", reputation.MonitorSource),
                ("Mention", reputation.Mention),
                ("MentionMatch", reputation.MentionMatch),
                ("Alert", reputation.Alert),
                ("Incident", reputation.Incident),
                ("IncidentEntry", reputation.IncidentEntry),
                ("Trigger", automation.Trigger),
                ("TriggerCall", automation.TriggerCall),
                ("Endpoint", automation.Endpoint),
                ("ContentImport", automation.ContentImport),
                ("Delivery", automation.Delivery),
                ("DeliveryAttempt", automation.DeliveryAttempt),
            )
        }
        ids["Workspace"] = ids["Viewer"] = [self.workspace]
        ids["PublishedContent"] = ids["ContentItem"]
        words = {
            "slug": [row["slug"] for row in self._all(Revision)],
            "reference": [
                row["external_reference"]
                for model in (ContentItem, Campaign, Channel, Publication)
                for row in self._all(model)
                if row["external_reference"]
            ],
            "sha256": [row["sha256"] for row in self._all(Asset) if row["sha256"]],
            "title": [row["title"] for row in self._all(ContentItem)],
        }
        return Workspaceful(id=self.workspace, slug=self.slug, ids=ids, words=words)

    def make(self) -> None:
        """Make everything."""
        self.rows[Workspace.__table__].append(
            {"id": self.workspace, "slug": self.slug, "name": f"The {self.slug} one", "version": 1}
        )
        self._people()
        self._strategy()
        self._channels()
        self._plans()
        self._assets()
        self._contents()
        self._workflows()
        self._reviews()
        self._remarks()
        self._notices()
        self._publications()
        self._engagement()
        self._audit()
        self._automation()
        self._contests()
        self._moderation()
        self._results()
        self._reputation()
