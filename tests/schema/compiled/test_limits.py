"""Limits, permissions and workspaces hold where reads are compiled."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from hashlib import blake2b
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLObjectType, get_named_type

from hub.access import operations as access
from hub.access.models import Role
from hub.kernel.caller import Caller, Permission
from hub.kernel.ids import global_id, read_global_id
from schema.base.fields import KEY, SOURCES, Listed, Paged, ToOne
from schema.base.paging import list_identity
from tests.schema.compiled.arguments import Pool
from tests.schema.compiled.comparing import alone, difference, difference_alone, same, the_schema
from tests.schema.compiled.documents import Asked, Writer
from tests.schema.compiled.doors import Pair, Reply

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Types whose rows are asked for by an id, and that these workspaces have rows of.
BY_ID = [
    kind
    for kind in SOURCES
    if kind not in {"PublishedAddress", "PublishedContent", "Session", "Token", "Viewer"}
]


COSTLY = (
    "query($n: Int) { contentItems(first: $n) { nodes { "
    "revisions(first: $n) { nodes { author { id name } } } } } }"
)


def _nested(levels: int) -> str:
    body = "name"
    for _ in range(levels):
        body = f"brand {{ campaigns(first: 1) {{ nodes {{ {body} }} }} }}"
    return f"{{ campaigns(first: 1) {{ nodes {{ {body} }} }} }}"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        (_nested(6), {}, "QUERY_TOO_DEEP"),
        (
            "{ contentItems(first: 100) { nodes { publications(first: 100) { nodes { id } } } } }",
            {},
            "TOO_MANY_NODES",
        ),
        (
            COSTLY,
            {"n": 60},
            "TOO_COSTLY",
        ),
        (COSTLY, {"n": 60.0}, "TOO_COSTLY"),
        ("{ brands(first: 101) { nodes { id } } }", {}, "PAGE_TOO_LARGE"),
        ("query($n: Int = 101) { brands(last: $n) { nodes { id } } }", {}, "PAGE_TOO_LARGE"),
        (
            f"{{ {' '.join(f'a{number}: __typename' for number in range(31))} }}",
            {},
            "TOO_MANY_ALIASES",
        ),
        (
            f"{{ brands {{ nodes {{ {'name @skip(if: false) ' * 51} }} }} }}",
            {},
            "TOO_MANY_DIRECTIVES",
        ),
        (f"{{ brands {{ nodes {{ {'name ' * 2_000} }} }} }}", {}, "DOCUMENT_TOO_LONG"),
        ("{ brands(first: -1) { nodes { id } } }", {}, "INVALID"),
        ("query($n: Int) { brands(first: $n) { nodes { id } } }", {"n": "1"}, "INVALID_VARIABLES"),
    ],
)
async def test_what_is_too_much_is_refused_and_nothing_is_read(
    pair: Pair, query: str, variables: Any, code: str
) -> None:
    asked = Asked(query=query, variables=variables, lists={})
    before = pair.compiled.app.state.reader.statements

    reply = await same(pair, asked, caller="admin")

    assert code in {error["extensions"]["code"] for error in reply.body["errors"]}
    assert reply.body.get("data") is None
    assert pair.compiled.app.state.reader.statements == before


async def test_the_cost_is_counted_and_shown_for_what_is_read(pair: Pair) -> None:
    query = "query($n: Int) { brands(first: $n) { nodes { id name } } }"
    for size in (1, 7, 100):
        reply = await same(
            pair, Asked(query=query, variables={"n": size}, lists={}), caller="admin"
        )
        assert reply.body["extensions"]["cost"]["limit"] == 5_000
        assert reply.body["extensions"]["cost"]["requested"] > size


# Permissions


def _guarded() -> list[tuple[str, str, Permission, Permission | None]]:
    """Return every field that leads to what needs another permission than its owner."""
    found = []
    for kind, source in SOURCES.items():
        owner = the_schema().get_type(kind)
        assert isinstance(owner, GraphQLObjectType)
        for name, field in owner.fields.items():
            declared = field.extensions.get("strawberry-definition")
            spec = getattr(declared, "metadata", {}).get(KEY)
            if not isinstance(spec, ToOne | Listed | Paged):
                continue
            target = get_named_type(field.type).name.removesuffix("Connection")
            needed = SOURCES[target].permission
            if needed is not None and needed != source.permission:
                found.append((kind, name, needed, source.permission))
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def narrowed(pair: Pair) -> dict[Permission | None, dict[str, str]]:
    """Tokens that hold one permission each; None: one that reads nothing that is guarded."""
    member = pair.here.ids["Member"][list(Role).index(Role.ADMIN)]
    made: dict[Permission | None, dict[str, str]] = {}
    async with pair.hub.unit_of_work(Caller.system(pair.here.id)) as work:
        for permission in (*Permission, None):
            scope = permission or Permission.REVIEW_SUBMIT
            _, secret = await access.issue_token(
                work, member_id=member, label="one", scopes=[scope]
            )
            made[permission] = {"authorization": f"Bearer {secret}"}
    return made


@pytest.mark.parametrize(
    ("kind", "name", "needed", "held"), [one for one in _guarded() if one[0] in BY_ID]
)
async def test_what_a_relation_leads_to_needs_its_own_permission(
    pair: Pair,
    narrowed: dict[Permission | None, dict[str, str]],
    kind: str,
    name: str,
    needed: Permission,
    held: Permission | None,
) -> None:
    owner: Any = the_schema().get_type(kind)
    inner = "{ nodes { id } totalCount }" if "first" in owner.fields[name].args else "{ id }"
    query = (
        f'{{ node(id: "{global_id(kind, pair.here.ids[kind][0])}") '
        f"{{ id ... on {kind} {{ {name} {inner} }} }} }}"
    )

    replies = [
        await door.ask(query, {}, narrowed[held]) for door in (pair.compiled, pair.reference)
    ]

    assert difference(*replies) is None, query
    (error,) = replies[0].body["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["path"] == ["node", name]
    assert needed.value in error["message"]


@pytest.mark.parametrize("kind", [kind for kind in BY_ID if SOURCES[kind].permission])
async def test_a_type_is_read_only_with_its_permission(
    pair: Pair, narrowed: dict[Permission | None, dict[str, str]], kind: str
) -> None:
    permission = SOURCES[kind].permission
    assert permission is not None
    query = f'{{ node(id: "{global_id(kind, pair.here.ids[kind][0])}") {{ id }} }}'

    refused = await pair.compiled.ask(query, {}, narrowed[None])
    allowed = await pair.compiled.ask(query, {}, narrowed[permission])

    assert [error["extensions"]["code"] for error in refused.body["errors"]] == ["FORBIDDEN"]
    assert refused.body["data"] == {"node": None}
    assert "errors" not in allowed.body
    assert allowed.body["data"]["node"]["id"]


# Workspaces


def _foreign(pair: Pair) -> dict[str, str]:
    """Return the ids of the first workspace, each with one of the same length that nobody has."""
    random = Random(3)
    found = {}
    for kind, ids in pair.here.ids.items():
        for one in ids:
            found[global_id(kind, one)] = global_id(kind, UUID(int=random.getrandbits(128)))
    return found


def _replaced(asked: Asked, ids: dict[str, str]) -> Asked:
    text = orjson.dumps([asked.query, asked.variables]).decode()
    known = re.compile(r"[A-Za-z0-9_-]{40,}")
    query, variables = orjson.loads(known.sub(lambda one: ids.get(one[0], one[0]), text))
    return Asked(query=query, variables=variables, lists={})


@pytest.mark.parametrize("chunk", range(3))
async def test_ids_of_another_workspace_are_as_ids_of_nobody(pair: Pair, chunk: int) -> None:
    ids = _foreign(pair)
    nobody: Any = type(pair.here)
    empty = nobody(id=pair.there.id, slug="", ids=pair.here.ids, words=pair.here.words)
    asked_with_ids = 0
    headers = pair.callers["elsewhere"]
    for number in range(120):
        random = Random(f"{chunk}:{number}:foreign")
        writer = Writer(the_schema(), random, here=pair.here, there=empty, pool=Pool(), budget=6)
        asked = writer.write()
        other = _replaced(asked, ids)
        asked_with_ids += other.query != asked.query or other.variables != asked.variables
        one = await pair.compiled.ask(asked.query, asked.variables, headers)
        two = await pair.compiled.ask(other.query, other.variables, headers)
        where = difference(_without_cursors(one), _without_cursors(two))
        if where is not None:
            both = [(asked.query, asked.variables), (other.query, other.variables)]

            async def ask(root: str, both: Any = both) -> tuple[Reply, Reply]:
                replies = [
                    await pair.compiled.ask(alone(query, root), variables, headers)
                    for query, variables in both
                ]
                return _without_cursors(replies[0]), _without_cursors(replies[1])

            where = await difference_alone(one, two, ask, where)
        assert where is None, f"{where}\n{asked.query}\n{asked.variables}"
        assert not _ids_in(one) & ids.keys(), asked.query
    assert asked_with_ids > 20


def _without_cursors(reply: Reply) -> Reply:
    """Take the cursors out of an answer: they are of a list, and its filter has other ids."""
    return replace(reply, body=_masked(reply.body))


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return "a cursor" if isinstance(value, str) and _is_cursor(value) else value


def _is_cursor(text: str) -> bool:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    return raw[9:10] == b"[" and raw[-1:] == b"]"


def _ids_in(reply: Reply) -> set[str]:
    text = orjson.dumps(reply.body.get("data")).decode()
    words = re.findall(r'"([A-Za-z0-9_-]{20,})"', text)
    return {word for word in words if read_global_id(word) is not None}


@pytest.mark.parametrize("kind", BY_ID)
async def test_an_object_of_another_workspace_is_not_found(pair: Pair, kind: str) -> None:
    for one in pair.here.ids[kind][:2]:
        query = f'{{ node(id: "{global_id(kind, one)}") {{ __typename id }} }}'
        reply = await pair.compiled.ask(query, {}, pair.callers["elsewhere"])
        assert reply.body["data"] == {"node": None}
        assert [error["extensions"]["code"] for error in reply.body["errors"]] == ["NOT_FOUND"]


async def test_cursors_of_another_workspace_are_refused_as_damaged_ones_are(pair: Pair) -> None:
    query = "{ brands(first: 1) { pageInfo { endCursor } } }"
    reply = await pair.compiled.ask(query, {}, pair.callers["admin"])
    cursor = reply.body["data"]["brands"]["pageInfo"]["endCursor"]
    damaged = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    more = "query($c: String) { brands(first: 1, after: $c) { nodes { name } } }"

    foreign, broken = [
        await pair.compiled.ask(more, {"c": one}, pair.callers["elsewhere"])
        for one in (cursor, damaged)
    ]

    assert foreign.body["errors"][0]["extensions"]["code"] == "INVALID"
    assert difference(foreign, broken) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff",
        b"5",
        b"[]",
        b"{}",
        b"[null]",
        b'[null,5,"01a2066c-5ca1-74f0-b3ed-a1566cd046c3"]',
        b'[null,"0001-01-01T00:00:00+14:00","01a2066c-5ca1-74f0-b3ed-a1566cd046c3"]',
        b'[null,"9999-12-31T23:59:59-14:00","01a2066c-5ca1-74f0-b3ed-a1566cd046c3"]',
    ],
)
async def test_a_cursor_that_somebody_made_up_is_refused_as_a_damaged_one_is(
    pair: Pair, body: bytes
) -> None:
    order = ("-updated_at", "-id")
    identity = list_identity(str(pair.here.id), "contentItems", "ContentItem", [], order)
    checked = blake2b(body, digest_size=9, key=identity).digest() + body
    query = (
        "query($c: String) { contentItems(orderBy: [UPDATED_AT_DESC], after: $c) "
        "{ nodes { id } pageInfo { endCursor } } }"
    )
    real = await pair.compiled.ask(query, {}, pair.callers["admin"])
    cursor = real.body["data"]["contentItems"]["pageInfo"]["endCursor"]
    # It is made as ours are, or this would say nothing.
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert blake2b(raw[9:], digest_size=9, key=identity).digest() == raw[:9]

    made_up = {"c": urlsafe_b64encode(checked).decode().rstrip("=")}
    reply = await same(pair, Asked(query=query, variables=made_up, lists={}), caller="admin")

    assert [error["extensions"]["code"] for error in reply.body["errors"]] == ["INVALID"]


async def test_who_reads_only_what_is_published_sees_nothing_else(pair: Pair) -> None:
    query = the_schema().query_type
    assert query is not None
    for name, field in query.fields.items():
        kind = get_named_type(field.type).name
        if not kind.endswith("Connection") or name in {"publishedContents", "sessions", "members"}:
            continue
        reply = await pair.compiled.ask(f"{{ {name} {{ totalCount }} }}", {}, pair.callers["page"])
        assert [error["extensions"]["code"] for error in reply.body["errors"]] == ["FORBIDDEN"]
