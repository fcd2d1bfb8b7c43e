"""What happens to triggers and endpoints."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from hub.automation.models import DisabledReason, TriggerAction
from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class TriggerCreated(Event):
    """An automation tool has a door of its own."""

    name: ClassVar[str] = "trigger.created"
    subject_type: ClassVar[str] = "Trigger"

    actions: tuple[TriggerAction, ...]


@dataclass(frozen=True, kw_only=True)
class TriggerUpdated(Event):
    """A trigger was renamed, may do something else, or was switched on or off."""

    name: ClassVar[str] = "trigger.updated"
    subject_type: ClassVar[str] = "Trigger"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TriggerSecretRotated(Event):
    """A trigger has a new secret; the one before works until the time it names."""

    name: ClassVar[str] = "trigger.secret_rotated"
    subject_type: ClassVar[str] = "Trigger"

    previous_until: datetime


@dataclass(frozen=True, kw_only=True)
class TriggerDeleted(Event):
    """A trigger is no more."""

    name: ClassVar[str] = "trigger.deleted"
    subject_type: ClassVar[str] = "Trigger"


@dataclass(frozen=True, kw_only=True)
class TriggerFired(Event):
    """A genuine call did what it asked for; `scheduled` is what is new of the publications."""

    name: ClassVar[str] = "trigger.fired"
    subject_type: ClassVar[str] = "Trigger"

    message_id: str
    external_reference: str
    publications: tuple[UUID, ...]
    scheduled: tuple[UUID, ...]
    action: TriggerAction = TriggerAction.PUBLISH
    item_id: UUID | None = None
    review_id: UUID | None = None
    import_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ContentImported(Event):
    """Rows of content came at once; where it was not applied, nothing changed."""

    name: ClassVar[str] = "content.imported"
    subject_type: ClassVar[str] = "ContentImport"

    applied: bool
    created: int
    updated: int
    unchanged: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class TriggerRefused(Event):
    """A genuine call asked for something that cannot be; nothing was done."""

    name: ClassVar[str] = "trigger.refused"
    subject_type: ClassVar[str] = "Trigger"

    message_id: str
    code: str


@dataclass(frozen=True, kw_only=True)
class EndpointCreated(Event):
    """An address hears events from now on."""

    name: ClassVar[str] = "endpoint.created"
    subject_type: ClassVar[str] = "Endpoint"

    events: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EndpointUpdated(Event):
    """An endpoint's address, events or description were changed, or it was switched on."""

    name: ClassVar[str] = "endpoint.updated"
    subject_type: ClassVar[str] = "Endpoint"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EndpointDisabled(Event):
    """An endpoint hears nothing any more: switched off, gone, or failing for too long."""

    name: ClassVar[str] = "endpoint.disabled"
    subject_type: ClassVar[str] = "Endpoint"

    reason: DisabledReason


@dataclass(frozen=True, kw_only=True)
class EndpointSecretRotated(Event):
    """An endpoint has a new secret; the one before signs as well until the time it names."""

    name: ClassVar[str] = "endpoint.secret_rotated"
    subject_type: ClassVar[str] = "Endpoint"

    previous_until: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointDeleted(Event):
    """An endpoint is no more, and its deliveries with it."""

    name: ClassVar[str] = "endpoint.deleted"
    subject_type: ClassVar[str] = "Endpoint"


@dataclass(frozen=True, kw_only=True)
class EndpointTested(Event):
    """Somebody asked for a test; the endpoint hears of it whatever else it hears."""

    name: ClassVar[str] = "endpoint.tested"
    subject_type: ClassVar[str] = "Endpoint"


@dataclass(frozen=True, kw_only=True)
class EndpointReplayed(Event):
    """Events from a number on, or one delivery, are sent to an endpoint again."""

    name: ClassVar[str] = "endpoint.replayed"
    subject_type: ClassVar[str] = "Endpoint"

    from_sequence: int
    only_one: bool
