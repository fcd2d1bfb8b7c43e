"""Reading for resolvers: what is selected becomes one statement, and its answer objects."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import strawberry

from hub.kernel.errors import Invalid
from hub.kernel.ids import read_global_id
from hub.kernel.shapes import (
    Edge,
    Group,
    Leaf,
    Many,
    Number,
    One,
    Origin,
    Pick,
    Question,
    Test,
    Window,
)
from hub.kernel.statements import compiled
from schema.base.asked import Asked
from schema.base.fields import LIST_MAX, NAMED_MAX, SOURCES, Asking, Paged, ReadContext
from schema.base.filters import Filtering, Terms
from schema.base.node import Node, from_global_id, unknown_id
from schema.base.paging import (
    Connection,
    PageArguments,
    list_identity,
    read_cursor,
    reader_of,
    stable,
    wrong_cursor,
)
from schema.base.records import Pages, Raw, Records, nested_identity
from schema.base.selection import Listing, Plan, Selection

#: What a resolver gets; a compiled operation hands over an `Asked`, which answers the same.
Info = strawberry.Info[Any, None]


def selection_of(info: Info) -> Selection:
    """Return what is selected of the field that is being resolved."""
    if isinstance(info, Asked):
        raise info.decline()
    return Selection.of(info._raw_info, info.context.caller)  # noqa: SLF001 - it has no public name


async def read_one(
    info: Info,
    kind: str,
    id: UUID,  # noqa: A002 - its name everywhere
    *,
    under: tuple[str, ...] = (),
) -> Any:
    """Return the object with this id as far as it is selected, or None when there is none.

    `under` are the fields that lead from the root field's type to the object, for payloads:
    `under=("publication",)`. Raises Forbidden when the caller may not read the type.
    """
    return await read_by(info, kind, under=under, id=id)


async def read_by(info: Info, kind: str, *, under: tuple[str, ...] = (), **facts: Any) -> Any:
    """Return the one object whose facts have these values, or None; see `read_one`."""
    if isinstance(info, Asked):
        return await info.read_by(kind, under=under, facts=facts)
    plan = selection_of(info).plan(kind, under=under)
    if plan is None:
        return None
    tests = [(fact, "equal", value) for fact, value in facts.items()]
    rows, asking = await _rows(info.context, plan, tests, limit=1)
    return Records(plan, asking).make(rows[0]) if rows else None


async def read_best(
    info: Info,
    kind: str,
    *,
    filters: Iterable[Any],
    order: tuple[str, ...],
    needs: tuple[str, ...],
    choose: Callable[[Sequence[Raw]], int | None],
) -> Any:
    """Return the one of the first 100 objects that `choose` takes by their facts, or None.

    `needs` are the facts it looks at, beside what is selected. Otherwise as `read_connection`.
    """
    if isinstance(info, Asked):
        return await info.read_best(kind, filters=filters, order=order, needs=needs, choose=choose)
    context: ReadContext = info.context
    plan = selection_of(info).plan(kind, under=())
    if plan is None:
        return None
    terms = Terms()
    where = Filtering(plan.source.origin, terms).condition(filters)
    question = Question(
        origin=plan.source.origin,
        pick=Shapes(terms, context).pick(plan, also=needs),
        window=Window(order=stable(order), limit=LIST_MAX),
        where=where,
    )
    answer = (await context.reader.rows(context.caller, compiled(question), terms.values))[0]
    chosen = choose(answer["rows"])
    if chosen is None:
        return None
    return Records(plan, Asking(context=context, now=answer["now"])).make(answer["rows"][chosen])


async def read_many(
    info: Info, kind: str, ids: Sequence[UUID], *, under: tuple[str, ...] = ()
) -> list[Any]:
    """Return the objects with these ids, None where there is none; at most 100. See `read_one`."""
    if isinstance(info, Asked):
        return await info.read_many(kind, ids, under=under)
    plan = selection_of(info).plan(kind, under=under)
    if plan is None:
        return [None for _ in ids]
    rows, asking = await _rows(info.context, plan, [("id", "in", list(ids))], limit=LIST_MAX)
    records = Records(plan, asking)
    by_id = {UUID(row["id"]): records.make(row) for row in rows}
    return [by_id.get(one) for one in ids]


async def read_node(info: Info, global_id: str) -> Any:
    """Return the object of a global id of any type; raises NotFound when there is none."""
    kind, id_ = from_global_id(global_id, *node_kinds())
    return found(await read_one(info, kind, id_))


async def read_each(info: Info, global_ids: Sequence[str]) -> list[Any]:
    """Return the objects of global ids of any types, None where there is none.

    One statement per type; Invalid for more than 100 ids.
    """
    if len(global_ids) > LIST_MAX:
        raise Invalid(f"Ask for {LIST_MAX} ids at most.", path=("ids",))
    kinds = node_kinds()
    by_kind: dict[str, list[UUID]] = {}
    read = [read_global_id(one) for one in global_ids]
    for one in read:
        if one is not None and one[0] in kinds:
            by_kind.setdefault(one[0], []).append(one[1])
    answers: dict[tuple[str, UUID], Any] = {}
    for kind, ids in by_kind.items():
        for id_, node in zip(ids, await read_many(info, kind, ids), strict=True):
            answers[kind, id_] = node
    return [None if one is None else answers.get(one) for one in read]


@cache
def node_kinds() -> tuple[str, ...]:
    """Return the names of all types with a global id."""
    return tuple(name for name, source in SOURCES.items() if issubclass(source.python, Node))


def found(read: Any, *, path: tuple[str, ...] = ("id",)) -> Any:
    """Return what was read; raise NotFound at that argument when it is None."""
    if read is None:
        raise unknown_id(path)
    return read


async def read_connection(
    info: Info,
    kind: str,
    *,
    page: PageArguments,
    filters: Iterable[Any] = (),
    order: tuple[str, ...] = ("-id",),
    under: tuple[str, ...] = (),
) -> Any:
    """Return a page of all objects of a type for which every filter holds.

    `filters` are inputs made of `schema.base.filters` (None is skipped); `order` names facts, a
    minus before those that descend. Raises Forbidden, and Invalid for sizes and cursors.
    """
    if isinstance(info, Asked):
        return await info.read_connection(
            kind, page=page, filters=filters, order=order, under=under
        )
    context: ReadContext = info.context
    listing = selection_of(info).listing(kind, under=under)
    terms = Terms()
    filtering = Filtering(listing.source.origin, terms)
    where = filtering.condition(filters)
    order = stable(order)
    identity = list_identity(
        str(context.caller.workspace_id), info.field_name, kind, filtering.words, order
    )
    shapes = Shapes(terms, context)
    question = Question(
        origin=listing.source.origin,
        pick=None
        if listing.plan is None
        else shapes.pick(listing.plan, also=order if listing.cursors else ()),
        window=shapes.window(listing, page, order, identity, nested=False),
        where=where,
        total=listing.total,
    )
    answer = (await context.reader.rows(context.caller, compiled(question), terms.values))[0]
    asking = Asking(context=context, now=answer["now"])
    pages = Pages(listing, asking, page=page, order=order, identity=identity)
    connection: Connection[Any] = pages.make(answer.get("rows"), answer.get("total"), parent=None)
    return connection


async def read_list(
    info: Info, plan: Plan, *, filters: Iterable[Any], order: tuple[str, ...], limit: int
) -> list[Any]:
    """Return the first so many objects of a plan for which every filter holds, in that order.

    For lists that are no connections; whoever makes the plan asks for the permission.
    """
    context: ReadContext = info.context
    terms = Terms()
    origin = plan.source.origin
    where = Filtering(origin, terms).condition(filters)
    question = Question(
        origin=origin,
        pick=Shapes(terms, context).pick(plan),
        window=Window(order=stable(order), limit=limit),
        where=where,
    )
    answer = (await context.reader.rows(context.caller, compiled(question), terms.values))[0]
    records = Records(plan, Asking(context=context, now=answer["now"]))
    return [records.make(row) for row in answer["rows"]]


async def _rows(
    context: ReadContext, plan: Plan, tests: Sequence[tuple[str, str, Any]], *, limit: int
) -> tuple[Sequence[Raw], Asking]:
    terms = Terms()
    origin = plan.source.origin
    where = Group(
        how="and",
        parts=tuple(
            Test(fact=fact, how=how, parameter=terms.name(value), origin=origin)
            for fact, how, value in tests
        ),
    )
    question = Question(
        origin=origin,
        pick=Shapes(terms, context).pick(plan),
        window=Window(order=("id",), limit=limit),
        where=where,
    )
    answer = (await context.reader.rows(context.caller, compiled(question), terms.values))[0]
    return answer["rows"], Asking(context=context, now=answer["now"])


class Shapes:
    """Turns plans into shapes; the values go to the terms, so that shapes can be compared."""

    def __init__(self, terms: Terms, context: ReadContext) -> None:
        self._terms = terms
        self._workspace = context.caller.workspace_id
        self._most = context.page_max

    def pick(self, plan: Plan, *, also: Iterable[str] = ()) -> Pick:
        """Return what is wanted of each row for its object, and some facts more."""
        facts = {"id", *plan.columns.values(), *plan.identities.values()}
        facts.update(name.removeprefix("-") for name in also)
        for maker in plan.makers.values():
            facts.update(maker.needs)
        for embedded, _ in plan.embedded.values():
            facts.update(embedded.needs)
        return Pick(
            origin=plan.source.origin,
            entries=(
                *(Leaf(label=fact, fact=fact) for fact in sorted(facts)),
                *(
                    One(label=f"@{attribute}", link=spec.link, pick=self.pick(inner))
                    for attribute, (spec, inner) in plan.ones.items()
                ),
                *(
                    Many(
                        label=f"@{attribute}",
                        link=spec.link,
                        pick=self.pick(inner),
                        window=Window(order=("id",), limit=NAMED_MAX),
                    )
                    for attribute, (spec, inner) in plan.embedded.items()
                    if inner is not None
                ),
                *(
                    entry
                    for number, ((attribute, _), listing) in enumerate(plan.lists.items())
                    for entry in self._many(plan, attribute, listing, label=f"#{number}")
                ),
            ),
        )

    def _many(
        self, plan: Plan, attribute: str, listing: Listing, *, label: str
    ) -> Iterable[Many | Number]:
        spec = listing.spec
        if spec is None:
            raise TypeError("A list inside an object has a link.")
        order = stable(spec.order)
        origin = listing.source.origin
        if listing.total:
            yield Number(label=f"{label}n", link=spec.link, origin=origin)
        if isinstance(spec, Paged):
            identity = nested_identity(plan, attribute, spec, self._workspace)
            page = listing.page or PageArguments()
            window = self.window(listing, page, order, identity, nested=True)
        else:
            window = Window(order=order, limit=LIST_MAX, distinct=spec.distinct)
        if listing.plan is not None:
            also = order if listing.cursors else ()
            pick = self.pick(listing.plan, also=also)
            yield Many(label=label, link=spec.link, pick=pick, window=window)

    def window(
        self,
        listing: Listing,
        page: PageArguments,
        order: tuple[str, ...],
        identity: bytes,
        *,
        nested: bool,
    ) -> Window:
        """Return the window of a page, one row longer: that says whether there is more."""
        return Window(
            order=order,
            limit=page.size(self._most) + 1,
            backwards=page.backwards,
            after=self._edge(listing, order, identity, page.after, "after", nested=nested),
            before=self._edge(listing, order, identity, page.before, "before", nested=nested),
        )

    def _edge(
        self,
        listing: Listing,
        order: tuple[str, ...],
        identity: bytes,
        cursor: str | None,
        argument: str,
        *,
        nested: bool,
    ) -> Edge | None:
        if cursor is None:
            return None
        place = read_cursor(identity, cursor, argument=argument)
        if len(place.values) != len(order) or (place.parent is None) is nested:
            raise wrong_cursor(argument)
        names: list[str | None] = []
        for name, value in zip(order, place.values, strict=True):
            found = bound(value, listing.source.origin, name.removeprefix("-"), argument)
            names.append(None if found is None else self._terms.name(found))
        return Edge(parameters=tuple(names))


def bound(value: Any, origin: Origin, fact: str, argument: str) -> Any:
    """Return a value of a cursor as the fact has them; Invalid where it cannot be one."""
    # A cursor is no secret: whoever makes one up gets the same answer as for a foreign one.
    if value is None:
        return None
    kind = origin.python(fact)
    read = reader_of(kind)
    if not isinstance(value, kind if read is None else str) or not origin.holds(fact, value):
        raise wrong_cursor(argument)
    if read is None:
        return value
    try:
        found = read(value)
        return found.astimezone(UTC) if isinstance(found, datetime) else found
    except (ValueError, OverflowError):
        raise wrong_cursor(argument) from None
