"""Answers that are kept: for whom, how long, how many; and those a client has already."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from schema.base.documents import Draft
from schema.base.responses import Place, Responses, place_of
from schema.base.sharing import SHARED, is_shared
from tests.schema.base.toy import a_door

GRAPHQL = "application/graphql-response+json"


@dataclass
class Readers:
    """An audience whose version a test sets."""

    key: Hashable = "acme"
    seen: int | None = 1

    def version(self) -> int | None:
        return self.seen

    async def look(self) -> int:
        return self.seen or 0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def a_draft(query: str, name: str | None = None) -> Draft:
    return a_door()._documents.read(query, operation_name=name, variables={})


def a_place(**changes: Any) -> Place:
    return Place("acme", b"mark", b"{}", 1)._replace(**changes)


def test_an_answer_is_kept_for_its_audience_its_document_and_its_variables_alone() -> None:
    responses = Responses(most_bytes=100_000, seconds=60)
    responses.keep(a_place(), b"body")

    found = responses.find(a_place())
    assert found is not None
    assert found.body == b"body"
    for other in ({"audience": "other"}, {"mark": b"x"}, {"variables": b'{"a":1}'}):
        assert responses.find(a_place(**other)) is None


def test_the_place_of_an_answer_tells_documents_operations_and_variables_apart() -> None:
    both = "query a{greeting} query b{greeting}"
    places = [
        place_of(Readers(), 1, draft, variables)
        for draft, variables in (
            (a_draft("{greeting}"), {}),
            (a_draft("{greeting }"), {}),
            (a_draft(both, "a"), {}),
            (a_draft(both, "b"), {}),
            (a_draft("{greeting}"), {"a": 1}),
            (a_draft("{greeting}"), {"a": "1"}),
            (a_draft("{greeting}"), {"a": True}),
        )
    ]

    assert len(set(places)) == len(places)
    first = place_of(Readers(), 1, a_draft("{greeting}"), {"a": 1, "b": {"d": 1, "c": 2}})
    same = place_of(Readers(), 1, a_draft("{greeting}"), {"b": {"c": 2, "d": 1}, "a": 1})
    assert first == same


def test_an_answer_of_an_earlier_version_is_forgotten() -> None:
    responses = Responses(most_bytes=100_000, seconds=60)
    responses.keep(a_place(), b"body")

    assert responses.find(a_place(version=2)) is None
    assert responses.find(a_place()) is None
    assert responses.bytes == 0


def test_an_answer_made_before_a_change_was_seen_is_not_given_after_it() -> None:
    responses = Responses(most_bytes=100_000, seconds=60)
    before = a_place(version=1)
    responses.find(a_place(version=2))
    responses.keep(before, b"old")

    assert responses.find(a_place(version=2)) is None


def test_an_answer_is_kept_for_so_many_seconds() -> None:
    clock = Clock()
    responses = Responses(most_bytes=100_000, seconds=60, clock=clock)
    responses.keep(a_place(), b"body")

    clock.now = 59.9
    assert responses.find(a_place()) is not None
    clock.now = 60.0
    assert responses.find(a_place()) is None


def test_kept_answers_are_bounded_and_the_longest_unused_goes_first() -> None:
    responses = Responses(most_bytes=10_000, seconds=60)
    places = [a_place(variables=b"%d" % number) for number in range(9)]
    for place in places:
        responses.keep(place, b"x" * 600)
        responses.find(places[0])

    kept = [responses.find(place) is not None for place in places]
    assert kept == [True, False, *[True] * 7]
    assert responses.bytes == sum(
        len(key[2]) + len(kept.body) + 600 for key, kept in responses._kept.items()
    )
    responses.keep(a_place(variables=b"large"), b"x" * 5_000)
    assert responses.find(a_place(variables=b"large")) is None
    assert responses.find(places[0]) is not None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{shared}", True),
        ("{a:shared b:shared __typename}", True),
        ("query{...f} fragment f on Query{shared ...g} fragment g on Query{shared}", True),
        ("{... on Query{shared}}", True),
        ("{shared own}", False),
        ("{own}", False),
        ("{unknown}", False),
        ("{__schema{queryType{name}}}", False),
        ("{...f} fragment f on Query{shared ...g} fragment g on Query{own}", False),
        ("{...{...{own}}}", False),
        ("{shared own @include(if:false)}", False),
        ("mutation{shared}", False),
        ("subscription{shared}", False),
    ],
)
def test_an_answer_is_shared_where_all_the_root_is_asked_for_is_shared(
    document: str, expected: bool
) -> None:
    fields = "{shared:String own:String}"
    schema = build_schema(f"type Query{fields} type Mutation{fields} type Subscription{fields}")
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        assert root is not None
        root.fields["shared"].extensions = {"strawberry-definition": _Declared()}
    parsed = parse(document)
    operation = parsed.definitions[0]

    assert isinstance(operation, OperationDefinitionNode)
    assert is_shared(schema, parsed, operation) is expected


@dataclass
class _Declared:
    metadata = {SHARED: True}  # noqa: RUF012 - strawberry's fields have it just so


# ETags


@pytest.fixture
def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(a_door()), base_url="http://hub")


async def test_an_answer_by_get_has_a_tag_and_is_not_sent_again(client: httpx.AsyncClient) -> None:
    url = "/graphql?query={greeting}"
    first = await client.get(url)
    tag = first.headers["etag"]

    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "accept, authorization, cookie, origin"
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await client.get(url, headers={"if-none-match": given})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == tag
        assert same.headers["cache-control"] == "private, no-cache"
        assert "content-type" not in same.headers
    other = await client.get(url, headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_other_data_and_other_media_types_have_other_tags(client: httpx.AsyncClient) -> None:
    answers = [
        await client.get("/graphql", params={"query": query}, headers={"accept": accept})
        for query in ("{greeting}", "{now}")
        for accept in (GRAPHQL, "application/json")
    ]

    assert len({answer.headers["etag"] for answer in answers}) == 4


async def test_what_is_sent_by_post_or_has_errors_has_no_tag(client: httpx.AsyncClient) -> None:
    posted = await client.post("/graphql", json={"query": "{greeting}"})
    partial = await client.get("/graphql", params={"query": "{greeting item(id:7){id}}"})
    invalid = await client.get(
        "/graphql", params={"query": "{nope}"}, headers={"if-none-match": "*"}
    )

    for answer in (posted, partial, invalid):
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
