"""What happens in conversations."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from hub.engagement.models import ThreadKind
from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class MessageReceived(Event):
    """Somebody wrote: under a publication, in private, or about the brand."""

    name: ClassVar[str] = "message.received"
    subject_type: ClassVar[str] = "Message"

    thread_id: UUID
    publication_id: UUID | None


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


@dataclass(frozen=True, kw_only=True)
class MessageEdited(Event):
    """Somebody changed what they had written."""

    name: ClassVar[str] = "message.edited"
    subject_type: ClassVar[str] = "Message"

    thread_id: UUID


@dataclass(frozen=True, kw_only=True)
class MessageDeleted(Event):
    """What somebody had written is not at the platform any more."""

    name: ClassVar[str] = "message.deleted"
    subject_type: ClassVar[str] = "Message"

    thread_id: UUID


@dataclass(frozen=True, kw_only=True)
class MessageLikeRequested(Event):
    """A member wants the brand to like a message, or to like it no more."""

    name: ClassVar[str] = "message.like_requested"
    subject_type: ClassVar[str] = "Message"

    liked: bool


@dataclass(frozen=True, kw_only=True)
class MessageLiked(Event):
    """The brand likes a message at the platform."""

    name: ClassVar[str] = "message.liked"
    subject_type: ClassVar[str] = "Message"


@dataclass(frozen=True, kw_only=True)
class MessageUnliked(Event):
    """The brand likes a message no more."""

    name: ClassVar[str] = "message.unliked"
    subject_type: ClassVar[str] = "Message"


@dataclass(frozen=True, kw_only=True)
class MessageLikeFailed(Event):
    """A like could not be given or taken back."""

    name: ClassVar[str] = "message.like_failed"
    subject_type: ClassVar[str] = "Message"

    problem: str


@dataclass(frozen=True, kw_only=True)
class ThreadOpened(Event):
    """Somebody wrote where nothing was to be done: a case opens, or opens again."""

    name: ClassVar[str] = "thread.opened"
    subject_type: ClassVar[str] = "Thread"

    kind: ThreadKind
    again: bool


@dataclass(frozen=True, kw_only=True)
class ThreadUpdated(Event):
    """The state, the assignee, the priority or the tags of a conversation were changed."""

    name: ClassVar[str] = "thread.updated"
    subject_type: ClassVar[str] = "Thread"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ThreadAssigned(Event):
    """Somebody is to look after a conversation, or nobody any more."""

    name: ClassVar[str] = "thread.assigned"
    subject_type: ClassVar[str] = "Thread"

    assignee_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ThreadSnoozed(Event):
    """A conversation rests until a time, or until somebody writes."""

    name: ClassVar[str] = "thread.snoozed"
    subject_type: ClassVar[str] = "Thread"

    until: datetime


@dataclass(frozen=True, kw_only=True)
class ThreadWoken(Event):
    """A conversation has rested long enough, or somebody has ended its rest."""

    name: ClassVar[str] = "thread.woken"
    subject_type: ClassVar[str] = "Thread"


@dataclass(frozen=True, kw_only=True)
class ThreadReplied(Event):
    """The first answer of a case went out."""

    name: ClassVar[str] = "thread.replied"
    subject_type: ClassVar[str] = "Thread"

    overdue: bool


@dataclass(frozen=True, kw_only=True)
class ThreadTargetMissed(Event):
    """A case was not answered in the time the brand has promised itself."""

    name: ClassVar[str] = "thread.target_missed"
    subject_type: ClassVar[str] = "Thread"

    due_at: datetime
    assignee_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class NoteAdded(Event):
    """A member noted something about a conversation or a person."""

    name: ClassVar[str] = "note.added"
    subject_type: ClassVar[str] = "Note"

    thread_id: UUID | None
    person_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class NoteUpdated(Event):
    """A note was changed."""

    name: ClassVar[str] = "note.updated"
    subject_type: ClassVar[str] = "Note"


@dataclass(frozen=True, kw_only=True)
class NoteDeleted(Event):
    """A note was thrown away."""

    name: ClassVar[str] = "note.deleted"
    subject_type: ClassVar[str] = "Note"


@dataclass(frozen=True, kw_only=True)
class PersonLinked(Event):
    """Two accounts are said to be one human being."""

    name: ClassVar[str] = "person.linked"
    subject_type: ClassVar[str] = "Person"

    other_id: UUID


@dataclass(frozen=True, kw_only=True)
class PersonUnlinked(Event):
    """An account is on its own again."""

    name: ClassVar[str] = "person.unlinked"
    subject_type: ClassVar[str] = "Person"


@dataclass(frozen=True, kw_only=True)
class PersonUpdated(Event):
    """The tags of a person were changed."""

    name: ClassVar[str] = "person.updated"
    subject_type: ClassVar[str] = "Person"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SavedReplyCreated(Event):
    """Words to answer with were kept."""

    name: ClassVar[str] = "saved_reply.created"
    subject_type: ClassVar[str] = "SavedReply"


@dataclass(frozen=True, kw_only=True)
class SavedReplyUpdated(Event):
    """Words to answer with were changed."""

    name: ClassVar[str] = "saved_reply.updated"
    subject_type: ClassVar[str] = "SavedReply"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SavedReplyDeleted(Event):
    """Words to answer with were thrown away."""

    name: ClassVar[str] = "saved_reply.deleted"
    subject_type: ClassVar[str] = "SavedReply"


@dataclass(frozen=True, kw_only=True)
class ServiceTargetSet(Event):
    """A brand says how soon it answers for the first time."""

    name: ClassVar[str] = "service_target.set"
    subject_type: ClassVar[str] = "ServiceTarget"


@dataclass(frozen=True, kw_only=True)
class ServiceTargetDeleted(Event):
    """A brand promises nothing there any more."""

    name: ClassVar[str] = "service_target.deleted"
    subject_type: ClassVar[str] = "ServiceTarget"
