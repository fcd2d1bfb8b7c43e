"""From the JSON of one statement to the objects that GraphQL walks, without a wait in between."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from schema.base.fields import Asking, Paged
from schema.base.node import to_global_id
from schema.base.paging import (
    Connection,
    Edge,
    PageArguments,
    PageInfo,
    Place,
    list_identity,
    read_cursor,
    reader_of,
    stable,
    write_cursor,
    wrong_cursor,
)
from schema.base.selection import Listing, Plan, refusal

Raw = Mapping[str, Any]


def nested_identity(plan: Plan, attribute: str, spec: Paged, workspace: UUID) -> bytes:
    """Return what tells a list inside an object from every other list."""
    return list_identity(str(workspace), plan.source.name, attribute, *stable(spec.order))


class Records:
    """Makes the objects of one plan: real instances of its type that hold what was selected."""

    def __init__(self, plan: Plan, asking: Asking) -> None:
        self._plan = plan
        self._asking = asking
        self._kind = plan.source.python
        self._name = plan.source.name
        self._columns = [
            (attribute, fact, self._reader(fact)) for attribute, fact in plan.columns.items()
        ]
        self._makers = [
            (attribute, spec, self._readers(spec.needs)) for attribute, spec in plan.makers.items()
        ]
        self._embedded = [
            (attribute, spec, self._readers(spec.needs), inner and Records(inner, asking))
            for attribute, (spec, inner) in plan.embedded.items()
        ]
        self._ones = [
            (attribute, f"@{attribute}", Records(inner, asking))
            for attribute, (_, inner) in plan.ones.items()
        ]
        self._lists = [
            (attribute, page, f"#{number}", self._pages(attribute, listing))
            for number, ((attribute, page), listing) in enumerate(plan.lists.items())
        ]

    def make(self, raw: Raw) -> Any:
        """Return the object of one row."""
        record: Any = object.__new__(self._kind)
        values = record.__dict__
        for attribute, fact, read in self._columns:
            value = raw[fact]
            values[attribute] = value if read is None or value is None else read(value)
        for attribute, fact in self._plan.identities.items():
            values[attribute] = to_global_id(self._name, raw[fact])
        for attribute, spec, readers in self._makers:
            values[attribute] = spec.make(_facts(raw, readers), self._asking)
        for attribute, embedded, readers, others in self._embedded:
            # Without records to make, nobody selected anything of them.
            found = {row["id"]: others.make(row) for row in raw[f"@{attribute}"]} if others else {}
            values[attribute] = embedded.make(_facts(raw, readers), self._asking, found)
        for attribute, key, one in self._ones:
            related = raw[key]
            values[attribute] = None if related is None else one.make(related)
        for attribute, page, key, pages in self._lists:
            found_page = pages.make(raw.get(key), raw.get(f"{key}n"), parent=raw["id"])
            if page is None:
                values[attribute] = found_page
            else:
                values.setdefault(attribute, {})[page] = found_page
        for attribute, permission in self._plan.refused.items():
            # An error for a value is raised by the executor where the field stands.
            values[attribute] = refusal(permission)
        return record

    def _pages(self, attribute: str, listing: Listing) -> "Pages | PlainList":
        if not isinstance(listing.spec, Paged) or listing.page is None:
            return PlainList(listing, self._asking)
        workspace = self._asking.context.caller.workspace_id
        return Pages(
            listing,
            self._asking,
            page=listing.page,
            order=stable(listing.spec.order),
            identity=nested_identity(self._plan, attribute, listing.spec, workspace),
        )

    def _reader(self, fact: str) -> Callable[[Any], Any] | None:
        kind = self._plan.source.origin.python(fact)
        found: Callable[[Any], Any] | None = reader_of(kind)
        return found

    def _readers(self, facts: Sequence[str]) -> list[tuple[str, Callable[[Any], Any] | None]]:
        return [(fact, self._reader(fact)) for fact in facts]


class PlainList:
    """Makes the objects of a list that is not paged."""

    def __init__(self, listing: Listing, asking: Asking) -> None:
        self._records = Records(_wanted(listing), asking)

    def make(self, rows: Sequence[Raw] | None, _total: int | None, *, parent: str) -> Any:  # noqa: ARG002 - the shape of Pages
        """Return the objects."""
        return [self._records.make(row) for row in rows or ()]


class Pages:
    """Makes the connections of one list: all with the same arguments, one per parent."""

    def __init__(
        self,
        listing: Listing,
        asking: Asking,
        *,
        page: PageArguments,
        order: tuple[str, ...],
        identity: bytes,
    ) -> None:
        self._listing = listing
        self._page = page
        self._identity = identity
        self._size = page.size(asking.context.page_max)
        self._order = tuple(name.removeprefix("-") for name in order)
        self._records = None if listing.plan is None else Records(listing.plan, asking)

    def make(self, rows: Sequence[Raw] | None, total: int | None, *, parent: str | None) -> Any:
        """Return the connection, or the refusal of a cursor that is of another parent's list."""
        for argument, cursor in (("after", self._page.after), ("before", self._page.before)):
            if cursor is None:
                continue
            if read_cursor(self._identity, cursor, argument=argument).parent != parent:
                return wrong_cursor(argument)
        connection: Any = object.__new__(Connection)
        connection.__dict__["total_count"] = total
        if self._records is not None:
            self._fill(connection.__dict__, self._records, rows or (), parent)
        return connection

    def _fill(
        self, values: dict[str, Any], records: Records, rows: Sequence[Raw], parent: str | None
    ) -> None:
        page = self._page
        more = len(rows) > self._size
        kept = rows[: self._size]
        if page.backwards:
            kept = kept[::-1]
        nodes = [records.make(row) for row in kept]
        values["nodes"] = nodes
        cursors = [self._cursor(row, parent) for row in kept] if self._listing.cursors else []
        values["edges"] = [
            Edge(cursor=cursors[number] if cursors else "", node=node)
            for number, node in enumerate(nodes if self._listing.edges else ())
        ]
        values["page_info"] = PageInfo(
            has_next_page=page.before is not None if page.backwards else more,
            has_previous_page=more if page.backwards else page.after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )

    def _cursor(self, row: Raw, parent: str | None) -> str:
        values = tuple(row[name] for name in self._order)
        return write_cursor(self._identity, Place(values=values, parent=parent))


def _facts(raw: Raw, readers: Sequence[tuple[str, Callable[[Any], Any] | None]]) -> dict[str, Any]:
    return {
        fact: raw[fact] if read is None or raw[fact] is None else read(raw[fact])
        for fact, read in readers
    }


def _wanted(listing: Listing) -> Plan:
    if listing.plan is None:
        raise TypeError("A plain list is never asked for its number alone.")
    return listing.plan
