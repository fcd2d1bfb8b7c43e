"""Files and reports are written by workers, in batches, and fetched at signed addresses."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import arro3.io
import httpx
import pytest
from sqlalchemy import text

from hub.access.models import Role
from hub.analytics import exports, reports
from hub.analytics import operations as analytics
from hub.analytics.exports import TABLES, Column, ColumnKind, Order
from hub.analytics.jobs import MakeReport
from hub.analytics.models import Export, ExportFormat, ExportKind, ExportState, Report
from hub.analytics.queries import EVERYTHING, Scope, ScopeKind
from hub.content.storage import BytesMissing
from hub.kernel.editing import get
from hub.kernel.ids import global_id
from hub.kernel.work import Hub
from hub.publishing.models import Publication, PublicationState
from hub.strategy import operations as strategy
from hub.strategy.models import GoalMetric
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, a_world
from tests.hub.traces import events_of, put
from tests.schema.client.api import an_api
from tests.schema.client.rows import bring
from tests.working import a_toolbox, move_clock, work_off
from workers.exporting import CsvWriter, ParquetWriter, cell
from workers.handling import Toolbox
from workers.simulators.mastodon import create_simulator
from workers.simulators.serving import served

COLUMNS = (
    Column(name="text", sql=""),
    Column(name="number", sql="", kind=ColumnKind.NUMBER),
    Column(name="switch", sql="", kind=ColumnKind.SWITCH),
    Column(name="at", sql="", kind=ColumnKind.INSTANT),
)
AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ROWS: Sequence[tuple[Any, ...]] = (
    ('Été, « œuf »\n"ligne"', 5_000_000_000, True, AT),
    ("=HYPERLINK(1)", -3, False, AT + timedelta(days=1)),
    (None, None, None, None),
    ("", 0, True, AT),
)


@pytest.fixture
async def world(hub: Hub) -> World:
    """A workspace with a brand and people."""
    return await a_world(hub)


@pytest.fixture
async def tools(hub: Hub) -> AsyncIterator[Toolbox]:
    """A worker's tools."""
    async with a_toolbox(hub) as opened:
        yield opened


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+33 1", "'+33 1"),
        ("-x", "'-x"),
        ("@brand", "'@brand"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
        (-3, "-3"),
        (None, ""),
        (True, "true"),
    ],
)
def test_no_text_is_taken_for_a_formula(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_csv_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    writer = CsvWriter(tmp_path, COLUMNS, byte_order_mark=True)
    writer.write(ROWS[:2])
    writer.write(ROWS[2:])
    data = writer.close().read_bytes()

    assert data.startswith(b"\xef\xbb\xbftext,number,switch,at\r\n")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1:]
    assert read == [
        ['Été, « œuf »\n"ligne"', "5000000000", "true", "2026-03-01T12:00:00.123456+00:00"],
        ["'=HYPERLINK(1)", "-3", "false", "2026-03-02T12:00:00.123456+00:00"],
        ["", "", "", ""],
        ["", "0", "true", "2026-03-01T12:00:00.123456+00:00"],
    ]


def test_parquet_is_read_back_with_its_types(tmp_path: Path) -> None:
    writer = ParquetWriter(tmp_path, COLUMNS)
    writer.write(ROWS)
    table = arro3.io.read_parquet(writer.close()).read_all()

    columns = [table.column(name).combine_chunks() for name in ("text", "number", "switch", "at")]
    read = [[column[place].as_py() for column in columns] for place in range(table.num_rows)]
    assert read == [list(row) for row in ROWS]


def test_parquet_of_nothing_has_its_columns_all_the_same(tmp_path: Path) -> None:
    table = arro3.io.read_parquet(ParquetWriter(tmp_path, COLUMNS).close()).read_all()

    assert (table.num_rows, table.column_names) == (0, ["text", "number", "switch", "at"])


async def ask(
    world: World, kind: ExportKind, form: ExportFormat = ExportFormat.CSV, **more: Any
) -> UUID:
    async with world.hub.unit_of_work(world.editor) as work:
        row = await exports.create(work, kind=kind, format=form, **{"scope": EVERYTHING, **more})
    return row.id


async def export(world: World, export_id: UUID) -> Export:
    async with world.hub.unit_of_work(world.system) as work:
        return await get(work, Export, export_id)


async def bytes_of(tools: Toolbox, row: Export) -> bytes:
    assert row.storage_key is not None
    reading = await tools.storage.read(row.storage_key)
    data = b"".join([piece async for piece in reading.pieces])
    assert len(data) == reading.size == row.size
    return data


