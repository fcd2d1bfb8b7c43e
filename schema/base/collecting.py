"""From a selection set to the fields it asks of one type: fragments taken apart, names merged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    VariableNode,
    is_abstract_type,
)

Fields = dict[str, list[FieldNode]]
Naming = Callable[[FieldNode], str]


def by_name(node: FieldNode) -> str:
    """Take a field by its name in the schema: whatever its aliases, it is one field."""
    return node.name.value


def by_key(node: FieldNode) -> str:
    """Take a field by its name in the answer."""
    return node.alias.value if node.alias else node.name.value


class Collector:
    """Collects the selected fields of one operation; `variables` decide `@skip` and `@include`."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self.schema = schema
        self.variables = variables
        self._fragments = fragments

    def collect(
        self, parent: GraphQLObjectType, nodes: Iterable[FieldNode], naming: Naming = by_key
    ) -> Fields:
        """Return what these fields select of a type, in the order of the document."""
        sets = (node.selection_set.selections for node in nodes if node.selection_set is not None)
        return self.selected(parent, sets, naming)

    def selected(
        self,
        parent: GraphQLObjectType,
        sets: Iterable[Sequence[SelectionNode]],
        naming: Naming = by_key,
    ) -> Fields:
        """Return what these selections select of a type."""
        found: Fields = {}
        seen: set[str] = set()
        for selections in sets:
            self._collect(parent, selections, naming, found, seen)
        return found

    def _collect(
        self,
        parent: GraphQLObjectType,
        selections: Iterable[SelectionNode],
        naming: Naming,
        found: Fields,
        seen: set[str],
    ) -> None:
        for selection in selections:
            if selection.directives and not self._included(selection.directives):
                continue
            if isinstance(selection, FieldNode):
                found.setdefault(naming(selection), []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                if condition is None or self._applies(condition.name.value, parent):
                    inner = selection.selection_set.selections
                    self._collect(parent, inner, naming, found, seen)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in seen:
                    continue
                seen.add(name)
                fragment = self._fragments[name]
                if self._applies(fragment.type_condition.name.value, parent):
                    inner = fragment.selection_set.selections
                    self._collect(parent, inner, naming, found, seen)

    def _applies(self, condition: str, parent: GraphQLObjectType) -> bool:
        if condition == parent.name:
            return True
        kind = self.schema.get_type(condition)
        return is_abstract_type(kind) and self.schema.is_sub_type(kind, parent)

    def _included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            name = directive.name.value
            if name in {"skip", "include"} and self._claim(directive) is (name == "skip"):
                return False
        return True

    def _claim(self, directive: DirectiveNode) -> bool:
        value = next(argument.value for argument in directive.arguments or ())
        if isinstance(value, VariableNode):
            return bool(self.variables.get(value.name.value))
        return isinstance(value, BooleanValueNode) and value.value
