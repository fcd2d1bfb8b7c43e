"""How far a plan is filled, and where it lacks what."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.kernel.ids import new_id
from hub.publishing.coverage import Covered, Gap, Piece, Stage, Wanted, coverage, per_week, read

MONDAY = date(2030, 3, 4)
CHANNEL, OTHER, PILLAR = new_id(), new_id(), new_id()


def wanted(planned: int = 2, *, weeks: int = 2, **more: Any) -> Wanted:
    last = MONDAY + timedelta(days=7 * weeks - 1)
    return Wanted(id=new_id(), planned=planned, starts_on=MONDAY, ends_on=last, **more)


def piece(stage: Stage, day: int | None = 0, **more: Any) -> Piece:
    return Piece(
        **{
            "stage": stage,
            "platform": "mastodon",
            "channel_id": CHANNEL,
            "pillar_id": None,
            "day": None if day is None else MONDAY + timedelta(days=day),
            **more,
        }
    )


def numbers(covered: Covered) -> tuple[int, int, int, int]:
    return covered.in_preparation, covered.scheduled, covered.published, covered.missing


@pytest.mark.parametrize(
    ("planned", "first", "last", "weeks"),
    [
        (4, 0, 13, [2, 2]),
        (3, 0, 13, [2, 1]),
        (1, 0, 13, [1, 0]),
        (5, 3, 17, [2, 2, 1]),
        (7, 0, 6, [7]),
    ],
)
def test_what_is_planned_is_spread_over_its_weeks(
    planned: int, first: int, last: int, weeks: list[int]
) -> None:
    one = Wanted(
        id=new_id(),
        planned=planned,
        starts_on=MONDAY + timedelta(days=first),
        ends_on=MONDAY + timedelta(days=last),
    )

    assert list(per_week(one).values()) == weeks
    assert next(iter(per_week(one))) == MONDAY


def test_what_is_out_scheduled_and_prepared_fills_a_plan() -> None:
    (covered,) = coverage(
        [wanted(4)],
        [
            piece(Stage.PUBLISHED, 1),
            piece(Stage.SCHEDULED, 8),
            piece(Stage.PREPARING, None),
            piece(Stage.SCHEDULED, 14),
        ],
    )

    assert numbers(covered) == (1, 1, 1, 1)
    # The one without a day fills the first week, so the second lacks one.
    assert covered.gaps == (Gap(week=MONDAY + timedelta(days=7), missing=1),)


def test_a_week_with_too_many_makes_up_for_one_with_too_few() -> None:
    (covered,) = coverage([wanted(2)], [piece(Stage.SCHEDULED, 0), piece(Stage.SCHEDULED, 1)])

    assert (numbers(covered), covered.gaps) == ((0, 2, 0, 0), ())


def test_an_empty_plan_lacks_everything_by_week() -> None:
    (covered,) = coverage([wanted(3)], [])

    assert numbers(covered) == (0, 0, 0, 3)
    assert [gap.missing for gap in covered.gaps] == [2, 1]


def test_a_publication_counts_once_for_the_narrowest_entry_with_room() -> None:
    anywhere, place, theme = wanted(1), wanted(1, channel_id=CHANNEL), wanted(1, pillar_id=PILLAR)
    pieces = [piece(Stage.SCHEDULED, 0) for _ in range(3)]

    found = coverage([anywhere, place, theme], pieces)

    # The third is one more than wanted where it fits best; the theme gets none.
    assert [one.scheduled for one in found] == [1, 2, 0]
    assert [one.missing for one in found] == [0, 0, 1]


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        ({"channel_id": CHANNEL}, True),
        ({"channel_id": OTHER}, False),
        ({"platform": "mastodon"}, True),
        ({"platform": "feed"}, False),
        ({"pillar_id": PILLAR}, False),
    ],
)
def test_an_entry_takes_what_goes_to_its_place(entry: dict[str, Any], fits: bool) -> None:
    (covered,) = coverage([wanted(1, **entry)], [piece(Stage.PUBLISHED)])

    assert covered.published == int(fits)


def _row(**more: Any) -> dict[str, Any]:
    return {
        "item": "i",
        "pillar_id": None,
        "channel_id": str(CHANNEL),
        "platform": "mastodon",
        "zone": "Europe/Paris",
        "at": None,
        **more,
    }


def _facts(**more: Any) -> dict[str, Any]:
    entry = {
        "id": str(new_id()),
        "position": 0,
        "planned": 2,
        "starts_on": "2030-03-04",
        "ends_on": "2030-03-10",
        "platform": None,
        "channel_id": None,
        "pillar_id": None,
    }
    return {"entries": [entry], "out": [], "reviewed": [], "variants": [], **more}


def test_a_day_is_that_of_the_channels_zone() -> None:
    night = _row(state="SCHEDULED", at="2030-03-10T23:30:00+00:00")

    (covered,) = read(_facts(out=[night]))
    assert covered.scheduled == 0

    (covered,) = read(_facts(out=[{**night, "zone": "UTC"}]))
    assert covered.scheduled == 1


@pytest.mark.parametrize(
    ("state", "counted"),
    [
        ("PLANNED", (1, 0, 0)),
        ("SCHEDULED", (0, 1, 0)),
        ("HELD", (0, 1, 0)),
        ("UNCONFIRMED", (0, 1, 0)),
        ("PUBLISHED", (0, 0, 1)),
        ("FAILED", (0, 0, 0)),
        ("CANCELLED", (0, 0, 0)),
        ("WITHDRAWN", (0, 0, 0)),
    ],
)
def test_only_what_lives_fills_a_plan(state: str, counted: tuple[int, int, int]) -> None:
    (covered,) = read(_facts(out=[_row(state=state)]))

    assert numbers(covered)[:3] == counted


def test_what_is_prepared_counts_once_per_place_until_it_is_on_its_way() -> None:
    reviewed = [_row(), _row(channel_id=str(OTHER))]
    variants = [_row(channel_id=None), _row(), _row(item="j", channel_id=None, platform="feed")]

    (covered,) = read(_facts(reviewed=reviewed, variants=variants))
    assert covered.in_preparation == 3

    out = [_row(state="SCHEDULED", at="2030-03-05T10:00:00+00:00")]
    (covered,) = read(_facts(out=out, reviewed=reviewed[:1], variants=variants[:2]))
    assert (covered.in_preparation, covered.scheduled) == (0, 1)


def test_entries_keep_the_order_of_the_plan() -> None:
    facts = _facts()
    first = facts["entries"][0]
    second = {**first, "id": str(new_id()), "position": 1}

    found = read({**facts, "entries": [second, first]})

    assert [one.wanted.id for one in found] == [UUID(first["id"]), UUID(second["id"])]
