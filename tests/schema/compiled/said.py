"""Rows of what is said elsewhere, of bad days, and of pauses."""

from typing import Any
from uuid import UUID

from hub.access.models import Member
from hub.channels.models import Channel
from hub.content.models import ContentItem
from hub.engagement.models import SentimentLabel
from hub.publishing.models import (
    HoldReason,
    Pause,
    PauseDecision,
    PauseScope,
    Publication,
    PublicationState,
)
from hub.reputation import models
from hub.reputation.alarms import Alarm, Alarms, Sensitivity
from hub.strategy.models import Brand, Campaign
from tests.schema.compiled.outgoing import Outgoing

_TERMS = ("lighthouse", "le phare", "été", "#harbour", "@brand")


class Said(Outgoing):
    """Makes what others say, and what is done about it."""

    def _reputation(self) -> None:
        for number in range(4):
            self._monitor(number)
        for number in range(4):
            self._incident(number)
        for number in range(30):
            self._mention(number)
        for monitor in self.ids(models.Monitor):
            for _ in range(3):
                self._alert(monitor)
        for number in range(4):
            self._pause(number)
        for row in self._all(Publication):
            held = row["state"] is PublicationState.HELD
            row["pause_id"] = self.values.one(self.ids(Pause)) if held else None
            if held:
                row["hold_reason"] = HoldReason.PAUSED

    def _monitor(self, number: int) -> None:
        alarm = Alarm(hours=number + 1, sensitivity=self.values.one(Sensitivity))
        rules = Alarms(volume=self.values.maybe(alarm), sentiment=self.values.maybe(alarm))
        monitor = self._add(
            models.Monitor,
            brand_id=self.values.one(self.ids(Brand)),
            name=self.values.text("Monitor"),
            query={
                name: self.values.some(_TERMS, 3)
                for name in ("all", "any", "none", "hashtags", "handles", "languages")
            },
            enabled=number != 1,
            alarms=rules.to_json(),
            opens_incident=number == 2,
        )["id"]
        for place in range(3):
            channel = self.ids(Channel)[number] if place == 0 else None
            kind = models.SourceKind.SEARCH if channel else models.SourceKind.FEED
            self._add(
                models.MonitorSource,
                monitor_id=monitor,
                kind=kind,
                channel_id=channel,
                url="" if channel else f"https://news.example/{place}/{self.values.word()}",
                title=self.values.text("News"),
                cursor="",
                validators={},
                due_at=self.values.maybe(self.values.time()),
                last_checked_at=self.values.maybe(self.values.time()),
                last_found_at=self.values.maybe(self.values.time()),
                failures=place,
                problem=self.values.text(),
            )

    def _incident(self, number: int) -> None:
        state = tuple(models.IncidentState)[number % 3]
        items = [str(one) for one in self.ids(ContentItem)]
        incident = self._add(
            models.Incident,
            brand_id=self.values.one(self.ids(Brand)),
            monitor_id=self.ids(models.Monitor)[number] if number < 3 else None,
            owner_id=self.values.maybe(self.values.one(self.ids(Member))),
            title=self.values.text("Incident"),
            summary=self.values.text(),
            severity=self.values.one(models.Severity),
            state=state,
            # An item that is no more, and none at all, are shown as far as they can be.
            statements=[
                {
                    "locale": locale,
                    "text": self.values.text("We know"),
                    "item_id": self.values.one((None, str(UUID(int=1)), *items[:3])),
                }
                for locale in self.values.some(("en", "fr", "de"), 3)
            ],
            resolved_at=self.values.time() if state is models.IncidentState.RESOLVED else None,
        )["id"]
        for kind in self.values.some(models.EntryKind, 5):
            self._add(
                models.IncidentEntry,
                incident_id=incident,
                kind=kind,
                text=self.values.text("Then"),
                member_id=self.values.maybe(self.values.one(self.ids(Member))),
                subject_id=None,
            )

    def _mention(self, number: int) -> None:
        search = self.values.chance(0.5)
        label = self.values.maybe(self.values.one(SentimentLabel), 0.8)
        mention = self._add(
            models.Mention,
            identity=f"url:{number}",
            kind=models.SourceKind.SEARCH if search else models.SourceKind.FEED,
            platform="mastodon" if search else "feed",
            channel_id=self.values.one(self.ids(Channel)) if search else None,
            source_title=self.values.text("News"),
            author_name=self.values.text("Ada"),
            author_handle=self.values.text("@ada"),
            author_url=self.values.text(),
            title=self.values.text("Title"),
            text=self.values.text("The lighthouse"),
            url=self.values.text("https://news.example/1"),
            language=self.values.maybe(self.values.one(("en", "fr"))),
            sentiment=None if label is None else self.values.random.randint(-100, 100),
            sentiment_label=label,
            state=self.values.one(models.MentionState),
            incident_id=self.values.maybe(self.values.one(self.ids(models.Incident)), 0.4),
            published_at=self.values.time(),
        )["id"]
        monitors = self.ids(models.Monitor)
        for monitor in self.values.some(monitors, 3):
            brand = next(
                row["brand_id"] for row in self._all(models.Monitor) if row["id"] == monitor
            )
            self._add(
                models.MentionMatch,
                mention_id=mention,
                monitor_id=monitor,
                brand_id=brand,
                terms=self.values.some(_TERMS, 3),
            )

    def _alert(self, monitor: UUID) -> None:
        window: dict[str, Any] = {
            "starts_at": self.values.time().isoformat(),
            "ends_at": self.values.time().isoformat(),
            "count": 2,
            "total": 3,
        }
        self._add(
            models.Alert,
            monitor_id=monitor,
            incident_id=self.values.maybe(self.values.one(self.ids(models.Incident))),
            kind=self.values.one(models.AlertKind),
            starts_at=self.values.time(),
            ends_at=self.values.time(),
            count=self.values.random.randint(1, 50),
            total=self.values.random.randint(50, 99),
            expected=self.values.one((0.5, 2.0, 1e-7, 12.25)),
            probability=self.values.one((0.0, 1e-9, 0.001, 0.5)),
            baseline=[window] * self.values.random.randint(0, 2),
            acknowledged_by=self.values.maybe(self.values.one(self.ids(Member))),
            acknowledged_at=self.values.maybe(self.values.time()),
        )

    def _pause(self, number: int) -> None:
        scope = tuple(PauseScope)[number]
        published = [str(row["id"]) for row in self._all(Publication)]
        ended = self.values.chance(0.6)
        self._add(
            Pause,
            scope=scope,
            brand_id=self.ids(Brand)[0] if scope is PauseScope.BRAND else None,
            channel_id=self.ids(Channel)[0] if scope is PauseScope.CHANNEL else None,
            campaign_id=self.ids(Campaign)[0] if scope is PauseScope.CAMPAIGN else None,
            incident_id=self.values.maybe(self.values.one(self.ids(models.Incident))),
            reason=self.values.text("Because"),
            replies_too=self.values.chance(0.5),
            started_by=self.values.maybe(self.values.one(self.ids(Member))),
            ended_by=self.values.maybe(self.values.one(self.ids(Member))) if ended else None,
            ended_at=self.values.time() if ended else None,
            outcomes=[
                {
                    "publication_id": one,
                    "decision": self.values.one((None, *(one.value for one in PauseDecision))),
                    "code": self.values.one(("", "MISSED")),
                    "message": self.values.text(),
                }
                for one in self.values.some((str(UUID(int=1)), *published[:4]), 3)
            ],
        )
