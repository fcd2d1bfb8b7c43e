"""Words to answer with again and again: kept per brand and language, filled in for a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.channels.models import Channel
from hub.content.models import ContentItem
from hub.engagement.events import SavedReplyCreated, SavedReplyDeleted, SavedReplyUpdated
from hub.engagement.models import Message, Person, SavedReply, Thread
from hub.engagement.rules import REPLY_MAX
from hub.engagement.templates import Filled, fill, unknown_in
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text
from hub.kernel.errors import Invalid, Taken
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.strategy.models import Brand

_NAME = 200


async def create_saved_reply(
    work: UnitOfWork, *, brand_id: UUID, locale: str, name: str, text: str
) -> SavedReply:
    """Keep words to answer with."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    saved = SavedReply(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand.id,
        locale=require_locale(locale, path=("input", "locale")),
        name=require_text(name, most=_NAME, path=("input", "name")),
        text=_require_words(text),
    )
    await _require_free(work, saved.brand_id, saved.locale, saved.name)
    await work.add(saved)
    work.record(SavedReplyCreated(subject_id=saved.id))
    return saved


async def update_saved_reply(
    work: UnitOfWork,
    *,
    saved_reply_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> SavedReply:
    """Change words to answer with."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    saved = await get(work, SavedReply, saved_reply_id, lock=True)
    clean = dict(changes)
    if "name" in clean:
        clean["name"] = require_text(clean["name"], most=_NAME, path=("input", "name"))
    if "locale" in clean:
        require_locale(clean["locale"], path=("input", "locale"))
    if "text" in clean:
        clean["text"] = _require_words(clean["text"])
    name, locale = clean.get("name", saved.name), clean.get("locale", saved.locale)
    if (name, locale) != (saved.name, saved.locale):
        await _require_free(work, saved.brand_id, locale, name)
    changed = await edit(work, saved, clean, expected_version=expected_version)
    if changed:
        work.record(SavedReplyUpdated(subject_id=saved.id, fields=changed))
    return saved


async def delete_saved_reply(work: UnitOfWork, *, saved_reply_id: UUID) -> SavedReply:
    """Throw words away; answers that were made of them stay. Return what they were."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    saved = await get(work, SavedReply, saved_reply_id, lock=True)
    await work.session.delete(saved)
    work.record(SavedReplyDeleted(subject_id=saved_reply_id))
    return saved


async def render_saved_reply(
    work: UnitOfWork,
    *,
    saved_reply_id: UUID,
    message_id: UUID | None = None,
    thread_id: UUID | None = None,
) -> Filled:
    """Return the words as they would answer a message, or in a conversation; nothing is changed.

    In a conversation they speak to whom it is with, else to who wrote last.
    """
    work.caller.require(Permission.ENGAGEMENT_READ)
    saved = await get(work, SavedReply, saved_reply_id, path=("id",))
    if (message_id is None) == (thread_id is None):
        raise Invalid("Name either a message or a conversation.", path=("messageId",))
    place = await _place(work, message_id, thread_id)
    return fill(saved.text, await _values(work, saved, place))


@dataclass(frozen=True, kw_only=True)
class _Place:
    thread: Thread
    person_id: UUID | None


async def _place(work: UnitOfWork, message_id: UUID | None, thread_id: UUID | None) -> _Place:
    if message_id is not None:
        message = await get(work, Message, message_id, path=("messageId",))
        return _Place(
            thread=await get(work, Thread, message.thread_id), person_id=message.person_id
        )
    thread = await get(work, Thread, thread_id or UUID(int=0), path=("threadId",))
    last = await work.one(
        select(Message.person_id)
        .where(Message.thread_id == thread.id, Message.person_id.is_not(None))
        .order_by(Message.written_at.desc(), Message.id.desc())
        .limit(1)
    )
    return _Place(thread=thread, person_id=thread.person_id or last)


async def _values(work: UnitOfWork, saved: SavedReply, place: _Place) -> dict[str, str]:
    person = await work.one(select(Person).where(Person.id == place.person_id))
    handle = person.handle.removeprefix("@") if person else ""
    return {
        "person": (person.name or handle) if person else "",
        "handle": f"@{handle}" if handle else "",
        "brand": (await get(work, Brand, saved.brand_id)).name,
        "channel": (await get(work, Channel, place.thread.channel_id)).name,
        "publication": await _title_of(work, place.thread.publication_id),
        "member": work.caller.name,
    }


async def _title_of(work: UnitOfWork, publication_id: UUID | None) -> str:
    if publication_id is None:
        return ""
    title = await work.one(
        select(ContentItem.title)
        .join(Publication, Publication.item_id == ContentItem.id)
        .where(Publication.id == publication_id)
    )
    return title or ""


def _require_words(text: str) -> str:
    words = require_text(text, most=REPLY_MAX, path=("input", "text"))
    unknown = unknown_in(words)
    if unknown:
        problem = fill(f"{{{unknown[0]}}}", {}).problems[0]
        raise Invalid(problem.message, path=("input", "text"))
    return words


async def _require_free(work: UnitOfWork, brand_id: UUID, locale: str, name: str) -> None:
    same = (
        SavedReply.brand_id == brand_id,
        SavedReply.locale == locale,
        SavedReply.name == name,
    )
    if await work.one(select(SavedReply.id).where(*same)):
        raise Taken(f"There is a saved reply {name} in {locale} already.", path=("input", "name"))
