"""Showing what words would look like on channels or platforms, before anything is stored."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from hub.channels.models import Channel
from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import (
    EditionContent,
    Limits,
    MediaFacts,
    Platform,
    PlatformModel,
    Problem,
)
from hub.content import queries
from hub.content.links import tracked
from hub.content.operations import unsaved
from hub.content.rules import (
    Part,
    RevisionFacts,
    VariantWords,
    Words,
    chosen,
    draft,
    media_of,
)
from hub.content.tracking import Around, surrounding
from hub.content.voice import Voice, edition_problems, voice_of
from hub.kernel.caller import Permission
from hub.kernel.errors import Invalid, NotFound
from hub.kernel.work import UnitOfWork

TARGETS_MAX = 20
#: Characters of all targets together: how long rendering may keep a thread busy.
CHARACTERS_MAX = 200_000
# What no channel is ever called: the preview of a platform has no channel.
_NO_CHANNEL = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would go out to one target, measured by its limits, and what is wrong with it."""

    platform: Platform
    channel_id: UUID | None
    limits: Limits
    edition: EditionContent
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class _Target:
    platform: Platform
    channel_id: UUID | None
    channel_name: str
    limits: Limits
    settings: PlatformModel


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that rendering needs, read beforehand: no transaction waits for it.

    Words of no item have no brand, and with that neither a voice nor link parameters.
    """

    facts: RevisionFacts
    variants: Sequence[VariantWords]
    media: Mapping[UUID, MediaFacts]
    targets: Sequence[_Target]
    around: Around | None
    voice: Voice | None


async def material(
    work: UnitOfWork,
    *,
    words: Words,
    channel_ids: Sequence[UUID],
    platforms: Sequence[str],
    item_id: UUID | None = None,
    locale: str | None = None,
    slug: str | None = None,
    variants: Sequence[VariantWords] | None = None,
) -> Material:
    """Read what a preview needs; words that are None are those of the item.

    A platform stands for an account with its usual limits and settings. Raises Invalid and
    NotFound, naming the input, for words that could not be stored either.
    """
    work.caller.require(Permission.CONTENT_READ)
    _require_number(len(channel_ids) + len(platforms))
    facts, wanted = await unsaved(
        work, item_id=item_id, words=words, locale=locale, slug=slug, variants=variants
    )
    targets = [
        *await _channels(work, channel_ids),
        *(_anywhere(key, index) for index, key in enumerate(platforms)),
    ]
    around = None if item_id is None else await surrounding(work, item_id=item_id)
    found = Material(
        around=around,
        voice=None
        if around is None
        else await voice_of(
            work, brand_id=around.brand.id, locale=facts.locale, campaign=around.campaign
        ),
        facts=facts,
        variants=wanted,
        media=await queries.media(work, asset_ids=media_of(facts, wanted), locale=facts.locale),
        targets=targets,
    )
    characters = sum(len(part.text) for target in targets for part in _parts(found, target))
    if characters > CHARACTERS_MAX:
        raise Invalid(
            f"All targets together would have {characters} characters; {CHARACTERS_MAX} are "
            "allowed. Ask for fewer targets at once.",
            path=("input",),
        )
    return found


async def rendered(found: Material) -> list[Preview]:
    """Render for one target after the other, beside everybody else's requests."""
    return [await asyncio.to_thread(_rendered, found, target) for target in found.targets]


def _rendered(found: Material, target: _Target) -> Preview:
    variant = _variant(found, target)
    parts, missing = _without_missing(_parts(found, target), found.media)
    shown = draft(replace(found.facts, parts=parts), _with_parts(variant, parts), found.media)
    by = (
        None
        if found.around is None
        else found.around.tracking(
            shown, channel_name=target.channel_name, platform=target.platform.key
        )
    )
    if by is not None:
        shown = tracked(shown, target.platform.kind, by)
    rendering = target.platform.render(shown, target.limits, target.settings)
    said = [] if found.voice is None else edition_problems(found.voice, rendering.edition)
    return Preview(
        platform=target.platform,
        channel_id=target.channel_id,
        limits=target.limits,
        edition=rendering.edition,
        problems=(*rendering.problems, *missing, *said),
    )


def _variant(found: Material, target: _Target) -> VariantWords | None:
    return chosen(
        found.variants,
        channel_id=target.channel_id or _NO_CHANNEL,
        platform=target.platform.key,
    )


def _parts(found: Material, target: _Target) -> tuple[Part, ...]:
    variant = _variant(found, target)
    own = None if variant is None else variant.words.parts
    return found.facts.parts if own is None else own


def _with_parts(variant: VariantWords | None, parts: tuple[Part, ...]) -> VariantWords | None:
    return variant and replace(variant, words=replace(variant.words, parts=parts))


def _without_missing(
    parts: Sequence[Part], media: Mapping[UUID, MediaFacts]
) -> tuple[tuple[Part, ...], list[Problem]]:
    """Leave out pictures that cannot be shown yet, and say so."""
    problems = [
        Problem(
            code="MEDIA_NOT_READY",
            message="This picture is still being processed, or was refused.",
            field=f"parts.{index}.media.{place}",
        )
        for index, part in enumerate(parts)
        for place, asset_id in enumerate(part.media)
        if asset_id not in media
    ]
    ready = tuple(
        replace(part, media=tuple(one for one in part.media if one in media)) for part in parts
    )
    return ready, problems


def _require_number(targets: int) -> None:
    if not 1 <= targets <= TARGETS_MAX:
        raise Invalid(
            f"Name 1 to {TARGETS_MAX} channels and platforms to preview.",
            path=("input", "channelIds"),
        )


async def _channels(work: UnitOfWork, channel_ids: Sequence[UUID]) -> list[_Target]:
    if not channel_ids:
        return []
    work.caller.require(Permission.CHANNELS_READ)
    rows = await work.all(select(Channel).where(Channel.id.in_(set(channel_ids))))
    known = {row.id: row for row in rows}
    for index, channel_id in enumerate(channel_ids):
        if channel_id not in known:
            raise NotFound(
                "There is nothing with this id.", path=("input", "channelIds", str(index))
            )
    return [_account(known[channel_id]) for channel_id in channel_ids]


def _account(channel: Channel) -> _Target:
    kind = platform_by_key(channel.platform)
    return _Target(
        platform=kind,
        channel_id=channel.id,
        channel_name=channel.name,
        limits=Limits.from_json(channel.limits),
        settings=kind.settings.model_validate(channel.settings),
    )


def _anywhere(key: str, index: int) -> _Target:
    kind = platform_by_key(key, path=("input", "platforms", str(index)))
    return _Target(
        platform=kind,
        channel_id=None,
        channel_name="",
        limits=kind.limits,
        # The usual values alone: which server it is decides nothing about words.
        settings=kind.settings.model_construct(),
    )
