"""Variables and arguments of a compiled operation: what can be read beforehand is read once."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
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
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.field import StrawberryField

from schema.compiled.running import Declined

Values = Mapping[str, Any]
Variables = Callable[[Values], Values]
Arguments = Callable[[Values], dict[str, Any]]

_INT = 2**31


def _is_int(value: object) -> bool:
    return type(value) is int and -_INT <= value < _INT


#: Scalars whose values are what they are: nothing is coerced where this holds.
_PLAIN: Mapping[Any, Callable[[object], bool]] = {
    GraphQLString: lambda value: type(value) is str,
    GraphQLID: lambda value: type(value) is str,
    GraphQLBoolean: lambda value: type(value) is bool,
    GraphQLInt: _is_int,
}


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

    plain = []
    for definition in definitions:
        kind = type_from_ast(schema, definition.type)
        fits = _plain(kind) if is_input_type(kind) else None
        if fits is None or definition.default_value is not None:
            return strictly
        plain.append((definition.variable.name.value, fits))

    def quickly(given: Values) -> Values:
        found = {}
        for name, fits in plain:
            value = given.get(name, Undefined)
            if value is Undefined or not fits(value):
                # Absent, null or wrong: the rules for those are graphql-core's.
                return strictly(given)
            found[name] = value
        return found

    return quickly


def _plain(kind: GraphQLInputType) -> Callable[[object], bool] | None:
    if isinstance(kind, GraphQLNonNull):
        return _plain(kind.of_type)
    if isinstance(kind, GraphQLList):
        inner = _plain(kind.of_type)
        if inner is None:
            return None
        return lambda value: type(value) is list and all(map(inner, value))
    return _PLAIN.get(kind)


def arguments_of(
    strawberry: Schema, definition: GraphQLField, declared: StrawberryField, node: FieldNode
) -> Arguments:
    """Return what reads the arguments of a root field as its resolver takes them."""
    named: list[tuple[str, str]] = []
    by_name = {
        strawberry.config.name_converter.from_argument(one): one for one in declared.arguments
    }
    for argument in node.arguments or ():
        name = argument.name.value
        if isinstance(argument.value, VariableNode):
            if _plain(definition.args[name].type) is None:
                return _converted(strawberry, definition, declared, node)
            named.append((by_name[name].python_name, argument.value.name.value))
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
    fixed = _convert(strawberry, list(declared.arguments), literal)
    required = {
        known.python_name
        for name, known in by_name.items()
        if isinstance(definition.args[name].type, GraphQLNonNull)
    }

    def read(variables: Values) -> dict[str, Any]:
        found = dict(fixed)
        for name, variable in named:
            if variable in variables:
                found[name] = variables[variable]
        if not required <= found.keys():
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
        return _convert(strawberry, list(declared.arguments), values)

    return read


def _convert(
    strawberry: Schema, arguments: list[StrawberryArgument], values: dict[str, Any]
) -> dict[str, Any]:
    converter = strawberry.schema_converter
    return convert_arguments(
        values, arguments, scalar_registry=converter.scalar_registry, config=converter.config
    )
