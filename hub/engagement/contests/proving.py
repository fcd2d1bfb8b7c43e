"""What the proof of a contest tells: the facts of the frozen list, then those of the draw."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from hub.engagement.contests.draw import instant
from hub.engagement.contests.entries import Judged
from hub.engagement.contests.models import (
    Contest,
    ContestPlace,
    ContestSource,
    PlaceStanding,
    Ruling,
)
from hub.engagement.contests.proof import completed
from hub.engagement.contests.rules import Conditions
from hub.kernel.editing import get
from hub.kernel.ids import global_id
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.strategy.models import Brand


async def frozen_facts(
    work: UnitOfWork, contest: Contest, told: Sequence[Judged]
) -> Mapping[str, Any]:
    """Return what a proof tells from the freeze on; nobody is drawn yet."""
    wanted = Conditions.from_json(contest.conditions)
    brand = await get(work, Brand, contest.brand_id)
    return {
        "contest": {
            "id": global_id("Contest", contest.id),
            "brand": brand.name,
            "name": contest.name,
            "rules": contest.rules,
            "conditions": {
                "phrases": list(wanted.phrases),
                "hashtags": list(wanted.hashtags),
                "answers": list(wanted.answers),
                "mentions": wanted.mentions,
                "knownDays": wanted.known_days,
                "excluded": len(wanted.excluded_handles) + len(contest.excluded_person_ids),
            },
            "opensAt": instant(contest.opens_at),
            "closesAt": instant(contest.closes_at),
            "openedAt": contest.opened_at and instant(contest.opened_at),
            "closedAt": contest.closed_at and instant(contest.closed_at),
            "closeReason": contest.close_reason,
            "frozenAt": contest.frozen_at and instant(contest.frozen_at),
            "drawnAt": None,
        },
        "publications": await _publications(work, contest),
        "unreadReason": contest.unread_reason,
        "commitment": contest.commitment,
        "seed": None,
        "entropy": {"source": contest.entropy_source, "value": None},
        "winnerCount": contest.winner_count,
        "alternateCount": contest.alternate_count,
        "entrants": (contest.entrant_list or "").split("\n")[:-1],
        "listHash": contest.list_hash,
        "disqualified": [
            {
                "entrant": one.entrant,
                "writtenAt": instant(one.comment.written_at),
                "reasons": list(one.reasons),
            }
            for one in told
            if one.reasons
        ],
        "readmitted": [
            {
                "entrant": one.entrant,
                "writtenAt": instant(one.comment.written_at),
                "reason": one.ruling_reason,
            }
            for one in told
            if one.ruling is Ruling.READMITTED
        ],
        "drawn": [],
        "winners": [],
        "alternates": [],
        "replacements": [],
    }


async def _publications(work: UnitOfWork, contest: Contest) -> list[dict[str, Any]]:
    found = await work.session.execute(
        select(Publication.url, ContestSource.read_at)
        .join(ContestSource, ContestSource.publication_id == Publication.id)
        .where(ContestSource.contest_id == contest.id)
        .order_by(ContestSource.id)
    )
    return [{"url": url or "", "readAt": read and instant(read)} for url, read in found]


def with_draw(contest: Contest, places: Sequence[ContestPlace]) -> dict[str, Any]:
    """Return a contest's proof with the draw, and whoever was replaced since, in it."""
    facts = dict(contest.proof or {})
    by_id = {place.id: place for place in places}
    replaced_by = {by_id[p.replaces_id].id: p for p in places if p.replaces_id is not None}
    replaced = [place for place in places if place.replaced_at is not None]
    facts |= {
        "contest": {
            **facts["contest"],
            "drawnAt": contest.drawn_at and instant(contest.drawn_at),
        },
        "seed": contest.seed,
        "entropy": {"source": contest.entropy_source, "value": contest.entropy_value},
        "drawn": [_named(place) for place in places],
        "winners": _standing(places, PlaceStanding.WINNER),
        "alternates": _standing(places, PlaceStanding.ALTERNATE),
        "replacements": [
            {
                "entrant": place.entrant,
                "replacedBy": replaced_by[place.id].entrant if place.id in replaced_by else None,
                "reason": place.replaced_reason,
                "at": place.replaced_at and instant(place.replaced_at),
            }
            for place in sorted(
                replaced,
                key=lambda one: (
                    # Alternates step in in the order of the draw; who had none came after all.
                    replaced_by[one.id].rank if one.id in replaced_by else len(places) + 1,
                    one.replaced_at,
                ),
            )
        ],
    }
    return completed(facts)


def _named(place: ContestPlace) -> dict[str, Any]:
    return {"rank": place.rank, "entrant": place.entrant, "handle": place.handle}


def _standing(places: Sequence[ContestPlace], standing: PlaceStanding) -> list[dict[str, Any]]:
    return [_named(place) for place in places if place.standing is standing]
