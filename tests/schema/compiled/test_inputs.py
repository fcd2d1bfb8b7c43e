"""Inputs read by functions made for their types are those graphql-core and strawberry read."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
)
from graphql.language import parse_value, print_ast
from graphql.utilities import ast_from_value, coerce_input_value, value_from_ast
from strawberry.types.arguments import StrawberryArgument

from schema.compiled.inputs import Doubtful, coercer, converted, converter, filler
from schema.schema import build_schema

SCHEMA = build_schema()

_SCALARS: dict[str, tuple[Any, ...]] = {
    "DateTime": ("2026-03-01T09:30:00Z", "2026-03-01T10:30:00.5+01:00"),
    "Date": ("2026-03-01",),
    "JSON": ({}, {"a": [1, {"b": None}]}),
}
_WRONG: tuple[Any, ...] = (None, 1, 1.5, True, "", "x", [], {}, {"no": 1}, [None], 2**31, [[1]])


def _arguments() -> Iterator[tuple[str, GraphQLArgument, StrawberryArgument]]:
    core = SCHEMA._schema
    for root in (core.query_type, core.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            declared = field.extensions["strawberry-definition"]
            for one in declared.arguments:
                known = SCHEMA.config.name_converter.from_argument(one)
                yield f"{name}.{known}", field.args[known], one


ARGUMENTS = list(_arguments())


def _value(kind: Any, random: Random, *, wrong: float, depth: int = 0) -> Any:
    if random.random() < wrong:
        return random.choice(_WRONG)
    if isinstance(kind, GraphQLNonNull):
        return _value(kind.of_type, random, wrong=wrong, depth=depth)
    if random.random() < 0.1:
        return None
    if isinstance(kind, GraphQLList):
        return [
            _value(kind.of_type, random, wrong=wrong, depth=depth)
            for _ in range(random.randrange(3))
        ]
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: value
            for name, field in kind.fields.items()
            if isinstance(field.type, GraphQLNonNull)
            or random.random() < (0.5 if depth < 3 else 0.1)
            if (value := _value(field.type, random, wrong=wrong, depth=depth + 1)) is not Undefined
        }
    if isinstance(kind, GraphQLEnumType):
        return random.choice(list(kind.values))
    if kind is GraphQLInt:
        return random.randrange(-5, 5)
    if kind is GraphQLBoolean:
        return random.random() < 0.5
    return random.choice(_SCALARS.get(kind.name, ("a", "QnJhbmQ6MQ", "é")))


def _typed(value: Any) -> Any:
    """Equal values of other types are told apart: 1 is not True, and a list is no tuple."""
    if isinstance(value, dict):
        return {key: _typed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return (type(value), [_typed(one) for one in value])
    if hasattr(value, "__strawberry_definition__"):
        return (type(value), _typed(vars(value)))
    return (type(value), value)


@pytest.mark.parametrize("seed", range(20))
def test_values_are_coerced_and_converted_as_by_the_libraries_themselves(seed: int) -> None:
    random = Random(seed)
    fitting = doubtful = 0
    for name, argument, declared in ARGUMENTS:
        coerce, convert = coercer(argument.type), converter(SCHEMA, declared)
        key = SCHEMA.config.name_converter.from_argument(declared)
        for wrong in (0.0, 0.0, 0.1):
            value = _value(argument.type, random, wrong=wrong)
            expected = coerce_input_value(value, argument.type)
            try:
                found = coerce(value)
            except Doubtful:
                doubtful += expected is not Undefined
                continue
            assert expected is not Undefined, (name, value)
            assert _typed(found) == _typed(expected), (name, value)
            fitting += 1
            given = converted(SCHEMA, [declared], {key: expected})[declared.python_name]
            assert _typed(convert(found)) == _typed(given), (name, value)

    # What is in doubt although it fits is rare: a single value for a list, a number for an ID.
    assert doubtful < fitting / 20


def test_a_null_where_none_may_be_and_a_field_nobody_knows_are_in_doubt() -> None:
    _, argument, _ = next(one for one in ARGUMENTS if one[0] == "contentItemCreate.input")
    read = coercer(argument.type)
    whole = {"brandId": "a", "title": "b", "parts": [{"text": "c"}], "locale": "en"}

    assert read(whole)["variants"] == []
    for changed in ({"title": None}, {"nobody": 1}, {"parts": {"text": "c"}}, {"brandId": 1}):
        with pytest.raises(Doubtful):
            read(whole | changed)
    with pytest.raises(Doubtful):
        read(None)
    with pytest.raises(Doubtful):
        read({name: value for name, value in whole.items() if name != "locale"})


def _written(value: Any, kind: Any, random: Random, given: dict[str, Any]) -> str:
    """Write a value into a document, some of it as variables; some of those are not given."""
    nullable = not isinstance(kind, GraphQLNonNull)
    if random.random() < 0.25:
        name = f"v{len(given)}"
        coerced = coerce_input_value(value, kind)
        given[name] = Undefined if nullable and random.random() < 0.3 else coerced
        return f"${name}"
    inner = kind if nullable else kind.of_type
    if value is None:
        return "null"
    if isinstance(inner, GraphQLList):
        several = [_written(one, inner.of_type, random, given) for one in value]
        return f"[{', '.join(several)}]"
    if isinstance(inner, GraphQLInputObjectType):
        fields = [
            f"{name}: {_written(one, inner.fields[name].type, random, given)}"
            for name, one in value.items()
        ]
        return f"{{{', '.join(fields)}}}"
    if isinstance(inner, GraphQLEnumType):
        return str(value)
    node = ast_from_value(value, GraphQLString) if isinstance(value, str) else None
    if node is not None:
        return print_ast(node)
    return json.dumps(value) if not isinstance(value, dict) else "{}"


@pytest.mark.parametrize("seed", range(20))
def test_values_with_variables_inside_are_filled_as_by_graphql_core(seed: int) -> None:
    random = Random(seed)
    filled = doubtful = 0
    for name, argument, _ in ARGUMENTS:
        for _turn in range(3):
            given: dict[str, Any] = {}
            value = _value(argument.type, random, wrong=0.0)
            if coerce_input_value(value, argument.type) is Undefined:
                continue
            text = _written(value, argument.type, random, given)
            known = {one: found for one, found in given.items() if found is not Undefined}
            node = parse_value(text)
            expected = value_from_ast(node, argument.type, known)
            try:
                found = filler(node, argument.type)(known)
            except Doubtful:
                doubtful += expected is not Undefined
                continue
            assert _typed(found) == _typed(expected), (name, text, known)
            filled += 1
    assert doubtful < filled / 10
