"""Voice guides: how a brand speaks in one language, as it is set and looked up."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version
from hub.kernel.errors import Conflict, Invalid
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork
from hub.language.folding import folded
from hub.strategy.events import VoiceGuideDeleted, VoiceGuideSet
from hub.strategy.models import Brand, VoiceGuide
from hub.strategy.voice import (
    Bounds,
    Disclosure,
    DisclosureWhen,
    Finding,
    Guide,
    Text,
    candidates,
    whole_findings,
    word_findings,
)

GUIDES_MAX = 100
RULES_MAX = 500
DISCLOSURES_MAX = 50
ALTERNATIVES_MAX = 20
TONE_MAX = 50
COUNT_MAX = 1_000
#: Longest text that can be checked before it is stored, in characters.
TEXT_MAX = 100_000
TAGS_MAX = 100
_PHRASE = 200
_WORDS = 1_000


@dataclass(frozen=True, kw_only=True)
class Heard:
    """The guide that holds for some words, and what identifies it: its row and version."""

    guide: Guide
    id: UUID
    version: int


async def set_guide(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    locale: str,
    guide: Guide,
    tone_do: Sequence[str] = (),
    tone_dont: Sequence[str] = (),
    expected_version: int | None = None,
) -> VoiceGuide:
    """Set all of what a brand says of its voice in one language; what was said before is gone."""
    work.caller.require(Permission.STRATEGY_WRITE)
    # One after the other: there is one guide per language.
    brand = await get(work, Brand, brand_id, path=("input", "brandId"), lock=True)
    require_locale(locale, path=("input", "locale"))
    values = {
        "tone_do": _tone(tone_do, "toneDo"),
        "tone_dont": _tone(tone_dont, "toneDont"),
        **_required(guide).to_json(),
    }
    row = await work.one(
        select(VoiceGuide)
        .where(VoiceGuide.brand_id == brand.id, VoiceGuide.locale == locale)
        .with_for_update()
    )
    if row is None:
        return await _added(work, brand, locale, values, expected_version)
    changed = await edit(work, row, _plain(values), expected_version=expected_version)
    if changed:
        work.record(
            VoiceGuideSet(subject_id=row.id, brand_id=brand.id, locale=locale, fields=changed)
        )
    return row


async def _added(
    work: UnitOfWork,
    brand: Brand,
    locale: str,
    values: Mapping[str, Any],
    expected_version: int | None,
) -> VoiceGuide:
    if expected_version is not None:
        raise Conflict(current_version=0)
    count = select(func.count()).select_from(VoiceGuide).where(VoiceGuide.brand_id == brand.id)
    if (await work.one(count) or 0) >= GUIDES_MAX:
        raise Invalid(f"A brand has at most {GUIDES_MAX} voice guides.", path=("input", "locale"))
    row = VoiceGuide(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand.id,
        locale=locale,
        **_plain(values),
    )
    await work.add(row)
    work.record(
        VoiceGuideSet(
            subject_id=row.id, brand_id=brand.id, locale=locale, fields=tuple(sorted(values))
        )
    )
    return row


async def delete_guide(
    work: UnitOfWork, *, guide_id: UUID, expected_version: int | None = None
) -> None:
    """Remove a voice guide; the one of the language, or none, holds instead."""
    work.caller.require(Permission.STRATEGY_WRITE)
    row = await get(work, VoiceGuide, guide_id, lock=True)
    require_version(row, expected_version)
    await work.change(delete(VoiceGuide).where(VoiceGuide.id == row.id))
    work.record(VoiceGuideDeleted(subject_id=row.id, brand_id=row.brand_id, locale=row.locale))


async def check(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    locale: str,
    text: str,
    tags: Sequence[str] = (),
    paid: bool = False,
) -> list[Finding]:
    """Return what a brand's voice guide says of a text nobody has stored; stores nothing."""
    work.caller.require(Permission.STRATEGY_READ)
    brand = await get(work, Brand, brand_id, path=("brandId",))
    require_locale(locale, path=("locale",))
    require_text(text, most=TEXT_MAX, path=("text",), empty=True)
    if len(tags) > TAGS_MAX or any(len(tag) > _PHRASE for tag in tags):
        raise Invalid(
            f"At most {TAGS_MAX} tags of {_PHRASE} characters are allowed.", path=("tags",)
        )
    heard = await guide_for(work, brand_id=brand.id, locale=locale)
    if heard is None:
        return []
    # A long text takes a while: everybody else's requests go on meanwhile.
    return await asyncio.to_thread(_findings, heard.guide, text, tags, paid=paid)


