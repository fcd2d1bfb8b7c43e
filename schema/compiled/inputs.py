"""Values of inputs, read by functions that are made once for each type.

They give what graphql-core and strawberry give, for values that fit; the others are Doubtful, and
whoever asked has them read by graphql-core and strawberry themselves, rule by rule.
"""

from collections.abc import Callable
from dataclasses import MISSING
from functools import cache
from typing import Any, cast

from graphql import (
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_required_input_field,
    value_from_ast,
)
from graphql.utilities.coerce_input_value import coerce_default_value
from strawberry import Schema, Some
from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    StrawberryType,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.lazy_type import LazyType

Read = Callable[[Any], Any]

#: Scalars whose values are what they are.
_TEXTS = frozenset({GraphQLString, GraphQLID})


class Doubtful(Exception):
    """A value that only the rules of graphql-core and strawberry can judge."""


def coercer(kind: GraphQLInputType) -> Read:
    """Return what coerces a value of a variable; it raises Doubtful for one that does not fit."""
    if isinstance(kind, GraphQLNonNull):
        return _coercer(kind.of_type)
    inner = _coercer(kind)
    return lambda value: None if value is None else inner(value)


def _coercer(kind: Any) -> Read:
    """Return what coerces a value that is not null: for null it raises Doubtful."""
    if isinstance(kind, GraphQLList):
        return _each(coercer(kind.of_type))
    if isinstance(kind, GraphQLInputObjectType):
        return _coerced_object(kind)
    return _text if kind in _TEXTS else _leaf(kind)


def _each(inner: Read) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise Doubtful
        return [inner(one) for one in value]

    return read


def _text(value: Any) -> Any:
    # A number would be an ID, too; graphql-core makes text of it.
    if type(value) is str:
        return value
    raise Doubtful


def _leaf(kind: GraphQLLeafType) -> Read:
    def read(value: Any) -> Any:
        if value is None:
            raise Doubtful
        try:
            return kind.coerce_input_value(value)
        except Exception:  # noqa: BLE001 - a scalar may raise anything: graphql-core says it in its words
            raise Doubtful from None

    return read


@cache
def _coerced_object(kind: GraphQLInputObjectType) -> Read:
    changed = kind.out_type is not GraphQLInputObjectType.out_type
    known: list[tuple[str, Read, Any, bool]] = []

    def fields() -> list[tuple[str, Read, Any, bool]]:
        # When the first value comes: a type may stand within itself.
        return [
            (name, coercer(field.type), coerce_default_value(field), is_required_input_field(field))
            for name, field in kind.fields.items()
        ]

    def read(value: Any) -> Any:
        if type(value) is not dict or changed or kind.is_one_of:
            raise Doubtful
        if not known:
            known.extend(fields())
        found: dict[str, Any] = {}
        met = 0
        for name, coerce, default, required in known:
            given = value.get(name, Undefined)
            if given is not Undefined:
                met += 1
                found[name] = coerce(given)
            elif required:
                raise Doubtful
            elif default is not Undefined:
                found[name] = default
        if met != len(value):
            raise Doubtful
        return found

    return read


def filler(node: ValueNode, kind: GraphQLInputType) -> Read:
    """Return what makes the coerced value of an argument of the values of variables inside it.

    Undefined stands for a variable that was not given. Raises Doubtful for what only the rules of
    graphql-core can judge, at once or when it comes.
    """
    if isinstance(node, VariableNode):
        return _variable(node.name.value, required=isinstance(kind, GraphQLNonNull))
    if not mentions(node):
        return _constant(value_from_ast(node, kind))
    if isinstance(kind, GraphQLNonNull):
        return filler(node, kind.of_type)
    if isinstance(node, ListValueNode) and isinstance(kind, GraphQLList):
        return _filled_list([filler(one, kind.of_type) for one in node.values])
    if isinstance(node, ObjectValueNode) and isinstance(kind, GraphQLInputObjectType):
        return _filled_object(node, kind)
    raise Doubtful


def mentions(node: ValueNode) -> bool:
    """Say whether a variable stands in a value."""
    match node:
        case VariableNode():
            return True
        case ListValueNode(values=values):
            return any(map(mentions, values))
        case ObjectValueNode(fields=fields):
            return any(mentions(field.value) for field in fields)
        case _:
            return False


