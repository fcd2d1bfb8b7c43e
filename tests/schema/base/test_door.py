import asyncio
import hashlib
import json
from typing import Any

import httpx
import pytest
import strawberry
from starlette.types import Message
from structlog.testing import capture_logs

from hub.kernel.errors import Unavailable
from schema.base.door import DoorSettings, GraphQLDoor
from schema.base.masking import is_unreachable, mask_exception
from tests.schema.base.hostile import send_raw
from tests.schema.base.serving import Served
from tests.schema.base.toy import TOKEN, a_door, an_app, get_context

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
KNOWN = {"authorization": f"Bearer {TOKEN}"}


async def ask(
    client: httpx.AsyncClient, query: str, *, accept: str = GRAPHQL, **more: Any
) -> httpx.Response:
    headers = {"accept": accept, **more.pop("headers", {})}
    return await client.post("/graphql", json={"query": query, **more}, headers=headers)


def code(response: httpx.Response, at: int = 0) -> str:
    found: str = response.json()["errors"][at]["extensions"]["code"]
    return found


def a_client(**settings: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(an_app(**settings))
    return httpx.AsyncClient(transport=transport, base_url="http://hub")


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_a_query_is_answered_in_the_type_asked_for(
    client: httpx.AsyncClient, accept: str
) -> None:
    response = await ask(client, "{greeting now}", accept=accept)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json() == {
        "data": {"greeting": "hello", "now": "2026-03-01T09:30:00+00:00"},
        "extensions": {"cost": {"requested": 1, "limit": 5_000}},
    }


async def test_a_query_can_come_by_get(client: httpx.AsyncClient) -> None:
    parameters = {"query": "query($t:String!){echo(text:$t)}", "variables": '{"t":"a"}'}

    response = await client.get("/graphql", params=parameters)

    assert response.json()["data"] == {"echo": "a"}


async def test_a_mutation_by_get_is_not_executed(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": 'mutation{rename(name:"a")}'})

    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"
    assert "data" not in response.json()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{nope}", "GRAPHQL_VALIDATION_FAILED"),
        ("{paint(colour:PINK)}", "GRAPHQL_VALIDATION_FAILED"),
        ("query a{greeting} query b{greeting}", "OPERATION_NOT_FOUND"),
        ("fragment f on Query{greeting}", "OPERATION_NOT_FOUND"),
        ("subscription{ticks(count:1)}", "WRONG_TRANSPORT"),
        ("{items(first:101){totalCount}}", "PAGE_TOO_LARGE"),
        ("query($c:Colour!){paint(colour:$c)}", "INVALID_VARIABLES"),
        ("{" + "greeting " * 2_000 + "}", "DOCUMENT_TOO_LONG"),
        ("{greeting}" + "#\n" * 2_001, "DOCUMENT_TOO_LONG"),
        ("{greeting}" + " " * 100_000, "DOCUMENT_TOO_LONG"),
        ("{item(id:1){parent{id}}" * 250, "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_document_that_cannot_run_is_200_for_old_clients_and_400_for_new_ones(
    client: httpx.AsyncClient, query: str, expected: str
) -> None:
    old = await ask(client, query, accept=JSON)
    new = await ask(client, query, accept=GRAPHQL)

    assert (old.status_code, code(old)) == (200, expected)
    assert (new.status_code, code(new)) == (400, expected)
    assert "data" not in old.json()
    assert "data" not in new.json()


async def test_an_unknown_operation_name_is_refused(client: httpx.AsyncClient) -> None:
    response = await ask(client, "query a{greeting}", operationName="b")

    assert code(response) == "OPERATION_NOT_FOUND"


async def test_the_named_operation_runs_and_no_other(client: httpx.AsyncClient) -> None:
    both = 'query a{greeting} mutation b{rename(name:"x")}'

    response = await ask(client, both, operationName="a")

    assert response.json()["data"] == {"greeting": "hello"}


async def test_no_answer_is_possible_in_an_unknown_type(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{greeting}", accept="text/xml")

    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


async def test_a_form_is_not_executed(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", data={"query": "{greeting}"})

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.headers["accept-post"] == "application/json"


async def test_fields_fail_one_by_one(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{greeting item(id:7){id}}")

    assert response.status_code == 200
    assert response.json()["data"] == {"greeting": "hello", "item": None}
    assert response.json()["errors"] == [
        {
            "message": "There is no item 7.",
            "locations": [{"line": 1, "column": 11}],
            "path": ["item"],
            "extensions": {"code": "NOT_FOUND", "path": ["id"]},
        }
    ]


async def test_a_bug_is_logged_and_the_client_gets_only_its_id(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        response = await ask(client, "{greeting boom}")

    error = response.json()["errors"][0]
    identity = error["extensions"]["id"]
    assert (response.status_code, error["extensions"]["code"]) == (200, "INTERNAL")
    assert (error["path"], identity in error["message"]) == (["boom"], True)
    assert "secret" not in response.text
    assert response.json()["data"] == {"greeting": "hello", "boom": None}
    assert [(entry["error_id"], str(entry["exc_info"])) for entry in logs] == [
        (identity, "a secret of ours")
    ]


async def test_a_store_that_is_down_is_unavailable(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        response = await ask(client, "{storeDown}")

    assert code(response) == "UNAVAILABLE"
    assert "10.0.0.1" not in response.text
    assert [entry["log_level"] for entry in logs] == ["warning"]


def test_what_counts_as_unreachable_is_told_by_name() -> None:
    elsewhere = type("OperationalError", (Exception,), {"__module__": "somewhere"})
    ours = type("OperationalError", (Exception,), {"__module__": "sqlalchemy.exc"})

    assert is_unreachable(ConnectionRefusedError())
    assert is_unreachable(type("Derived", (ours,), {"__module__": "x"})())
    assert not is_unreachable(elsewhere())
    assert not is_unreachable(ValueError())


def test_an_expected_error_is_not_logged() -> None:
    with capture_logs() as logs:
        shown = mask_exception(Unavailable("The queue does not answer."))

    assert shown.formatted == {
        "message": "The queue does not answer.",
        "extensions": {"code": "UNAVAILABLE"},
    }
    assert logs == []


async def test_a_wrong_token_is_unauthenticated_in_both_types(client: httpx.AsyncClient) -> None:
    for accept in (JSON, GRAPHQL):
        response = await ask(
            client, "{greeting}", accept=accept, headers={"authorization": "Bearer x"}
        )
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"] == "Bearer"


async def test_a_context_that_cannot_be_made_is_answered_like_any_other_fault(
    client: httpx.AsyncClient,
) -> None:
    with capture_logs() as logs:
        response = await ask(client, "{greeting}", headers={"authorization": "Bearer outage"})

    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    assert len(logs) == 1


@pytest.mark.parametrize(
    ("development", "headers", "suggested"),
    [(True, KNOWN, True), (True, {}, False), (False, KNOWN, False)],
)
@pytest.mark.parametrize(
    ("query", "variables"),
    [("{greetin}", {}), ("query($c:Colour!){paint(colour:$c)}", {"c": "REDD"})],
)
async def test_suggestions_are_for_known_callers_in_development(
    development: bool,
    headers: dict[str, str],
    suggested: bool,
    query: str,
    variables: dict[str, str],
) -> None:
    async with a_client(development=development) as client:
        response = await ask(client, query, variables=variables, headers=headers)

    assert ("Did you mean" in response.text) is suggested
    assert code(response) in {"GRAPHQL_VALIDATION_FAILED", "INVALID_VARIABLES"}


async def test_the_explorer_is_a_page_of_development_only(client: httpx.AsyncClient) -> None:
    async with a_client(development=True) as development:
        page = await development.get("/graphql", headers={"accept": "text/html"})
        query = await development.get("/graphql?query={greeting}", headers={"accept": "*/*"})

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert query.json()["data"] == {"greeting": "hello"}
    refused = await client.get("/graphql", headers={"accept": "text/html"})
    assert (refused.status_code, code(refused)) == (406, "NOT_ACCEPTABLE")


async def test_a_request_has_a_deadline() -> None:
    async with a_client(request_seconds=0.05) as client:
        old = await ask(client, "{slow}", accept=JSON)
        new = await ask(client, "{slow}", accept=GRAPHQL)

    assert (old.status_code, code(old)) == (200, "DEADLINE")
    assert (new.status_code, code(new)) == (503, "DEADLINE")


async def test_an_idempotency_key_and_the_hash_of_the_request_reach_the_resolver(
    client: httpx.AsyncClient,
) -> None:
    query = "mutation($n:String!){rename(name:$n)}"
    canonical = json.dumps([query, {"n": "é"}, None], separators=(",", ":"))

    response = await ask(client, query, variables={"n": "é"}, headers={"idempotency-key": "again"})

    assert response.json()["data"]["rename"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert response.headers["idempotency-replayed"] == "true"


async def test_a_resolver_can_set_the_status_and_headers(client: httpx.AsyncClient) -> None:
    response = await ask(
        client, 'mutation{rename(name:"a")}', accept=JSON, headers={"idempotency-key": "busy"}
    )

    assert (response.status_code, response.headers["retry-after"]) == (409, "2")


async def test_a_key_stands_for_one_mutation(client: httpx.AsyncClient) -> None:
    two = 'mutation{...f ...f} fragment f on Mutation{rename(name:"a")}'

    response = await ask(client, two, headers={"idempotency-key": "k"})
    without = await ask(client, two)
    query = await ask(client, "{greeting}", headers={"idempotency-key": "k"})

    assert (response.status_code, code(response)) == (400, "ONE_MUTATION_PER_KEY")
    assert "data" in without.json()
    assert "data" in query.json()


async def test_a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes() -> None:
    body = json.dumps({"query": "{greeting}"}).encode()
    async with a_client(body_bytes=len(body)) as client:
        headers = {"content-type": JSON}
        fits = await client.post("/graphql", content=body, headers=headers)
        longer = await client.post("/graphql", content=body + b" ", headers=headers)

        async def parts() -> Any:
            yield body
            yield b" "

        streamed = await client.post("/graphql", content=parts(), headers=headers)

    assert fits.json()["data"] == {"greeting": "hello"}
    for response in (longer, streamed):
        assert (response.status_code, code(response)) == (413, "BODY_TOO_LARGE")
        assert response.headers["connection"] == "close"


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        if not sent:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await a_door(body_seconds=0.05)(scope, receive, send)

    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "BODY_TOO_SLOW"


async def test_a_large_body_is_refused_before_it_arrives(served: Served) -> None:
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
        b"Content-Length: 104857600\r\n\r\n"
    )

    answer = await send_raw(served.url, head)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer


def test_a_schema_that_would_not_run_checked_documents_is_refused() -> None:
    @strawberry.type
    class Anything:
        word: str = "word"

    plain = strawberry.Schema(Anything)

    with pytest.raises(TypeError, match="GuardedSchema"):
        GraphQLDoor(plain, get_context=get_context, settings=DoorSettings())


async def test_everyone_may_introspect(client: httpx.AsyncClient) -> None:
    response = await ask(client, '{__schema{queryType{name}} __type(name:"Item"){name}}')

    assert response.json()["data"] == {
        "__schema": {"queryType": {"name": "Query"}},
        "__type": {"name": "Item"},
    }


async def test_a_value_that_is_no_instant_is_the_clients_fault(client: httpx.AsyncClient) -> None:
    literal = await ask(client, '{later(when:"2026-03-01T09:30:00")}')
    variable = await ask(client, "query($w:DateTime!){later(when:$w)}", variables={"w": "tomorrow"})
    right = await ask(client, '{later(when:"2026-03-01T10:30:00+01:00") mirror(value:{a:1})}')

    assert code(literal) == "GRAPHQL_VALIDATION_FAILED"
    assert (code(variable), "zone" in variable.text) == ("INVALID_VARIABLES", True)
    assert right.json()["data"] == {"later": "2026-03-01T09:30:00+00:00", "mirror": {"a": 1}}
