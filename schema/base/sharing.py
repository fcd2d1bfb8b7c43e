"""Which operations have the same answer for everybody of an audience."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Protocol

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

#: In the metadata of a field of the root: all who are of one audience get the same from it.
SHARED = "shared"


class Audience(Protocol):
    """Callers who get the same answers, and what tells whether those have changed."""

    @property
    def key(self) -> Hashable:
        """What tells this audience from every other one."""

    def version(self) -> int | None:
        """Return the version as it is known; None when it has to be looked at first."""

    async def look(self) -> int:
        """Find out the version and return it."""


def is_shared(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> bool:
    """Say whether an operation asks the root for nothing but shared fields."""
    if operation.operation is not OperationType.QUERY or schema.query_type is None:
        return False
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    fields = schema.query_type.fields
    return all(
        name == "__typename" or _says_shared(fields.get(name))
        for name in _names(operation.selection_set, fragments, set())
    )


def _says_shared(field: Any) -> bool:
    declared = field.extensions.get("strawberry-definition") if field is not None else None
    return bool(getattr(declared, "metadata", {}).get(SHARED))


def _names(
    chosen: SelectionSetNode, fragments: Mapping[str, SelectionSetNode], seen: set[str]
) -> Iterator[str]:
    for selection in chosen.selections:
        if isinstance(selection, FieldNode):
            yield selection.name.value
        elif isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name in fragments and name not in seen:
                seen.add(name)
                yield from _names(fragments[name], fragments, seen)
        elif isinstance(selection, InlineFragmentNode):
            yield from _names(selection.selection_set, fragments, seen)
