"""How far a campaign's plan is filled: no session, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)


class Stage(StrEnum):
    """How far something a plan wants has come."""

    PREPARING = "PREPARING"
    SCHEDULED = "SCHEDULED"
    PUBLISHED = "PUBLISHED"


#: States of publications that count; what ended otherwise fills no plan.
STAGES: Mapping[str, Stage] = {
    "PLANNED": Stage.PREPARING,
    "SCHEDULED": Stage.SCHEDULED,
    "PUBLISHING": Stage.SCHEDULED,
    "HELD": Stage.SCHEDULED,
    "UNCONFIRMED": Stage.SCHEDULED,
    "PUBLISHED": Stage.PUBLISHED,
}
_ORDER = (Stage.PUBLISHED, Stage.SCHEDULED, Stage.PREPARING)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An entry of a plan: so many, in a span of days, anywhere or in one place."""

    id: UUID
    planned: int
    starts_on: date
    ends_on: date
    platform: str | None = None
    channel_id: UUID | None = None
    pillar_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Something that may fill a plan: where it goes, how far it has come, and its day if known."""

    stage: Stage
    platform: str
    channel_id: UUID | None
    pillar_id: UUID | None
    day: date | None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """So many are missing in the week that begins on a Monday."""

    week: date
    missing: int


@dataclass(frozen=True, kw_only=True)
class Covered:
    """How far an entry is filled. What is missing is spread over the weeks that have too few."""

    wanted: Wanted
    in_preparation: int
    scheduled: int
    published: int
    gaps: tuple[Gap, ...]

    @property
    def missing(self) -> int:
        """How many nobody has begun."""
        begun = self.in_preparation + self.scheduled + self.published
        return max(0, self.wanted.planned - begun)


@dataclass(kw_only=True)
class _Filling:
    wanted: Wanted
    pieces: list[Piece] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.pieces) >= self.wanted.planned


def coverage(wanted: Sequence[Wanted], pieces: Sequence[Piece]) -> list[Covered]:
    """Return how far each entry is filled, in the order of the plan.

    A piece counts once: for the narrowest entry it fits that has room, else for the narrowest.
    """
    fillings = [_Filling(wanted=one) for one in wanted]
    narrow_first = sorted(fillings, key=lambda filling: _breadth(filling.wanted))
    for piece in sorted(pieces, key=lambda piece: _ORDER.index(piece.stage)):
        fitting = [filling for filling in narrow_first if _fits(piece, filling.wanted)]
        with_room = [filling for filling in fitting if not filling.is_full]
        for filling in (with_room or fitting)[:1]:
            filling.pieces.append(piece)
    return [_covered(filling) for filling in fillings]


def _breadth(wanted: Wanted) -> tuple[bool, bool, bool]:
    return wanted.channel_id is None, wanted.platform is None, wanted.pillar_id is None


def _fits(piece: Piece, wanted: Wanted) -> bool:
    return (
        (wanted.channel_id is None or piece.channel_id == wanted.channel_id)
        and (wanted.platform is None or piece.platform == wanted.platform)
        and (wanted.pillar_id is None or piece.pillar_id == wanted.pillar_id)
        and (piece.day is None or wanted.starts_on <= piece.day <= wanted.ends_on)
    )


def _covered(filling: _Filling) -> Covered:
    number = {stage: sum(piece.stage is stage for piece in filling.pieces) for stage in Stage}
    return Covered(
        wanted=filling.wanted,
        in_preparation=number[Stage.PREPARING],
        scheduled=number[Stage.SCHEDULED],
        published=number[Stage.PUBLISHED],
        gaps=_gaps(filling),
    )


def _gaps(filling: _Filling) -> tuple[Gap, ...]:
    wanted = filling.wanted
    expected = per_week(wanted)
    there = dict.fromkeys(expected, 0)
    spare = 0
    for piece in filling.pieces:
        if piece.day is None:
            spare += 1
        else:
            there[_monday(piece.day)] += 1
    spare += sum(max(0, there[week] - expected[week]) for week in expected)
    gaps = []
    for week, number in expected.items():
        lacking = max(0, number - there[week])
        filled = min(lacking, spare)
        spare -= filled
        if lacking > filled:
            gaps.append(Gap(week=week, missing=lacking - filled))
    return tuple(gaps)


def per_week(wanted: Wanted) -> dict[date, int]:
    """Return how many an entry wants in each of its weeks, by their Mondays: spread evenly."""
    days = (wanted.ends_on - wanted.starts_on).days + 1
    weeks: dict[date, int] = {}
    done = 0
    week = _monday(wanted.starts_on)
    while week <= wanted.ends_on:
        through = min((week + _WEEK - wanted.starts_on).days, days)
        # Rounded up: what cannot be halved is wanted in the earlier week.
        reached = -(-wanted.planned * through // days)
        weeks[week] = reached - done
        done = reached
        week += _WEEK
    return weeks


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


def read(facts: Mapping[str, Any]) -> list[Covered]:
    """Return how far a plan is filled, from what `hub.publishing.plans.plan_facts` reads."""
    wanted = [
        Wanted(
            id=UUID(one["id"]),
            planned=one["planned"],
            starts_on=date.fromisoformat(one["starts_on"]),
            ends_on=date.fromisoformat(one["ends_on"]),
            platform=one["platform"],
            channel_id=_id(one["channel_id"]),
            pillar_id=_id(one["pillar_id"]),
        )
        for one in sorted(facts["entries"], key=lambda one: one["position"])
    ]
    out = [one for one in facts["out"] if one["state"] in STAGES]
    return coverage(wanted, [*(_piece(one, STAGES[one["state"]]) for one in out), *_begun(facts)])


def _begun(facts: Mapping[str, Any]) -> list[Piece]:
    """Return what is being prepared: in review for a channel, or with words of its own for it.

    What is on its way to the same place already is not prepared any more.
    """
    known = {(one["item"], one["channel_id"]) for one in facts["out"]}
    known |= {(one["item"], one["platform"]) for one in facts["out"]}
    pieces = []
    for one in (*facts["reviewed"], *facts["variants"]):
        place = (one["item"], one["channel_id"] or one["platform"])
        if place in known:
            continue
        known |= {place, (one["item"], one["platform"])}
        pieces.append(_piece(one, Stage.PREPARING))
    return pieces


def _piece(one: Mapping[str, Any], stage: Stage) -> Piece:
    return Piece(
        stage=stage,
        platform=one["platform"],
        channel_id=_id(one["channel_id"]),
        pillar_id=_id(one["pillar_id"]),
        day=_day(one["at"], one["zone"]),
    )


def _day(at: str | None, zone: str | None) -> date | None:
    if at is None:
        return None
    return datetime.fromisoformat(at).astimezone(ZoneInfo(zone or "UTC")).date()


def _id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
