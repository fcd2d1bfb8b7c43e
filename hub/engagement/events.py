"""What happens in conversations."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class MessageReceived(Event):
    """Somebody answered."""

    name: ClassVar[str] = "message.received"
    subject_type: ClassVar[str] = "Message"

    thread_id: UUID
    publication_id: UUID


@dataclass(frozen=True, kw_only=True)
class MessageReplied(Event):
    """A member answers; it goes out like every publication."""

    name: ClassVar[str] = "message.replied"
    subject_type: ClassVar[str] = "Message"

    publication_id: UUID


@dataclass(frozen=True, kw_only=True)
class MessageHidden(Event):
    """An answer is hidden from others at the platform."""

    name: ClassVar[str] = "message.hidden"
    subject_type: ClassVar[str] = "Message"


@dataclass(frozen=True, kw_only=True)
class MessageShown(Event):
    """An answer that was hidden is shown again."""

    name: ClassVar[str] = "message.shown"
    subject_type: ClassVar[str] = "Message"
