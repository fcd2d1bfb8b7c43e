"""Persons across platforms: accounts that are one human being, and what is known of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.engagement.events import PersonLinked, PersonUnlinked, PersonUpdated
from hub.engagement.models import Person
from hub.engagement.rules import require_tags
from hub.kernel.caller import Permission
from hub.kernel.editing import get
from hub.kernel.errors import Invalid, WrongState
from hub.kernel.work import UnitOfWork

ACCOUNTS_MAX = 50


async def link_persons(work: UnitOfWork, *, person_id: UUID, other_id: UUID) -> Person:
    """Say that two accounts, and all that are linked with either, are one human being."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    person = await get(work, Person, person_id, path=("input", "personId"))
    other = await get(work, Person, other_id, path=("input", "otherId"))
    if person.id == other.id:
        raise Invalid("This is one and the same account.", path=("input", "otherId"))
    accounts = await _locked(work, person.group_id, other.group_id)
    if person.group_id == other.group_id:
        raise WrongState("They are linked already.", path=("input", "otherId"))
    if len(accounts) > ACCOUNTS_MAX:
        raise Invalid(f"A person has {ACCOUNTS_MAX} accounts at most.", path=("input", "otherId"))
    former, group = other.group_id, person.group_id
    for account in accounts:
        if account.group_id == former:
            account.group_id = group
    work.record(PersonLinked(subject_id=person.id, other_id=other.id))
    return person


async def unlink_person(work: UnitOfWork, *, person_id: UUID) -> Person:
    """Say that an account is on its own; the others it was linked with stay together."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    person = await get(work, Person, person_id)
    accounts = await _locked(work, person.group_id)
    others = [account for account in accounts if account.id != person.id]
    if not others:
        raise WrongState("It is linked with nobody.", path=("input", "id"))
    # A group bears the id of one of its own, so that nobody's own id is ever another group's.
    group = others[0].id if person.group_id == person.id else person.group_id
    for account in others:
        account.group_id = group
    person.group_id = person.id
    work.record(PersonUnlinked(subject_id=person.id))
    return person


async def update_person(work: UnitOfWork, *, person_id: UUID, changes: Mapping[str, Any]) -> Person:
    """Change the tags of a person."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    person = await get(work, Person, person_id, lock=True)
    if "tags" not in changes:
        return person
    tags = require_tags(changes["tags"], path=("input", "tags"))
    if tags != person.tags:
        person.tags = tags
        work.record(PersonUpdated(subject_id=person.id, fields=("tags",)))
    return person


async def _locked(work: UnitOfWork, *groups: UUID) -> Sequence[Person]:
    return await work.all(
        select(Person)
        .where(Person.group_id.in_(groups))
        .order_by(Person.remote_id, Person.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
