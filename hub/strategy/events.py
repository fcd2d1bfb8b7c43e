"""What happens to brands, campaigns, and what they are made of."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class BrandCreated(Event):
    """A brand was added."""

    name: ClassVar[str] = "brand.created"
    subject_type: ClassVar[str] = "Brand"


@dataclass(frozen=True, kw_only=True)
class BrandUpdated(Event):
    """A brand was changed."""

    name: ClassVar[str] = "brand.updated"
    subject_type: ClassVar[str] = "Brand"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CampaignCreated(Event):
    """A campaign was added."""

    name: ClassVar[str] = "campaign.created"
    subject_type: ClassVar[str] = "Campaign"


@dataclass(frozen=True, kw_only=True)
class CampaignUpdated(Event):
    """A campaign was changed."""

    name: ClassVar[str] = "campaign.updated"
    subject_type: ClassVar[str] = "Campaign"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CampaignPlanSet(Event):
    """The plan of a campaign was written anew."""

    name: ClassVar[str] = "campaign.plan_set"
    subject_type: ClassVar[str] = "Campaign"

    entries: int
    planned: int


@dataclass(frozen=True, kw_only=True)
class VoiceGuideSet(Event):
    """A brand says how it speaks in a language."""

    name: ClassVar[str] = "voice_guide.set"
    subject_type: ClassVar[str] = "VoiceGuide"

    brand_id: UUID
    locale: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VoiceGuideDeleted(Event):
    """A brand says no more how it speaks in a language."""

    name: ClassVar[str] = "voice_guide.deleted"
    subject_type: ClassVar[str] = "VoiceGuide"

    brand_id: UUID
    locale: str


@dataclass(frozen=True, kw_only=True)
class AudienceCreated(Event):
    """An audience was added."""

    name: ClassVar[str] = "audience.created"
    subject_type: ClassVar[str] = "Audience"

    brand_id: UUID


@dataclass(frozen=True, kw_only=True)
class AudienceUpdated(Event):
    """An audience was changed."""

    name: ClassVar[str] = "audience.updated"
    subject_type: ClassVar[str] = "Audience"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AudienceDeleted(Event):
    """An audience was removed."""

    name: ClassVar[str] = "audience.deleted"
    subject_type: ClassVar[str] = "Audience"

    brand_id: UUID


@dataclass(frozen=True, kw_only=True)
class PillarCreated(Event):
    """A pillar was added."""

    name: ClassVar[str] = "pillar.created"
    subject_type: ClassVar[str] = "Pillar"

    brand_id: UUID


@dataclass(frozen=True, kw_only=True)
class PillarUpdated(Event):
    """A pillar was changed."""

    name: ClassVar[str] = "pillar.updated"
    subject_type: ClassVar[str] = "Pillar"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PillarDeleted(Event):
    """A pillar was removed."""

    name: ClassVar[str] = "pillar.deleted"
    subject_type: ClassVar[str] = "Pillar"

    brand_id: UUID


@dataclass(frozen=True, kw_only=True)
class GoalCreated(Event):
    """A goal was added."""

    name: ClassVar[str] = "goal.created"
    subject_type: ClassVar[str] = "Goal"

    brand_id: UUID


@dataclass(frozen=True, kw_only=True)
class GoalUpdated(Event):
    """A goal was changed."""

    name: ClassVar[str] = "goal.updated"
    subject_type: ClassVar[str] = "Goal"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GoalDeleted(Event):
    """A goal was removed."""

    name: ClassVar[str] = "goal.deleted"
    subject_type: ClassVar[str] = "Goal"

    brand_id: UUID
