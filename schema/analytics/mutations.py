"""Asking for files and reports."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from hub.analytics import exports, reports
from hub.kernel.work import UnitOfWork
from schema.analytics.scopes import FigureScope, scope_of
from schema.analytics.types import Export, ExportFormat, ExportKind, Report
from schema.base.perform import Given, Made, Payload, perform, result, wanted
from schema.base.reading import Info


@strawberry.input(description="A file of what is there.")
class ExportCreateInput(Given):
    kind: ExportKind = strawberry.field(description="What it shall hold.")
    format: ExportFormat = strawberry.field(
        default=ExportFormat.CSV, description="How it shall be written."
    )
    scope: FigureScope | None = strawberry.field(
        default=strawberry.UNSET, description="Of what; the whole workspace unless said."
    )
    starts_at: datetime | None = strawberry.field(
        name="from",
        default=strawberry.UNSET,
        description="Rows of this time or later; null: from the beginning.",
    )
    ends_at: datetime | None = strawberry.field(
        name="to",
        default=strawberry.UNSET,
        description="Rows before this time; null: to the end.",
    )
    byte_order_mark: bool = strawberry.field(
        default=False, description="Whether a CSV begins with one: Excel needs it for accents."
    )


@strawberry.input(description="A file that nobody wants any more.")
class ExportCancelInput(Given):
    id: strawberry.ID = strawberry.field(description="The export.")


@strawberry.input(description="What a campaign came to.")
class ReportCreateInput(Given):
    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    first: date = strawberry.field(name="from", description="The first day.")
    last: date = strawberry.field(name="to", description="The last day, included; 400 at most.")
    time_zone: str = strawberry.field(default="UTC", description="Whose days they are.")
    locale: str = strawberry.field(
        default="en", description="The language it is written in: en or fr."
    )


@strawberry.type(description="The answer to exportCreate.")
class ExportCreatePayload(Payload):
    export: Export | None = result("Export", "The export; follow its `state`.")


@strawberry.type(description="The answer to exportCancel.")
class ExportCancelPayload(Payload):
    export: Export | None = result("Export", "The export as it is now.")


@strawberry.type(description="The answer to reportCreate.")
class ReportCreatePayload(Payload):
    report: Report | None = result("Report", "The report; follow its `state`.")


@strawberry.type
class AnalyticsMutations:
    @strawberry.mutation(description="Ask for a file; a worker writes it.")
    async def export_create(
        self,
        info: Info,
        input: Annotated[ExportCreateInput, strawberry.argument(description="The file.")],  # noqa: A002 - its name in the API
    ) -> ExportCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await exports.create(
                work,
                kind=input.kind,
                format=input.format,
                scope=scope_of(input.scope, "input", "scope"),
                starts_at=input.starts_at,
                ends_at=input.ends_at,
                byte_order_mark=input.byte_order_mark,
            )
            return {"export": made.id}

        return await perform(info, ExportCreatePayload, act)

    @strawberry.mutation(description="Stop writing a file.")
    async def export_cancel(
        self,
        info: Info,
        input: Annotated[ExportCancelInput, strawberry.argument(description="The file.")],  # noqa: A002 - its name in the API
    ) -> ExportCancelPayload:
        async def act(work: UnitOfWork) -> Made:
            row = await exports.cancel(work, export_id=wanted(input.id, "Export", "id"))
            return {"export": row.id}

        return await perform(info, ExportCancelPayload, act)

    @strawberry.mutation(
        description="Ask what a campaign came to, as a page and as a document to print."
    )
    async def report_create(
        self,
        info: Info,
        input: Annotated[ReportCreateInput, strawberry.argument(description="The report.")],  # noqa: A002 - its name in the API
    ) -> ReportCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await reports.create(
                work,
                campaign_id=wanted(input.campaign_id, "Campaign", "campaignId"),
                first_day=input.first,
                last_day=input.last,
                time_zone=input.time_zone,
                locale=input.locale,
            )
            return {"report": made.id}

        return await perform(info, ReportCreatePayload, act)
