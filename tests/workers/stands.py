"""Stand-ins of platforms over real loopback HTTP, and channels really connected to them."""

import hashlib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4, uuid5

import httpx
from sqlalchemy import insert, select, text

from hub.channels.models import ChannelState
from hub.content.models import Asset, AssetState, ContentItem, Edition, Revision
from hub.content.rules import Part
from hub.content.storage import picture_key
from hub.kernel.ids import new_id
from hub.kernel.jobs import JobRow
from hub.kernel.work import Hub
from hub.publishing.models import Attempt, Publication
from hub.review.models import Approval, Review, ReviewStep, ReviewTarget
from tests.factories import World, a_channel, a_publication, channel, publication
from tests.workers.simulated import SIMULATED
from tests.working import move_clock, work_off
from workers.handling import Toolbox
from workers.simulators.mastodon import create_simulator
from workers.simulators.receiver import create_receiver
from workers.simulators.serving import served

WEBHOOK_SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
#: Made once: everything here is plain HTTP, and a context of its own for each call is slow.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
STATUSES = "/api/v1/statuses"
UPLOADS = "/api/v2/media"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A server that stands in for a platform, and its back door."""

    kind: str
    base: str
    control: str
    commit_path: str = STATUSES

    @property
    def netloc(self) -> str:
        """What HUB_OUTGOING_ALLOW must name."""
        return urlsplit(self.base).netloc

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """Use the back door."""
        async with httpx.AsyncClient(trust_env=False, verify=_NO_TLS) as client:
            answer = await client.request(method, f"{self.base}{self.control}{path}", **more)
            return answer.raise_for_status().json()

    async def fault(
        self, effect: str, *, path: str = "", method: str = "POST", **more: Any
    ) -> None:
        """Let matching requests fail; those that commit where no path is given."""
        body = {"method": method, "path": path or self.commit_path, "effect": effect, **more}
        await self.ask("POST", "faults", json=body)

    async def faults_left(self) -> int:
        """Return how many faults still wait for a request."""
        return len(await self.ask("GET", "faults"))

    async def quiet(self) -> None:
        """Take every fault away."""
        await self.ask("DELETE", "faults")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody at a stand, and the channel that is connected to it."""

    stand: Stand
    channel_id: UUID
    name: str

    async def posts(self) -> list[dict[str, Any]]:
        """Return all that was ever stored there, in order."""
        if self.stand.kind == "webhook":
            return list((await self.stand.ask("GET", f"inboxes/{self.name}"))["messages"])
        stored = (await self.stand.ask("GET", f"ledger?account={self.name}"))["statuses"]
        kind = SIMULATED.get(self.stand.kind)
        return [{**post, "text": kind.words(post["text"])} if kind else post for post in stored]

    async def texts(self) -> list[str]:
        """Return the words of all that was ever stored there, in order."""
        return [post["text"] for post in await self.posts()]


@contextmanager
def a_stand(kind: str) -> Iterator[Stand]:
    """Serve a stand: a dialect of Mastodon, "webhook", or one of `SIMULATED`."""
    if kind in SIMULATED:
        simulated = SIMULATED[kind]
        with served(simulated.create()) as base:
            yield Stand(
                kind=kind,
                base=base,
                control=simulated.control,
                commit_path=simulated.commit_path,
            )
        return
    if kind == "webhook":
        with served(create_receiver()) as base:
            yield Stand(kind=kind, base=base, control="/_sim/")
        return
    with served(create_simulator(dialect=kind)) as base:
        yield Stand(kind=kind, base=base, control="/api/v1/_sim/")


async def an_account(world: World, tools: Toolbox, stand: Stand) -> Account:
    """Open an account at a stand and connect a channel to it, as a manager would."""
    name = f"user{uuid4().hex[:12]}"
    if stand.kind == "webhook":
        opened = await stand.ask(
            "POST", "inboxes", json={"name": name, "secrets": [WEBHOOK_SECRET]}
        )
        channel_id = await a_channel(
            world,
            platform_key="webhook",
            settings={"url": opened["url"]},
            credentials={"secret": WEBHOOK_SECRET},
            ready=False,
            name=name,
        )
    elif stand.kind in SIMULATED:
        joined = await stand.ask("POST", "accounts", json={"username": name})
        channel_id = await a_channel(
            world,
            platform_key=stand.kind,
            settings=joined["settings"],
            credentials=joined["secrets"],
            ready=False,
            name=name,
        )
    else:
        joined = await stand.ask("POST", "accounts", json={"username": name})
        channel_id = await a_channel(
            world,
            settings={"base_url": stand.base},
            credentials={"access_token": joined["access_token"]},
            ready=False,
            name=name,
        )
    await work_off(tools)
    assert (await channel(world, channel_id)).state is ChannelState.READY
    return Account(stand=stand, channel_id=channel_id, name=name)


