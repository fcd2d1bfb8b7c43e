"""The stage of the story: a hub that is served, the places it speaks to, and a clock to pass."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from hub.kernel.settings import Settings
from hub.runtime import open_hub
from schema.app import create_app
from tests.conftest import Database
from tests.factories import a_world
from tests.mailbox import Mailbox, a_mailbox
from tests.schema.client.serving import served_app
from tests.story.outside import NO_TLS, Site, Visitor
from tests.workers.stands import Stand, a_stand
from tests.working import a_toolbox, move_clock, work_off
from workers.calendar import CALENDAR, seal_events
from workers.handling import Toolbox
from workers.simulators.serving import served

ERRORS = "errors{code message path currentVersion}"
KINDS = ("mastodon", "wordpress", "misago", "bluesky")
#: A Monday morning in Paris, four weeks before the clocks change there.
MONDAY = datetime(2030, 3, 4, 7, tzinfo=UTC)
#: Seconds.
PATIENCE = 60.0
#: What a relay runs now and then; ringing and sealing are done by hand, keys stay.
_NOW_AND_THEN = [one.task for one in CALENDAR if one.name.startswith(("sweep", "count"))]


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who uses the hub over HTTP, with a token and nothing else."""

    http: httpx.AsyncClient
    token: str
    id: str

    async def send(self, query: str, *, key: str = "", **variables: Any) -> httpx.Response:
        """Send a document; `key` makes it safe to repeat."""
        headers = {"authorization": f"Bearer {self.token}"}
        if key:
            headers["idempotency-key"] = key
        return await self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers
        )

    async def ask(self, query: str, **variables: Any) -> Any:
        """Ask for something that must go well; return the one root field."""
        answer = (await self.send(query, **variables)).json()
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    async def node(self, known: str, kind: str, selection: str) -> Any:
        """Read one object by its id; None where there is none for this member."""
        query = f"query($id:ID!){{node(id:$id){{...on {kind}{{{selection}}}}}}}"
        return await self.ask(query, id=known)

    async def unseen(self, known: str) -> bool:
        """Say whether an id answers like one that nobody ever gave away."""
        answers = [
            (await self.send("query($id:ID!){node(id:$id){id}}", id=one)).json()
            for one in (known, "UHVibGljYXRpb246MDE5ZmJiYmItYmJiYi03YmJiLWJiYmItYmJiYmJiYmJiYmJi")
        ]
        return bool(answers[0] == answers[1] and answers[0]["data"] == {"node": None})

    async def page(self, field_: str, selection: str, **arguments: Any) -> list[Any]:
        """Read the first page of a list: its field, with arguments as GraphQL spells them."""
        given = "".join(f" {name}: {value}" for name, value in arguments.items())
        found = await self.ask(f"{{{field_}(first: 50{given}){{nodes{{{selection}}}}}}}")
        return list(found["nodes"])

    async def count(self, field_: str) -> int:
        """Count what is in a list."""
        return int((await self.ask(f"{{{field_}{{totalCount}}}}"))["totalCount"])

    async def act(self, mutation: str, selection: str = "", **given: Any) -> Any:
        """Send one mutation; return its payload, errors included."""
        kind = mutation[0].upper() + mutation[1:]
        return await self.ask(
            f"mutation($input:{kind}Input!){{{mutation}(input:$input){{{selection} {ERRORS}}}}}",
            input=given,
        )

    async def do(self, mutation: str, selection: str, **given: Any) -> Any:
        """Do something that must go well; return the field that was asked for."""
        payload = await self.act(mutation, selection, **given)
        assert payload.pop("errors") == [], payload
        return next(iter(payload.values())) if len(payload) == 1 else payload

    async def refused(self, mutation: str, **given: Any) -> tuple[str, str]:
        """Try something that must be refused; return the code and where in the input."""
        payload = await self.act(mutation, **given)
        ((error),) = payload["errors"]
        assert error["message"]
        return error["code"], ".".join(error["path"]).removeprefix("input").removeprefix(".")

    async def last_sequence(self) -> int:
        """Return the number of the last thing that happened in the workspace."""
        events = await self.page("events", "sequence", orderBy="[SEQUENCE_DESC]")
        return int(events[0]["sequence"]) if events else 0

    async def happened(self, *, after: int = 0) -> list[str]:
        """Return the names of what happened, in order."""
        query = (
            "query($f:EventFilter,$c:String){events(first:100,after:$c,filter:$f,"
            "orderBy:[SEQUENCE_ASC]){nodes{name} pageInfo{endCursor hasNextPage}}}"
        )
        names: list[str] = []
        cursor = None
        while True:
            page = await self.ask(query, f={"afterSequence": after}, c=cursor)
            names.extend(one["name"] for one in page["nodes"])
            if not page["pageInfo"]["hasNextPage"]:
                return names
            cursor = page["pageInfo"]["endCursor"]


