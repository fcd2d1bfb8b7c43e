"""Whether a document is certainly valid: one quick walk instead of a rule for every question.

It knows the plain documents that frontends send. Whatever else there is (several operations,
fields with inner fields under one key twice, introspection, nulls and such among the arguments), it
does not say that it is wrong: the rules of graphql-core decide, and find the words for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    Undefined,
    ValueNode,
    VariableNode,
    do_types_overlap,
    is_composite_type,
    is_input_type,
    is_type_sub_type_of,
    type_from_ast,
    validate_input_literal,
)

#: Keys that stand twice, and spreads: of more the rule of fields that overlap must bound its time.
_TWICE = 20
_SPREADS = 8

_CLAIM = GraphQLNonNull(GraphQLBoolean)

Parent = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
#: A field that was selected, and what the schema says of it; None for `__typename`.
Chosen = tuple[FieldNode, GraphQLField | None]


class _Doubt(Exception):
    """Something that this walk does not know to be valid."""


def is_certainly_valid(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Say whether no rule has anything against a document; False says nothing about it."""
    operations = []
    fragments: dict[str, FragmentDefinitionNode] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations.append(definition)
        elif isinstance(definition, FragmentDefinitionNode):
            if definition.name.value in fragments:
                return False
            fragments[definition.name.value] = definition
        else:
            return False
    if len(operations) != 1:
        return False
    walk = _Walk(schema=schema, fragments=fragments)
    try:
        walk.operation(operations[0])
    except _Doubt:
        return False
    return len(walk.spread) == len(fragments)


def _doubt(_error: object, _path: object) -> None:
    raise _Doubt


