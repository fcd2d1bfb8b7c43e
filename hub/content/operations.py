"""Writing: ideas, their revisions, and the editions they are cut to."""

import asyncio
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from hub.channels.models import Channel
from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import Draft, EditionContent, Limits, Rendering
from hub.content import queries
from hub.content.events import (
    ContentItemArchived,
    ContentItemCreated,
    ContentItemRevised,
    ContentItemUpdated,
    EditionPrepared,
)
from hub.content.models import ContentItem, Edition, EditionOrigin, Revision
from hub.content.revisions import (
    Written,
    cleaned,
    require_assets,
    require_campaign,
    write_revision,
)
from hub.content.rules import (
    RevisionFacts,
    VariantWords,
    Words,
    chosen,
    draft,
    media_of,
    require_words,
    revision_hash,
)
from hub.content.shortening import Shortened, keep_links, shorten
from hub.kernel.caller import Permission
from hub.kernel.editing import (
    get,
    require_reference,
    require_text,
    require_version,
    taken_reference,
    touch,
)
from hub.kernel.errors import Invalid, NotFound, WrongState
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork

_SLUG = 60


async def create_item(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    words: Words,
    locale: str,
    campaign_id: UUID | None = None,
    slug: str = "",
    variants: Sequence[VariantWords] = (),
    external_reference: str | None = None,
    shortens_links: bool = False,
) -> Written:
    """Write an idea down as its first revision."""
    work.caller.require(Permission.CONTENT_WRITE)
    reference = require_reference(external_reference)
    there = await queries.surroundings(
        work,
        brand_id=brand_id,
        campaign_id=campaign_id,
        external_reference=reference,
        parts=words.parts or (),
        variants=variants,
    )
    if not there.has_brand:
        raise NotFound("There is nothing with this id.", path=("input", "brandId"))
    require_campaign(there, campaign_id, brand_id=brand_id)
    facts = RevisionFacts(
        title=require_text(words.title or "", most=300, path=("input", "title")),
        summary=words.summary or "",
        parts=words.parts or (),
        link=words.link or "",
        tags=words.tags or (),
        slug=slugified(slug or words.title or ""),
        locale=require_locale(locale, path=("input", "locale")),
        shortens_links=shortens_links,
    )
    if reference is not None and there.is_taken:
        raise taken_reference(reference)
    item = Written(id=new_id(), revision_id=new_id())
    work.put(
        ContentItem,
        {
            "id": item.id,
            "workspace_id": work.caller.workspace_id,
            "brand_id": brand_id,
            "campaign_id": campaign_id,
            "title": facts.title,
            "locale": facts.locale,
            "current_revision_id": item.revision_id,
            "external_reference": reference,
        },
    )
    write_revision(work, item, facts, cleaned(variants, there), there, number=1)
    work.record(ContentItemCreated(subject_id=item.id, revision_id=item.revision_id))
    return item


async def revise_item(
    work: UnitOfWork,
    *,
    item_id: UUID,
    words: Words,
    expected_version: int | None = None,
    locale: str | None = None,
    slug: str | None = None,
    variants: Sequence[VariantWords] | None = None,
    campaign_id: UUID | None = None,
    shortens_links: bool | None = None,
) -> ContentItem:
    """Change the words, pictures or variants: whatever is None stays; the rest is a new revision.

    A change that changes nothing makes no revision.
    """
    work.caller.require(Permission.CONTENT_WRITE)
    item = await get(work, ContentItem, item_id, lock=True)
    require_version(item, expected_version)
    if item.archived:
        raise WrongState("This is archived; bring it back first.", path=("input", "id"))
    current = await revision(work, revision_id=item.current_revision_id)
    kept = await queries.variants(work, revision_id=current.id)
    facts = _merged(queries.facts_of(current), words, locale=locale, slug=slug)
    if shortens_links is not None:
        facts = replace(facts, shortens_links=shortens_links)
    there = await queries.surroundings(
        work,
        campaign_id=campaign_id,
        parts=facts.parts,
        variants=kept if variants is None else variants,
    )
    wanted = kept if variants is None else cleaned(variants, there)
    require_campaign(there, campaign_id, brand_id=item.brand_id)
    moved = campaign_id is not None and campaign_id != item.campaign_id
    revised = revision_hash(facts, wanted) != current.hash
    if moved or revised:
        touch(work, item)
    if moved:
        item.campaign_id = campaign_id
        work.record(ContentItemUpdated(subject_id=item.id, fields=("campaign_id",)))
    if not revised:
        await work.session.flush()
        return item
    item.current_revision_id = new_id()
    item.title, item.locale = facts.title, facts.locale
    written = Written(id=item.id, revision_id=item.current_revision_id)
    write_revision(work, written, facts, wanted, there, number=current.number + 1)
    work.record(
        ContentItemRevised(
            subject_id=item.id, revision_id=item.current_revision_id, number=current.number + 1
        )
    )
    return item


async def archive_item(
    work: UnitOfWork, *, item_id: UUID, expected_version: int | None = None
) -> ContentItem:
    """Put an idea away; what is published stays published, what is scheduled is held."""
    work.caller.require(Permission.CONTENT_WRITE)
    item = await get(work, ContentItem, item_id, lock=True)
    require_version(item, expected_version)
    if not item.archived:
        item.archived = True
        touch(work, item)
        work.record(ContentItemArchived(subject_id=item.id))
    return item


async def revision(work: UnitOfWork, *, revision_id: UUID) -> Revision:
    """Return a revision."""
    return await get(work, Revision, revision_id)