async def a_picture(world: World, tools: Toolbox, data: bytes, *, sha256: str, alt: str) -> UUID:
    """Put a picture on the shelf that was looked at already."""
    key = picture_key(world.workspace_id, sha256)
    await tools.storage.put(key, data)
    asset_id = new_id()
    async with world.hub.unit_of_work(world.system) as work:
        work.session.add(
            Asset(
                id=asset_id,
                workspace_id=world.workspace_id,
                brand_id=world.brand_id,
                filename="harbour.png",
                state=AssetState.READY,
                mime="image/png",
                size=len(data),
                width=3,
                height=2,
                sha256=sha256,
                storage_key=key,
                alt={"en": alt},
            )
        )
    return asset_id


def item_of(made: Publication) -> UUID:
    """Return the item a publication is of."""
    assert made.item_id is not None
    return made.item_id


async def attempts(world: World, publication_id: UUID) -> Sequence[Attempt]:
    """Return the evidence of every try, in order."""
    async with world.hub.unit_of_work(world.system) as work:
        return await work.all(
            select(Attempt).where(Attempt.publication_id == publication_id).order_by(Attempt.number)
        )


async def outcomes(world: World, publication_id: UUID) -> list[str | None]:
    """Return what every try came to, in order."""
    return [attempt.outcome for attempt in await attempts(world, publication_id)]


#: What copies of a publication share; every other id is their own.
_SHARED = {"workspace_id", "brand_id", "channel_id", "member_id", "submitted_by", "author_id"}


async def many(
    world: World, channel_id: UUID, count: int, *, media: tuple[UUID, ...] = ()
) -> dict[UUID, str]:
    """Return so many publications that are due now, with the words of each, which nobody shares.

    One is written, reviewed, approved and scheduled as people do; the others are copies of it.
    """
    first = await a_publication(
        world, channel_id=channel_id, parts=[Part(text=_numbered(0), media=media)]
    )
    texts = {first.id: _numbered(0)}
    async with world.hub.unit_of_work(world.system) as work:
        rows = [await work.one(select(table).where(one)) for table, one in _under(first)]
        for row in rows:
            copies = [_copy(row, number) for number in range(1, count)]
            if copies:
                await work.session.execute(insert(type(row)), copies)
    return texts | {uuid5(first.id, str(n)): _numbered(n) for n in range(1, count)}


def _numbered(number: int) -> str:
    return f"Number {number:04}"


def _under(row: Publication) -> list[tuple[Any, Any]]:
    """Return everything a publication stands on, in the order in which it can be written."""
    return [
        (ContentItem, ContentItem.id == row.item_id),
        (Revision, Revision.id == row.revision_id),
        (Review, Review.item_id == row.item_id),
        (
            ReviewStep,
            ReviewStep.review_id.in_(select(Review.id).where(Review.item_id == row.item_id)),
        ),
        (Edition, Edition.id == row.edition_id),
        (ReviewTarget, ReviewTarget.edition_id == row.edition_id),
        (Approval, Approval.edition_id == row.edition_id),
        (Publication, Publication.id == row.id),
        (JobRow, JobRow.key == f"publish:{row.id}"),
    ]


def _copy(row: Any, number: int) -> dict[str, Any]:
    """Return the values of a copy: other ids, other words, and their hash."""
    values = {column.key: getattr(row, column.key) for column in type(row).__table__.columns}
    for name, value in values.items():
        if isinstance(value, UUID) and name not in _SHARED:
            values[name] = uuid5(value, str(number))
    match row:
        case Edition():
            values["body"] = row.body.replace(_numbered(0), _numbered(number))
            values["hash"] = hashlib.sha256(values["body"].encode()).hexdigest()
            _HASHES[row.hash, number] = values["hash"]
        case Approval():
            values["hash"] = _HASHES[row.hash, number]
        case Publication():
            values["approved_hash"] = _HASHES[row.approved_hash or "", number]
        case JobRow():
            publication_id = uuid5(UUID(row.arguments["publication_id"]), str(number))
            values["key"] = f"publish:{publication_id}"
            values["arguments"] = {**row.arguments, "publication_id": str(publication_id)}
    return values


_HASHES: dict[tuple[str, int], str] = {}


async def jobs_of(hub: Hub) -> dict[UUID, UUID]:
    """Return the id of the job of every publication that has one."""
    async with hub.unscoped() as session:
        rows = await session.execute(
            text("SELECT id, arguments FROM jobs WHERE name = 'publishing.publish'")
        )
        return {UUID(row.arguments["publication_id"]): row.id for row in rows}


async def job_of(hub: Hub, publication_id: UUID) -> Any:
    """Return the row of the job of a publication, or None."""
    async with hub.unscoped() as session:
        rows = await session.execute(
            text("SELECT * FROM jobs WHERE key = :key"), {"key": f"publish:{publication_id}"}
        )
        return rows.one_or_none()


async def to_next_try(world: World, owner_url: str, publication_id: UUID) -> None:
    """Move the hub's clock to just after a publication is due again."""
    row = await publication(world, publication_id)
    assert row.due_at is not None
    now = await world.hub.now()
    await move_clock(world.hub, owner_url, max(row.due_at - now, timedelta()) + _A_MOMENT)


_A_MOMENT = timedelta(milliseconds=10)
