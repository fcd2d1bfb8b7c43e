"""Mutations answer alike through both read paths, and are done once whatever their reading does."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from hub.access import operations as access
from hub.access.models import Role
from hub.kernel.caller import Permission
from hub.kernel.reading import Reader
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from tests.conftest import Database
from tests.factories import World, a_channel, a_world
from tests.schema.client.api import gid
from tests.schema.compiled.comparing import difference
from tests.schema.compiled.doors import Door, Reply, a_door

ERRORS = "errors { code message path currentVersion }"
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
BRAND = (
    "brand { id slug name locales campaigns(first: 1) { totalCount nodes { id name } "
    f"edges {{ cursor }} {PAGE} }} channels {{ nodes {{ name platform {{ key }} }} }} "
    "problems { code } availableActions version createdAt }"
)
CAMPAIGN = (
    "campaign { __typename id name startsOn endsOn externalReference version brand { id name "
    "campaigns(last: 2) { nodes { id } totalCount } } availableActions "
    "contentItems { totalCount } }"
)
ITEM = (
    "contentItem { id title locale version archived ...Shown currentRevision { number hash slug "
    "parts { text media { id } } variants { platform { key } channel { id } title settings } "
    "author { name email } contentItem { again: title } } "
    f"revisions(first: 5) {{ totalCount {PAGE} nodes {{ number tags }} edges {{ cursor node {{ id "
    "}} }} other: revisions(last: 1) { nodes { number } } "
    "reviews { nodes { id state } } publications { nodes { id } } }"
).replace("}} }} other", "} } } other")
SHOWN = " fragment Shown on ContentItem { problems { code message } availableActions updatedAt }"
REVIEW = (
    "review { id state note version fourEyes availableActions submittedBy { id name role } "
    "contentItem { title } targets { channel { name capabilities limits { textMax } } scheduledFor "
    "edition { id title parts { text length } approved problems { code } } } "
    "decisions { verdict remark member { name } editions { hash edition { id } } } }"
)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_OWN = re.compile(r'"(?:[A-Za-z0-9_-]{40,}|[0-9a-f]{64})"')


def alike(body: Any) -> Any:
    """Return an answer with a number for every id, cursor and hash, in the order they appear."""
    text = orjson.dumps(body).decode().replace("compiled", "world").replace("reference", "world")
    text = _TIME.sub("at some time", text)
    numbers: dict[str, int] = {}
    text = _OWN.sub(lambda one: f'"#{numbers.setdefault(one[0], len(numbers))}"', text)
    return orjson.loads(text)


class Desk:
    """A fresh workspace and one way of reading in it."""

    def __init__(self, world: World, door: Door) -> None:
        self.world = world
        self.door = door

    async def do(
        self, role: Role, mutation: str, selection: str, given: Mapping[str, Any]
    ) -> Reply:
        """Send one mutation."""
        kind = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {selection} {ERRORS} "
            f"}} }}{SHOWN if '...Shown' in selection else ''}"
        )
        headers = {"authorization": f"Bearer {self.world.tokens[role]}"}
        return await self.door.ask(document, {"input": given}, headers)


async def _told(desk: Desk) -> list[Any]:
    """Play the beginning of a post; return every answer."""
    answers: list[Reply] = []

    async def do(role: Role, mutation: str, selection: str, **given: Any) -> Any:
        reply = await desk.do(role, mutation, selection, given)
        answers.append(reply)
        payload = (reply.body.get("data") or {}).get(mutation) or {}
        return next((one for one in payload.values() if isinstance(one, dict)), {})

    brand = gid("Brand", desk.world.brand_id)
    channel = gid("Channel", await a_channel(desk.world))
    await do(
        Role.MANAGER, "brandCreate", BRAND, slug="new", name='A "new" one', locales=["en", "fr"]
    )
    campaign = await do(
        Role.MANAGER,
        "campaignCreate",
        CAMPAIGN,
        brandId=brand,
        name="Été",
        startsOn="2026-03-01",
        externalReference="c-1",
    )
    await do(Role.MANAGER, "campaignCreate", CAMPAIGN, brandId=brand, name="x", startsOn="no day")
    await do(
        Role.MANAGER,
        "campaignUpdate",
        CAMPAIGN,
        id=campaign.get("id", ""),
        expectedVersion=7,
        name="Too late",
    )
    await do(Role.VIEWER, "campaignUpdate", CAMPAIGN, id=campaign.get("id", ""), name="May not")
    words = {
        "brandId": brand,
        "title": "Hello",
        "locale": "en",
        "parts": [{"text": "Hello, world"}],
    }
    item = await do(
        Role.EDITOR,
        "contentItemCreate",
        ITEM,
        **words,
        campaignId=campaign.get("id"),
        tags=["news"],
        variants=[{"platform": "mastodon", "settings": {"visibility": "unlisted"}}],
    )
    await do(Role.EDITOR, "contentItemCreate", ITEM, **{**words, "title": ""})
    await do(
        Role.EDITOR, "contentItemUpdate", ITEM, id=item.get("id", ""), parts=[{"text": '"null"'}]
    )
    review = await do(
        Role.EDITOR,
        "reviewSubmit",
        REVIEW,
        contentItemId=item.get("id", ""),
        targets=[{"channelId": channel, "scheduledFor": "2031-03-01T12:00:00.120Z"}],
        note="\u2028 please",
    )
    await do(
        Role.APPROVER, "reviewDecide", REVIEW, reviewId=review.get("id", ""), verdict="APPROVE"
    )
    await do(
        Role.EDITOR,
        "publicationSchedule",
        "publication { id state channel { name } }",
        contentItemId=item.get("id", ""),
        channelId=channel,
    )
    return [Reply(status=one.status, body=alike(one.body)) for one in answers]


async def test_payloads_are_the_same_through_both_paths(hub: Hub, settings: Settings) -> None:
    told = {}
    for name in ("compiled", "reference"):
        async with a_door(settings, compiled=name == "compiled") as door:
            told[name] = await _told(Desk(await a_world(hub, slug=name), door))

    assert len(told["reference"]) == 11
    done = [reply for reply in told["reference"] if _done(reply)]
    assert len(done) >= 5
    for number, (one, other) in enumerate(zip(told["compiled"], told["reference"], strict=True)):
        assert difference(one, other) is None, number


def _done(reply: Reply) -> bool:
    (payload,) = (reply.body.get("data") or {"": None}).values()
    return payload is not None and payload["errors"] == [] and "errors" not in reply.body


async def _rows(database: Database) -> dict[str, int]:
    owner = await database.owner()
    try:
        return {
            table: await owner.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("content_items", "revisions", "events", "jobs")
        }
    finally:
        await owner.close()


async def _written_once(database: Database, before: Mapping[str, int]) -> None:
    after = await _rows(database)
    grown = {table: after[table] - before[table] for table in after}
    assert grown == {"content_items": 1, "revisions": 1, "events": 1, "jobs": 0}


_WRITE = (
    "mutation($input: ContentItemCreateInput!) "
    "{ contentItemCreate(input: $input) { contentItem { id title %s } errors { code } } }"
)


def _input(world: World) -> dict[str, Any]:
    brand = gid("Brand", world.brand_id)
    return {"brandId": brand, "title": "Once", "locale": "en", "parts": [{"text": "Hello"}]}


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_mutation_whose_answer_has_an_error_inside_is_done_once(
    hub: Hub, settings: Settings, database: Database, *, compiled: bool
) -> None:
    world = await a_world(hub)
    before = await _rows(database)

    async with a_door(settings, compiled=compiled) as door:
        reply = await door.ask(
            _WRITE % 'revisions(after: "of another list") { nodes { id } }',
            {"input": _input(world)},
            {"authorization": f"Bearer {world.tokens[Role.EDITOR]}"},
        )

    # The list cannot be null, so the item is; and the message says why.
    (error,) = reply.body["errors"]
    assert error["extensions"]["code"] == "INVALID"
    assert reply.body["data"] in (None, {"contentItemCreate": None}) or (
        reply.body["data"]["contentItemCreate"]["contentItem"] is None
    )
    await _written_once(database, before)


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_mutation_whose_answer_may_not_be_read_is_done_once(
    hub: Hub, settings: Settings, database: Database, *, compiled: bool
) -> None:
    world = await a_world(hub)
    admin = world.callers[Role.ADMIN].member_id
    assert admin is not None
    async with hub.unit_of_work(world.system) as work:
        _, secret = await access.issue_token(
            work, member_id=admin, label="blind", scopes=[Permission.CONTENT_WRITE]
        )
    before = await _rows(database)

    async with a_door(settings, compiled=compiled) as door:
        reply = await door.ask(
            _WRITE % "version",
            {"input": _input(world)},
            {"authorization": f"Bearer {secret}"},
        )

    assert [error["extensions"]["code"] for error in reply.body["errors"]] == ["FORBIDDEN"]
    await _written_once(database, before)


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_mutation_whose_answer_cannot_be_read_is_done_once(
    hub: Hub, settings: Settings, database: Database, *, compiled: bool
) -> None:
    world = await a_world(hub)
    before = await _rows(database)

    async with a_door(settings, compiled=compiled) as door:
        whole = door.app.state.reader
        # A database that does not answer to reads, while it still takes writes.
        away = settings.model_copy(
            update={"database_url": "postgresql+asyncpg://hub_app:x@127.0.0.1:9/none"}
        )
        door.app.state.reader = Reader(away)
        reply = await door.ask(
            _WRITE % "version",
            {"input": _input(world)},
            {"authorization": f"Bearer {world.tokens[Role.EDITOR]}"},
        )
        door.app.state.reader = whole

    assert [error["extensions"]["code"] for error in reply.body["errors"]] == ["UNAVAILABLE"]
    await _written_once(database, before)


_SLUG = "brand { slug } errors { code }"
_BRAND = {"name": "Late", "slug": "late", "locales": ["en"]}


@pytest.mark.parametrize("compiled", [True, False])
async def test_what_follows_a_mutation_that_broke_is_not_begun(
    hub: Hub, settings: Settings, database: Database, *, compiled: bool
) -> None:
    world = await a_world(hub)
    owner = await database.owner()
    await owner.execute("REVOKE INSERT ON campaigns FROM hub_app")
    try:
        async with a_door(settings, compiled=compiled) as door:
            reply = await door.ask(
                "mutation($c: CampaignCreateInput!, $b: BrandCreateInput!) { "
                "campaignCreate(input: $c) { errors { code } } "
                f"brandCreate(input: $b) {{ {_SLUG} }} }}",
                {"c": {"brandId": gid("Brand", world.brand_id), "name": "x"}, "b": _BRAND},
                {"authorization": f"Bearer {world.tokens[Role.ADMIN]}"},
            )
        made = await owner.fetchval("SELECT count(*) FROM brands WHERE slug = 'late'")
    finally:
        await owner.execute("GRANT INSERT ON campaigns TO hub_app")
        await owner.close()

    # Nobody is told of what would have been done: all data is null.
    assert reply.body["data"] is None
    assert [error["path"] for error in reply.body["errors"]] == [["campaignCreate"]]
    assert made == 0


@pytest.mark.parametrize("first", [True, False])
async def test_a_null_in_the_place_of_an_input_is_told_as_it_is(
    hub: Hub, settings: Settings, database: Database, *, first: bool
) -> None:
    world = await a_world(hub)
    default = '{ name: "x", slug: "x", locales: ["en"] }'
    wrong = f"wrong: brandCreate(input: $b) {{ {_SLUG} }}"
    right = f"right: brandCreate(input: $c) {{ {_SLUG} }}"
    chosen = (wrong, right) if first else (right, wrong)
    replies = []
    for compiled in (True, False):
        async with a_door(settings, compiled=compiled) as door:
            reply = await door.ask(
                f"mutation($b: BrandCreateInput = {default}, $c: BrandCreateInput!) "
                f"{{ {' '.join(chosen)} }}",
                {"b": None, "c": {**_BRAND, "slug": f"late-{compiled}".lower()}},
                {"authorization": f"Bearer {world.tokens[Role.ADMIN]}"},
            )
        replies.append(reply)

    assert difference(*replies) is None
    owner = await database.owner()
    made = await owner.fetchval("SELECT count(*) FROM brands WHERE slug LIKE 'late-%'")
    await owner.close()
    assert made == (0 if first else 2)
