"""Every handler there is: importing this registers them all."""

from workers import (
    amending,
    analytics,
    automation,
    channels,
    content,
    contests,
    engagement,
    exporting,
    moderation,
    publishing,
    reporting,
    reputation,
    review,
    voice,
)
from workers.handling import HANDLERS

__all__ = [
    "HANDLERS",
    "amending",
    "analytics",
    "automation",
    "channels",
    "content",
    "contests",
    "engagement",
    "exporting",
    "moderation",
    "publishing",
    "reporting",
    "reputation",
    "review",
    "voice",
]
