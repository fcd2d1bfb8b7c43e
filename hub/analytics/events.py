"""What happens in measuring."""

from dataclasses import dataclass
from typing import ClassVar

from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PublicationMeasured(Event):
    """A counter of a publication changed."""

    name: ClassVar[str] = "publication.measured"
    subject_type: ClassVar[str] = "Publication"

    counters: dict[str, int]
