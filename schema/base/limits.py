"""The one rule of how much a document may ask for; it runs before anything else looks at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from schema.base.refusals import DoorCode, Refusal, bad_document

# Ten points are one unit of cost: an object costs one unit, a plain value a tenth of it.
_OBJECT = 10
_VALUE = 1
_MUTATION = 100

# Introspection is free of list multipliers, since its size is known: a full introspection costs
# about 1,500 of the default 5,000, and asking for the same list under many aliases adds up.
_INTROSPECTION_LISTS = {
    "types": 5_000,
    "fields": 2_000,
    "inputFields": 2_000,
    "interfaces": 1_000,
    "possibleTypes": 1_000,
    "enumValues": 1_000,
    "args": 1_000,
    "directives": 500,
}
_INTROSPECTION_NESTING = {"types", "fields", "inputFields", "interfaces", "possibleTypes"}
_INTROSPECTION_DEPTH = 2

# Selections inside selections and fragments inside fragments, together; keeps the walk itself
# far from the interpreter's recursion limit.
_LEVELS = 120

_HUGE = 10**10

#: In the metadata of a field: how many items its list is counted as, where no argument says it.
SIZE = "size"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one operation may ask for; sizes of pages where none is given."""

    depth: int = 15
    aliases: int = 30
    directives: int = 50
    root_fields: int = 20
    mutations: int = 5
    cost: int = 5_000
    nodes: int = 10_000
    page: int = 100
    default_page: int = 20
    plain_list: int = 5


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an operation may cost at most, known before it runs."""

    requested: int
    limit: int
    nodes: int
    depth: int
    root_fields: int

    def extension(self) -> dict[str, int]:
        """Return the form shown in the answer's `extensions.cost`."""
        return {"requested": self.requested, "limit": self.limit}


@dataclass(slots=True)
class _Tally:
    """Sums over a selection set.

    The `page_` part is what a connection repeats per item. It stays apart until the field above
    says how many items there are, so a fragment is measured once whatever the page size.
    """

    points: int = 0
    nodes: int = 0
    page_points: int = 0
    page_nodes: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    introspection: int = 0

    def include(self, other: "_Tally") -> None:
        """Add a fragment of the same level."""
        self.points += other.points
        self.nodes += other.nodes
        self.page_points += other.page_points
        self.page_nodes += other.page_nodes
        self.aliases += other.aliases
        self.directives += other.directives
        self.fields += other.fields
        self.depth = max(self.depth, other.depth)
        self.introspection = max(self.introspection, other.introspection)


