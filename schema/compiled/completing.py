"""From Python objects to JSON: what a computed field or a resolver returns, as it was selected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    located_error,
)
from strawberry.types.field import StrawberryField

from schema.base.collecting import Collector
from schema.base.fields import Computed, Paged
from schema.base.selection import known_fields
from schema.compiled.running import Complete, Declined, Run, Shown

Get = Callable[[Any], Any]


def completer(
    kind: GraphQLOutputType, nodes: Sequence[FieldNode], collector: Collector
) -> Complete:
    """Return what completes values of a type as the nodes select it.

    Raises Declined for what only resolvers of graphql-core can do. The completer raises Declined
    where a value is not what its type says: there the reference knows which error it is.
    """
    if isinstance(kind, GraphQLNonNull):
        return _present(completer(kind.of_type, nodes, collector))
    if isinstance(kind, GraphQLList):
        return _several(completer(kind.of_type, nodes, collector))
    if is_leaf_type(kind):
        return _leaf(kind)
    if isinstance(kind, GraphQLObjectType):
        return _object(kind, nodes, collector)
    return only_shown(kind, Declined("an object of an abstract type"))


def _present(inner: Complete) -> Complete:
    def complete(value: Any, run: Run) -> Any:
        found = inner(value, run)
        if found is None:
            raise Declined("a null where none may be")
        return found

    return complete


def _composite(inner: Complete) -> Complete:
    """Complete what is not complete already; an error for a value is raised where it stands."""

    def complete(value: Any, run: Run) -> Any:
        if value is None:
            return None
        if isinstance(value, Shown):
            return value.json
        if isinstance(value, Exception):
            raise value
        return inner(value, run)

    return complete


def _several(inner: Complete) -> Complete:
    def complete(value: Any, run: Run) -> Any:
        if not isinstance(value, list | tuple):
            raise Declined("a list that is none")
        if run.errors is None:
            return [inner(one, run) for one in value]
        found = []
        for number, one in enumerate(value):
            run.path.append(number)
            found.append(inner(one, run))
            run.path.pop()
        return found

    return _composite(complete)


def _leaf(kind: Any) -> Complete:
    write: Callable[[Any], Any] = kind.coerce_output_value
    plain = str if kind is GraphQLString else None

    def complete(value: Any, _run: Run) -> Any:
        if value is None or type(value) is plain:
            return value
        if isinstance(value, Exception):
            raise value
        return write(value)

    return complete


def only_shown(kind: GraphQLOutputType, declined: Declined) -> Complete:
    """Return a completer of a type for what is complete already; the rest is declined."""
    nullable = get_nullable_type(kind)
    if is_list_type(nullable):
        return _several(only_shown(nullable.of_type, declined))

    def complete(_value: Any, _run: Run) -> Any:
        raise Declined(declined.reason)

    return _composite(complete)


@dataclass(frozen=True, slots=True)
class _Field:
    key: str
    get: Get
    complete: Complete
    nodes: Sequence[FieldNode]
    required: bool


def _object(kind: GraphQLObjectType, nodes: Sequence[FieldNode], collector: Collector) -> Complete:
    fields = []
    known = known_fields(kind)
    for key, chosen in collector.collect(kind, nodes).items():
        name = chosen[0].name.value
        if name == "__typename":
            fields.append(_Field(key, _word(kind.name), _as_it_is, chosen, required=True))
            continue
        found = known[name]
        returned: GraphQLOutputType = found.definition.type
        get = _getter(found.definition, found.attribute, found.spec)
        required = isinstance(returned, GraphQLNonNull)
        fields.append(_Field(key, get, _field(returned, chosen, collector), chosen, required))

    def complete(value: Any, run: Run) -> Any:
        if run.errors is not None:
            return {field.key: _placed(field, value, run, run.errors) for field in fields}
        return {field.key: field.complete(field.get(value), run) for field in fields}

    return _composite(complete)


def _field(kind: GraphQLOutputType, nodes: Sequence[FieldNode], collector: Collector) -> Complete:
    try:
        return completer(kind, nodes, collector)
    except Declined as declined:
        return only_shown(kind, declined)


def _placed(field: _Field, value: Any, run: Run, errors: list[GraphQLError]) -> Any:
    """Complete a field; what fails is an error at its place, and null where it may be."""
    depth = len(run.path)
    run.path.append(field.key)
    try:
        return field.complete(field.get(value), run)
    except Exception as error:
        if field.required:
            raise
        path = [*run.path[:depth], field.key]
        errors.append(located_error(error, list(field.nodes), path))
        return None
    finally:
        del run.path[depth:]


def _word(word: str) -> Get:
    return lambda _value: word


def _as_it_is(value: Any, _run: Run) -> Any:
    return value


def _getter(definition: GraphQLField, attribute: str, spec: object) -> Get:
    declared = definition.extensions.get("strawberry-definition")
    if isinstance(spec, Paged):
        raise Declined("a list by pages inside a computed field")
    if spec is None or isinstance(spec, Computed):
        _require_plain(declared)
    return lambda value: getattr(value, attribute)


def _require_plain(declared: object) -> None:
    if not isinstance(declared, StrawberryField) or not declared.is_basic_field:
        raise Declined("a field with a resolver of its own")
