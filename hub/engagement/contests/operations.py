"""Preparing a contest, opening it with a committed seed, closing and cancelling it."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from hub.channels.models import Channel
from hub.channels.platforms.base import Capability
from hub.engagement.contests.draw import SEED_BYTES, commitment_to
from hub.engagement.contests.events import (
    ContestCancelled,
    ContestClosed,
    ContestCreated,
    ContestOpened,
    ContestUpdated,
)
from hub.engagement.contests.jobs import CloseContest, JudgeContest, ReadContest
from hub.engagement.contests.models import Contest, ContestSource, ContestState
from hub.engagement.contests.rules import (
    ENTROPY_MAX,
    EXCLUDED_MAX,
    REASON_MAX,
    RULES_MAX,
    SETTLES,
    SOURCES_MAX,
    TRANSITIONS,
    Conditions,
    require_conditions,
    require_counts,
    require_window,
)
from hub.engagement.models import Person
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version, touch
from hub.kernel.errors import Invalid, NotFound, Unsupported, WrongState
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.review.errors import InPast
from hub.strategy.models import Brand

_NAME = 200


async def create(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    name: str,
    publication_ids: Sequence[UUID],
    opens_at: datetime,
    closes_at: datetime,
    locale: str = "en",
    rules: Sequence[tuple[str, str]] = (),
    conditions: Conditions | None = None,
    excluded_person_ids: Sequence[UUID] = (),
    winner_count: int = 1,
    alternate_count: int = 0,
    entropy_source: str = "",
) -> Contest:
    """Prepare a contest of a brand under some of its publications; nothing is promised yet."""
    work.caller.require(Permission.CONTEST_MANAGE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    require_window(opens_at, closes_at)
    require_counts(winner_count, alternate_count)
    contest = Contest(
        id=new_id(),
        workspace_id=brand.workspace_id,
        brand_id=brand.id,
        opens_at=opens_at,
        closes_at=closes_at,
        winner_count=winner_count,
        alternate_count=alternate_count,
        **await _cleaned(
            work,
            {
                "name": name,
                "locale": locale,
                "rules": rules,
                "conditions": conditions or Conditions(),
                "excluded_person_ids": excluded_person_ids,
                "entropy_source": entropy_source,
            },
        ),
    )
    await _require_sources(work, publication_ids, brand_id=brand.id)
    await work.add(contest)
    _put_sources(work, contest, publication_ids)
    work.record(ContestCreated(subject_id=contest.id))
    return contest


async def update(
    work: UnitOfWork,
    *,
    contest_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Contest:
    """Change a contest that is not open yet: from the opening on its terms are fixed.

    `changes` has what `create` takes, but for the brand.
    """
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await get(work, Contest, contest_id, lock=True)
    require_version(contest, expected_version)
    if contest.state is not ContestState.DRAFT:
        raise WrongState(
            "The terms of a contest are fixed when it opens. Cancel it and make another.",
            path=("input", "id"),
        )
    plain = {name: value for name, value in changes.items() if name != "publication_ids"}
    clean = {**plain, **await _cleaned(work, plain)}
    require_window(
        clean.get("opens_at", contest.opens_at), clean.get("closes_at", contest.closes_at)
    )
    require_counts(
        clean.get("winner_count", contest.winner_count),
        clean.get("alternate_count", contest.alternate_count),
    )
    moved = await _move(work, contest, changes.get("publication_ids"))
    changed = (*await edit(work, contest, clean, expected_version=None), *moved)
    if moved and len(changed) == len(moved):
        touch(work, contest)
    if changed:
        work.record(ContestUpdated(subject_id=contest.id, fields=changed))
    return contest


async def _move(
    work: UnitOfWork, contest: Contest, publication_ids: Sequence[UUID] | None
) -> tuple[str, ...]:
    if publication_ids is None:
        return ()
    await _require_sources(work, publication_ids, brand_id=contest.brand_id)
    known = await work.all(
        select(ContestSource.publication_id).where(ContestSource.contest_id == contest.id)
    )
    if set(known) == set(publication_ids):
        return ()
    await work.change(delete(ContestSource).where(ContestSource.contest_id == contest.id))
    _put_sources(work, contest, publication_ids)
    return ("publication_ids",)


def _put_sources(work: UnitOfWork, contest: Contest, publication_ids: Sequence[UUID]) -> None:
    for publication_id in publication_ids:
        work.put(
            ContestSource,
            {
                "id": new_id(),
                "workspace_id": contest.workspace_id,
                "contest_id": contest.id,
                "publication_id": publication_id,
            },
        )


async def _require_sources(
    work: UnitOfWork, publication_ids: Sequence[UUID], *, brand_id: UUID
) -> None:
    path = ("input", "publicationIds")
    if not 1 <= len(publication_ids) <= SOURCES_MAX:
        raise Invalid(f"A contest is about 1 to {SOURCES_MAX} publications.", path=path)
    if len(set(publication_ids)) < len(publication_ids):
        raise Invalid("A publication is named twice.", path=path)
    found = await work.session.execute(
        select(Publication.id, Channel)
        .join(Channel, Channel.id == Publication.channel_id)
        .where(Publication.id.in_(publication_ids))
    )
    channels = {row.id: row.Channel for row in found}
    for index, publication_id in enumerate(publication_ids):
        where, channel = (*path, str(index)), channels.get(publication_id)
        if channel is None:
            raise NotFound("There is nothing with this id.", path=where)
        if channel.brand_id != brand_id:
            raise Invalid("This publication belongs to another brand.", path=where)
        if Capability.MESSAGES not in channel.capabilities:
            raise Unsupported(f"Nobody can comment on {channel.name}.", path=where)


async def _cleaned(work: UnitOfWork, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the given facts that have a form of their own, in that form."""
    clean: dict[str, Any] = {}
    if "name" in given:
        clean["name"] = require_text(given["name"], most=_NAME, path=("input", "name"))
    if "locale" in given:
        clean["locale"] = require_locale(given["locale"], path=("input", "locale"))
    if "rules" in given:
        clean["rules"] = _rules(given["rules"])
    if "conditions" in given:
        clean["conditions"] = require_conditions(given["conditions"]).to_json()
    if "excluded_person_ids" in given:
        clean["excluded_person_ids"] = await _persons(work, given["excluded_person_ids"])
    if "entropy_source" in given:
        clean["entropy_source"] = require_text(
            given["entropy_source"], most=ENTROPY_MAX, path=("input", "entropySource"), empty=True
        )
    return clean