def _variable(name: str, *, required: bool) -> Read:
    def read(variables: Any) -> Any:
        value = variables.get(name, Undefined)
        if required and (value is None or value is Undefined):
            raise Doubtful
        return value

    return read


def _constant(value: Any) -> Read:
    if value is Undefined:
        raise Doubtful
    return lambda _variables: value


def _filled_list(parts: list[Read]) -> Read:
    def read(variables: Any) -> Any:
        found = [part(variables) for part in parts]
        if any(one is Undefined for one in found):
            raise Doubtful
        return found

    return read


def _filled_object(node: ObjectValueNode, kind: GraphQLInputObjectType) -> Read:
    if kind.out_type is not GraphQLInputObjectType.out_type or kind.is_one_of:
        raise Doubtful
    given = {field.name.value: field.value for field in node.fields}
    parts = [
        (
            name,
            filler(given[name], field.type) if name in given else _constant_or_absent(field),
            coerce_default_value(field),
        )
        for name, field in kind.fields.items()
    ]

    def read(variables: Any) -> Any:
        found = {}
        for name, part, default in parts:
            value = part(variables)
            if value is Undefined:
                value = default
            if value is not Undefined:
                found[name] = value
        return found

    return read


def _constant_or_absent(field: GraphQLInputField) -> Read:
    if is_required_input_field(field):
        raise Doubtful
    return lambda _variables: Undefined


def converter(schema: Schema, argument: StrawberryArgument) -> Read:
    """Return what makes of a coerced value the one that resolvers take."""
    name = schema.config.name_converter.from_argument(argument)
    quickly = _converter(schema, argument.type)

    def read(value: Any) -> Any:
        try:
            return quickly(value)
        except Doubtful:
            return converted(schema, [argument], {name: value})[argument.python_name]

    return read


def converted(
    schema: Schema, arguments: list[StrawberryArgument], values: dict[str, Any]
) -> dict[str, Any]:
    """Return coerced values as resolvers take them, by strawberry's own hand."""
    registry = schema.schema_converter.scalar_registry
    return convert_arguments(values, arguments, scalar_registry=registry, config=schema.config)


def _same(value: Any) -> Any:
    return value


def _doubted(_value: Any) -> Any:
    raise Doubtful


def _converter(schema: Schema, kind: StrawberryType | type) -> Read:
    # A Maybe is an Optional to strawberry as well, and so comes first.
    if isinstance(kind, StrawberryMaybe):
        if not isinstance(kind.of_type, StrawberryOptional):
            return _doubted
        maybe = _converter(schema, kind.of_type)
        return lambda value: Some(maybe(value))
    if isinstance(kind, StrawberryOptional):
        return _converter(schema, kind.of_type)
    if isinstance(kind, StrawberryList):
        inner = _converter(schema, kind.of_type)
        if inner is _same:
            return lambda value: None if value is None else list(value)
        return lambda value: None if value is None else [inner(one) for one in value]
    if kind is GlobalID:
        return _doubted
    if isinstance(kind, LazyType):
        return _converter(schema, kind.resolve_type())
    if is_scalar(kind, schema.schema_converter.scalar_registry):
        return _same
    if isinstance(kind, StrawberryEnumDefinition) or has_enum_definition(kind):
        return _same
    if has_object_definition(kind):
        return _converted_object(schema, cast("type", kind))
    return _doubted


@cache
def _converted_object(schema: Schema, made: type) -> Read:
    definition: StrawberryObjectDefinition = made.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry
    absent = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    known: list[tuple[str, str, Read]] = []

    def fields() -> list[tuple[str, str, Read]]:
        return [
            (
                schema.config.name_converter.from_field(field),
                field.python_name,
                _converter(schema, field.resolve_type(type_definition=definition)),
            )
            for field in definition.fields
        ]

    def read(value: Any) -> Any:
        if value is None:
            return None
        if definition.from_input is not None or not definition.is_input:
            raise Doubtful
        if not known:
            known.extend(fields())
        given = dict(absent)
        for name, python_name, convert in known:
            if name in value:
                one = value[name]
                given[python_name] = one if convert is _same else convert(one)
        return made(**given)

    return read