@dataclass(kw_only=True)
class _Walk:
    schema: GraphQLSchema
    limits: Limits
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    defaults: Mapping[str, ValueNode | None]
    used: set[str] = field(default_factory=set)
    measured: dict[str, _Tally | None] = field(default_factory=dict)
    level: int = 0

    def selections(self, chosen: SelectionSetNode, parent: GraphQLNamedType | None) -> _Tally:
        self.level += 1
        if self.level > _LEVELS:
            raise _too_deep(self.limits)
        tally = _Tally()
        for selection in chosen.selections:
            tally.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                self._field(tally, selection, parent)
            elif isinstance(selection, InlineFragmentNode):
                on = self._named(selection.type_condition) or parent
                tally.include(self.selections(selection.selection_set, on))
            elif isinstance(selection, FragmentSpreadNode):
                tally.include(self._fragment(selection))
        self.level -= 1
        return tally

    def _fragment(self, spread: FragmentSpreadNode) -> _Tally:
        name = spread.name.value
        definition = self.fragments.get(name)
        if definition is None:
            return _Tally()  # Validation names it.
        if name not in self.measured:
            self.measured[name] = None
            on = self._named(definition.type_condition)
            self.measured[name] = self.selections(definition.selection_set, on)
        tally = self.measured[name]
        if tally is None:
            raise bad_document(
                DoorCode.FRAGMENT_CYCLE,
                f"Cannot spread fragment '{name}' within itself.",
                nodes=[spread],
            )
        return tally

    def _field(self, tally: _Tally, node: FieldNode, parent: GraphQLNamedType | None) -> None:
        tally.fields += 1
        tally.aliases += node.alias is not None
        # Also where the field is unknown: a page is a page, and validation comes later.
        sizes = self._sizes(node)
        if node.selection_set is None:
            tally.points += _VALUE
            tally.depth = max(tally.depth, 1)
            return
        name = node.name.value
        definition = self._definition(parent, name)
        kind = get_named_type(definition.type) if definition else None
        inner = self.selections(node.selection_set, kind)
        tally.aliases += inner.aliases
        tally.directives += inner.directives
        if kind is not None and kind.name.startswith("__"):
            _introspection(tally, name, inner)
            return
        tally.depth = max(tally.depth, inner.depth + 1)
        tally.introspection = max(tally.introspection, inner.introspection)
        self._multiply(tally, inner, parent=parent, definition=definition, kind=kind, sizes=sizes)

    def _multiply(
        self,
        tally: _Tally,
        inner: _Tally,
        *,
        parent: GraphQLNamedType | None,
        definition: GraphQLField | None,
        kind: GraphQLNamedType | None,
        sizes: Sequence[int],
    ) -> None:
        size = max(sizes, default=None)
        if _is_connection(kind):
            size = self.limits.default_page if size is None else size
            tally.points += _OBJECT + inner.points + size * inner.page_points
            tally.nodes += 1 + inner.nodes + size * inner.page_nodes
            return
        is_list = definition is not None and _is_list(definition)
        points = _OBJECT + inner.points + inner.page_points
        nodes = 1 + inner.nodes + inner.page_nodes
        if is_list and _is_connection(parent):
            tally.page_points += points
            tally.page_nodes += nodes
            return
        if size is None:
            size = self._unstated(definition) if is_list else 1
        tally.points += size * points
        tally.nodes += size * nodes

    def _unstated(self, definition: GraphQLField | None) -> int:
        declared = definition.extensions.get("strawberry-definition") if definition else None
        stated = getattr(declared, "metadata", {}).get(SIZE)
        if stated is not None:
            return int(stated)
        paged = definition is not None and definition.args.keys() & {"first", "last"}
        return self.limits.default_page if paged else self.limits.plain_list

    def _sizes(self, node: FieldNode) -> list[int]:
        """How many items the arguments ask for; refuse what no page may hold."""
        sizes = []
        for argument in node.arguments or ():
            name = argument.name.value
            if name not in {"first", "last", "ids"}:
                continue
            size = self._size(argument.value)
            if size is None:
                continue
            if size > self.limits.page:
                raise bad_document(
                    DoorCode.PAGE_TOO_LARGE,
                    f"`{name}` can be {self.limits.page} at most; page through the rest.",
                    nodes=[argument],
                    limit=self.limits.page,
                )
            sizes.append(max(size, 0))
        return sizes

    def _size(self, value: ValueNode | None) -> int | None:
        if isinstance(value, IntValueNode):
            return int(value.value) if len(value.value) <= 10 else _HUGE
        if isinstance(value, ListValueNode):
            return len(value.values)
        if not isinstance(value, VariableNode):
            return None
        name = value.name.value
        self.used.add(name)
        if name in self.variables:
            return size_of(self.variables[name])
        default = self.defaults.get(name)
        return None if isinstance(default, VariableNode) else self._size(default)

    def _named(self, condition: NamedTypeNode | None) -> GraphQLNamedType | None:
        return self.schema.get_type(condition.name.value) if condition else None

    def _definition(self, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return None
        return self.schema.get_field(parent, name)


def size_of(value: object) -> int | None:
    """Say how many items a variable asks for: a number, or the length of a list of ids."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        # GraphQL takes 100.0 for 100.
        return int(value) if value.is_integer() else None
    return len(value) if isinstance(value, list) else None


def measure(
    *,
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    limits: Limits,
) -> tuple[Cost, frozenset[str]]:
    """Measure an operation and refuse what is too much, before anything else looks at it.

    Every fragment is visited once, so the time is linear in the length of the document however
    often fragments repeat each other. Also returns the names of the variables the cost depends
    on. Raises Refusal.
    """
    walk = _Walk(
        schema=schema,
        limits=limits,
        fragments={
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        },
        variables=variables,
        defaults={
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        },
    )
    tally = walk.selections(operation.selection_set, schema.get_root_type(operation.operation))
    tally.directives += len(operation.directives or ())
    if operation.operation is OperationType.MUTATION:
        tally.points += _MUTATION * tally.fields
    cost = Cost(
        requested=-(-tally.points // 10),
        limit=limits.cost,
        nodes=tally.nodes,
        depth=tally.depth,
        root_fields=tally.fields,
    )
    _refuse_excess(tally, cost, operation, limits)
    return cost, frozenset(walk.used)


def _refuse_excess(
    tally: _Tally, cost: Cost, operation: OperationDefinitionNode, limits: Limits
) -> None:
    mutation = operation.operation is OperationType.MUTATION
    if tally.depth > limits.depth:
        raise _too_deep(limits)
    if tally.introspection > _INTROSPECTION_DEPTH:
        raise bad_document(
            DoorCode.INTROSPECTION_TOO_DEEP,
            "Introspection cannot go from the fields of types to the fields of their types; "
            "ask for the whole schema once instead.",
        )
    roots = (
        (DoorCode.TOO_MANY_MUTATIONS, "mutations", limits.mutations)
        if mutation
        else (DoorCode.TOO_MANY_ROOT_FIELDS, "fields at its root", limits.root_fields)
    )
    checks = (
        (tally.aliases, DoorCode.TOO_MANY_ALIASES, "aliases", limits.aliases),
        (tally.directives, DoorCode.TOO_MANY_DIRECTIVES, "directives", limits.directives),
        (tally.fields, *roots),
        (tally.nodes, DoorCode.TOO_MANY_NODES, "objects", limits.nodes),
        (cost.requested, DoorCode.TOO_COSTLY, "units of cost", limits.cost),
    )
    for asked, code, what, limit in checks:
        if asked > limit:
            raise bad_document(
                code,
                f"This operation asks for {_readable(asked)} {what}; {limit:,} is the limit. "
                "Ask for smaller pages or fewer things at once.",
                requested=min(asked, _HUGE),
                limit=limit,
            )


def _introspection(tally: _Tally, name: str, inner: _Tally) -> None:
    tally.points += inner.points + _INTROSPECTION_LISTS.get(name, _OBJECT)
    tally.introspection = max(
        tally.introspection, inner.introspection + (name in _INTROSPECTION_NESTING)
    )
    # Types of types of types are normal here, and lead nowhere but to the schema.
    tally.depth = max(tally.depth, 1)


def _too_deep(limits: Limits) -> Refusal:
    return bad_document(
        DoorCode.QUERY_TOO_DEEP,
        f"This operation nests too deeply; {limits.depth} levels are the limit.",
        limit=limits.depth,
    )


def _readable(number: int) -> str:
    return f"{number:,}" if number < _HUGE else "billions of"


def _is_connection(kind: GraphQLNamedType | None) -> bool:
    return kind is not None and kind.name.endswith("Connection")


def _is_list(definition: GraphQLField) -> bool:
    kind = definition.type
    while isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    return isinstance(kind, GraphQLList)
