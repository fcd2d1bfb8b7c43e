"""Every mutation of the contract keeps to its Idempotency-Key: generated from the schema."""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLFieldMap,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_nullable_type,
    is_required_input_field,
)

from hub.access.models import Role
from hub.kernel.ids import global_id, new_id
from tests.contract import contract
from tests.schema.client.api import Answer, Api, Desk

_INSTANT = "2030-01-31T09:00:00Z"
_OTHER = 'mutation{brandCreate(input:{slug:"o",name:"o",locales:["en"]}){errors{code}}}'


def _mutations() -> GraphQLFieldMap:
    found = contract().mutation_type
    assert found is not None
    fields: GraphQLFieldMap = found.fields
    return fields


def _value(given: GraphQLInputType, name: str) -> Any:
    """Return a value that the contract allows; ids are of the right shape and of nothing."""
    kind = get_nullable_type(given)
    if isinstance(kind, GraphQLList):
        return [_value(kind.of_type, name)]
    if isinstance(kind, GraphQLInputObjectType):
        return _object(kind)
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    by_scalar: dict[str, Any] = {
        "ID": global_id("Nothing", new_id()),
        "Int": 1,
        "Float": 1.0,
        "Boolean": True,
        "DateTime": _INSTANT,
        "Date": "2030-01-31",
        "JSON": {},
    }
    # Long enough for a password, and no two alike.
    return by_scalar.get(str(kind), f"{name} correct horse battery")


def _object(kind: GraphQLInputObjectType) -> dict[str, Any]:
    given = {
        name: _value(field.type, name)
        for name, field in kind.fields.items()
        if is_required_input_field(field)
    }
    if kind.is_one_of:
        name, field = next(iter(kind.fields.items()))
        return {name: _value(field.type, name)}
    return given


async def _send(api: Api, mutation: str, given: dict[str, Any]) -> Answer:
    argument = _mutations()[mutation].args["input"]
    return await api.ask(
        f"mutation($input:{argument.type}){{{mutation}(input:$input){{errors{{code path}}}}}}",
        input=given,
    )


#: Nothing that could tell a password is kept; doing one of these twice is doing it once.
UNKEPT = {"memberPasswordSet", "passwordChange"}


async def test_a_repeat_is_answered_from_what_was_kept_and_another_request_is_refused(
    desk: Desk,
) -> None:
    wrong = []
    for mutation in sorted(_mutations().keys() - UNKEPT):
        kind = get_nullable_type(_mutations()[mutation].args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        given = _object(kind)
        api = desk.as_(Role.ADMIN).sending(idempotency_key=f"key-{mutation}")

        first = await _send(api, mutation, given)
        again = await _send(api, mutation, given)
        other = await api.ask(_OTHER)

        fine = (
            first.status == again.status == 200
            and "idempotency-replayed" not in first.headers
            and again.headers.get("idempotency-replayed") == "true"
            and again.data == first.data
            and other.status == 422
            and other.payload["errors"] == [{"code": "IDEMPOTENCY_KEY_REUSED"}]
        )
        if not fine:
            wrong.append((mutation, first.data, again.data, other.status))

    assert wrong == []


def test_every_mutation_takes_one_input() -> None:
    wrong = [
        name
        for name, field in _mutations().items()
        if list(field.args) != ["input"] or not isinstance(field.args["input"].type, GraphQLNonNull)
    ]

    assert wrong == []