def _rules(given: Sequence[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, (tag, text) in enumerate(given):
        path = ("input", "rules", str(index))
        locale = require_locale(tag, path=(*path, "locale"))
        if locale in found:
            raise Invalid("This language is there already.", path=(*path, "locale"))
        found[locale] = require_text(text, most=RULES_MAX, path=(*path, "text"))
    return found


async def _persons(work: UnitOfWork, person_ids: Sequence[UUID]) -> list[str]:
    path = ("input", "excludedPersonIds")
    if len(person_ids) > EXCLUDED_MAX:
        raise Invalid(f"At most {EXCLUDED_MAX} persons can be named.", path=path)
    if not person_ids:
        return []
    known = set(await work.all(select(Person.id).where(Person.id.in_(person_ids))))
    for index, person_id in enumerate(person_ids):
        if person_id not in known:
            raise NotFound("There is nothing with this id.", path=(*path, str(index)))
    return sorted({str(person_id) for person_id in person_ids})


async def open_contest(
    work: UnitOfWork, *, contest_id: UUID, expected_version: int | None = None
) -> Contest:
    """Open a contest: its terms are fixed, and the hub commits itself to the seed of the draw.

    The seed is 256 random bits. Everybody may know its SHA-256 from now on; it is sealed itself,
    and revealed by the draw.
    """
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await _required(work, contest_id, ContestState.OPEN, expected_version)
    if work.now >= contest.closes_at:
        raise InPast(
            f"It would have closed at {contest.closes_at.isoformat()}. Choose a later time.",
            path=("input", "id"),
        )
    if not contest.rules:
        raise WrongState(
            "Write down the rules first: whoever takes part must be able to read them.",
            path=("input", "id"),
        )
    seed = secrets.token_bytes(SEED_BYTES)
    contest.state = ContestState.OPEN
    contest.commitment = commitment_to(seed)
    contest.sealed = work.vault.seal({"seed": seed.hex()}, row_id=contest.id)
    contest.key_id = work.vault.key_id
    contest.opened_at = work.now
    touch(work, contest)
    await work.flush()
    work.record(
        ContestOpened(
            subject_id=contest.id,
            commitment=contest.commitment,
            entropy_source=contest.entropy_source,
            opens_at=contest.opens_at,
            closes_at=contest.closes_at,
        )
    )
    named = {"workspace_id": contest.workspace_id, "contest_id": contest.id}
    work.promise(CloseContest(**named), due_at=contest.closes_at)
    work.promise(JudgeContest(**named))
    return contest


async def close(
    work: UnitOfWork, *, contest_id: UUID, reason: str = "", expected_version: int | None = None
) -> Contest:
    """Close a contest; before its time only for a reason that everybody can read."""
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await _required(work, contest_id, ContestState.CLOSED, expected_version)
    said = require_text(
        reason,
        most=REASON_MAX,
        path=("input", "reason"),
        empty=work.now >= contest.closes_at,
    )
    _close(work, contest, said)
    await work.flush()
    return contest


async def close_when_due(work: UnitOfWork, *, contest_id: UUID) -> datetime | None:
    """Close a contest whose time is over; return when that will be where it is not yet."""
    contest = await work.one(select(Contest).where(Contest.id == contest_id).with_for_update())
    if contest is None or contest.state is not ContestState.OPEN:
        return None
    if work.now < contest.closes_at:
        return contest.closes_at
    _close(work, contest, "")
    return None


def _close(work: UnitOfWork, contest: Contest, reason: str) -> None:
    contest.state, contest.closed_at = ContestState.CLOSED, work.now
    contest.close_reason = reason
    touch(work, contest)
    work.record(ContestClosed(subject_id=contest.id, reason=reason))
    named = {"workspace_id": contest.workspace_id, "contest_id": contest.id}
    work.promise(JudgeContest(**named))
    work.promise(ReadContest(**named), due_at=work.now + SETTLES)


async def cancel(
    work: UnitOfWork, *, contest_id: UUID, reason: str, expected_version: int | None = None
) -> Contest:
    """End a contest without a draw; the seed stays sealed."""
    work.caller.require(Permission.CONTEST_MANAGE)
    contest = await _required(work, contest_id, ContestState.CANCELLED, expected_version)
    contest.cancel_reason = require_text(reason, most=REASON_MAX, path=("input", "reason"))
    contest.state, contest.cancelled_at = ContestState.CANCELLED, work.now
    touch(work, contest)
    await work.flush()
    work.record(ContestCancelled(subject_id=contest.id, reason=contest.cancel_reason))
    return contest


async def _required(
    work: UnitOfWork, contest_id: UUID, after: ContestState, expected_version: int | None
) -> Contest:
    contest = await get(work, Contest, contest_id, lock=True)
    return require_transition(contest, after=after, expected_version=expected_version)


def require_transition(
    contest: Contest, *, after: ContestState, expected_version: int | None
) -> Contest:
    """Return the contest; raise Conflict or WrongState unless it may go to that state now."""
    require_version(contest, expected_version)
    if after not in TRANSITIONS[contest.state]:
        raise WrongState(
            f"This contest is {contest.state.value}; it cannot become {after.value}.",
            path=("input", "id"),
        )
    return contest
