"""From rows to a connection: the items of its page, their cursors, and what lies around them."""

from collections.abc import Callable, Sequence
from typing import Any

from schema.base.paging import PageArguments, Place, write_cursor
from schema.compiled.plans import ConnectionPart, ConnectionPlan, EdgePart
from schema.compiled.running import Patch, Row, Run

#: From rows (one more than the page may be there), their number, and the parent's id.
Assemble = Callable[[Sequence[Row], int | None, PageArguments, bytes, str | None, Run], Any]


def assembler(plan: ConnectionPlan, order: tuple[str, ...], patch: Patch | None = None) -> Assemble:
    """Return what makes a connection of rows that carry their items and places."""
    labels = tuple(f"~{name.removeprefix('-')}" for name in order)

    def assemble(
        rows: Sequence[Row],
        total: int | None,
        page: PageArguments,
        identity: bytes,
        parent: str | None,
        run: Run,
    ) -> Any:
        size = page.size(run.asking.context.page_max)
        kept = rows[:size]
        if page.backwards:
            kept = kept[::-1]
        if patch is not None:
            for row in kept:
                patch(row, run)

        def cursor(row: Row) -> str:
            values = tuple(row[label] for label in labels)
            return write_cursor(identity, Place(values=values, parent=parent))

        return connection(
            plan,
            kept,
            total=total,
            page=page,
            more=len(rows) > size,
            cursor=cursor,
            item=lambda row, number: row[f"~s{number}"],
        )

    return assemble


def connection(
    plan: ConnectionPlan,
    rows: Sequence[Any],
    *,
    total: int | None,
    page: PageArguments,
    more: bool,
    cursor: Callable[[Any], str],
    item: Callable[[Any, int], Any],
    nodes: Any = None,
) -> dict[str, Any]:
    """Return a connection of the rows of its page; `more` says that others follow them.

    `nodes` are all items together, where they are one text already.
    """
    return {
        part.key: nodes
        if nodes is not None and part.name == "nodes"
        else _part(plan, part, rows, total, page, more, cursor, item)
        for part in plan.parts
    }


def _part(
    plan: ConnectionPlan,
    part: ConnectionPart,
    rows: Sequence[Any],
    total: int | None,
    page: PageArguments,
    more: bool,
    cursor: Callable[[Any], str],
    item: Callable[[Any, int], Any],
) -> Any:
    match part.name:
        case "nodes" if part.item is not None:
            return [item(row, part.item) for row in rows]
        case "edges":
            return [
                {inner.key: _edge(plan, inner, row, cursor, item) for inner in part.inner}
                for row in rows
            ]
        case "pageInfo":
            return {
                inner.key: _page_info(inner.name, rows, page, more, cursor) for inner in part.inner
            }
        case "totalCount":
            return total
        case _:
            return plan.typename


def _edge(
    plan: ConnectionPlan,
    part: EdgePart,
    row: Any,
    cursor: Callable[[Any], str],
    item: Callable[[Any, int], Any],
) -> Any:
    if part.item is not None:
        return item(row, part.item)
    return cursor(row) if part.name == "cursor" else plan.edge


def _page_info(
    name: str,
    rows: Sequence[Any],
    page: PageArguments,
    more: bool,
    cursor: Callable[[Any], str],
) -> Any:
    match name:
        case "hasNextPage":
            return page.before is not None if page.backwards else more
        case "hasPreviousPage":
            return more if page.backwards else page.after is not None
        case "startCursor":
            return cursor(rows[0]) if rows else None
        case "endCursor":
            return cursor(rows[-1]) if rows else None
        case _:
            return "PageInfo"
