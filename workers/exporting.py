"""Writing the files of exports: row by row on this machine's disk, then into storage."""

import asyncio
import csv
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TextIO
from uuid import UUID

import arro3.core as arrow
import orjson
from arro3.io import read_json, write_parquet

from hub.analytics import exports
from hub.analytics.exports import Column, ColumnKind, Order
from hub.analytics.jobs import DiscardExport, WriteExport
from hub.analytics.models import ExportFormat
from workers.handling import Again, Toolbox, handles

#: Rows of one group of a Parquet file: what a reader loads at once.
_GROUP = 65_536
_READ_AT_ONCE = 8_192
_BYTE_ORDER_MARK = "\ufeff"
#: What a spreadsheet would take for a formula: OWASP, "CSV Injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ARROW: Mapping[ColumnKind, Any] = {
    ColumnKind.TEXT: arrow.DataType.utf8(),
    ColumnKind.NUMBER: arrow.DataType.int64(),
    ColumnKind.SWITCH: arrow.DataType.bool(),
    ColumnKind.INSTANT: arrow.DataType.timestamp("us", tz="UTC"),
}


class Writer(Protocol):
    """Writes rows to a file, in the order of the columns."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write some rows; blocks."""

    def close(self) -> Path:
        """End the file and say where it is; blocks."""


class CsvWriter:
    """CSV as RFC 4180 has it: commas, CRLF, UTF-8; no cell is taken for a formula."""

    def __init__(
        self, folder: Path, columns: Sequence[Column], *, byte_order_mark: bool = False
    ) -> None:
        self._path = folder / "export.csv"
        self._file: TextIO = self._path.open("w", encoding="utf-8", newline="")
        if byte_order_mark:
            self._file.write(_BYTE_ORDER_MARK)
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write some rows."""
        self._writer.writerows([[cell(value) for value in row] for row in rows])

    def close(self) -> Path:
        """End the file."""
        self._file.close()
        return self._path


def cell(value: object) -> str:
    """Return a value as a spreadsheet may read it: a text that looks like a formula gets a quote.

    Numbers are no texts: a loss of three stays -3.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case _:
            return str(value)


class ParquetWriter:
    """Parquet with Zstandard. Rows wait as lines of JSON on disk: memory stays small.

    What is read back and written is a batch at a time, in Rust.
    """

    def __init__(self, folder: Path, columns: Sequence[Column]) -> None:
        self._path = folder / "export.parquet"
        self._columns = columns
        self._lines = folder / "export.ndjson"
        self._file = self._lines.open("wb")

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write some rows."""
        names = [column.name for column in self._columns]
        self._file.writelines(
            orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
            for row in rows
        )

    def close(self) -> Path:
        """Turn the lines into the file."""
        self._file.close()
        schema = arrow.Schema(
            [
                arrow.Field(column.name, _ARROW[column.kind], nullable=True)
                for column in self._columns
            ]
        )
        write_parquet(
            read_json(self._lines, schema, batch_size=_READ_AT_ONCE),
            self._path,
            compression="zstd(3)",
            max_row_group_size=_GROUP,
        )
        return self._path


def writer_of(order: Order, folder: Path) -> Writer:
    """Return what writes the file of an export."""
    if order.format is ExportFormat.PARQUET:
        return ParquetWriter(folder, order.columns)
    return CsvWriter(folder, order.columns, byte_order_mark=order.byte_order_mark)


@handles(WriteExport, apart=True)
async def write(job: WriteExport, tools: Toolbox) -> Again | None:
    """Write in batches, each read in a transaction of its own; stop where it was cancelled.

    Rows that come while it is written may be in it or not. A worker that is lost leaves nothing
    behind: another one begins anew.
    """
    async with tools.unit_of_work(job.workspace_id) as work:
        order = await exports.begin(work, export_id=job.export_id)
    if order is None:
        return None
    try:
        async with _a_folder() as folder:
            path = await _written(order, job, tools, folder)
            if path is not None:
                await _stored(order, job, tools, path)
    except OSError as error:
        async with tools.unit_of_work(job.workspace_id) as work:
            await exports.fail(
                work, export_id=job.export_id, problem=f"The file could not be written: {error}"
            )
    return None


async def _written(order: Order, job: WriteExport, tools: Toolbox, folder: Path) -> Path | None:
    writer = await asyncio.to_thread(writer_of, order, folder)
    after = UUID(int=0)
    while True:
        async with tools.unit_of_work(job.workspace_id) as work:
            batch = await exports.next_batch(work, order, after=after)
        if batch is None:
            await asyncio.to_thread(writer.close)
            return None
        if not batch.rows:
            return await asyncio.to_thread(writer.close)
        await asyncio.to_thread(writer.write, batch.rows)
        after = batch.last


async def _stored(order: Order, job: WriteExport, tools: Toolbox, path: Path) -> None:
    size = await asyncio.to_thread(lambda: path.stat().st_size)
    with path.open("rb") as file:
        await tools.storage.put_file(order.storage_key, file)
    async with tools.unit_of_work(job.workspace_id) as work:
        kept = await exports.finish(
            work, export_id=job.export_id, storage_key=order.storage_key, size=size
        )
    if not kept:
        await tools.storage.delete(order.storage_key)


@handles(DiscardExport)
async def discard(job: DiscardExport, tools: Toolbox) -> Again | None:
    """Remove the bytes of a file whose time is over."""
    async with tools.unit_of_work(job.workspace_id) as work:
        key = await exports.expire(work, export_id=job.export_id)
    if key is not None:
        await tools.storage.delete(key)
    return None


@asynccontextmanager
async def _a_folder() -> AsyncIterator[Path]:
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="hub-export-")
    try:
        yield Path(folder.name)
    finally:
        await asyncio.to_thread(folder.cleanup)
