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
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork

ACCOUNTS_MAX = 50


async def link_persons(work: UnitOfWork, *, person_id: UUID, other_id: UUID) -> Person:
    """Say that two accounts, and all that are linked with either, are one human being."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    person = await get(work, Person, person_id, path=("input", "personId"))
    other = await get(work, Person, other_id, path=("input", "otherId"))
    if person.id == other.id:
        raise Invalid("This is one and the same account.", path=("input", "otherId"))
    accounts = await _locked(work, person, other)
    if person.group_id is not None and person.group_id == other.group_id:
        raise WrongState("They are linked already.", path=("input", "otherId"))
    if len(accounts) > ACCOUNTS_MAX:
        raise Invalid(f"A person has {ACCOUNTS_MAX} accounts at most.", path=("input", "otherId"))
    group = person.group_id or other.group_id or new_id()
    for account in accounts:
        account.group_id = group
    work.record(PersonLinked(subject_id=person.id, other_id=other.id))
    return person


async def unlink_person(work: UnitOfWork, *, person_id: UUID) -> Person:
    """Say that an account is on its own; the others it was linked with stay together."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    person = await get(work, Person, person_id)
    if person.group_id is None:
        raise WrongState("It is linked with nobody.", path=("input", "id"))
    others = [account for account in await _locked(work, person) if account.id != person.id]
    person.group_id = None
    if len(others) == 1:
        others[0].group_id = None
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


async def _locked(work: UnitOfWork, *persons: Person) -> Sequence[Person]:
    """Return persons with all who are linked with one of them, locked and read afresh."""
    groups = [person.group_id for person in persons if person.group_id is not None]
    ids = [person.id for person in persons]
    return await work.all(
        select(Person)
        .where(Person.id.in_(ids) | Person.group_id.in_(groups))
        .order_by(Person.remote_id, Person.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
