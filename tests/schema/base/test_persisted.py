"""Documents that clients name: seen before, or on a list."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from schema.base.persisted import ManifestBroken, Persisted, read_manifest
from schema.base.refusals import Refusal
from schema.base.requests import GraphQLRequest
from tests.schema.base.toy import TOKEN, Context, a_door

QUERY = "query Greet($t:String!){echo(text:$t)}"
KNOWN = {"authorization": f"Bearer {TOKEN}"}
GRAPHQL = "application/graphql-response+json"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def named(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}


class Memory:
    """What several processes would share."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.asked = 0

    async def get(self, name: str) -> str | None:
        self.asked += 1
        return self.texts.get(name)

    async def put(self, name: str, text: str) -> None:
        self.texts[name] = text


def a_client(persisted: Persisted, **settings: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(a_door(persisted=persisted, **settings))
    return httpx.AsyncClient(transport=transport, base_url="http://hub", headers=KNOWN)


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


async def test_a_document_is_sent_once_and_named_from_then_on() -> None:
    async with a_client(Persisted()) as client:
        by_name = {"extensions": named(QUERY), "variables": {"t": "a"}}
        unknown = await client.post("/graphql", json=by_name)
        sent = await client.post("/graphql", json={**by_name, "query": QUERY})
        again = await client.post("/graphql", json=by_name)
        got = await client.get(
            "/graphql",
            params={"extensions": json.dumps(named(QUERY)), "variables": '{"t":"b"}'},
        )

    assert unknown.json() == {
        "errors": [
            {
                "message": "PersistedQueryNotFound",
                "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
            }
        ]
    }
    assert unknown.status_code == 200
    assert sent.json()["data"] == again.json()["data"] == {"echo": "a"}
    assert got.json()["data"] == {"echo": "b"}


async def test_an_unknown_name_has_the_status_of_a_document_that_cannot_run() -> None:
    async with a_client(Persisted()) as client:
        answer = await client.post(
            "/graphql", json={"extensions": named(QUERY)}, headers={"accept": GRAPHQL}
        )

    assert (answer.status_code, code(answer)) == (400, "PERSISTED_QUERY_NOT_FOUND")


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ({"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}, "PERSISTED_QUERY_MISMATCH"),
        ({"persistedQuery": {"version": 2}}, "PERSISTED_QUERY_NOT_SUPPORTED"),
        ({"persistedQuery": {"version": 1}}, "BAD_REQUEST"),
        ({"persistedQuery": {"version": 1, "sha256Hash": "A" * 64}}, "BAD_REQUEST"),
        ({"persistedQuery": []}, "BAD_REQUEST"),
    ],
)
async def test_a_name_that_does_not_fit_is_refused(
    extensions: Mapping[str, Any], expected: str
) -> None:
    async with a_client(Persisted()) as client:
        answer = await client.post(
            "/graphql", json={"query": "{greeting}", "extensions": extensions}
        )

    assert (answer.status_code, code(answer)) == (400, expected)
    assert "data" not in answer.json()


async def test_nobody_can_put_a_document_under_the_name_of_another_one() -> None:
    shared, other = Memory(), "query Other($t:String!){echo(text:$t) greeting}"
    async with a_client(Persisted(trusted={"list": QUERY}, shared=shared)) as client:
        sent = await client.post(
            "/graphql", json={"query": QUERY, "extensions": named(QUERY), "variables": {"t": "a"}}
        )
        for document_id in ("list", sha256(QUERY)):
            await client.post(
                "/graphql",
                json={
                    "documentId": document_id,
                    "extensions": named(other),
                    "variables": {"t": "a"},
                },
            )
        asked = await client.post("/graphql", json={"extensions": named(other)})

    assert sent.json()["data"] == {"echo": "a"}
    assert code(asked) == "PERSISTED_QUERY_NOT_FOUND"
    assert sha256(other) not in shared.texts


async def test_only_valid_documents_of_known_callers_are_kept() -> None:
    shared = Memory()
    async with a_client(Persisted(shared=shared)) as client:
        for query in ("{nope}", "{", "{items(first:101){totalCount}}"):
            await client.post("/graphql", json={"query": query, "extensions": named(query)})
        nobody = await client.post(
            "/graphql",
            json={"query": "{greeting}", "extensions": named("{greeting}")},
            headers={"authorization": ""},
        )
        long = "{greeting}" + " " * 16_000
        await client.post("/graphql", json={"query": long, "extensions": named(long)})

        assert nobody.json()["data"] == {"greeting": "hello"}
        assert shared.texts == {}
        await client.post(
            "/graphql", json={"query": "{greeting}", "extensions": named("{greeting}")}
        )

    assert shared.texts == {sha256("{greeting}"): "{greeting}"}


async def test_what_one_process_keeps_the_others_find_and_ask_for_once() -> None:
    shared = Memory()
    async with a_client(Persisted(shared=shared)) as one:
        await one.post("/graphql", json={"query": "{greeting}", "extensions": named("{greeting}")})
    async with a_client(Persisted(shared=shared)) as other:
        answers = [
            await other.post("/graphql", json={"extensions": named("{greeting}")}) for _ in "123"
        ]

    assert [one.json()["data"] for one in answers] == [{"greeting": "hello"}] * 3
    assert shared.asked == 1


async def test_a_text_under_a_false_name_is_not_executed() -> None:
    shared = Memory()
    shared.texts[sha256("{greeting}")] = "{boom}"
    async with a_client(Persisted(shared=shared)) as client:
        answer = await client.post("/graphql", json={"extensions": named("{greeting}")})

    assert code(answer) == "PERSISTED_QUERY_NOT_FOUND"


async def test_the_memory_of_named_documents_is_bounded() -> None:
    persisted = Persisted()
    for number in range(1_100):
        text = f"query q{number}{{greeting}}"
        await persisted.keep(
            GraphQLRequest(query=text, variables={}, operation_name=None, sha256=sha256(text))
        )
    assert len(persisted._known) == 1_000
    for number in range(100):
        text = f"query q{number}{{greeting}}".ljust(16_000)
        await persisted.keep(
            GraphQLRequest(query=text, variables={}, operation_name=None, sha256=sha256(text))
        )
    assert persisted._characters == sum(len(text) for text in persisted._known.values())
    assert persisted._characters <= 1_000_000


# A list of documents


@pytest.mark.parametrize("only", [False, True])
async def test_a_document_of_the_list_is_named_by_its_id_or_hash(only: bool) -> None:
    listed = {sha256(QUERY): QUERY, "Greeting/2": "{greeting}"}
    async with a_client(Persisted(trusted=listed, only_trusted=only)) as client:
        asked: list[dict[str, Any]] = [
            {"documentId": sha256(QUERY), "variables": {"t": "a"}},
            {"documentId": f"sha256:{sha256(QUERY)}", "variables": {"t": "a"}},
            {"extensions": named(QUERY), "variables": {"t": "a"}},
            {"query": QUERY, "variables": {"t": "a"}},
        ]
        answers = [await client.post("/graphql", json=body) for body in asked]
        other = await client.post("/graphql", json={"documentId": "Greeting/2"})
        got = await client.get("/graphql", params={"documentId": "Greeting/2"})
        unknown = await client.post("/graphql", json={"documentId": "Greeting/3"})
        both = await client.post("/graphql", json={"documentId": "Greeting/2", "query": "{boom}"})

    assert [one.json()["data"] for one in answers] == [{"echo": "a"}] * 4
    assert other.json()["data"] == got.json()["data"] == {"greeting": "hello"}
    assert code(unknown) == "PERSISTED_QUERY_NOT_FOUND"
    assert (both.status_code, code(both)) == (400, "BAD_REQUEST")


async def test_where_only_the_list_counts_nothing_else_runs_or_is_kept() -> None:
    shared = Memory()
    shared.texts[sha256("{who}")] = "{who}"
    persisted = Persisted(trusted={"a": "{greeting}"}, only_trusted=True, shared=shared)
    async with a_client(persisted) as client:
        refused = [
            await client.post("/graphql", json=body, headers={"accept": accept})
            for accept in (GRAPHQL, "application/json")
            for body in ({"query": "{who}"}, {"query": "{who}", "extensions": named("{who}")})
        ]
        by_name = await client.post("/graphql", json={"extensions": named("{who}")})

    assert [one.status_code for one in refused] == [403, 403, 200, 200]
    assert {code(one) for one in refused} == {"DOCUMENT_NOT_TRUSTED"}
    assert code(by_name) == "PERSISTED_QUERY_NOT_FOUND"
    assert shared.asked == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "no JSON object"),
        ("{", "cannot be read"),
        ('{"a":1}', "no JSON object"),
        (json.dumps({"0" * 64: "{greeting}"}), "another SHA-256"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_at_the_start(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "documents.json"
    path.write_text(content)

    with pytest.raises(ManifestBroken, match=said):
        read_manifest(path)
    with pytest.raises(ManifestBroken, match="cannot be read"):
        read_manifest(tmp_path / "missing.json")


def test_a_document_of_the_list_that_could_never_run_is_refused_at_the_start() -> None:
    door = a_door()

    door.require_valid({"a": "{greeting}"})
    for text in ("{nope}", "{", "query($x:Int){greeting}"):
        with pytest.raises(ManifestBroken, match="document a is not valid"):
            door.require_valid({"a": text})


def test_where_only_the_list_counts_a_socket_is_no_way_around_it() -> None:
    listed = "subscription{ticks(count:1)}"
    door = a_door(persisted=Persisted(trusted={"a": listed}, only_trusted=True))
    documents, somebody = door._documents, Context(anonymous=False)

    door._admit(documents.read(listed, operation_name=None, variables={}), somebody)
    other = documents.read("subscription{forever{id}}", operation_name=None, variables={})
    with pytest.raises(Refusal, match="registered"):
        door._admit(other, somebody)
