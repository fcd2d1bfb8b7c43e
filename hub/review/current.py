"""Whether editions are still what would be prepared now, asked before they are approved."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import orjson

from hub.channels.platforms.base import EditionContent
from hub.content import operations as content
from hub.content import tracking, voice
from hub.content.models import ContentItem, Edition
from hub.kernel.errors import WrongState
from hub.kernel.work import UnitOfWork
from hub.review.rules import refusal

_PATH = ("input", "reviewId")


async def require_current(
    work: UnitOfWork, *, item: ContentItem, revision_id: UUID, editions: Sequence[Edition]
) -> None:
    """Raise WrongState where links get other parameters now, or the brand's voice forbids words."""
    around = await tracking.around(work, item)
    written = await content.revision(work, revision_id=revision_id)
    said = await voice.voice_of(
        work, brand_id=around.brand.id, locale=written.locale, campaign=around.campaign
    )
    for edition in editions:
        if around.digest(edition.body) != edition.tracking:
            raise WrongState(
                "The campaign's link parameters changed since this was prepared. Submit it again.",
                path=_PATH,
            )
        shown = EditionContent.from_json(orjson.loads(edition.body))
        found = await asyncio.to_thread(voice.edition_problems, said, shown)
        forbidden = refusal(found, path=())
        if forbidden is not None:
            raise WrongState(
                f"{forbidden.message} The voice guide changed since this was prepared.",
                path=_PATH,
            )
