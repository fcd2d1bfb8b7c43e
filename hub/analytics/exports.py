"""Files of what is there: asked for, written in batches by a worker, fetched until they expire."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import update

from hub.analytics.events import (
    ExportCancelled,
    ExportExpired,
    ExportFailed,
    ExportFinished,
    ExportRequested,
)
from hub.analytics.jobs import DiscardExport, WriteExport
from hub.analytics.models import Export, ExportFormat, ExportKind, ExportState
from hub.analytics.queries import Scope, ScopeKind, within_scope
from hub.kernel.caller import Permission
from hub.kernel.editing import get
from hub.kernel.errors import Invalid, NotFound, WrongState
from hub.kernel.ids import global_id, new_id
from hub.kernel.work import UnitOfWork

#: Rows read in one transaction: few enough for any memory, and to stop soon.
BATCH = 2_000
_OPEN = (ExportState.WAITING, ExportState.RUNNING)


class ColumnKind(StrEnum):
    """What a column holds."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    SWITCH = "SWITCH"
    INSTANT = "INSTANT"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an export; `node` names the type whose id it shows."""

    name: str
    sql: str
    kind: ColumnKind = ColumnKind.TEXT
    node: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a kind of export is read from: `p` is the publication, `at` the rows' own time.

    Rows come in the order of `row`'s ids, so that a batch begins where the one before ended.
    """

    row: str
    source: str
    at: str
    permission: Permission
    columns: Sequence[Column]


_PUBLICATION = (
    Column(name="publication_id", sql="p.id", node="Publication"),
    Column(name="content_item_id", sql="p.item_id", node="ContentItem"),
    Column(name="title", sql="i.title"),
    Column(name="channel_id", sql="c.id", node="Channel"),
    Column(name="channel", sql="c.name"),
    Column(name="platform", sql="c.platform"),
    Column(name="url", sql="p.url"),
)
_LAST = """(
    SELECT h.value FROM publication_hours AS h
    WHERE h.workspace_id = $1 AND h.publication_id = p.id AND h.metric = '{metric}'
    ORDER BY h.hour DESC LIMIT 1
)"""
_JOINS = """
    JOIN channels AS c ON c.workspace_id = $1 AND c.id = p.channel_id
    LEFT JOIN content_items AS i ON i.workspace_id = $1 AND i.id = p.item_id
"""

TABLES: Mapping[ExportKind, Table] = {
    ExportKind.MEASUREMENTS: Table(
        row="m",
        source="measurements AS m JOIN publications AS p ON p.workspace_id = $1 "
        f"AND p.id = m.publication_id {_JOINS}",
        at="m.measured_at",
        permission=Permission.PUBLISHING_READ,
        columns=(
            *_PUBLICATION,
            Column(name="metric", sql="m.metric"),
            Column(name="value", sql="m.value", kind=ColumnKind.NUMBER),
            Column(name="approximate", sql="m.approximate", kind=ColumnKind.SWITCH),
            Column(name="measured_at", sql="m.measured_at", kind=ColumnKind.INSTANT),
        ),
    ),
    ExportKind.PUBLICATIONS: Table(
        row="p",
        source=f"publications AS p {_JOINS}",
        at="p.created_at",
        permission=Permission.PUBLISHING_READ,
        columns=(
            *_PUBLICATION,
            Column(name="state", sql="p.state"),
            Column(name="scheduled_for", sql="p.scheduled_for", kind=ColumnKind.INSTANT),
            Column(name="published_at", sql="p.published_at", kind=ColumnKind.INSTANT),
            *(
                Column(
                    name=metric.lower(),
                    sql=_LAST.format(metric=metric),
                    kind=ColumnKind.NUMBER,
                )
                for metric in ("LIKES", "SHARES", "REPLIES", "QUOTES", "VIEWS", "CLICKS")
            ),
        ),
    ),
    ExportKind.MESSAGES: Table(
        row="m",
        source="messages AS m JOIN threads AS t ON t.workspace_id = $1 AND t.id = m.thread_id "
        "JOIN publications AS p ON p.workspace_id = $1 AND p.id = t.publication_id "
        "LEFT JOIN persons AS w ON w.workspace_id = $1 AND w.id = m.person_id "
        f"{_JOINS}",
        at="m.written_at",
        permission=Permission.ENGAGEMENT_READ,
        columns=(
            Column(name="message_id", sql="m.id", node="Message"),
            *_PUBLICATION,
            Column(name="direction", sql="m.direction"),
            Column(name="person", sql="w.name"),
            Column(name="handle", sql="w.handle"),
            Column(name="text", sql="m.text"),
            Column(name="message_url", sql="m.url"),
            Column(name="written_at", sql="m.written_at", kind=ColumnKind.INSTANT),
        ),
    ),
    ExportKind.CLICKS: Table(
        row="h",
        source="click_hours AS h "
        "JOIN short_links AS l ON l.workspace_id = $1 AND l.id = h.short_link_id "
        "JOIN revisions AS r ON r.workspace_id = $1 AND r.id = l.revision_id "
        "JOIN content_items AS i ON i.workspace_id = $1 AND i.id = r.item_id "
        "JOIN channels AS c ON c.workspace_id = $1 AND c.id = l.channel_id "
        # A publication as the scopes know it: whatever shows the link belongs to these.
        "CROSS JOIN LATERAL (SELECT r.item_id, l.channel_id) AS p",
        at="h.hour",
        permission=Permission.CONTENT_READ,
        columns=(
            Column(name="short_link_id", sql="l.id", node="ShortLink"),
            Column(name="code", sql="l.code"),
            Column(name="address", sql="l.url"),
            Column(name="content_item_id", sql="i.id", node="ContentItem"),
            Column(name="title", sql="i.title"),
            Column(name="channel_id", sql="c.id", node="Channel"),
            Column(name="channel", sql="c.name"),
            Column(name="hour", sql="h.hour", kind=ColumnKind.INSTANT),
            Column(name="people", sql="h.people", kind=ColumnKind.NUMBER),
            Column(name="programs", sql="h.programs", kind=ColumnKind.NUMBER),
        ),
    ),
}

