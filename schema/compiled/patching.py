"""What Python does to what SQL wrote: fills in what it computes, and looks at what is in doubt."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schema.base.fields import Computed, Embedded
from schema.base.paging import read_cursor
from schema.base.records import Records
from schema.compiled.assembling import Assemble
from schema.compiled.plans import Made, Page
from schema.compiled.running import Declined, Patch, Row, Run

Readers = Sequence[tuple[str, str, Callable[[Any], Any] | None]]


def _facts(row: Row, facts: Readers) -> dict[str, Any]:
    found = {}
    for fact, label, read in facts:
        value = row[label]
        found[fact] = value if read is None or value is None else read(value)
    return found


def computed(step: Made, spec: Computed, facts: Readers) -> Patch:
    key, make, complete = step.key, spec.make, step.complete

    def patch(row: Row, run: Run) -> None:
        row[key] = complete(make(_facts(row, facts), run.asking), run)

    return patch


def embedded(step: Made, spec: Embedded, facts: Readers, rows: str | None) -> Patch:
    key, make, complete, inner = step.key, spec.make, step.complete, step.inner

    def patch(row: Row, run: Run) -> None:
        others: Mapping[str, Any] = {}
        if rows is not None and inner is not None:
            records = Records(inner, run.asking)
            others = {other["id"]: records.make(other) for other in row[rows]}
        row[key] = complete(make(_facts(row, facts), run.asking, others), run)

    return patch


def paged(step: Page, rows: str, total: str, assemble: Assemble) -> Patch:
    def patch(row: Row, run: Run) -> None:
        slot = run.slots[step.slot]
        parent: str = row["~id"]
        for argument, cursor in (("after", slot.page.after), ("before", slot.page.before)):
            if cursor is None:
                continue
            if read_cursor(slot.identity, cursor, argument=argument).parent != parent:
                raise Declined("a cursor of another list")
        found = row.get(rows) or ()
        row[step.key] = assemble(found, row.get(total), slot.page, slot.identity, parent, run)

    return patch


def named(key: str, names: Mapping[str, str]) -> Patch:
    def patch(row: Row, _run: Run) -> None:
        value = row[key]
        if isinstance(value, list):
            row[key] = [names[one] for one in value]
        elif value is not None:
            row[key] = names[value]

    return patch


def present(key: str) -> Patch:
    def patch(row: Row, _run: Run) -> None:
        if row[key] is None:
            raise Declined("a null where none may be")

    return patch


def inside(key: str, inner: Patch) -> Patch:
    def patch(row: Row, run: Run) -> None:
        if row[key] is not None:
            inner(row[key], run)

    return patch


def in_each(key: str, inner: Patch) -> Patch:
    def patch(row: Row, run: Run) -> None:
        for one in row[key] or ():
            inner(one, run)

    return patch


def together(patches: Sequence[Patch], hidden: tuple[str, ...]) -> Patch | None:
    if not patches and not hidden:
        return None

    def patch(row: Row, run: Run) -> None:
        for one in patches:
            one(row, run)
        for label in hidden:
            del row[label]

    return patch
