"""Sending pictures and videos: what is small from memory, what may be large from a file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from hub.channels.platforms.base import MediaFacts
from workers.connectors.http import DEADLINE_SECONDS
from workers.connectors.port import Media

#: The slowest way out that is waited for while a video is uploaded.
_BYTES_PER_SECOND = 1_000_000


@asynccontextmanager
async def body_of(media: Media, facts: MediaFacts) -> AsyncIterator[bytes | BinaryIO]:
    """Give what was approved as it is sent: a picture whole, a video as a file."""
    if not facts.is_video:
        yield await media.read(facts.sha256)
        return
    async with media.file(facts.sha256) as file:
        yield file


def seconds_for(facts: MediaFacts) -> float | None:
    """Return how long sending it may take; None: as long as every request."""
    return DEADLINE_SECONDS + facts.size / _BYTES_PER_SECOND if facts.is_video else None