#: What must be there for a scope to be exported.
_THINGS: Mapping[ScopeKind, str] = {
    ScopeKind.BRAND: "brands",
    ScopeKind.CHANNEL: "channels",
    ScopeKind.CAMPAIGN: "campaigns",
    ScopeKind.CONTENT_ITEM: "content_items",
}


async def create(
    work: UnitOfWork,
    *,
    kind: ExportKind,
    format: ExportFormat,  # noqa: A002 - its name in the API
    scope: Scope,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    byte_order_mark: bool = False,
) -> Export:
    """Ask for a file; a worker writes it."""
    work.caller.require(Permission.ANALYTICS_READ)
    work.caller.require(TABLES[kind].permission)
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid("The end comes after the beginning.", path=("input", "to"))
    if byte_order_mark and format is not ExportFormat.CSV:
        raise Invalid("Only CSV has a byte order mark.", path=("input", "byteOrderMark"))
    await _require_scope(work, scope)
    row = Export(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        kind=kind,
        format=format,
        state=ExportState.WAITING,
        scope=scope.to_json(),
        starts_at=starts_at,
        ends_at=ends_at,
        byte_order_mark=byte_order_mark,
        rows_done=0,
        problem="",
        requested_by=work.caller.member_id,
    )
    await work.add(row)
    work.record(ExportRequested(subject_id=row.id, kind=kind, format=format))
    work.promise(WriteExport(workspace_id=row.workspace_id, export_id=row.id))
    return row


async def _require_scope(work: UnitOfWork, scope: Scope) -> None:
    if scope.id is None:
        return
    found = await work.rows(
        f"SELECT 1 FROM {_THINGS[scope.kind]} WHERE workspace_id = $1 AND id = $2",  # noqa: S608 - one of the four above
        work.caller.workspace_id,
        scope.id,
    )
    if not found:
        raise NotFound("There is nothing with this id.", path=("input", "scope", "id"))


