"""The story of the demo: a process of its own, which asks for the hub's clock to be moved."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from socket import socket, socketpair

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.embedded.environment import CannotStart
from hub.kernel.clock import set_offset
from hub.kernel.settings import Settings

STORY = "workers.demo"
#: Where the report goes unless somebody says otherwise.
REPORT = Path("demo-report")
#: Lies in a folder that the demo may empty.
MADE_BY_US = ".hub-demo"


def clear_report(folder: Path) -> None:
    """Empty the folder of the report; CannotStart where it holds what the demo has not written."""
    if _is_somebody_elses(folder):
        raise CannotStart(
            f"{folder} is not a report of the demo, so it stays as it is. "
            "Choose another folder with `hub demo --keep`."
        )
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MADE_BY_US).write_text("`hub demo` empties this folder.\n", encoding="utf-8")


def _is_somebody_elses(folder: Path) -> bool:
    if not folder.exists() or (folder / MADE_BY_US).exists():
        return False
    return not folder.is_dir() or any(folder.iterdir())


async def play(
    settings: Settings,
    *,
    tokens: Mapping[str, str],
    addresses: Mapping[str, str],
    out: Path,
    stays: bool,
) -> int:
    """Play the story in a process of its own, a client like any other; return its exit code."""
    if settings.environment == "production":
        raise CannotStart(
            "The demo moves the hub's clock, so it is not played in production. On a database that "
            "is only for trying, set HUB_ENVIRONMENT=development."
        )
    async with moving_clock(settings) as theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", STORY, "--out", str(out)),
            env={
                **os.environ,
                **addresses,
                "HUB_DEMO_API": settings.public_url,
                "HUB_DEMO_CLOCK": str(theirs.fileno()),
                **({"HUB_DEMO_STAYS": "1"} if stays else {}),
                **{f"HUB_DEMO_{name.upper()}": token for name, token in tokens.items()},
            },
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        try:
            return await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise


@asynccontextmanager
async def moving_clock(settings: Settings) -> AsyncIterator[socket]:
    """Move the hub's clock for whoever holds the other end; in the end it is right again.

    A line with the seconds it stands beside the real time is answered by a line with `ok`.
    """
    ours, theirs = socketpair()
    # The application may read the clock; only the owner of the tables moves it.
    engine = create_async_engine(settings.migrate_url or settings.database_url, pool_size=1)
    reader, writer = await asyncio.open_connection(sock=ours)

    async def serve() -> None:
        async for line in reader:
            writer.write(await _moved(engine, line) + b"\n")

    serving = asyncio.create_task(serve())
    try:
        yield theirs
    finally:
        serving.cancel()
        writer.close()
        await _moved(engine, b"0")
        await engine.dispose()


async def _moved(engine: AsyncEngine, line: bytes) -> bytes:
    try:
        async with engine.begin() as connection:
            await set_offset(connection, timedelta(seconds=float(line)))
    except DBAPIError as error:
        return f"The database says: {error.orig}".replace("\n", " ").encode()
    return b"ok"