async def measured(world: World, **counters: int) -> Publication:
    row = await a_publication(world, channel_id=await a_channel(world, name="=Canal"))
    async with world.hub.unit_of_work(world.system) as work:
        work.promises.clear()
        await analytics.record(work, publication_id=row.id, counters=counters, approximate=False)
    async with world.hub.unscoped() as session:
        await session.execute(text("DELETE FROM jobs"))
    return row


async def test_an_export_is_written_in_batches_and_says_how_far_it_is(
    world: World, tools: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await measured(world, LIKES=5_000_000_000, REPLIES=2, VIEWS=3)
    monkeypatch.setattr(exports, "BATCH", 2)
    asked = await ask(world, ExportKind.MEASUREMENTS)
    assert await work_off(tools) == 1

    made = await export(world, asked)
    assert (made.state, made.rows_done, made.rows_total) == (ExportState.READY, 3, 3)
    read = list(csv.DictReader(io.StringIO((await bytes_of(tools, made)).decode())))
    assert {(one["metric"], one["value"]) for one in read} == {
        ("LIKES", "5000000000"),
        ("REPLIES", "2"),
        ("VIEWS", "3"),
    }
    assert {one["publication_id"] for one in read} == {global_id("Publication", row.id)}
    assert {one["channel"] for one in read} == {"'=Canal"}
    assert [one.name for one in await events_of(world)][-2:] == [
        "export.requested",
        "export.finished",
    ]


@pytest.mark.parametrize("form", list(ExportFormat))
async def test_every_kind_is_written_in_every_format_of_every_scope(
    world: World, tools: Toolbox, form: ExportFormat
) -> None:
    row = await measured(world, LIKES=4)
    async with world.hub.unit_of_work(world.manager) as work:
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="C")
    scopes = (
        EVERYTHING,
        Scope(kind=ScopeKind.BRAND, id=world.brand_id),
        Scope(kind=ScopeKind.CHANNEL, id=row.channel_id),
        Scope(kind=ScopeKind.CONTENT_ITEM, id=row.item_id),
        Scope(kind=ScopeKind.CAMPAIGN, id=campaign.id),
    )
    span = {"starts_at": row.created_at - timedelta(days=1), "ends_at": AT.replace(year=2100)}
    asked = {
        (kind, scope.kind): await ask(world, kind, form, scope=scope, **span)
        for kind in ExportKind
        for scope in scopes
    }
    await work_off(tools)

    full = {ExportKind.MEASUREMENTS, ExportKind.PUBLICATIONS}
    for (kind, scope), export_id in asked.items():
        found = await export(world, export_id)
        rows = 1 if kind in full and scope is not ScopeKind.CAMPAIGN else 0
        assert (found.state, found.rows_done) == (ExportState.READY, rows), (kind, scope)
        data = await bytes_of(tools, found)
        head = TABLES[kind].columns[0].name.encode()
        assert data.startswith(b"PAR1" if form is ExportFormat.PARQUET else head)


async def test_a_cancelled_export_stops_where_it_is(world: World, tools: Toolbox) -> None:
    await measured(world, LIKES=1, REPLIES=2)
    asked = await ask(world, ExportKind.MEASUREMENTS)
    async with world.hub.unit_of_work(world.system) as work:
        order = await exports.begin(work, export_id=asked)
    assert isinstance(order, Order)
    async with world.hub.unit_of_work(world.editor) as work:
        await exports.cancel(work, export_id=asked)

    async with world.hub.unit_of_work(world.system) as work:
        assert await exports.next_batch(work, order, after=UUID(int=0)) is None
    async with world.hub.unit_of_work(world.system) as work:
        assert not await exports.finish(work, export_id=asked, storage_key="x", size=1)
    await work_off(tools)

    row = await export(world, asked)
    assert (row.state, row.rows_done, row.storage_key) == (ExportState.CANCELLED, 0, None)


async def test_a_file_is_fetched_at_its_address_and_gone_when_its_time_is_over(
    world: World, tools: Toolbox, database: Database
) -> None:
    await measured(world, LIKES=1)
    asked = await ask(world, ExportKind.PUBLICATIONS)
    await work_off(tools)
    hub = world.hub
    async with an_api(hub.settings) as api:
        editor = api.as_(world.tokens[Role.EDITOR])
        answer = await editor.ask("{ exports { nodes { state progress size downloadUrl } } }")
        (node,) = answer.data["exports"]["nodes"]
        assert (node["state"], node["progress"]) == ("READY", 1.0)
        url = node["downloadUrl"].removeprefix(hub.settings.public_url)
        got = await api.http.get(url)
        assert got.status_code == 200
        assert int(got.headers["content-length"]) == node["size"] == len(got.content)
        assert got.headers["content-disposition"].startswith('attachment; filename="publications-')
        other = await a_world(hub, slug="other")
        swapped = url.replace(str(world.workspace_id), str(other.workspace_id))
        for wrong in (swapped, url[:-1] + ("0" if url[-1] != "0" else "1"), url.partition("?")[0]):
            assert (await api.http.get(wrong)).status_code == 404
        await move_clock(hub, database.owner_url, timedelta(minutes=21))
        assert (await api.http.get(url)).status_code == 404

    key = (await export(world, asked)).storage_key
    assert key is not None
    await move_clock(hub, database.owner_url, timedelta(days=8))
    await work_off(tools)
    assert (await export(world, asked)).state is ExportState.EXPIRED
    with pytest.raises(BytesMissing):
        await tools.storage.read(key)


