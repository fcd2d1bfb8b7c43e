"""What a brand's voice guide says of contents: their words, every variant's, and what goes out."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import EditionContent, Problem, ProblemSeverity
from hub.content import queries
from hub.content.models import ContentItem, Revision, Variant
from hub.content.rules import Part, RevisionFacts, VariantWords, Words
from hub.kernel.work import UnitOfWork
from hub.strategy import guides
from hub.strategy.guides import Heard
from hub.strategy.models import Campaign
from hub.strategy.voice import (
    FINDINGS_MAX,
    Finding,
    Guide,
    Text,
    VoiceSeverity,
    whole_findings,
    word_findings,
)

#: Contents whose problems are found anew in one transaction.
BATCH = 100

_SEVERITY = {
    VoiceSeverity.BLOCKING: ProblemSeverity.ERROR,
    VoiceSeverity.ADVISING: ProblemSeverity.WARNING,
}


@dataclass(frozen=True, kw_only=True)
class Voice:
    """The guide that holds for some words, and whether somebody pays for them."""

    heard: Heard | None
    paid: bool

    def seen(self, revision_id: UUID) -> dict[str, Any]:
        """Return what identifies a check, as plain JSON: beside which problems are true."""
        return {
            "guide": None if self.heard is None else str(self.heard.id),
            "version": None if self.heard is None else self.heard.version,
            "paid": self.paid,
            "revision": str(revision_id),
        }

    async def found(
        self, facts: RevisionFacts, variants: Sequence[VariantWords]
    ) -> list[dict[str, Any]]:
        """Return what `problems` does, while others' requests go on: long texts take a while."""
        return await asyncio.to_thread(self.problems, facts, variants) if self.heard else []

    def problems(
        self, facts: RevisionFacts, variants: Sequence[VariantWords]
    ) -> list[dict[str, Any]]:
        """Return what is wrong with a revision and its variants, as it is stored."""
        if self.heard is None:
            return []
        found = [*_of_revision(self.heard.guide, facts, variants, paid=self.paid)]
        return [problem_of(one).to_json() for one in found[:FINDINGS_MAX]]


def problem_of(found: Finding) -> Problem:
    """Return a finding as contents show what is wrong with them."""
    return Problem(
        code=found.code,
        message=found.message,
        severity=_SEVERITY[found.severity],
        field=found.field,
        limit=found.limit,
        actual=found.actual,
        start=found.start,
        end=found.end,
        suggestion=found.suggestion,
    )


def _of_revision(
    guide: Guide, facts: RevisionFacts, variants: Sequence[VariantWords], *, paid: bool
) -> Iterator[Finding]:
    own = Words(
        title=facts.title,
        summary=facts.summary,
        parts=facts.parts,
        link=facts.link,
        tags=facts.tags,
    )
    yield from word_findings(guide, _texts(own, ""))
    body = _body(facts.parts, "")
    yield from whole_findings(guide, body, tags=facts.tags, paid=paid)
    for number, variant in enumerate(variants):
        at = f"variants.{number}."
        words = variant.words
        yield from word_findings(guide, _texts(words, at))
        if words.parts is None and words.tags is None:
            continue
        shown = _body(words.parts, at) if words.parts is not None else body
        tags = facts.tags if words.tags is None else words.tags
        yield from whole_findings(guide, shown, tags=tags, paid=paid, at=f"{at}parts")


def _texts(words: Words, at: str) -> list[Text]:
    named = (("title", words.title), ("summary", words.summary))
    return [
        *(Text(field=f"{at}{name}", text=text) for name, text in named if text),
        *_body(words.parts or (), at),
        *(Text(field=f"{at}tags.{index}", text=tag) for index, tag in enumerate(words.tags or ())),
    ]


def _body(parts: Sequence[Part], at: str) -> list[Text]:
    return [
        Text(field=f"{at}parts.{index}.text", text=part.text) for index, part in enumerate(parts)
    ]


def edition_problems(voice: Voice, content: EditionContent) -> list[Problem]:
    """Return what is wrong with the words exactly as they go out."""
    if voice.heard is None:
        return []
    guide = voice.heard.guide
    body = _said(content)
    shows = platform_by_key(content.platform).shows_tags
    tags = [str(tag) for tag in content.fields.get("tags") or ()] if shows else []
    found = [
        *word_findings(guide, [*_around(content), *body]),
        *whole_findings(guide, body, tags=tags, paid=voice.paid),
    ]
    return [problem_of(one) for one in found[:FINDINGS_MAX]]


