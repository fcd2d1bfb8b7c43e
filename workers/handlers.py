"""Every handler there is: importing this registers them all."""

from workers import analytics, channels, content, engagement, publishing, review
from workers.handling import HANDLERS

__all__ = ["HANDLERS", "analytics", "channels", "content", "engagement", "publishing", "review"]
