"""From the fields a client selected to a plan: which facts, relations and pages are wanted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    Undefined,
    get_named_type,
    value_from_ast,
)

from hub.kernel.caller import Caller, Permission
from hub.kernel.errors import Forbidden
from schema.base.collecting import Collector, by_name
from schema.base.fields import (
    KEY,
    SOURCES,
    Column,
    Computed,
    Embedded,
    Identity,
    Listed,
    Paged,
    Source,
    Spec,
    ToOne,
)
from schema.base.paging import PageArguments


@dataclass(kw_only=True)
class Listing:
    """A list that is wanted: its rows (None where only their number is), and what around them."""

    source: Source
    spec: Listed | Paged | None
    page: PageArguments | None = None
    plan: "Plan | None" = None
    edges: bool = False
    cursors: bool = False
    total: bool = False


@dataclass(kw_only=True)
class Plan:
    """What is wanted of the rows of one type; equal fields under several names are wanted once."""

    source: Source
    columns: dict[str, str] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    makers: dict[str, Computed] = field(default_factory=dict)
    embedded: dict[str, tuple[Embedded, "Plan | None"]] = field(default_factory=dict)
    ones: dict[str, tuple[ToOne, "Plan"]] = field(default_factory=dict)
    lists: dict[tuple[str, PageArguments | None], Listing] = field(default_factory=dict)
    refused: dict[str, Permission] = field(default_factory=dict)

    @property
    def lasting(self) -> bool:
        """Say whether no field looks at who asks, or at the clock."""
        embedded = self.embedded.values()
        made: list[Computed | Embedded] = [*self.makers.values()]
        made += [spec for spec, _ in embedded]
        inner: list[Plan | None] = [plan for _, plan in self.ones.values()]
        inner += [plan for _, plan in embedded]
        inner += [listing.plan for listing in self.lists.values()]
        return all(made_by.lasting for made_by in made) and all(
            plan.lasting for plan in inner if plan is not None
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """A field of a type: its name in Python, where its data lives, and what it returns.

    There is one of each for ever, so that what follows from it can be remembered by it.
    """

    attribute: str
    spec: Spec | None
    definition: GraphQLField
    target: GraphQLNamedType


@lru_cache(maxsize=1024)
def known_fields(parent: GraphQLObjectType) -> Mapping[str, Known]:
    """Return what is known of every field of a type."""
    return {name: _known_field(name, found) for name, found in parent.fields.items()}


def _known_field(name: str, definition: GraphQLField) -> Known:
    declared = definition.extensions.get("strawberry-definition")
    return Known(
        attribute=getattr(declared, "python_name", name),
        spec=getattr(declared, "metadata", {}).get(KEY),
        definition=definition,
        target=get_named_type(definition.type),
    )


class Selection:
    """Reads what one operation selects, for one caller."""

    def __init__(
        self,
        collector: Collector,
        caller: Caller,
        nodes: Sequence[FieldNode],
        kind: GraphQLNamedType,
    ) -> None:
        self._collector = collector
        self._schema = collector.schema
        self._variables = collector.variables
        self._caller = caller
        self._root = (nodes, kind)

    @classmethod
    def of(cls, info: GraphQLResolveInfo[Any], caller: Caller) -> Self:
        """Return what is selected of the field that is being resolved."""
        # Strawberry hands over the coerced values, graphql-core an object around them.
        given: Any = info.variable_values
        variables: Mapping[str, Any] = getattr(given, "coerced", given)
        collector = Collector(info.schema, info.fragments, variables)
        return cls(collector, caller, info.field_nodes, get_named_type(info.return_type))

    def plan(self, kind: str, *, under: tuple[str, ...]) -> Plan | None:
        """Return what is wanted of a type, below fields of the root field's type.

        None when nothing is. Raises Forbidden when the caller may not read the type at all.
        """
        nodes, _ = self._below(under)
        source = SOURCES[kind]
        if source.permission is not None:
            self._caller.require(source.permission)
        return self._plan(source, nodes) if nodes else None

    def asks(self, under: tuple[str, ...]) -> bool:
        """Say whether anything is selected below these fields of the root field's type."""
        return bool(self._below(under)[0])

    def listing(self, kind: str, *, under: tuple[str, ...]) -> Listing:
        """Return what is wanted of a connection at the root field, or below fields of its type.

        Raises Forbidden when the caller may not read the type of its items.
        """
        nodes, target = self._below(under)
        source = SOURCES[kind]
        if source.permission is not None:
            self._caller.require(source.permission)
        return self._connection(Listing(source=source, spec=None), nodes, _object(target))

    def _below(self, under: tuple[str, ...]) -> tuple[Sequence[FieldNode], GraphQLNamedType]:
        nodes, target = self._root
        for name in under:
            inner = self._chosen(_object(target), nodes)
            nodes = inner.get(name, [])
            target = known_fields(_object(target))[name].target
        return nodes, target

    def _plan(self, source: Source, nodes: Sequence[FieldNode]) -> Plan:
        plan = Plan(source=source)
        self._extend(plan, nodes)
        return plan

    def _extend(self, plan: Plan, nodes: Sequence[FieldNode]) -> None:
        parent = _object(self._schema.get_type(plan.source.name))
        fields = known_fields(parent)
        for name, chosen in self._chosen(parent, nodes).items():
            self._field(plan, fields[name], chosen)

    def _field(self, plan: Plan, known: Known, nodes: Sequence[FieldNode]) -> None:
        attribute = known.attribute
        match known.spec:
            case Column(fact=fact):
                plan.columns[attribute] = fact or attribute
            case Identity(fact=fact):
                plan.identities[attribute] = fact
            case Computed() as spec:
                plan.makers[attribute] = spec
            case Embedded() as spec:
                self._embedded(plan, known, spec, nodes)
            case ToOne() as spec:
                source = self._readable(plan, known)
                if source is not None:
                    plan.ones[attribute] = (spec, self._plan(source, nodes))
            case Listed() as spec:
                source = self._readable(plan, known)
                if source is not None:
                    plan.lists[attribute, None] = Listing(
                        source=source, spec=spec, plan=self._plan(source, nodes)
                    )
            case Paged() as spec:
                self._pages(plan, known, spec, nodes)
            case None:
                pass  # A method of the type, which looks at nothing but other attributes.

    def _readable(self, plan: Plan, known: Known) -> Source | None:
        """Return the source of a relation, or note that the caller may not follow it."""
        source = SOURCES[_node_type(known.target).name]
        permission = source.permission
        if permission is None or self._caller.may(permission):
            return source
        plan.refused[known.attribute] = permission
        return None

    def _embedded(
        self, plan: Plan, known: Known, spec: Embedded, nodes: Sequence[FieldNode]
    ) -> None:
        source, inner = self.embedded(known, spec, nodes)
        permission = source.permission
        if inner is not None and permission is not None and not self._caller.may(permission):
            plan.refused[known.attribute] = permission
            return
        plan.embedded[known.attribute] = (spec, inner)

    def embedded(
        self, known: Known, spec: Embedded, nodes: Sequence[FieldNode]
    ) -> tuple[Source, Plan | None]:
        """Return the type such a field names rows of, and what is wanted of those, if anything."""
        source = SOURCES[spec.target]
        inside = list(self._inside(_object(known.target), nodes, spec.target))
        return source, self._plan(source, inside) if inside else None

    def _inside(
        self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], target: str
    ) -> Iterable[FieldNode]:
        """Find the fields of the target's type, however deep in plain objects they stand."""
        fields = known_fields(parent)
        for name, chosen in self._chosen(parent, nodes).items():
            found = fields[name].target
            if found.name == target:
                yield from chosen
            elif isinstance(found, GraphQLObjectType) and found.name not in SOURCES:
                yield from self._inside(found, chosen, target)

    def _pages(self, plan: Plan, known: Known, spec: Paged, nodes: Sequence[FieldNode]) -> None:
        source = self._readable(plan, known)
        if source is None:
            return
        by_page: dict[PageArguments, list[FieldNode]] = {}
        for node in nodes:
            by_page.setdefault(self._page(known.definition, node), []).append(node)
        for page, same in by_page.items():
            listing = Listing(source=source, spec=spec, page=page)
            plan.lists[known.attribute, page] = self._connection(
                listing, same, _object(known.target)
            )

    def _page(self, definition: GraphQLField, node: FieldNode) -> PageArguments:
        given = {
            argument.name.value: value_from_ast(
                argument.value, definition.args[argument.name.value].type, dict(self._variables)
            )
            for argument in node.arguments or ()
        }
        return PageArguments(
            **{name: value for name, value in given.items() if value is not Undefined}
        )

    def _connection(
        self, listing: Listing, nodes: Sequence[FieldNode], target: GraphQLObjectType
    ) -> Listing:
        chosen = self._chosen(target, nodes)
        edge = _object(known_fields(target)["edges"].target)
        inside = self._chosen(edge, chosen.get("edges", []))
        items = [*chosen.get("nodes", []), *inside.get("node", [])]
        listing.total = "totalCount" in chosen
        listing.edges = "edges" in chosen
        listing.cursors = "cursor" in inside or "pageInfo" in chosen
        if items or listing.edges or listing.cursors or "nodes" in chosen:
            listing.plan = self._plan(listing.source, items)
        return listing

    def _chosen(
        self, parent: GraphQLObjectType, nodes: Iterable[FieldNode]
    ) -> dict[str, list[FieldNode]]:
        """Collect the selected fields of a type by their name, whatever their aliases."""
        found = self._collector.collect(parent, nodes, by_name)
        found.pop("__typename", None)
        return found


def _node_type(target: GraphQLNamedType) -> GraphQLNamedType:
    if target.name in SOURCES:
        return target
    return known_fields(_object(target))["nodes"].target


def _object(kind: GraphQLNamedType | None) -> GraphQLObjectType:
    if not isinstance(kind, GraphQLObjectType):
        raise TypeError(f"{kind} has no fields to select.")
    return kind


def refusal(permission: Permission) -> Forbidden:
    """Return the error at a relation the caller may not follow."""
    return Forbidden(
        f"This needs the permission {permission.value}, which your token does not have."
    )
