"""Writing: ideas, their revisions, and the editions they are cut to."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from hub.channels.models import Channel
from hub.channels.platforms.base import Draft, EditionContent, Problem, Rendering
from hub.content import editions, queries
from hub.content.events import (
    ContentItemArchived,
    ContentItemCreated,
    ContentItemRevised,
    ContentItemUpdated,
)
from hub.content.models import (
    ContentItem,
    Edition,
    Revision,
)
from hub.content.revisions import (
    Written,
    cleaned,
    mean_for,
    meant_anew,
    moved,
    require_assets,
    require_audiences,
    require_campaign,
    require_pillar,
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
    slugified,
)
from hub.content.shortening import Shortened, keep_links, shorten
from hub.content.tracking import surrounding
from hub.content.voice import Voice, edition_problems, reply_problems, voice_of
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
    pillar_id: UUID | None = None,
    audience_ids: Sequence[UUID] = (),
    shortens_links: bool = False,
) -> Written:
    """Write an idea down as its first revision."""
    work.caller.require(Permission.CONTENT_WRITE)
    reference = require_reference(external_reference)
    require_locale(locale, path=("input", "locale"))
    there = await queries.surroundings(
        work,
        brand_id=brand_id,
        campaign_id=campaign_id,
        pillar_id=pillar_id,
        audience_ids=audience_ids,
        external_reference=reference,
        parts=words.parts or (),
        variants=variants,
        speaks=(brand_id, locale),
    )
    if not there.has_brand:
        raise NotFound("There is nothing with this id.", path=("input", "brandId"))
    require_campaign(there, campaign_id, brand_id=brand_id)
    require_pillar(there, pillar_id, brand_id=brand_id)
    require_audiences(there, audience_ids, brand_id=brand_id)
    facts = RevisionFacts(
        title=require_text(words.title or "", most=300, path=("input", "title")),
        summary=words.summary or "",
        parts=words.parts or (),
        link=words.link or "",
        tags=words.tags or (),
        slug=slugified(slug or words.title or ""),
        locale=locale,
        shortens_links=shortens_links,
    )
    if reference is not None and there.is_taken:
        raise taken_reference(reference)
    item = Written(id=new_id(), revision_id=new_id())
    wanted = cleaned(variants, there)
    voice = Voice(heard=there.guide, paid=there.paid)
    work.put(
        ContentItem,
        {
            "id": item.id,
            "workspace_id": work.caller.workspace_id,
            "brand_id": brand_id,
            "campaign_id": campaign_id,
            "pillar_id": pillar_id,
            "title": facts.title,
            "locale": facts.locale,
            "current_revision_id": item.revision_id,
            "external_reference": reference,
            "voice_problems": await voice.found(facts, wanted),
            "voice_seen": voice.seen(item.revision_id),
        },
    )
    mean_for(work, item.id, audience_ids)
    write_revision(work, item, facts, wanted, there, number=1)
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
    pillar_id: UUID | None = None,
    without_pillar: bool = False,
    audience_ids: Sequence[UUID] | None = None,
    shortens_links: bool | None = None,
) -> ContentItem:
    """Change the words, pictures or variants: whatever is None stays; the rest is a new revision.

    A change that changes nothing makes no revision. `without_pillar` takes the pillar away.
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
        campaign_id=campaign_id or item.campaign_id,
        pillar_id=pillar_id,
        audience_ids=audience_ids or (),
        parts=facts.parts,
        variants=kept if variants is None else variants,
        speaks=(item.brand_id, facts.locale),
    )
    wanted = kept if variants is None else cleaned(variants, there)
    require_campaign(there, campaign_id, brand_id=item.brand_id)
    require_pillar(there, pillar_id, brand_id=item.brand_id)
    require_audiences(there, audience_ids or (), brand_id=item.brand_id)
    changed = moved(item, campaign_id, None if without_pillar else pillar_id or item.pillar_id)
    if audience_ids is not None and await meant_anew(work, item, audience_ids):
        changed.append("audience_ids")
    revised = revision_hash(facts, wanted) != current.hash
    if changed or revised:
        touch(work, item)
        item.current_revision_id = new_id() if revised else current.id
        voice = Voice(heard=there.guide, paid=there.paid)
        item.voice_problems = await voice.found(facts, wanted)
        item.voice_seen = voice.seen(item.current_revision_id)
    if changed:
        work.record(ContentItemUpdated(subject_id=item.id, fields=tuple(changed)))
    if not revised:
        await work.session.flush()
        return item
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
    """Return what a revision looks like on a channel and what is wrong with it; stores nothing.

    Its links have the parameters of its campaign. What breaks the brand's voice is wrong, too.
    """
    return (await _prepared(work, revision_id, channel)).rendering


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A rendering, what its links got their parameters from, and what its short links lead to."""

    rendering: Rendering
    tracking: str
    links: Mapping[str, str]


async def _prepared(work: UnitOfWork, revision_id: UUID, channel: Channel) -> _Prepared:
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
    around = await surrounding(work, item_id=stored.item_id)
    words = draft(facts, variant, media)
    by = around.tracking(words, channel_name=channel.name, platform=channel.platform)
    followed = await editions.followed(channel, words, by)
    # What a short link leads to has the parameters; the short link itself needs none.
    short = Shortened(draft=followed, links={})
    if facts.shortens_links:
        short = shorten(work, followed, revision_id=revision_id, channel_id=channel.id, by=by)
    rendered = await editions.rendered(channel, short.draft)
    voice = await voice_of(
        work, brand_id=around.brand.id, locale=facts.locale, campaign=around.campaign
    )
    told = await asyncio.to_thread(edition_problems, voice, rendered.edition)
    return _Prepared(
        rendering=replace(rendered, problems=(*rendered.problems, *told)),
        tracking=around.digest(rendered.edition.to_bytes().decode()),
        links=short.links,
    )


async def prepare(
    work: UnitOfWork, *, revision_id: UUID, channel: Channel
) -> tuple[Edition, Sequence[Problem]]:
    """Render a revision for a channel and store the exact bytes; the same bytes are stored once.

    Returns what is wrong with them now beside them: a rule may have come since they were stored.
    """
    prepared = await _prepared(work, revision_id, channel)
    await keep_links(work, prepared.links, revision_id=revision_id, channel_id=channel.id)
    edition = await editions.stored(
        work,
        channel,
        prepared.rendering,
        revision_id=revision_id,
        tracking=prepared.tracking,
    )
    return edition, prepared.rendering.problems


async def prepare_reply(work: UnitOfWork, *, channel: Channel, answer: Draft) -> Edition:
    """Render a reply for a channel and store the exact bytes.

    The brand's voice holds for its words; what a text needs as a whole, an answer does not.
    """
    rendered = await editions.rendered(channel, answer)
    voice = await voice_of(work, brand_id=channel.brand_id, locale=answer.locale, campaign=None)
    told = await asyncio.to_thread(reply_problems, voice, rendered.edition)
    return await editions.stored(
        work,
        channel,
        replace(rendered, problems=(*rendered.problems, *told)),
        revision_id=None,
    )


async def edition_content(work: UnitOfWork, *, edition_id: UUID) -> EditionContent:
    """Return what an edition says, read from its exact bytes."""
    edition = await get(work, Edition, edition_id)
    return EditionContent.from_json(orjson.loads(edition.body))


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
