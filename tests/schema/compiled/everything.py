"""Documents that select all that may be kept: for every list and every kind of node."""

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from hub.kernel.ids import global_id
from schema.base.fields import KEY, LASTING, SOURCES, Computed, Embedded, Paged
from tests.schema.compiled.data import Workspaceful

_DEPTH = 1
_ROWS = 50


def documents(
    schema: GraphQLSchema, here: Workspaceful
) -> Mapping[str, tuple[str, dict[str, object]]]:
    """Return documents with their variables, by what they read."""

    found: dict[str, tuple[str, dict[str, object]]] = {}
    query = schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        declared = field.extensions.get("strawberry-definition")
        target = get_named_type(field.type)
        lasting = getattr(declared, "metadata", {}).get(LASTING)
        if lasting and isinstance(target, GraphQLObjectType) and "nodes" in target.fields:
            found[name] = (f"{{ {name}(first: 5) {{ totalCount edges {{ cursor }} }} }}", {})
    for kind in SOURCES:
        target = schema.get_type(kind)
        if not is_node(target):
            continue
        ids = [global_id(kind, one) for one in here.ids.get(kind, [])[:_ROWS]]
        inner = f"nodes(ids: $ids) {{ ... on {kind} {{ {selected(target)} }} }}"
        found[kind] = (f"query Q($ids: [ID!]!) {{ {inner} }}", {"ids": ids})
    return found


def is_node(kind: object) -> TypeGuard[GraphQLObjectType]:
    """Say whether a type can be read by its id."""
    return isinstance(kind, GraphQLObjectType) and any(
        one.name == "Node" for one in kind.interfaces
    )


def selected(kind: GraphQLObjectType, depth: int = _DEPTH) -> str:
    """Return the text that selects every field of a type that may be kept."""
    return " ".join(["__typename", *_fields(kind, depth)])


def _fields(kind: GraphQLObjectType, depth: int) -> Iterator[str]:
    for name, field in kind.fields.items():
        spec = getattr(field.extensions.get("strawberry-definition"), "metadata", {}).get(KEY)
        if isinstance(spec, Computed | Embedded) and not spec.lasting:
            continue
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        written = _field(name, field, depth, pages=isinstance(spec, Paged))
        if written:
            yield written


def _field(name: str, field: GraphQLField, depth: int, *, pages: bool) -> str | None:
    target = get_named_type(field.type)
    if is_leaf_type(target):
        return name
    if depth == 0 or not isinstance(target, GraphQLObjectType):
        return None
    if pages:
        nodes = get_named_type(target.fields["nodes"].type)
        assert isinstance(nodes, GraphQLObjectType)
        return f"{name}(first: 2) {{ totalCount nodes {{ {selected(nodes, depth - 1)} }} }}"
    return f"{name} {{ {selected(target, depth - 1)} }}"
