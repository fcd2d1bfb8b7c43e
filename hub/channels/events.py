"""What happens to channels."""

from dataclasses import dataclass
from typing import ClassVar

from hub.channels.models import ChannelState
from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ChannelConnected(Event):
    """An account on a platform was added; a job asks the platform about it."""

    name: ClassVar[str] = "channel.connected"
    subject_type: ClassVar[str] = "Channel"

    platform: str


@dataclass(frozen=True, kw_only=True)
class ChannelUpdated(Event):
    """A channel's name, zone, settings or credentials were changed."""

    name: ClassVar[str] = "channel.updated"
    subject_type: ClassVar[str] = "Channel"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelChecked(Event):
    """The platform said what it thinks of the credentials."""

    name: ClassVar[str] = "channel.checked"
    subject_type: ClassVar[str] = "Channel"

    state: ChannelState


@dataclass(frozen=True, kw_only=True)
class ChannelDisabled(Event):
    """Nothing goes out here any more, from the next moment of truth on."""

    name: ClassVar[str] = "channel.disabled"
    subject_type: ClassVar[str] = "Channel"


@dataclass(frozen=True, kw_only=True)
class ChannelEnabled(Event):
    """The channel may be used again."""

    name: ClassVar[str] = "channel.enabled"
    subject_type: ClassVar[str] = "Channel"
