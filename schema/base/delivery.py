"""Callers who may only read what is published get no other field of the root, known or to come."""

from collections.abc import Callable, Collection
from typing import Any

from graphql import GraphQLField, GraphQLSchema

from hub.kernel.errors import Forbidden

Resolve = Callable[..., Any]


def keep_to_published(schema: GraphQLSchema, *, but_for: Collection[str]) -> None:
    """Put a guard before every field of the root but these; new fields are guarded by themselves.

    Permissions are asked behind it as well. But some things need none, as who one is: those are
    for members and not for everybody who reads a web page with a token in it.
    """
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        for name, field in root.fields.items() if root else ():
            if name not in but_for:
                _guard(field)


def _guard(field: GraphQLField) -> None:
    if field.subscribe is not None:
        field.subscribe = _guarded(field.subscribe)
    elif field.resolve is not None:
        field.resolve = _guarded(field.resolve)


def _guarded(resolve: Resolve) -> Resolve:
    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        known = info.context.known
        if known is not None and known.sees_only_published:
            raise Forbidden("This token reads what is published, and nothing else.")
        return resolve(source, info, **arguments)

    guarded.for_members = True  # type: ignore[attr-defined]  # a mark on a function of ours
    return guarded


def is_for_members(field: GraphQLField) -> bool:
    """Say whether a field of the root is kept from callers who only read what is published."""
    return getattr(field.resolve, "for_members", False)
