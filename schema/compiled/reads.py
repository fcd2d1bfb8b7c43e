"""What a root field reads: planned once, with the statements of the shapes it was asked in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLNamedType, GraphQLObjectType

from hub.kernel.shapes import Edge, Form, Window
from hub.kernel.sources import tables_of
from hub.kernel.statements import Statement
from schema.base.fields import SOURCES, ReadContext, Source
from schema.base.paging import PageArguments, list_identity, read_cursor, wrong_cursor
from schema.base.reading import bound
from schema.base.selection import known_fields
from schema.compiled.assembling import Assemble
from schema.compiled.planning import Planner
from schema.compiled.plans import ConnectionPlan, ObjectPlan, SlotPlan
from schema.compiled.running import Declined, Patch, Slot

#: How many shapes of one read (filters, orders, pages) are remembered.
SHAPES = 16


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement and how its answer becomes that of the field.

    `tables` are those the answer depends on; None where it depends on more.
    """

    statement: Statement
    tables: frozenset[str] | None
    patch: Patch | None = None
    assemble: Assemble | None = None
    form: Form = Form.TEXT


@dataclass(slots=True)
class Read:
    """What is read at one place of a field: a plan, and the statements of its shapes."""

    source: Source
    plan: ObjectPlan | ConnectionPlan
    slots: Sequence[SlotPlan]
    nulls: tuple[bytes, ...]
    checked: bool
    lasting: bool
    shapes: dict[Any, Ready] = field(default_factory=dict)
    pages: dict[Any, "AskedPages"] = field(default_factory=dict)

    def remember(self, key: Any, make: Callable[[], Ready]) -> Ready:
        """Return the statement of a shape, made when it is asked for the first time."""
        ready = self.shapes.get(key)
        if ready is None:
            ready = make()
            if len(self.shapes) >= SHAPES:
                self.shapes.clear()
            self.shapes[key] = ready
        return ready

    def tables_of(self, statement: Statement) -> frozenset[str] | None:
        """Return the tables an answer depends on; None where it depends on more."""
        if not self.lasting or "member" in statement.names:
            return None
        return tables_of(statement.sql)

    def look(self, text: bytes) -> None:
        """Decline a text with a null where none may be.

        Nothing that a value says can look like it: its quotes are escaped.
        """
        for null in self.nulls:
            if null in text:
                raise Declined("a null where none may be")


@dataclass(slots=True)
class AskedPages:
    """The pages of the lists inside, as they are asked for now."""

    slots: list[Slot]
    windows: list[Window]
    values: dict[str, Any]
    placed: frozenset[int]
    key: tuple[Any, ...]


@dataclass(slots=True, kw_only=True)
class Field:
    """A root field of a compiled operation, for all its runs; `begin` starts one."""

    name: str
    nodes: Sequence[FieldNode]
    target: GraphQLNamedType
    planner: Callable[[], Planner]
    reads: dict[Any, Read | None] = field(default_factory=dict)

    def read(self, kind: str, under: tuple[str, ...] = (), *, paged: bool = False) -> Read | None:
        """Return the read of a type below fields of the field's own; None: nobody asks for it."""
        key = (kind, under)
        if key not in self.reads:
            self.reads[key] = self._plan(kind, under, paged=paged)
        return self.reads[key]

    def _plan(self, kind: str, under: tuple[str, ...], *, paged: bool) -> Read | None:
        planner = self.planner()
        nodes, target = self.nodes, self.target
        for name in under:
            if not isinstance(target, GraphQLObjectType):
                raise Declined("an object of an abstract type")
            inner = planner.collector.collect(target, nodes)
            several = [some for some in inner.values() if some[0].name.value == name]
            if not several:
                return None
            if len(several) > 1:
                # One value would have to be two answers.
                raise Declined("a field under several names")
            nodes, target = several[0], known_fields(target)[name].target
        source = SOURCES[kind]
        plan: ObjectPlan | ConnectionPlan
        if paged:
            if not isinstance(target, GraphQLObjectType):
                raise Declined("an object of an abstract type")
            plan = planner.connection(source, target, nodes)
        else:
            plan = planner.object(source, nodes)
        return Read(
            source=source,
            plan=plan,
            slots=planner.slots,
            nulls=tuple(f'"{key}":null'.encode() for key in sorted(planner.required)),
            checked=bool(planner.required & planner.optional),
            lasting=planner.lasting,
        )


NO_PAGES = AskedPages([], [], {}, frozenset(), ())


def asked_pages(
    plans: Sequence[SlotPlan], pages: Sequence[PageArguments], context: ReadContext
) -> AskedPages:
    """Return the pages of the lists inside; Invalid names the size or cursor at fault."""
    slots, windows, key = [], [], []
    values: dict[str, Any] = {}
    placed = set()
    workspace = str(context.caller.workspace_id)
    for number, (plan, page) in enumerate(zip(plans, pages, strict=True)):
        identity = list_identity(workspace, *plan.words)
        edges = [
            edge_of(
                plan.source,
                plan.order,
                identity,
                cursor,
                argument,
                f"p{number}{argument}",
                values,
                nested=True,
            )
            for argument, cursor in (("after", page.after), ("before", page.before))
        ]
        if edges != [None, None]:
            placed.add(number)
        windows.append(
            Window(
                order=plan.order,
                limit=page.size(context.page_max),
                after=edges[0],
                before=edges[1],
                backwards=page.backwards,
            )
        )
        slots.append(Slot(page, identity))
        key.append(windows[-1])
    return AskedPages(slots, windows, values, frozenset(placed), tuple(key))


def edge_of(
    source: Source,
    order: tuple[str, ...],
    identity: bytes,
    cursor: str | None,
    argument: str,
    name: str,
    values: dict[str, Any],
    *,
    nested: bool,
) -> Edge | None:
    """Return the place of a cursor, its values under names of their own; Invalid: a wrong one."""
    if cursor is None:
        return None
    place = read_cursor(identity, cursor, argument=argument)
    if len(place.values) != len(order) or (place.parent is None) is nested:
        raise wrong_cursor(argument)
    names: list[str | None] = []
    for number, (fact, value) in enumerate(zip(order, place.values, strict=True)):
        found = bound(value, source.origin, fact.removeprefix("-"), argument)
        names.append(None if found is None else f"{name}{number}")
        if found is not None:
            values[f"{name}{number}"] = found
    return Edge(parameters=tuple(names))