def reply_problems(voice: Voice, content: EditionContent) -> list[Problem]:
    """Return what is wrong with the words of an answer exactly as they go out."""
    if voice.heard is None:
        return []
    return [problem_of(one) for one in word_findings(voice.heard.guide, _said(content))]


def _said(content: EditionContent) -> list[Text]:
    return [
        Text(field=f"parts.{index}.text", text=part.text)
        for index, part in enumerate(content.parts)
    ]


def _around(content: EditionContent) -> list[Text]:
    """Return what readers see beside the text: title, summary, warning, descriptions, tags."""
    fields = content.fields
    beside = (
        ("title", content.title),
        ("summary", fields.get("summary") or unescape(fields.get("excerpt") or "")),
        ("settings.spoiler_text", fields.get("spoiler_text")),
        *((f"tags.{index}", tag) for index, tag in enumerate(fields.get("tags") or ())),
        *(
            (f"parts.{index}.media.{place}.alt", media.alt)
            for index, part in enumerate(content.parts)
            for place, media in enumerate(part.media)
        ),
    )
    return [Text(field=name, text=text) for name, text in beside if text]


async def voice_of(
    work: UnitOfWork, *, brand_id: UUID, locale: str, campaign: Campaign | None
) -> Voice:
    """Return what holds for words of a brand in a locale, for a campaign or none."""
    return Voice(
        heard=await guides.guide_for(work, brand_id=brand_id, locale=locale),
        paid=campaign is not None and campaign.paid,
    )


async def check_again(
    work: UnitOfWork, *, brand_id: UUID, after: UUID | None = None, most: int = BATCH
) -> UUID | None:
    """Find the problems of a brand's next open contents anew; return the last, None at the end.

    What was put away stays as it was. Their versions stay, too: nobody has edited them.
    """
    items = await work.all(
        select(ContentItem)
        .where(
            ContentItem.brand_id == brand_id,
            ContentItem.archived.is_(False),
            *([] if after is None else [ContentItem.id > after]),
        )
        .order_by(ContentItem.id)
        .limit(most)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if not items:
        return None
    revisions, variants = await _words_of(work, items)
    campaigns = await _campaigns_of(work, items)
    known: dict[str, Heard | None] = {}
    for item in items:
        revision = revisions[item.current_revision_id]
        if revision.locale not in known:
            known[revision.locale] = await guides.guide_for(
                work, brand_id=brand_id, locale=revision.locale
            )
        campaign = campaigns.get(item.campaign_id) if item.campaign_id else None
        voice = Voice(heard=known[revision.locale], paid=campaign is not None and campaign.paid)
        await _settle(item, voice, revision, variants.get(revision.id, []))
    await work.session.flush()
    return items[-1].id if len(items) == most else None


async def _settle(
    item: ContentItem, voice: Voice, revision: Revision, variants: Sequence[VariantWords]
) -> None:
    found = await voice.found(queries.facts_of(revision), variants)
    seen = voice.seen(revision.id)
    if item.voice_problems != found:
        item.voice_problems = found
    if item.voice_seen != seen:
        item.voice_seen = seen


async def _words_of(
    work: UnitOfWork, items: Sequence[ContentItem]
) -> tuple[dict[UUID, Revision], dict[UUID, list[VariantWords]]]:
    ids = [item.current_revision_id for item in items]
    revisions = await work.all(select(Revision).where(Revision.id.in_(ids)))
    rows = await work.all(select(Variant).where(Variant.revision_id.in_(ids)).order_by(Variant.id))
    variants: dict[UUID, list[VariantWords]] = {}
    for row in rows:
        variants.setdefault(row.revision_id, []).append(queries.words_of_variant(row))
    return {row.id: row for row in revisions}, variants


async def _campaigns_of(work: UnitOfWork, items: Sequence[ContentItem]) -> dict[UUID, Campaign]:
    ids = {item.campaign_id for item in items if item.campaign_id is not None}
    if not ids:
        return {}
    rows = await work.all(select(Campaign).where(Campaign.id.in_(ids)))
    return {row.id: row for row in rows}
