"""Variables and arguments of a compiled operation: what can be read beforehand is read once."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_input_type,
    type_from_ast,
)
from graphql.execution.values import (
    VariableValues,
    get_argument_values,
    get_variable_values,
)
from strawberry import Schema
from strawberry.types.field import StrawberryField

from schema.compiled.inputs import (
    Doubtful,
    Read,
    coercer,
    converted,
    converter,
    filler,
    mentions,
)
from schema.compiled.running import Declined

Values = Mapping[str, Any]
Variables = Callable[[Values], Values]
Arguments = Callable[[Values], dict[str, Any]]


def variables_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Variables:
    """Return what coerces the variables of an operation; it declines those that do not fit."""
    definitions = operation.variable_definitions or ()
    if not definitions:
        return lambda _given: {}

    def strictly(given: Values) -> Values:
        found = get_variable_values(schema, definitions, dict(given))
        if isinstance(found, list):
            raise Declined("variables that do not fit")
        return found.coerced

    known = []
    for definition in definitions:
        kind = type_from_ast(schema, definition.type)
        if not is_input_type(kind) or definition.default_value is not None:
            return strictly
        name = definition.variable.name.value
        known.append((name, coercer(kind), isinstance(kind, GraphQLNonNull)))

    def quickly(given: Values) -> Values:
        found = {}
        for name, coerce, required in known:
            value = given.get(name, Undefined)
            if value is not Undefined:
                try:
                    found[name] = coerce(value)
                except Doubtful:
                    return strictly(given)
            elif required:
                return strictly(given)
        return found

    return quickly


def arguments_of(
    strawberry: Schema, definition: GraphQLField, declared: StrawberryField, node: FieldNode
) -> Arguments:
    """Return what reads the arguments of a root field as its resolver takes them."""
    strictly = _converted(strawberry, definition, declared, node)
    by_name = {
        strawberry.config.name_converter.from_argument(one): one for one in declared.arguments
    }
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    for name, known in definition.args.items():
        if name not in given and known.default_value is not Undefined:
            return strictly
    literal: dict[str, Any] = {}
    open_ones: list[tuple[str, Read, Read]] = []
    try:
        for name, value in given.items():
            fill = filler(value, definition.args[name].type)
            if mentions(value):
                taken = by_name[name]
                open_ones.append((taken.python_name, fill, converter(strawberry, taken)))
            else:
                literal[name] = fill({})
    except Doubtful:
        return strictly
    fixed = converted(strawberry, list(declared.arguments), literal)
    required = {
        one.python_name
        for name, one in by_name.items()
        if isinstance(definition.args[name].type, GraphQLNonNull)
    }
    defaulted = {
        one.python_name
        for name, one in by_name.items()
        if definition.args[name].default_value is not Undefined
    }

    def read(variables: Values) -> dict[str, Any]:
        found = dict(fixed)
        try:
            for name, fill, convert in open_ones:
                value = fill(variables)
                if value is not Undefined:
                    found[name] = convert(value)
                elif name in defaulted:
                    return strictly(variables)
        except Doubtful:
            return strictly(variables)
        if any(found.get(name) is None for name in required):
            raise Declined("arguments that do not fit")
        return found

    return read


def _converted(
    strawberry: Schema, definition: GraphQLField, declared: StrawberryField, node: FieldNode
) -> Arguments:
    def read(variables: Values) -> dict[str, Any]:
        try:
            values = get_argument_values(definition, node, VariableValues({}, dict(variables)))
        except GraphQLError:
            raise Declined("arguments that do not fit") from None
        return converted(strawberry, list(declared.arguments), values)

    return read
