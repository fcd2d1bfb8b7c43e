"""Random documents through both read paths, on every core: compiled, and by graphql-core."""

import asyncio
import os
import shutil
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from sqlalchemy import make_url

from hub.embedded.servers import scratch_servers_held
from hub.kernel import log
from hub.kernel.ids import new_id
from hub.kernel.settings import Settings
from tests.conftest import SECRET_KEY, TEMPLATE, Servers, _as_admin, _make_template
from tests.schema.compiled.comparing import SHARE, Differs, Tally, compiled_share, walk
from tests.schema.compiled.doors import Pair, a_pair

_CHUNK = 200


@dataclass
class _Worker:
    """What one process keeps open between its chunks."""

    loop: asyncio.AbstractEventLoop
    pair: Pair
    open: AsyncExitStack


_OWN: list[_Worker] = []


def compare(console: Console, *, documents: int, seed: int) -> int:
    """Compare, show how far it is, print one line; return how many chunks found a difference."""
    started = time.monotonic()
    tally = Tally()
    counts: Counter[str] = Counter()
    differences: list[str] = []
    chunks = -(-documents // _CHUNK)
    folder = Path(tempfile.mkdtemp(prefix="hub-fuzz-"))
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with scratch_servers_held() as found, Progress(*columns, console=console) as progress:
            servers = Servers(admin_url=found.admin_url, redis_url=found.redis_url)
            asyncio.run(_make_template(servers))
            bar = progress.add_task("Comparing documents", total=documents)
            with ProcessPoolExecutor(
                max_workers=os.cpu_count(), initializer=_begin, initargs=(servers, folder, seed)
            ) as pool:
                several = [pool.submit(_chunk, seed * 1_000_000 + one) for one in range(chunks)]
                for done in as_completed(several):
                    part, ran, difference = done.result()
                    tally.merge(part)
                    counts.update(ran)
                    differences.extend([difference] if difference else [])
                    progress.advance(bar, _CHUNK)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for one in differences[:10]:
        console.print(one, highlight=False, markup=False, soft_wrap=True)
    share = compiled_share(counts)
    low = share is not None and share < SHARE
    console.print(
        f"{tally.documents:,} documents in {time.monotonic() - started:.0f} s: "
        f"{len(differences)} chunks with a difference; {tally.with_data:,} had data, "
        f"{tally.with_errors:,} data and errors; "
        + ("compiled: not counted." if share is None else f"compiled: {share:.0%}.")
        + (f" At least {SHARE:.0%} must be." if low else ""),
        highlight=False,
        soft_wrap=True,
    )
    return len(differences) + low


def _begin(servers: Servers, folder: Path, seed: int) -> None:
    log.configure(level="critical")
    loop = asyncio.new_event_loop()
    _OWN.append(loop.run_until_complete(_opened(servers, folder, seed, loop)))


async def _opened(
    servers: Servers, folder: Path, seed: int, loop: asyncio.AbstractEventLoop
) -> _Worker:
    name = f"t_{new_id().hex[-20:]}"
    # A template must have no visitors: the processes copy it one after the other.
    for _ in range(200):
        try:
            await asyncio.to_thread(
                asyncio.run,
                _as_admin(servers, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER hub_owner"),
            )
            break
        except Exception:  # noqa: BLE001 - somebody else copies it just now; the last try is seen
            await asyncio.sleep(0.1)
    stack = AsyncExitStack()
    settings = Settings(
        database_url=servers.url(name, user="hub_app"),
        redis_url=make_url(servers.redis_url).render_as_string(hide_password=False),
        secret_key=SecretStr(SECRET_KEY),
        data_dir=folder / name,
        environment="development",
        database_pool=2,
        password_memory_kib=32,
        password_passes=1,
    )
    pair = await stack.enter_async_context(
        a_pair(settings, servers.url(name, user="hub_owner"), seed=seed)
    )
    return _Worker(loop=loop, pair=pair, open=stack)


def _chunk(seed: int) -> tuple[Tally, dict[str, int], str | None]:
    worker = _OWN[0]
    before = Counter(worker.pair.compiled.counts() or {})
    tally = Tally()
    difference = None
    try:
        tally = worker.loop.run_until_complete(walk(worker.pair, seed=seed, count=_CHUNK))
    except Differs as error:
        difference = str(error)
    after = Counter(worker.pair.compiled.counts() or {})
    after.subtract(before)
    return tally, dict(after), difference