def _findings(guide: Guide, text: str, tags: Sequence[str], *, paid: bool) -> list[Finding]:
    said = [Text(field="text", text=text)]
    return [
        *word_findings(guide, said),
        *whole_findings(guide, said, tags=tags, paid=paid, at="text"),
    ]


async def guide_for(work: UnitOfWork, *, brand_id: UUID, locale: str) -> Heard | None:
    """Return the guide that holds for words of a locale: its own, else its language's."""
    row = await work.one(
        select(VoiceGuide)
        .where(VoiceGuide.brand_id == brand_id, VoiceGuide.locale.in_(candidates(locale)))
        .order_by(func.length(VoiceGuide.locale).desc())
        .limit(1)
    )
    return None if row is None else heard(row.__dict__)


def heard(stored: Mapping[str, Any]) -> Heard:
    """Return a guide from the values of its row."""
    row_id = stored["id"]
    return Heard(
        guide=Guide.from_json(stored),
        id=row_id if isinstance(row_id, UUID) else UUID(row_id),
        version=stored["version"],
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they come back from the database: lists for tuples."""
    return {
        name: [_listed(one) for one in value] if isinstance(value, list | tuple) else value
        for name, value in values.items()
    }


def _listed(one: Any) -> Any:
    if not isinstance(one, dict):
        return one
    return {name: list(value) if isinstance(value, tuple) else value for name, value in one.items()}


def _tone(words: Sequence[str], field: str) -> list[str]:
    if len(words) > TONE_MAX:
        raise Invalid(f"At most {TONE_MAX} sentences are allowed.", path=("input", field))
    return [
        require_text(word, most=_WORDS, path=("input", field, str(index)))
        for index, word in enumerate(words)
    ]


def _required(guide: Guide) -> Guide:
    """Return a guide that can be stored and checked; Invalid names the rule that cannot be."""
    _few(guide.banned_words, RULES_MAX, "bannedWords")
    _few(guide.preferred_spellings, RULES_MAX, "preferredSpellings")
    _few(guide.required_disclosures, DISCLOSURES_MAX, "requiredDisclosures")
    for index, word in enumerate(guide.banned_words):
        at = ("input", "bannedWords", str(index))
        _phrase(word.phrase, (*at, "phrase"))
        require_text(word.suggestion, most=_PHRASE, path=(*at, "suggestion"), empty=True)
        require_text(word.reason, most=_WORDS, path=(*at, "reason"), empty=True)
    for index, spelling in enumerate(guide.preferred_spellings):
        at = ("input", "preferredSpellings", str(index))
        _phrase(spelling.wrong, (*at, "from"))
        require_text(spelling.right, most=_PHRASE, path=(*at, "to"))
        if spelling.wrong == spelling.right:
            raise Invalid("Both spellings are the same.", path=(*at, "to"))
    for index, disclosure in enumerate(guide.required_disclosures):
        _disclosure(disclosure, ("input", "requiredDisclosures", str(index)))
    _count(guide.hashtags, "hashtags")
    _count(guide.emoji, "emoji")
    return guide


def _few(rules: Sequence[object], most: int, field: str) -> None:
    if len(rules) > most:
        raise Invalid(f"At most {most} rules are allowed.", path=("input", field))


def _phrase(phrase: str, path: tuple[str, ...]) -> None:
    require_text(phrase, most=_PHRASE, path=path)
    if not folded(phrase):
        raise Invalid("There is nothing in this that could be looked for.", path=path)


def _disclosure(rule: Disclosure, at: tuple[str, ...]) -> None:
    if not 1 <= len(rule.alternatives) <= ALTERNATIVES_MAX:
        raise Invalid(f"Give 1 to {ALTERNATIVES_MAX} texts.", path=(*at, "alternatives"))
    for index, one in enumerate(rule.alternatives):
        _phrase(one, (*at, "alternatives", str(index)))
    tagged = rule.when is DisclosureWhen.TAGGED
    require_text(rule.tag, most=_PHRASE, path=(*at, "tag"), empty=not tagged)


def _count(bounds: Bounds | None, field: str) -> None:
    if bounds is None:
        return
    for name, value in (("least", bounds.least), ("most", bounds.most)):
        if value is not None and not 0 <= value <= COUNT_MAX:
            raise Invalid(f"This is from 0 to {COUNT_MAX}.", path=("input", field, name))
    if bounds.least is not None and bounds.most is not None and bounds.most < bounds.least:
        raise Invalid("The most is less than the least.", path=("input", field, "most"))
