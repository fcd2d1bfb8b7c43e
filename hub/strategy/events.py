"""What happens to brands and campaigns."""

from dataclasses import dataclass
from typing import ClassVar

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
