"""Importing content: many rows at once, each taken or refused with its place, nothing published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.automation import saving
from hub.automation.events import ContentImported
from hub.automation.models import ContentImport, ImportPolicy, RowOutcome
from hub.automation.rows import (
    ROWS_MOST,
    SUBMITTED_MOST,
    Row,
    place_in_row,
    read_row,
)
from hub.automation.saving import Names
from hub.kernel.caller import Permission
from hub.kernel.errors import HubError, Invalid
from hub.kernel.ids import new_id
from hub.kernel.texts import storable
from hub.kernel.work import UnitOfWork

#: Rows that are taken together, and apart only where one of them is refused.
_TOGETHER = 50
#: How much of a reference is shown where it is far too long.
_SHOWN = 200


class _Undone(Exception):
    """Takes back what a trial, or an import that is refused as a whole, has changed."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    known: Names
    submit: bool


async def import_content(
    work: UnitOfWork,
    *,
    rows: Sequence[Mapping[str, Any]],
    policy: ImportPolicy = ImportPolicy.REJECT_ALL,
    dry_run: bool = False,
    submit: bool = False,
    path: tuple[str, ...] = ("input", "rows"),
) -> ContentImport:
    """Write rows down as content, by their references; what came of each is kept, and returned.

    A row that cannot be taken is refused with the field at fault; with REJECT_ALL no row is taken
    then. With `submit` each row's content is submitted for the channels it names.
    """
    work.caller.require(Permission.CONTENT_WRITE)
    if submit:
        work.caller.require(Permission.REVIEW_SUBMIT)
    most = SUBMITTED_MOST if submit else ROWS_MOST
    if not 1 <= len(rows) <= most:
        raise Invalid(f"An import has 1 to {most:,} rows; here are {len(rows):,}.", path=path)
    plan = _Plan(known=await saving.names(work), submit=submit)
    results: list[dict[str, Any]] = []
    applied = False
    try:
        async with work.savepoint():
            results = await _taken(work, rows, plan)
            refused = any(one["outcome"] == RowOutcome.REFUSED for one in results)
            _keep_or_undo(keep=not dry_run and not (refused and policy is ImportPolicy.REJECT_ALL))
        applied = True
    except _Undone:
        results = [_without_what_is_not(one) for one in results]
    return await _kept(work, results, policy=policy, dry_run=dry_run, applied=applied)


def _keep_or_undo(*, keep: bool) -> None:
    if not keep:
        raise _Undone


async def _taken(
    work: UnitOfWork, rows: Sequence[Mapping[str, Any]], plan: _Plan
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for start in range(0, len(rows), _TOGETHER):
        few = rows[start : start + _TOGETHER]
        try:
            # Most files are right: a point to go back to for each row would double the time.
            async with work.savepoint():
                taken = [
                    await _row(work, given, start + at, seen, plan)
                    for at, given in enumerate(few, 1)
                ]
        except HubError:
            seen = {name: row for name, row in seen.items() if row <= start}
            taken = [
                await _apart(work, given, number, seen, plan)
                for number, given in enumerate(few, start + 1)
            ]
        results += taken
    return results


async def _apart(
    work: UnitOfWork, given: Mapping[str, Any], number: int, seen: dict[str, int], plan: _Plan
) -> dict[str, Any]:
    try:
        async with work.savepoint():
            return await _row(work, given, number, seen, plan)
    except HubError as error:
        told = {"code": error.code.value, "message": error.message, "path": list(error.path)}
        return {
            "row": number,
            "externalReference": _reference(given),
            "outcome": RowOutcome.REFUSED.value,
            "item": None,
            "review": None,
            "errors": [told],
        }


async def _row(
    work: UnitOfWork, given: Mapping[str, Any], number: int, seen: dict[str, int], plan: _Plan
) -> dict[str, Any]:
    row = read_row(given)
    reference = row.externalReference
    if reference in seen:
        raise Invalid(f"Row {seen[reference]} has this reference too.", path=("externalReference",))
    try:
        result = await _one(work, row, plan)
    except HubError as error:
        error.path = tuple(place_in_row(row, error.path))
        raise
    seen[reference] = number
    return {"row": number, "externalReference": _reference(given), "errors": [], **result}


def _reference(given: Mapping[str, Any]) -> str:
    return storable(str(given.get("externalReference", "")))[:_SHOWN]


async def _one(work: UnitOfWork, row: Row, plan: _Plan) -> dict[str, Any]:
    if row.scheduledFor is not None and not plan.submit:
        raise Invalid(
            "A time is asked of the review: import with `submit`.", path=("scheduledFor",)
        )
    if plan.submit and row.channels is None:
        raise Invalid("What is submitted names its channels.", path=("channels",))
    for at, name in enumerate(row.channels or ()):
        saving.require_channel(plan.known, name, ("channels", str(at)))
    saved = await saving.save(work, row, plan.known)
    review = None
    if plan.submit:
        review, _ = await saving.submit(
            work,
            item_id=saved.item_id,
            channels=row.channels or (),
            known=plan.known,
            scheduled_for=row.scheduledFor,
            note=row.note,
        )
    return {
        "outcome": saved.outcome.value,
        "item": str(saved.item_id),
        "review": str(review.id) if review else None,
    }


def _without_what_is_not(result: dict[str, Any]) -> dict[str, Any]:
    there = result["outcome"] in {RowOutcome.UPDATED, RowOutcome.UNCHANGED}
    return {**result, "item": result["item"] if there else None, "review": None}


async def _kept(
    work: UnitOfWork,
    results: list[dict[str, Any]],
    *,
    policy: ImportPolicy,
    dry_run: bool,
    applied: bool,
) -> ContentImport:
    counts = {outcome: sum(one["outcome"] == outcome for one in results) for outcome in RowOutcome}
    row = ContentImport(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        policy=policy,
        dry_run=dry_run,
        applied=applied,
        created_count=counts[RowOutcome.CREATED],
        updated_count=counts[RowOutcome.UPDATED],
        unchanged_count=counts[RowOutcome.UNCHANGED],
        refused_count=counts[RowOutcome.REFUSED],
        results=results,
    )
    await work.add(row)
    work.record(
        ContentImported(
            subject_id=row.id,
            applied=applied,
            created=row.created_count,
            updated=row.updated_count,
            unchanged=row.unchanged_count,
            refused=row.refused_count,
        )
    )
    return row