@dataclass(slots=True, kw_only=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    #: The variables that are defined, and those that are used.
    variables: dict[str, GraphQLInputType] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    #: By name the fragments that were looked at; None while that is going on.
    spread: dict[str, Parent | None] = field(default_factory=dict)
    twice: int = 0
    spreads: int = 0

    def operation(self, operation: OperationDefinitionNode) -> None:
        root = self.schema.get_root_type(operation.operation)
        if (
            root is None
            or operation.directives
            or operation.operation is OperationType.SUBSCRIPTION
        ):
            raise _Doubt
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            kind = type_from_ast(self.schema, definition.type)
            if name in self.variables or definition.directives or not is_input_type(kind):
                raise _Doubt
            if definition.default_value is not None:
                self._value(definition.default_value, kind)
            self.variables[name] = kind
        self._scope(operation.selection_set.selections, root)
        if len(self.used) != len(self.variables):
            raise _Doubt

    def _scope(self, selections: Iterable[SelectionNode], parent: Parent) -> None:
        """Look at what is selected of one value, from whatever fragments."""
        self._gather(selections, parent, {}, set(), new=True)

    def _gather(
        self,
        selections: Iterable[SelectionNode],
        parent: Parent,
        found: dict[str, Chosen],
        seen: set[str],
        *,
        new: bool,
    ) -> None:
        """Gather the keys of one value, each once; what is `new` is looked at as well."""
        fields: Mapping[str, GraphQLField] = getattr(parent, "fields", {})
        for selection in selections:
            if selection.directives and new:
                self._directives(selection.directives)
            if isinstance(selection, FieldNode):
                name = selection.name.value
                known = fields.get(name)
                key = selection.alias.value if selection.alias else name
                if key in found:
                    self._again(found[key], selection, known)
                found[key] = selection, known
                if new:
                    self._field(selection, known)
            elif isinstance(selection, InlineFragmentNode):
                on = self._fitting(selection.type_condition, parent)
                self._gather(selection.selection_set.selections, on, found, seen, new=new)
            else:
                self._spread(selection, parent, found, seen, new=new)

    def _again(self, before: Chosen, node: FieldNode, known: GraphQLField | None) -> None:
        """Accept a key once more only for the very same plain value."""
        self.twice += 1
        other, definition = before
        same = (
            other.name.value == node.name.value
            and other.selection_set is None
            and not (other.arguments or node.arguments)
            and (definition and str(definition.type)) == (known and str(known.type))
        )
        if not same or self.twice > _TWICE:
            raise _Doubt

    def _spread(
        self,
        node: SelectionNode,
        parent: Parent,
        found: dict[str, Chosen],
        seen: set[str],
        *,
        new: bool,
    ) -> None:
        if not isinstance(node, FragmentSpreadNode):
            raise _Doubt
        name = node.name.value
        fragment = self.fragments.get(name)
        if fragment is None or fragment.directives or fragment.variable_definitions:
            raise _Doubt
        self.spreads += new
        if self.spreads > _SPREADS:
            raise _Doubt
        on = self._fitting(fragment.type_condition, parent)
        first = name not in self.spread
        if not first and self.spread[name] is None:
            raise _Doubt
        if name in seen:
            return
        seen.add(name)
        self.spread[name] = None
        self._gather(fragment.selection_set.selections, on, found, seen, new=first)
        self.spread[name] = on

    def _fitting(self, condition: NamedTypeNode | None, parent: Parent) -> Parent:
        """Return the type of a fragment's fields, if values of the parent can be of it."""
        if condition is None:
            return parent
        kind = self.schema.get_type(condition.name.value)
        if kind is parent:
            return parent
        if not is_composite_type(kind) or not do_types_overlap(self.schema, parent, kind):
            raise _Doubt
        return kind

    def _field(self, node: FieldNode, known: GraphQLField | None) -> None:
        inner = node.selection_set
        if known is None:
            if node.name.value != "__typename" or inner is not None or node.arguments:
                raise _Doubt
            return
        if node.arguments or known.args:
            self._arguments(node, known.args)
        kind: Any = known.type
        while isinstance(kind, GraphQLNonNull | GraphQLList):
            kind = kind.of_type
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            if inner is None or not inner.selections:
                raise _Doubt
            self._scope(inner.selections, kind)
        elif inner is not None:
            raise _Doubt

    def _arguments(self, node: FieldNode, known: Mapping[str, GraphQLArgument]) -> None:
        given = set()
        for argument in node.arguments or ():
            name = argument.name.value
            if name not in known or name in given:
                raise _Doubt
            given.add(name)
            self._value(argument.value, known[name].type)
        self._present(given, known)

    def _present(self, given: set[str], known: Mapping[str, Any]) -> None:
        for name, definition in known.items():
            if (
                isinstance(definition.type, GraphQLNonNull)
                and name not in given
                and definition.default_value is Undefined
            ):
                raise _Doubt

    def _directives(self, directives: Iterable[DirectiveNode]) -> None:
        """Accept `@skip` and `@include`, each once and with its one argument."""
        names = set()
        for directive in directives:
            name = directive.name.value
            arguments = directive.arguments or ()
            if name not in {"skip", "include"} or name in names or len(arguments) != 1:
                raise _Doubt
            names.add(name)
            value = arguments[0].value
            if arguments[0].name.value != "if":
                raise _Doubt
            if isinstance(value, VariableNode):
                self._variable(value, _CLAIM)
            elif not isinstance(value, BooleanValueNode):
                raise _Doubt

    def _variable(self, node: VariableNode, kind: GraphQLInputType) -> None:
        name = node.name.value
        given = self.variables.get(name)
        # A default could make up for a null; that is for the rules to know.
        if given is None or not is_type_sub_type_of(self.schema, given, kind):
            raise _Doubt
        self.used.add(name)

    def _value(self, node: ValueNode, kind: Any) -> None:
        if isinstance(node, VariableNode):
            return self._variable(node, kind)
        if isinstance(kind, GraphQLNonNull):
            kind = kind.of_type
        if isinstance(node, NullValueNode):
            raise _Doubt
        if isinstance(kind, GraphQLList):
            several = node.values if isinstance(node, ListValueNode) else (node,)
            for one in several:
                self._value(one, kind.of_type)
        elif isinstance(kind, GraphQLInputObjectType):
            self._object(node, kind)
        elif isinstance(node, ListValueNode | ObjectValueNode):
            raise _Doubt
        else:
            validate_input_literal(node, kind, _doubt)
        return None

    def _object(self, node: ValueNode, kind: GraphQLInputObjectType) -> None:
        if not isinstance(node, ObjectValueNode) or kind.is_one_of:
            raise _Doubt
        given = set()
        for one in node.fields:
            name = one.name.value
            if name not in kind.fields or name in given:
                raise _Doubt
            given.add(name)
            self._value(one.value, kind.fields[name].type)
        self._present(given, kind.fields)
