"""What happened, as the API shows it: the one stream of events."""

from datetime import datetime

import strawberry

from hub.audit import models
from hub.kernel.caller import ActorKind, Permission
from hub.kernel.telling import told_facts
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, reads
from schema.base.node import Node, to_global_id
from schema.base.scalars import JsonObject

describe(
    ActorKind,
    description="What kind of caller acted.",
    values={
        "MEMBER": "A member of the workspace, or a token of theirs.",
        "TRIGGER": "An automation tool, through a trigger.",
        "SYSTEM": "The hub itself.",
    },
)


def _subject(facts: Facts, _asking: Asking) -> str:
    return to_global_id(facts["subject_type"], facts["subject_id"])


def _actor(facts: Facts, _asking: Asking) -> str | None:
    if facts["actor_id"] is None:
        return None
    kind = "Trigger" if facts["actor_kind"] == ActorKind.TRIGGER.value else "Member"
    return to_global_id(kind, facts["actor_id"])


def _data(facts: Facts, _asking: Asking) -> JsonObject:
    return JsonObject(told_facts(facts["name"], facts["data"]))


@reads(
    models.EventRow,
    permission=Permission.AUDIT_READ,
    # An event has no place in the chain before it is sealed, a moment after its transaction.
    only=lambda event: event.c.sequence.is_not(None),
)
@strawberry.type(description="Something that happened, sealed into the workspace's chain.")
class Event(Node):
    sequence: int = column("Its number in the workspace, without gaps.")
    name: str = column("What happened, such as publication.published.")
    subject_type: str = column("The type of what it is about.")
    subject_id: strawberry.ID = computed(
        "The id of what it is about.", needs=("subject_type", "subject_id"), make=_subject
    )
    actor_kind: ActorKind = column("What kind of caller acted.")
    actor_name: str = column("Who acted.")
    actor_id: strawberry.ID | None = computed(
        "The id of the member or the trigger that acted; null: the hub itself.",
        needs=("actor_kind", "actor_id"),
        make=_actor,
    )
    data: JsonObject = computed(
        "The facts of the event itself, in the form `eventTypes` says; ids are those of the API.",
        needs=("name", "data"),
        make=_data,
    )
    occurred_at: datetime = column("When it happened.")
    hash: str = column("SHA-256 of this event and the one before it, hexadecimal.")


@strawberry.type(description="A kind of event: what can be heard, and what it says.")
class EventType:
    name: str = strawberry.field(description="Its name, such as publication.published.")
    description: str = strawberry.field(description="When it happens.")
    subject_type: str = strawberry.field(description="The type of what it is about.")
    data_schema: JsonObject = strawberry.field(
        description="JSON Schema of `Event.data`, and of `data.facts` of what endpoints are sent."
    )