async def unsaved(
    work: UnitOfWork,
    *,
    item_id: UUID | None,
    words: Words,
    locale: str | None,
    slug: str | None,
    variants: Sequence[VariantWords] | None,
) -> tuple[RevisionFacts, Sequence[VariantWords]]:
    """Return the revision that these words would make, of an item or of none; stores nothing.

    What is None is as in the item. Raises Invalid for what no revision can hold.
    """
    work.caller.require(Permission.CONTENT_READ)
    kept: Sequence[VariantWords] = ()
    if item_id is not None:
        item = await get(work, ContentItem, item_id, path=("input", "contentItemId"))
        known = queries.facts_of(await revision(work, revision_id=item.current_revision_id))
        kept = await queries.variants(work, revision_id=item.current_revision_id)
    elif words.parts is None or locale is None:
        raise Invalid(
            "Give the words and their language, or the item they belong to.",
            path=("input", "parts" if words.parts is None else "locale"),
        )
    else:
        known = RevisionFacts(
            title="", summary="", parts=(), link="", tags=(), slug="", locale=locale
        )
    require_words(words, path=("input",))
    there = await queries.surroundings(
        work,
        parts=known.parts if words.parts is None else words.parts,
        variants=kept if variants is None else variants,
    )
    wanted = kept if variants is None else cleaned(variants, there)
    given = {
        name: value
        for name in ("title", "summary", "parts", "link", "tags")
        if (value := getattr(words, name)) is not None
    }
    if locale is not None:
        given["locale"] = require_locale(locale, path=("input", "locale"))
    facts = replace(known, **given)
    facts = replace(facts, slug=slugified(slug or facts.slug or facts.title))
    require_assets(there, media_of(facts, wanted))
    return facts, wanted


async def rendering(work: UnitOfWork, *, revision_id: UUID, channel: Channel) -> Rendering:
    """Return what a revision looks like on a channel and what is wrong with it; stores nothing."""
    return await _render(channel, (await _words(work, revision_id, channel)).draft)


async def _words(work: UnitOfWork, revision_id: UUID, channel: Channel) -> Shortened:
    """Return what a revision says on a channel, with short links where it wants them."""
    stored = await revision(work, revision_id=revision_id)
    facts = queries.facts_of(stored)
    variant = chosen(
        await queries.variants(work, revision_id=revision_id),
        channel_id=channel.id,
        platform=channel.platform,
    )
    shown = media_of(facts, [variant] if variant else [])
    media = await queries.media(work, asset_ids=shown, locale=facts.locale)
    missing = sorted(str(asset_id) for asset_id in shown - set(media))
    if missing:
        raise WrongState(
            "A picture is still being processed or was refused; nothing can be prepared with it.",
            path=("input", "media"),
        )
    words = draft(facts, variant, media)
    if not facts.shortens_links:
        return Shortened(draft=words, links={})
    return shorten(work, words, revision_id=revision_id, channel_id=channel.id)


async def prepare(work: UnitOfWork, *, revision_id: UUID, channel: Channel) -> Edition:
    """Render a revision for a channel and store the exact bytes; the same bytes are stored once."""
    words = await _words(work, revision_id, channel)
    await keep_links(work, words.links, revision_id=revision_id, channel_id=channel.id)
    return await _store(work, channel, await _render(channel, words.draft), revision_id=revision_id)


async def prepare_reply(work: UnitOfWork, *, channel: Channel, answer: Draft) -> Edition:
    """Render a reply for a channel and store the exact bytes."""
    return await _store(work, channel, await _render(channel, answer), revision_id=None)


async def edition_content(work: UnitOfWork, *, edition_id: UUID) -> EditionContent:
    """Return what an edition says, read from its exact bytes."""
    edition = await get(work, Edition, edition_id)
    return EditionContent.from_json(orjson.loads(edition.body))


async def _render(channel: Channel, words: Draft) -> Rendering:
    kind = platform_by_key(channel.platform)
    settings = kind.settings.model_validate(channel.settings)
    limits = Limits.from_json(channel.limits)
    # Long Markdown takes a while: everybody else's requests and sendings go on meanwhile.
    return await asyncio.to_thread(kind.render, words, limits, settings)


async def _store(
    work: UnitOfWork, channel: Channel, rendered: Rendering, *, revision_id: UUID | None
) -> Edition:
    digest = rendered.edition.digest()
    if revision_id is not None:
        existing = await work.one(
            select(Edition).where(
                Edition.revision_id == revision_id,
                Edition.channel_id == channel.id,
                Edition.hash == digest,
                Edition.basis == channel.basis,
            )
        )
        if existing is not None:
            return existing
    edition = Edition(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        revision_id=revision_id,
        channel_id=channel.id,
        origin=EditionOrigin.REPLY if revision_id is None else EditionOrigin.CONTENT,
        body=rendered.edition.to_bytes().decode(),
        hash=digest,
        basis=channel.basis,
        problems=[problem.to_json() for problem in rendered.problems],
    )
    await work.add(edition)
    work.record(EditionPrepared(subject_id=edition.id, channel_id=channel.id, hash=digest))
    return edition


def slugified(title: str) -> str:
    """Return the title as a slug: ASCII, lower case, hyphens, at most 60 characters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG].strip("-")


def _merged(
    facts: RevisionFacts, words: Words, *, locale: str | None, slug: str | None
) -> RevisionFacts:
    changes: dict[str, Any] = {
        name: value
        for name in ("title", "summary", "parts", "link", "tags")
        if (value := getattr(words, name)) is not None
    }
    if "title" in changes:
        changes["title"] = require_text(changes["title"], most=300, path=("input", "title"))
    if locale is not None:
        changes["locale"] = require_locale(locale, path=("input", "locale"))
    if slug is not None:
        changes["slug"] = slugified(slug)
    return replace(facts, **changes)