async def cancel(work: UnitOfWork, *, export_id: UUID) -> Export:
    """Stop an export that is not finished; what was written of it is thrown away."""
    work.caller.require(Permission.ANALYTICS_READ)
    row = await get(work, Export, export_id, lock=True)
    work.caller.require(TABLES[row.kind].permission)
    if row.state is ExportState.CANCELLED:
        return row
    if row.state not in _OPEN:
        raise WrongState("This export has ended already.", path=("input", "id"))
    row.state, row.finished_at = ExportState.CANCELLED, work.now
    work.record(ExportCancelled(subject_id=row.id))
    return row


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a worker needs to write the file of an export."""

    export_id: UUID
    kind: ExportKind
    format: ExportFormat
    byte_order_mark: bool
    sql: str
    values: tuple[Any, ...]

    @property
    def columns(self) -> Sequence[Column]:
        """Return what stands in each row."""
        return TABLES[self.kind].columns

    @property
    def storage_key(self) -> str:
        """Return where the bytes go."""
        return f"exports/{self.export_id}"


async def begin(work: UnitOfWork, *, export_id: UUID) -> Order | None:
    """Begin to write, or begin anew after a worker was lost; None where nobody wants it."""
    row = await get(work, Export, export_id, lock=True)
    if row.state not in _OPEN:
        return None
    table = TABLES[row.kind]
    scope = Scope.from_json(row.scope)
    conditions = [f"{table.row}.workspace_id = $1", within_scope(scope, 2)]
    values: list[Any] = [work.caller.workspace_id]
    if scope.id is not None:
        values.append(scope.id)
    for at, compare in ((row.starts_at, ">="), (row.ends_at, "<")):
        if at is not None:
            values.append(at)
            conditions.append(f"{table.at} {compare} ${len(values)}")
    body = f"FROM {table.source} WHERE {' AND '.join(conditions)}"
    (total,) = await work.rows(f"SELECT count(*) {body}", *values)
    row.state, row.rows_done, row.rows_total = ExportState.RUNNING, 0, int(total[0])
    wanted = ", ".join(column.sql for column in table.columns)
    return Order(
        export_id=row.id,
        kind=row.kind,
        format=row.format,
        byte_order_mark=row.byte_order_mark,
        sql=f"SELECT {table.row}.id, {wanted} {body} AND {table.row}.id > ${len(values) + 1} "
        f"ORDER BY {table.row}.id LIMIT {BATCH}",
        values=tuple(values),
    )


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some rows of an export, in the order of its columns; `last` is where the next begins."""

    rows: Sequence[tuple[Any, ...]]
    last: UUID


async def next_batch(work: UnitOfWork, order: Order, *, after: UUID) -> Batch | None:
    """Read the next rows and say how far it has come; None where it was cancelled meanwhile."""
    found = await work.rows(order.sql, *order.values, after)
    going_on = await work.change(
        update(Export)
        .where(Export.id == order.export_id, Export.state == ExportState.RUNNING)
        .values(rows_done=Export.rows_done + len(found))
    )
    if not going_on:
        return None
    shown = [_shown_by(column) for column in order.columns]
    rows = [
        tuple(show(value) for show, value in zip(shown, tuple(row)[1:], strict=True))
        for row in found
    ]
    return Batch(rows=rows, last=UUID(str(found[-1][0])) if found else after)


def _shown_by(column: Column) -> Callable[[Any], Any]:
    if column.node:
        node = column.node
        return lambda value: None if value is None else global_id(node, value)
    return lambda value: value


async def finish(work: UnitOfWork, *, export_id: UUID, storage_key: str, size: int) -> bool:
    """Say that the file is there; false where somebody cancelled it in the last moment."""
    row = await get(work, Export, export_id, lock=True)
    if row.state is not ExportState.RUNNING:
        return False
    row.state, row.storage_key, row.size = ExportState.READY, storage_key, size
    row.rows_total = row.rows_done
    row.finished_at = work.now
    row.expires_at = work.now + timedelta(days=work.settings.export_days)
    work.record(ExportFinished(subject_id=row.id, rows=row.rows_done, size=size))
    work.promise(
        DiscardExport(workspace_id=row.workspace_id, export_id=row.id), due_at=row.expires_at
    )
    return True


async def fail(work: UnitOfWork, *, export_id: UUID, problem: str) -> None:
    """Say why there will be no file."""
    row = await get(work, Export, export_id, lock=True)
    if row.state in _OPEN:
        row.state, row.problem, row.finished_at = ExportState.FAILED, problem, work.now
        work.record(ExportFailed(subject_id=row.id, problem=problem))


async def expire(work: UnitOfWork, *, export_id: UUID) -> str | None:
    """End the time of a file; return the key of the bytes to remove, if there are any."""
    row = await get(work, Export, export_id, lock=True)
    if row.state is not ExportState.READY:
        return None
    key = row.storage_key
    row.state, row.storage_key = ExportState.EXPIRED, None
    work.record(ExportExpired(subject_id=row.id))
    return key


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A file that can be fetched."""

    storage_key: str
    name: str
    mime: str


_MIMES: Mapping[ExportFormat, tuple[str, str]] = {
    ExportFormat.CSV: ("csv", "text/csv; charset=utf-8"),
    ExportFormat.PARQUET: ("parquet", "application/vnd.apache.parquet"),
}


async def ready(work: UnitOfWork, *, export_id: UUID) -> Ready:
    """Return where the file of an export lies; raise NotFound where there is none (any more)."""
    row = await get(work, Export, export_id, path=("id",))
    if row.state is not ExportState.READY or row.storage_key is None:
        raise NotFound("There is nothing with this id.", path=("id",))
    extension, mime = _MIMES[row.format]
    day = row.created_at.date().isoformat()
    return Ready(
        storage_key=row.storage_key, name=f"{row.kind.lower()}-{day}.{extension}", mime=mime
    )