@dataclass(frozen=True, kw_only=True)
class Company:
    """A workspace and the members of it, by role."""

    admin: Member
    manager: Member
    editor: Member
    approver: Member
    viewer: Member
    #: What acts leave for those after them, by a short name: ids as the API gives them.
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Town:
    """All there is: the hub and its workers, the networks, a web site, a mail server, the time."""

    app: Starlette
    http: httpx.AsyncClient
    url: str
    tools: Toolbox
    database: Database
    stands: Mapping[str, Stand]
    site: Site
    box: Mailbox
    #: How far the hub's time is from the real one.
    ahead: timedelta = timedelta()

    async def settle(self) -> None:
        """Let the workers do what is due, until nothing is."""
        while True:
            done = await work_off(self.tools)
            await seal_events(self.tools.hub)
            if not done and not await work_off(self.tools):
                return

    async def later(self, **by: float) -> None:
        """Let time pass for everybody, and do what is due then."""
        await self._pass(timedelta(**by))

    async def at(self, moment: datetime) -> None:
        """Let it be that time, which lies ahead, before anybody has done anything."""
        await self.set_clock(self.ahead + moment - await self.now())

    async def until(self, moment: datetime) -> None:
        """Let time pass until then, which lies ahead."""
        await self._pass(moment - await self.now())

    async def now(self) -> datetime:
        """Return what time it is for the hub."""
        return await self.tools.hub.now()

    async def _pass(self, by: timedelta) -> None:
        assert by > timedelta()
        await self.set_clock(self.ahead + by)
        for task in _NOW_AND_THEN:
            await task(self.tools.hub)
        await self.settle()

    async def set_clock(self, ahead: timedelta) -> None:
        """Set the time of the hub and of every network."""
        await move_clock(self.tools.hub, self.database.owner_url, ahead - self.ahead)
        self.ahead = ahead
        for stand in self.stands.values():
            await stand.ask("POST", "settings", json={"offset_seconds": ahead.total_seconds()})

    async def posts(self, platform: str, account: str = "") -> list[Any]:
        """Return all that an account ever made public at a place; ours, unless said."""
        asked = f"ledger?account={account or f'our{platform}'}"
        return list((await self.stands[platform].ask("GET", asked))["statuses"])

    async def answered(self, platform: str, by: str, post: str, text: str) -> str:
        """Let somebody write below a post; return the id of what they wrote."""
        given = {"account": by, "post": post, "text": text}
        return str((await self.stands[platform].ask("POST", "answer", json=given))["id"])

    async def get(self, url: str, **more: Any) -> httpx.Response:
        """Open an address the hub has given away, without any token."""
        return await self.http.get(path_of(url), **more)

    async def post(self, url: str, **more: Any) -> httpx.Response:
        """Send something to an address the hub has given away, without any token."""
        return await self.http.post(path_of(url), **more)

    async def clicks_written(self) -> None:
        """Let the served hub write down the clicks that it counts together."""
        await self.app.state.figures.clicks.write()

    async def put(self, url: str, data: bytes, mime: str) -> httpx.Response:
        """Bring a file to the address that was signed for it."""
        return await self.http.put(path_of(url), content=data, headers={"content-type": mime})

    async def visitor(self, name: str) -> Visitor:
        """Return somebody with an account at the network."""
        stand = self.stands["mastodon"]
        joined = await stand.ask("POST", "accounts", json={"username": name})
        return Visitor(base=stand.base, name=name, token=joined["access_token"], id=joined["id"])

    def mails(self) -> list[tuple[str, str]]:
        """Return who got which subject since somebody looked last, sorted."""
        found = sorted((to.partition("@")[0], str(mail["Subject"])) for to, mail in self.box.mails)
        self.box.mails.clear()
        return found


def path_of(url: str) -> str:
    """Return an address without its host: the hub of a test is served at a free port."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@dataclass(frozen=True, kw_only=True)
class Story:
    """The town, and the two companies in it, who must never hear of each other."""

    town: Town
    #: French: a network, a blog and a forum.
    atelier: Company
    #: English: a network and a feed.
    lighthouse: Company


@asynccontextmanager
async def a_town(settings: Settings, database: Database) -> AsyncIterator[Town]:
    """Open everything; close it in the end."""
    async with AsyncExitStack() as stack:
        stands = {kind: stack.enter_context(a_stand(kind)) for kind in KINDS}
        site = Site()
        site.base = stack.enter_context(served(site.app()))
        box = await stack.enter_async_context(a_mailbox())
        allow = (*(stand.netloc for stand in stands.values()), urlsplit(site.base).netloc)
        equipped = settings.model_copy(
            update={
                "outgoing_allow": allow,
                # A busy machine is no crash: what is slow here shall not be taken for dead.
                "lease_seconds": PATIENCE,
                "smtp_url": SecretStr(f"smtp://127.0.0.1:{box.port}"),
                "mail_from": "Hub <hub@example.org>",
                "frontend_url": "https://desk.example/reviews/{review}",
            }
        )
        hub = await stack.enter_async_context(open_hub(equipped))
        tools = await stack.enter_async_context(a_toolbox(hub, allow=allow, deadline=PATIENCE))
        app = create_app(equipped)
        url = await stack.enter_async_context(served_app(app, equipped))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS, timeout=PATIENCE)
        )
        town = Town(
            app=app,
            http=http,
            url=url,
            tools=tools,
            database=database,
            stands=stands,
            site=site,
            box=box,
        )
        await town.set_clock(MONDAY - datetime.now(UTC))
        yield town


async def a_company(town: Town, slug: str) -> Company:
    """Make a workspace with a member of each role, as an operator does, and what they may use."""
    world = await a_world(town.tools.hub, slug=slug)
    members: dict[str, Any] = {}
    for role, token in world.tokens.items():
        member = Member(http=town.http, token=token, id="")
        seen = await member.ask("{viewer{member{id}}}")
        members[role.value.lower()] = Member(http=town.http, token=token, id=seen["member"]["id"])
    return Company(**members)
