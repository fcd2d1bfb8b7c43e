"""What is measured: every server is one process on the same database, described in one table."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import psutil

from hub.embedded.environment import free_port
from tests.bench.asking import FLAT, Facts, hub_bodies, hub_cursors, plain_cursor
from tests.bench.place import Place

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 90.0
STOP_SECONDS = 20.0
#: Connections to the database; the hub's own default, and enough for two cores.
POOL = 5

_JSON = {"content-type": "application/json"}

Bodies = Mapping[str, Sequence[bytes]]


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a server is started."""

    argv: Sequence[str | Path]
    environment: Mapping[str, str]
    folder: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Server:
    """One contestant: how it starts, what it is sent, and how its answer is read.

    `walk` finds the cursors of deep pages, where only the server itself can write them. `paths`
    are where queries go, where that is not `path`; `same` says that it gives the hub's answers.
    With `get` it is asked by GET, with `conditional` whether we know its answer already.
    """

    name: str
    command: Callable[[Place, int], Command]
    bodies: Callable[[Facts, Sequence[str]], Bodies]
    path: str = "/graphql"
    paths: Mapping[str, str] = field(default_factory=dict)
    headers: Callable[[Place], Mapping[str, str]] = lambda _place: {}
    mutation_headers: Mapping[str, str] = field(default_factory=dict)
    walk: "Walk | None" = None
    same: bool = False
    get: bool = False
    conditional: bool = False
    install: Callable[[Callable[[str], None]], None] = lambda _tell: None
    prepare: "Prepare | None" = None


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers."""

    server: Server
    url: str
    process: psutil.Process
    headers: Mapping[str, str]
    tags: dict[str, str] = field(default_factory=dict)

    def headers_of(self, query: str) -> Mapping[str, str]:
        """Return the headers a query is sent with."""
        known = {"if-none-match": self.tags[query]} if query in self.tags else {}
        return {
            **self.headers,
            **known,
            **(self.server.mutation_headers if query == "M1" else {}),
        }

    def request(self, query: str, body: bytes) -> tuple[str, str, bytes]:
        """Return method, path and content of a request."""
        path = self.server.paths.get(query, self.server.path)
        if not self.server.get:
            return "POST", path, body
        asked = json.loads(body)
        asked["variables"] = json.dumps(asked["variables"])
        return "GET", f"{path}?{urlencode(asked, quote_via=quote)}", b""


Prepare = Callable[[Place], Awaitable[None]]
Walk = Callable[[Running, Place, Facts], Sequence[str]]


@contextmanager
def running(server: Server, place: Place) -> Iterator[Running]:
    """Start a server, wait until it answers, and stop it."""
    port = free_port()
    command = server.command(place, port)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    log = place.folder / f"{server.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command.argv],
            env={**clean, **command.environment},
            cwd=command.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url + server.path, log)
            yield Running(
                server=server,
                url=url,
                process=psutil.Process(process.pid),
                headers={**({} if server.get else _JSON), **server.headers(place)},
            )
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            finally:
                if process.poll() is None:
                    process.kill()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # Any answer will do: it listens.
            httpx.get(url, timeout=2, trust_env=False)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text()[-3000:]}")


def _hub(**settings: str) -> Callable[[Place, int], Command]:
    def command(place: Place, port: int) -> Command:
        return Command(
            argv=[sys.executable, "-m", "schema"],
            environment={
                "HUB_DATABASE_URL": place.database_url,
                "HUB_REDIS_URL": place.redis_url,
                "HUB_SECRET_KEY": place.secret_key,
                "HUB_DATA_DIR": str(place.folder),
                "HUB_PORT": str(port),
                "HUB_DATABASE_POOL": str(POOL),
                "HUB_PAGE_MAX": str(FLAT),
                "HUB_QUERY_COST": "1000000",
                "HUB_TOKEN_POINTS_PER_MINUTE": "0",
                **settings,
            },
        )

    return command


def _bearer(place: Place) -> Mapping[str, str]:
    return {"authorization": f"Bearer {place.world.token}"}


def _page_bearer(place: Place) -> Mapping[str, str]:
    return {"authorization": f"Bearer {place.world.page_token}"}


def a_hub(name: str, **settings: str) -> Server:
    """Return the hub's own API process with these settings, such as HUB_COMPILED_READS."""
    return Server(
        name=name,
        command=_hub(**settings),
        bodies=lambda facts, cursors: _without("P", hub_bodies(facts, cursors)),
        headers=_bearer,
        mutation_headers={"idempotency-key": f"bench-{'@' * 12}"},
        walk=lambda one, place, facts: hub_cursors(one.url, place.world.token, facts.ranks),
        same=True,
    )


def a_page(name: str, *, conditional: bool) -> Server:
    """Return the API process as a web page asks it: by GET, with a token for what is published."""
    return Server(
        name=name,
        command=_hub(),
        bodies=lambda facts, _cursors: {"P": hub_bodies(facts, ())["P"]},
        headers=_page_bearer,
        get=True,
        conditional=conditional,
    )


def _without(name: str, bodies: Bodies) -> Bodies:
    return {other: each for other, each in bodies.items() if other != name}


def _limit(place: Place, port: int) -> Command:
    return Command(
        argv=[sys.executable, "-m", "tests.bench.limit", "--port", str(port), "--pool", str(POOL)],
        environment={
            "HUB_BENCH_URL": place.owner_url,
            "HUB_BENCH_WORKSPACE": place.world.workspace,
        },
        folder=ROOT,
    )


def _limit_bodies(facts: Facts, _cursors: Sequence[str]) -> Bodies:
    asked = hub_bodies(facts, [plain_cursor(row_id) for row_id in facts.places])
    return {name: asked[name] for name in ("Q1", "Q2", "Q3", "Q4", "M1")}


def _empty(_place: Place, port: int) -> Command:
    return Command(
        argv=[sys.executable, "-m", "tests.bench.empty", "--port", str(port)],
        environment={},
        folder=ROOT,
    )


HUB = a_hub("hub")
#: The hub when nothing is kept: every answer is read anew.
ANEW = a_hub("anew", HUB_ANSWER_CACHE_BYTES="0")
REFERENCE = a_hub("reference", HUB_COMPILED_READS="false")
LIMIT = Server(name="limit", command=_limit, bodies=_limit_bodies, same=True)
#: What any answer of Starlette costs here: nothing is asked, nothing is said.
EMPTY = Server(
    name="empty",
    command=_empty,
    bodies=lambda _facts, _cursors: {"empty": [b""]},
    path="/",
)
PAGE = a_page("page", conditional=False)
PAGE_304 = a_page("page-304", conditional=True)
