"""From the selection of a type to what SQL shall write of its rows, and what is left for Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    VariableNode,
    get_nullable_type,
    is_list_type,
    value_from_ast,
)

from hub.kernel.caller import Caller
from hub.kernel.shapes import Stored
from schema.base.collecting import Collector
from schema.base.fields import (
    SOURCES,
    Column,
    Computed,
    Embedded,
    Identity,
    JsonList,
    Later,
    Listed,
    Paged,
    Source,
    ToOne,
)
from schema.base.paging import PageArguments, stable
from schema.base.selection import Known, Plan, Selection, known_fields
from schema.compiled.completing import completer
from schema.compiled.plans import (
    ConnectionPart,
    ConnectionPlan,
    EdgePart,
    Id,
    Made,
    Named,
    ObjectPlan,
    Page,
    Pages,
    Related,
    Several,
    Short,
    SlotPlan,
    Step,
    Text,
    Typename,
    Value,
)
from schema.compiled.running import Declined

#: PostgreSQL cuts longer names.
LABEL_BYTES = 60

_WRITTEN: Mapping[str, tuple[Stored, ...]] = {
    "String": (Stored.TEXT,),
    "ID": (Stored.TEXT,),
    "Int": (Stored.INTEGER, Stored.LARGE),
    "BigInt": (Stored.INTEGER, Stored.LARGE),
    "Boolean": (Stored.BOOLEAN,),
    "DateTime": (Stored.INSTANT,),
    "Date": (Stored.DATE,),
    "JSON": (Stored.JSON,),
}


@dataclass(slots=True)
class Planner:
    """Plans one operation for callers of one set of permissions. Raises Declined.

    `required` are the keys of what must not be null though the database could say so, `optional`
    those of what may. `lasting` says whether no field looks at who asks, or at the clock.
    """

    collector: Collector
    caller: Caller
    slots: list[SlotPlan] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    lasting: bool = True

    def object(self, source: Source, nodes: Sequence[FieldNode]) -> ObjectPlan:
        """Plan the rows of a type."""
        parent = _object(self.collector.schema.get_type(source.name))
        known = known_fields(parent)
        steps: list[Step] = []
        for key, chosen in self.collector.collect(parent, nodes).items():
            if len(key) > LABEL_BYTES:
                raise Declined("a name longer than PostgreSQL's")
            name = chosen[0].name.value
            if name == "__typename":
                steps.append(Typename(key, parent.name))
            else:
                steps.append(self._step(source, key, known[name], chosen))
        if not steps:
            raise Declined("nothing selected")
        return ObjectPlan(source, tuple(steps))

    def _step(self, source: Source, key: str, known: Known, nodes: Sequence[FieldNode]) -> Step:
        kind: GraphQLOutputType = known.definition.type
        match known.spec:
            case Column():
                return self._value(source, key, known)
            case Identity(fact=fact):
                return Id(key, fact, source.name)
            case Later():
                raise Declined("a field with a resolver of its own")
            case Computed() as spec:
                self.lasting &= spec.lasting
                return Made(key, spec, completer(kind, nodes, self.collector))
            case Embedded(listing=listing) as spec:
                if listing is None:
                    return self._embedded(key, known, spec, nodes)
                return self._several(source, key, known, spec, listing, nodes)
            case ToOne() as spec:
                target = self._readable(known)
                certain = spec.link.key is not None and source.origin.certain(spec.link.key)
                whole = target.origin.only is None
                required = self._note(key, kind, certain=certain and whole)
                return Related(key, spec, self.object(target, nodes), required)
            case Listed() as spec:
                return Short(key, spec, self.object(self._readable(known), nodes))
            case Paged() as spec:
                return self._page(source, key, known, spec, nodes)
            case None:
                raise Declined("a field with a resolver of its own")

    def _value(self, source: Source, key: str, known: Known) -> Value:
        written = _written(source, known)
        required = self._note(key, known.definition.type, certain=written.certain)
        return Value(key, written.fact, required, written.large, written.names)

    def _note(self, key: str, kind: GraphQLOutputType, *, certain: bool = False) -> bool:
        """Remember whether a null may stand under a key; say whether that must be looked at."""
        if not isinstance(kind, GraphQLNonNull):
            self.optional.add(key)
            return False
        if not certain:
            self.required.add(key)
        return not certain

    def _several(
        self,
        source: Source,
        key: str,
        known: Known,
        spec: Embedded,
        listing: JsonList,
        nodes: Sequence[FieldNode],
    ) -> Several:
        """Plan a list of plain objects that PostgreSQL makes of a JSON list."""
        parent = _object(known.target)
        inside = known_fields(parent)
        parts: list[Text | Named | Typename] = []
        for inner, chosen in self.collector.collect(parent, nodes).items():
            if len(inner) > LABEL_BYTES:
                raise Declined("a name longer than PostgreSQL's")
            name = chosen[0].name.value
            if name == "__typename":
                parts.append(Typename(inner, parent.name))
            elif name in listing.texts:
                required = self._note(inner, inside[name].definition.type)
                parts.append(Text(inner, listing.texts[name], required))
            else:
                target = SOURCES[spec.target]
                self._require(target)
                parts.append(Named(inner, listing.rows[name], self.object(target, chosen)))
        if not parts:
            raise Declined("nothing selected")
        certain = source.origin.certain(listing.fact)
        required = self._note(key, known.definition.type, certain=certain)
        return Several(key, listing.fact, tuple(parts), required)

    def _embedded(self, key: str, known: Known, spec: Embedded, nodes: Sequence[FieldNode]) -> Made:
        selection = Selection(self.collector, self.caller, nodes, known.target)
        target, inner = selection.embedded(known, spec, nodes)
        if inner is not None:
            self._require(target)
            _require_shallow(inner)
        self.lasting &= spec.lasting and (inner is None or inner.lasting)
        return Made(key, spec, completer(known.definition.type, nodes, self.collector), inner)

    def _readable(self, known: Known) -> Source:
        target = known.target
        if target.name not in SOURCES:
            target = known_fields(_object(target))["nodes"].target
        source = SOURCES[target.name]
        self._require(source)
        return source

    def _require(self, source: Source) -> None:
        if source.permission is not None and not self.caller.may(source.permission):
            raise Declined("something the caller may not read")

    def _page(
        self, source: Source, key: str, known: Known, spec: Paged, nodes: Sequence[FieldNode]
    ) -> Page:
        target = self._readable(known)
        slot = len(self.slots)
        order = stable(spec.order)
        words = (source.name, known.attribute, *order)
        self.slots.append(SlotPlan(page_reader(known.definition, nodes[0]), target, order, words))
        connection = self.connection(target, _object(known.target), nodes)
        required = self._note(key, known.definition.type, certain=True)
        return Page(key, spec, slot, order, connection, required)

    def connection(
        self, source: Source, kind: GraphQLObjectType, nodes: Sequence[FieldNode]
    ) -> ConnectionPlan:
        """Plan a connection whose items are rows of a type."""
        known = known_fields(kind)
        edge = _object(known["edges"].target)
        items: list[ObjectPlan] = []
        parts: list[ConnectionPart] = []
        for key, chosen in self.collector.collect(kind, nodes).items():
            if len(key) > LABEL_BYTES:
                raise Declined("a name longer than PostgreSQL's")
            name = chosen[0].name.value
            match name:
                case "nodes":
                    items.append(self.object(source, chosen))
                    parts.append(ConnectionPart(key, name, len(items) - 1))
                case "edges":
                    parts.append(
                        ConnectionPart(key, name, None, self._edges(source, edge, chosen, items))
                    )
                case "pageInfo":
                    inner = self.collector.collect(_object(known[name].target), chosen)
                    named = (EdgePart(one, some[0].name.value) for one, some in inner.items())
                    parts.append(ConnectionPart(key, name, None, tuple(named)))
                case _:
                    parts.append(ConnectionPart(key, name))
        return ConnectionPlan(source, tuple(parts), tuple(items), kind.name, edge.name)

    def _edges(
        self,
        source: Source,
        edge: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        items: list[ObjectPlan],
    ) -> tuple[EdgePart, ...]:
        parts = []
        for key, chosen in self.collector.collect(edge, nodes).items():
            if len(key) > LABEL_BYTES:
                raise Declined("a name longer than PostgreSQL's")
            name = chosen[0].name.value
            if name == "node":
                items.append(self.object(source, chosen))
                parts.append(EdgePart(key, name, len(items) - 1))
            else:
                parts.append(EdgePart(key, name))
        return tuple(parts)


def page_reader(definition: GraphQLField, node: FieldNode) -> Pages:
    """Return what reads the page arguments of a field with the values of variables."""
    fixed: dict[str, Any] = {}
    named: list[tuple[str, str]] = []
    for argument in node.arguments or ():
        name = argument.name.value
        if isinstance(argument.value, VariableNode):
            named.append((name, argument.value.name.value))
            continue
        value = value_from_ast(argument.value, definition.args[name].type)
        if value is not Undefined:
            fixed[name] = value
    if not named:
        always = PageArguments(**fixed)
        return lambda _variables: always

    def read(variables: Mapping[str, Any]) -> PageArguments:
        given = {name: variables[variable] for name, variable in named if variable in variables}
        return PageArguments(**fixed, **given)

    return read


@dataclass(frozen=True, slots=True)
class _Written:
    """How PostgreSQL writes a fact for a field."""

    fact: str
    certain: bool
    large: bool
    names: Mapping[str, str] | None


@lru_cache(maxsize=4096)
def _written(source: Source, known: Known) -> _Written:
    """Look up what a field shows; decline what PostgreSQL would write otherwise than the API."""
    fact = getattr(known.spec, "fact", None) or known.attribute
    stored = source.origin.stored(fact)
    named: Any = known.target
    written: tuple[Stored, ...] = _WRITTEN.get(named.name, ())
    if is_list_type(get_nullable_type(known.definition.type)):
        written = (Stored.JSON, Stored.LIST)
    elif isinstance(named, GraphQLEnumType):
        written = (Stored.TEXT,)
    if stored not in written:
        raise Declined(f"a {named.name} stored as {stored.value}")
    return _Written(
        fact=fact,
        certain=source.origin.certain(fact),
        # An Int has 32 bits: a value beyond them is an error, which somebody must look for.
        large=stored is Stored.LARGE and named.name == "Int",
        names=_renamed(named),
    )


def _renamed(named: Any) -> Mapping[str, str] | None:
    if not isinstance(named, GraphQLEnumType):
        return None
    names = {getattr(one.value, "value", one.value): name for name, one in named.values.items()}
    return None if all(word == name for word, name in names.items()) else names


def _require_shallow(plan: Plan) -> None:
    if any(isinstance(listing.spec, Paged) for listing in plan.lists.values()) or plan.refused:
        raise Declined("a list by pages inside a computed field")
    for _, inner in (*plan.ones.values(), *plan.embedded.values()):
        if inner is not None:
            _require_shallow(inner)
    for listing in plan.lists.values():
        if listing.plan is not None:
            _require_shallow(listing.plan)


def _object(kind: object) -> GraphQLObjectType:
    if not isinstance(kind, GraphQLObjectType):
        raise TypeError(f"{kind} has no fields to select.")
    return kind
