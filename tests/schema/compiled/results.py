"""Rows of what came of it: short links and their clicks, files and reports."""

from datetime import timedelta

from hub.access.models import Member
from hub.analytics.models import (
    ClickHour,
    Export,
    ExportFormat,
    ExportKind,
    ExportState,
    Report,
    ReportState,
)
from hub.channels.models import Channel
from hub.content.models import Revision, ShortLink
from hub.strategy.models import Campaign
from tests.schema.compiled.outgoing import Outgoing
from tests.schema.compiled.values import NOON


class Results(Outgoing):
    """Makes what is made of figures."""

    def _results(self) -> None:
        for revision in self.ids(Revision)[: self.items]:
            self._link(revision)
        for _ in range(self.items):
            self._export(self.values.one(ExportState))
        for _ in range(self.items):
            self._report(self.values.one(ReportState))

    def _link(self, revision: object) -> None:
        link = self._add(
            ShortLink,
            revision_id=revision,
            channel_id=self.values.one(self.ids(Channel)),
            code=self.values.word(),
            url=self.values.text("https://x.example"),
        )["id"]
        for hour in range(self.values.random.randint(1, 3)):
            self._add(
                ClickHour,
                short_link_id=link,
                hour=NOON + timedelta(hours=hour),
                people=self.values.one((1, 7, 5_000_000_000)),
                programs=self.values.one((0, 2, 3)),
            )

    def _export(self, state: ExportState) -> None:
        ready = state is ExportState.READY
        self._add(
            Export,
            kind=self.values.one(ExportKind),
            format=self.values.one(ExportFormat),
            state=state,
            scope={"kind": "WORKSPACE", "id": None},
            starts_at=self.values.maybe(self.values.time()),
            ends_at=self.values.maybe(self.values.time()),
            byte_order_mark=False,
            rows_done=self.values.one((0, 10, 6_000_000_000)),
            rows_total=self.values.maybe(self.values.one((0, 20, 7_000_000_000))),
            size=self.values.one((1, 8_000_000_000)) if ready else None,
            problem=self.values.text(),
            storage_key=self.values.word() if ready else None,
            requested_by=self.values.maybe(self.values.one(self.ids(Member))),
            finished_at=self.values.maybe(self.values.time()),
            expires_at=self.values.maybe(self.values.time()),
        )

    def _report(self, state: ReportState) -> None:
        day = self.values.day()
        self._add(
            Report,
            campaign_id=self.values.one(self.ids(Campaign)),
            locale=self.values.one(("en", "fr")),
            first_day=day,
            last_day=day + timedelta(days=self.values.random.randrange(30)),
            time_zone=self.values.one(("UTC", "Europe/Paris")),
            state=state,
            problem=self.values.text(),
            storage_key=self.values.word() if state is ReportState.READY else None,
            requested_by=self.values.maybe(self.values.one(self.ids(Member))),
            finished_at=self.values.maybe(self.values.time()),
        )
