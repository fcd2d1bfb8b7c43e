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
    VariableNode,
    is_input_type,
    type_from_ast,
    value_from_ast,
)
from graphql.execution.values import (
    VariableValues,
    get_argument_values,
    get_variable_values,
)
from strawberry import Schema
from strawberry.types.field import StrawberryField

from schema.compiled.inputs import Doubtful, Read, coercer, converted, converter
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
    named: list[tuple[str, str, Read]] = []
    by_name = {
        strawberry.config.name_converter.from_argument(one): one for one in declared.arguments
    }
    for argument in node.arguments or ():
        name = argument.name.value
        if isinstance(argument.value, VariableNode):
            taken = by_name[name]
            named.append(
                (taken.python_name, argument.value.name.value, converter(strawberry, taken))
            )
    given = {argument.name.value for argument in node.arguments or ()}
    for name, known in definition.args.items():
        if name not in given and known.default_value is not Undefined:
            return _converted(strawberry, definition, declared, node)
    literal = {
        argument.name.value: value_from_ast(
            argument.value, definition.args[argument.name.value].type, {}
        )
        for argument in node.arguments or ()
        if not isinstance(argument.value, VariableNode)
    }
    if any(_mentions(argument.value) for argument in node.arguments or ()) or any(
        value is Undefined for value in literal.values()
    ):
        return _converted(strawberry, definition, declared, node)
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
    strictly = _converted(strawberry, definition, declared, node)

    def read(variables: Values) -> dict[str, Any]:
        found = dict(fixed)
        for name, variable, convert in named:
            if variable in variables:
                found[name] = convert(variables[variable])
            elif name in defaulted:
                return strictly(variables)
        if any(found.get(name) is None for name in required):
            raise Declined("arguments that do not fit")
        return found

    return read


def _mentions(value: Any) -> bool:
    """Say whether a variable stands inside a list or an object."""
    fields = getattr(value, "fields", None) or ()
    values = getattr(value, "values", None) or ()
    inside = (*(field.value for field in fields), *values)
    return any(isinstance(one, VariableNode) or _mentions(one) for one in inside)


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
