"""Did it work, as the API shows it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import strawberry

from hub.actions import Action
from hub.analytics import models
from hub.analytics.exports import TABLES
from hub.content.models import ShortLink as ShortLinkRow
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, sum_in
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, reads, to_one
from schema.base.node import Node
from schema.base.offers import available_actions
from schema.base.scalars import BigInt
from schema.channels.types import Channel
from schema.content.types import Revision
from schema.publishing.types import Publication
from schema.strategy.types import Campaign

#: How long an address of a file is good; ask for another one then.
FILE_MINUTES = 15

ExportKind = models.ExportKind
describe(
    ExportKind,
    description="What an export holds; one row each.",
    values={
        "MEASUREMENTS": "Every change of every counter of publications.",
        "PUBLICATIONS": "Publications, with the last value of their counters.",
        "MESSAGES": "What people and the brand wrote under publications.",
        "CLICKS": "Clicks on short links, hour by hour.",
    },
)
ExportFormat = models.ExportFormat
describe(
    ExportFormat,
    description="How an export is written.",
    values={
        "CSV": "Comma-separated, UTF-8; a text that a spreadsheet would take for a formula begins "
        "with a quote.",
        "PARQUET": "Apache Parquet with Zstandard: columns with types, for tools.",
    },
)
ExportState = models.ExportState
describe(
    ExportState,
    description="Where an export stands.",
    values={
        "WAITING": "A worker will begin soon.",
        "RUNNING": "It is being written.",
        "READY": "It can be fetched.",
        "FAILED": "There is no file; `problem` says why.",
        "CANCELLED": "Nobody wants it any more.",
        "EXPIRED": "Its time is over; its bytes are gone.",
    },
)
ReportState = models.ReportState
describe(
    ReportState,
    description="Where a report stands.",
    values={
        "MAKING": "A worker is at it.",
        "READY": "It can be read.",
        "FAILED": "There is no report; `problem` says why.",
    },
)


@reads(models.Measurement, permission=Permission.ANALYTICS_READ)
@strawberry.type(description="The value of one metric when it was last seen to change.")
class Measurement(Node):
    publication: Publication | None = to_one("What was measured.", columns("publication_id"))
    metric: str = column("What was counted, such as LIKES.")
    value: int = column(
        "How many there were; an error beyond 2,147,483,647, where `exactValue` still counts."
    )
    exact_value: BigInt = column("How many there were, however many.", fact="value")
    approximate: bool = column("Whether the platform only estimates it.")
    measured_at: datetime = column("When it was seen.")


@reads(
    ShortLinkRow,
    permission=Permission.CONTENT_READ,
    facts={
        "clicks": lambda link: sum_in(
            models.ClickHour, "people", lambda hour: hour.c.short_link_id == link.c.id
        ),
        "program_clicks": lambda link: sum_in(
            models.ClickHour, "programs", lambda hour: hour.c.short_link_id == link.c.id
        ),
    },
)
@strawberry.type(description="A short address in what goes out, and how often it was followed.")
class ShortLink(Node):
    revision: Revision = to_one("The words it stands in.", columns("revision_id"))
    channel: Channel | None = to_one("Where they go out.", columns("channel_id"))
    code: str = column("The last part of the short address.")
    short_url: str = computed(
        "The short address.",
        needs=("code",),
        make=lambda facts, asking: f"{asking.context.short_base}/{facts['code']}",
    )
    url: str = column("Where it leads.")
    clicks: BigInt = column("How often people followed it, as far as one can tell.")
    program_clicks: BigInt = column("How often crawlers and makers of previews did.")
    created_at: datetime = column("When it was made.")


def _progress(facts: Facts, _asking: Asking) -> float | None:
    if facts["state"] == "READY":
        return 1.0
    total = facts["rows_total"]
    if total is None:
        return None
    # Rows that came since it was counted do not make it more than whole.
    return 1.0 if total == 0 else min(1.0, round(facts["rows_done"] / total, 4))


def _download(facts: Facts, asking: Asking) -> str | None:
    needed = TABLES[models.ExportKind(facts["kind"])].permission
    if facts["state"] != "READY" or not asking.context.caller.may(needed):
        return None
    return asking.context.file_url(
        f"exports/{facts['id']}", until=asking.now + timedelta(minutes=FILE_MINUTES)
    )


@reads(models.Export, permission=Permission.ANALYTICS_READ)
@strawberry.type(description="A file of what is there, written by a worker.")
class Export(Node):
    kind: ExportKind = column("What it holds.")
    format: ExportFormat = column("How it is written.")
    state: ExportState = column("Where it stands.")
    starts_at: datetime | None = column("Rows of this time or later; null: from the beginning.")
    ends_at: datetime | None = column("Rows before this time; null: to the end.")
    rows_done: BigInt = column("How many rows are written.")
    rows_total: BigInt | None = column("How many there will be; null until it has begun.")
    progress: float | None = computed(
        "How much of it is written, from 0 to 1; null until it has begun.",
        needs=("state", "rows_done", "rows_total"),
        make=_progress,
        lasting=True,
    )
    size: BigInt | None = column("The size of the file in bytes, when it is there.")
    problem: str = column("Why there is no file; empty otherwise.")
    requested_by: Member | None = to_one(
        "Who asked for it; null: the hub.", columns("requested_by")
    )
    download_url: str | None = computed(
        f"Where the file can be fetched, for {FILE_MINUTES} minutes or a little longer and without "
        "a token; null where there is none, or you may not read what is in it.",
        needs=("id", "kind", "state"),
        make=_download,
    )
    expires_at: datetime | None = column("Until when the file is kept.")
    finished_at: datetime | None = column("When it ended, however it did.")
    available_actions: list[Action] = available_actions("Export")
    created_at: datetime = column("When it was asked for.")


def _report_url(extension: str) -> Callable[[Facts, Asking], str | None]:
    def made(facts: Facts, asking: Asking) -> str | None:
        if facts["state"] != "READY" or not asking.context.caller.may(Permission.PUBLISHING_READ):
            return None
        return asking.context.file_url(
            f"reports/{facts['id']}.{extension}",
            until=asking.now + timedelta(minutes=FILE_MINUTES),
        )

    return made


@reads(models.Report, permission=Permission.ANALYTICS_READ)
@strawberry.type(description="What a campaign came to in some days, to read and to print.")
class Report(Node):
    campaign: Campaign | None = to_one("What it is about.", columns("campaign_id"))
    locale: str = column("The language it is written in.")
    first_day: date = column("The first day it looks at.")
    last_day: date = column("The last day it looks at.")
    time_zone: str = column("Whose days these are.")
    state: ReportState = column("Where it stands.")
    problem: str = column("Why there is none; empty otherwise.")
    html_url: str | None = computed(
        f"The page, for {FILE_MINUTES} minutes or a little longer and without a token; null until "
        "it is there.",
        needs=("id", "state"),
        make=_report_url("html"),
    )
    pdf_url: str | None = computed(
        f"The document, for {FILE_MINUTES} minutes or a little longer and without a token; null "
        "until it is there.",
        needs=("id", "state"),
        make=_report_url("pdf"),
    )
    requested_by: Member | None = to_one(
        "Who asked for it; null: the hub.", columns("requested_by")
    )
    finished_at: datetime | None = column("When it ended, however it did.")
    created_at: datetime = column("When it was asked for.")