@pytest.mark.parametrize("locale", ["en", "fr"])
async def test_a_report_is_a_page_and_a_document(
    world: World, tools: Toolbox, database: Database, locale: str
) -> None:
    row = await measured(world, LIKES=12, SHARES=3)
    async with world.hub.unit_of_work(world.manager) as work:
        campaign = await strategy.create_campaign(
            work, brand_id=world.brand_id, name="Été <b>#1 *", objective="Réparer"
        )
    assert row.item_id is not None
    await put(database, "content_items", row.item_id, campaign_id=campaign.id)
    await bring(world, row, PublicationState.PUBLISHED)
    today = (await world.hub.now()).date()
    async with world.hub.unit_of_work(world.manager) as work:
        await strategy.create_goal(
            work,
            brand_id=world.brand_id,
            campaign_id=campaign.id,
            name="Cent <i>j'aime",
            metric=GoalMetric.LIKES,
            target=100,
            starts_on=today - timedelta(days=9),
            deadline=today,
        )
    async with world.hub.unit_of_work(world.editor) as work:
        asked = await reports.create(
            work,
            campaign_id=campaign.id,
            first_day=today - timedelta(days=6),
            last_day=today + timedelta(days=1),
            time_zone="Europe/Paris",
            locale=locale,
        )
    await work_off(tools)

    page = (
        await tools.storage.get(reports.storage_key(report_id=asked.id, extension="html"))
    ).decode()
    document = await tools.storage.get(reports.storage_key(report_id=asked.id, extension="pdf"))
    async with world.hub.unit_of_work(world.system) as work:
        assert (await get(work, Report, asked.id)).state == "READY"
    assert "Été &lt;b&gt;#1 *" in page
    assert "<b>#1" not in page
    assert "<script" not in page
    assert page.count("<svg") == 1
    assert ("Campaign report" if locale == "en" else "Rapport de campagne") in page
    assert "<b>15</b>" in page
    assert "Cent &lt;i&gt;j&#x27;aime" in page
    assert ("12 (12.0%)" if locale == "en" else "12 (12,0\u202f%)") in page
    assert ("<td>Behind</td>" if locale == "en" else "<td>En retard</td>") in page
    assert document.startswith(b"%PDF-")
    assert [one.name for one in await events_of(world)][-1] == "report.made"


async def test_a_report_that_was_made_is_not_made_again(world: World, tools: Toolbox) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="C")
        asked = await reports.create(
            work,
            campaign_id=campaign.id,
            first_day=date(2026, 3, 1),
            last_day=date(2026, 3, 2),
            time_zone="UTC",
            locale="en",
        )
    await work_off(tools)
    before = len(await events_of(world))
    async with world.hub.unit_of_work(world.system) as work:
        work.promise(MakeReport(workspace_id=world.workspace_id, report_id=asked.id))
    await work_off(tools)

    page = (
        await tools.storage.get(reports.storage_key(report_id=asked.id, extension="html"))
    ).decode()
    assert "Nothing was measured in these days." in page
    assert len(await events_of(world)) == before


async def test_followers_are_read_from_the_account(hub: Hub, world: World) -> None:
    with served(create_simulator(dialect="mastodon")) as address:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            made = await http.post("/api/v1/_sim/accounts", json={"username": "brand"})
            await http.post("/api/v1/_sim/accounts", json={"username": "ada"})
        channel_id = await a_channel(
            world,
            settings={"base_url": address},
            credentials={"access_token": made.json()["access_token"]},
            ready=False,
        )
        async with a_toolbox(hub, allow=(address.removeprefix("http://"),)) as tools:
            await work_off(tools)
            async with hub.unit_of_work(world.system) as work:
                assert await analytics.promise_channels(work) == 1
            await work_off(tools)
            async with hub.unit_of_work(world.system) as work:
                assert await analytics.promise_channels(work) == 0
    told = [one for one in await events_of(world) if one.name == "channel.measured"]
    assert [(one.subject_id, one.data) for one in told] == [
        (channel_id, {"counters": {"FOLLOWERS": 1, "FOLLOWING": 1, "POSTS": 0}})
    ]
