"""The editorial calendar as a frontend asks for it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.content.models import EditionOrigin
from hub.kernel.caller import Permission
from hub.kernel.ids import new_id
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.review.models import Review, ReviewState, ReviewTarget
from hub.strategy.models import Campaign
from schema.base.node import to_global_id
from schema.publishing.entries import ENTRIES_MAX
from tests.schema.conftest import Client
from tests.schema.library import Library

CALENDAR = """
query($from: Date!, $to: Date!, $zone: String!, $filter: CalendarFilter) {
  calendar(from: $from, to: $to, timeZone: $zone, filter: $filter) {
    timeZone truncated
    days {
      date startsAt hours
      entries {
        at localTime utcOffset state title
        channel { name } contentItem { title currentRevision { number } }
        publication { id state metrics { metric } } proposal { review { state } }
      }
    }
  }
}
"""
SPRING = datetime(2026, 3, 29, tzinfo=UTC)


async def a_publication(library: Library, title: str, at: datetime | None, **more: Any) -> UUID:
    """Write a publication meant for a time."""
    item = await library.an_item(title=title, campaign=more.pop("campaign", None))
    known: dict[str, Any] = {"state": PublicationState.SCHEDULED, "due_at": at, **more}
    if known["state"] is not PublicationState.SCHEDULED:
        del known["due_at"]
    return await library.a_publication(
        item,
        await library.revision_of(item),
        known.pop("channel", library.channels[0]),
        scheduled_for=at,
        **known,
    )


async def a_proposal(
    library: Library, title: str, at: datetime | None, *, state: ReviewState = ReviewState.IN_REVIEW
) -> UUID:
    """Write a review of an item with one target."""
    item = await library.an_item(title=title, campaign=library.campaign)
    review = await library.rows.add(
        Review, item_id=item, revision_id=await library.revision_of(item), state=state
    )
    return await library.rows.add(
        ReviewTarget, review_id=review, channel_id=library.channels[1], scheduled_for=at
    )


async def asked(
    client: Client, first: str, last: str, zone: str = "Europe/Paris", **given: Any
) -> Any:
    """Return the calendar of a span."""
    data = await client.data(
        CALENDAR, **{"from": first, "to": last, "zone": zone, "filter": given or None}
    )
    return data["calendar"]


def shown(calendar: Any) -> dict[str, list[tuple[str, str, str]]]:
    """Return what stands on each day that is not empty."""
    return {
        day["date"]: [
            (entry["localTime"], entry["state"], entry["title"]) for entry in day["entries"]
        ]
        for day in calendar["days"]
        if day["entries"]
    }


async def test_everything_with_a_time_stands_on_its_local_day_in_two_statements(
    client: Client, library: Library
) -> None:
    hour = timedelta(hours=1)
    await a_publication(library, "late", SPRING - hour)  # 00:00 in Paris, of the 29th
    await a_publication(library, "before the leap", SPRING + hour / 2)
    await a_publication(library, "after the leap", SPRING + hour)
    await a_publication(library, "evening", SPRING + 22 * hour)  # 00:00 of the 30th
    await a_publication(library, "too early", SPRING - hour - timedelta(microseconds=1))
    await a_publication(library, "no time", None, state=PublicationState.PLANNED)
    await a_publication(
        library, "out", None, state=PublicationState.PUBLISHED, published_at=SPRING + 5 * hour
    )
    await a_publication(
        library,
        "meant",
        SPRING + 6 * hour,
        state=PublicationState.PUBLISHED,
        published_at=SPRING + 50 * hour,
    )
    await a_publication(
        library,
        "held",
        SPRING + 7 * hour,
        state=PublicationState.HELD,
        hold_reason=HoldReason.MISSED,
    )
    await a_publication(library, "off", SPRING, state=PublicationState.CANCELLED)
    await a_proposal(library, "proposed", SPRING + 8 * hour)
    await a_proposal(library, "blocked", SPRING + 9 * hour, state=ReviewState.BLOCKED)
    await a_proposal(library, "sent back", SPRING, state=ReviewState.CHANGES_REQUESTED)
    await a_proposal(library, "approved", SPRING, state=ReviewState.APPROVED)
    await a_proposal(library, "some time", None)

    answer = await client.ask(
        CALENDAR, **{"from": "2026-03-29", "to": "2026-03-30", "zone": "Europe/Paris"}
    )

    assert answer.errors == []
    assert answer.statements == 2
    calendar = answer.data["calendar"]
    assert (calendar["timeZone"], calendar["truncated"]) == ("Europe/Paris", False)
    assert [(day["date"], day["startsAt"], day["hours"]) for day in calendar["days"]] == [
        ("2026-03-29", "2026-03-28T23:00:00+00:00", 23.0),
        ("2026-03-30", "2026-03-29T22:00:00+00:00", 24.0),
    ]
    assert shown(calendar) == {
        "2026-03-29": [
            ("00:00", "SCHEDULED", "late"),
            ("01:30", "SCHEDULED", "before the leap"),
            ("03:00", "SCHEDULED", "after the leap"),
            ("07:00", "PUBLISHED", "out"),
            ("08:00", "PUBLISHED", "meant"),
            ("09:00", "HELD", "held"),
            ("10:00", "PROPOSED", "proposed"),
            ("11:00", "PROPOSED", "blocked"),
        ],
        "2026-03-30": [("00:00", "SCHEDULED", "evening")],
    }
    entries = calendar["days"][0]["entries"]
    assert [entry["utcOffset"] for entry in entries[1:3]] == ["+01:00", "+02:00"]
    assert entries[0]["channel"] == {"name": "Channel 1"}
    assert entries[0]["contentItem"] == {"title": "late", "currentRevision": {"number": 1}}
    assert entries[0]["publication"]["state"] == "SCHEDULED"
    assert entries[0]["proposal"] is None
    assert entries[6]["channel"] == {"name": "Channel 2"}
    assert entries[6]["contentItem"] == {"title": "proposed", "currentRevision": {"number": 1}}
    assert entries[6]["publication"] is None
    assert [entry["proposal"] for entry in entries[6:]] == [
        {"review": {"state": "IN_REVIEW"}},
        {"review": {"state": "BLOCKED"}},
    ]


async def test_answers_to_messages_are_not_in_it(client: Client, library: Library) -> None:
    edition, digest = await library.an_edition(
        await library.revision_of(await library.an_item(title="One")),
        library.channels[0],
        text="Thanks",
    )
    await library.rows.add(
        Publication,
        edition_id=edition,
        channel_id=library.channels[0],
        origin=EditionOrigin.REPLY,
        state=PublicationState.SCHEDULED,
        scheduled_for=SPRING,
        due_at=SPRING,
        idempotency_key=new_id(),
        checkpoint={},
        refs=[],
        approved_hash=digest,
    )

    assert shown(await asked(client, "2026-03-28", "2026-03-30")) == {}


async def test_filters_hold_for_publications_and_proposals_alike(
    client: Client, library: Library
) -> None:
    await a_publication(library, "first channel", SPRING, campaign=library.campaign)
    await a_publication(library, "second channel", SPRING, channel=library.channels[1])
    await a_publication(library, "off", SPRING, state=PublicationState.CANCELLED)
    await a_proposal(library, "proposed", SPRING)

    async def titles(**given: Any) -> set[str]:
        calendar = await asked(client, "2026-03-29", "2026-03-29", **given)
        return {title for entries in shown(calendar).values() for _, _, title in entries}

    second = to_global_id("Channel", library.channels[1])
    assert await titles(channelIn=[second]) == {"second channel", "proposed"}
    assert await titles(campaignIn=[to_global_id("Campaign", library.campaign)]) == {
        "first channel",
        "proposed",
    }
    assert await titles(brandIn=[to_global_id("Brand", library.brand)]) == {
        "first channel",
        "second channel",
        "proposed",
    }
    assert await titles(brandIn=[to_global_id("Brand", new_id())]) == set()
    assert await titles(channelIn=[]) == set()
    assert await titles(stateIn=["PROPOSED"]) == {"proposed"}
    assert await titles(stateIn=["CANCELLED"]) == {"off"}
    assert await titles(stateIn=["SCHEDULED"], channelIn=[second]) == {"second channel"}


async def test_campaigns_are_shown_that_run_on_one_of_the_days(
    client: Client, library: Library
) -> None:
    for name, starts, ends in (
        ("over", None, date(2026, 3, 28)),
        ("last day", date(2026, 1, 1), date(2026, 3, 29)),
        ("first day", date(2026, 3, 30), None),
        ("around", date(2026, 1, 2), date(2026, 12, 31)),
        ("since ever", None, date(2026, 4, 1)),
        ("to come", date(2026, 3, 31), None),
    ):
        await library.rows.add(
            Campaign,
            brand_id=library.brand,
            name=name,
            objective="",
            brief="",
            locale="en",
            starts_on=starts,
            ends_on=ends,
        )

    answer = await client.ask(
        '{calendar(from:"2026-03-29",to:"2026-03-30",timeZone:"UTC")'
        "{campaigns{name startsOn endsOn}}}"
    )

    assert answer.errors == []
    assert answer.statements == 3
    assert [one["name"] for one in answer.data["calendar"]["campaigns"]] == [
        "since ever",
        "last day",
        "around",
        "first day",
    ]


async def test_nobody_sees_another_workspaces_calendar(
    client: Client, library: Library, other: Library
) -> None:
    await a_publication(other, "foreign", SPRING)
    await a_proposal(other, "foreign too", SPRING)

    assert shown(await asked(client, "2026-03-28", "2026-03-30")) == {}
    foreign = to_global_id("Channel", other.channels[0])
    assert shown(await asked(client, "2026-03-28", "2026-03-30", channelIn=[foreign])) == {}


async def test_what_the_caller_may_not_read_is_left_out_or_refused(
    client: Client, library: Library
) -> None:
    await a_publication(library, "One", SPRING)
    await a_proposal(library, "Two", SPRING)
    span = {"from": "2026-03-29", "to": "2026-03-29", "zone": "UTC"}
    plain = (
        "query($from:Date!,$to:Date!,$zone:String!){calendar(from:$from,to:$to,timeZone:$zone)"
        "{days{entries{state title %s}}}}"
    )

    blind = client.without(Permission.CONTENT_READ, Permission.REVIEW_READ)
    entries = (await blind.data(plain % "", **span))["calendar"]["days"][0]["entries"]
    refused = await blind.ask(plain % "contentItem { title }", **span)
    unseen = await client.without(Permission.CHANNELS_READ).ask(plain % "channel { name }", **span)
    closed = await client.without(Permission.PUBLISHING_READ).ask(plain % "", **span)
    campaigns = await client.without(Permission.STRATEGY_READ).ask(
        '{calendar(from:"2026-03-29",to:"2026-03-29",timeZone:"UTC"){truncated campaigns{name}}}'
    )

    assert entries == [{"state": "SCHEDULED", "title": None}]
    assert refused.codes == ["FORBIDDEN"]
    assert refused.data["calendar"]["days"][0]["entries"][0]["contentItem"] is None
    assert unseen.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert closed.codes == ["FORBIDDEN"]
    assert closed.data is None
    assert campaigns.codes == ["FORBIDDEN"]
    assert campaigns.data == {"calendar": {"truncated": False, "campaigns": None}}


@pytest.mark.parametrize(
    ("first", "last", "zone", "path"),
    [
        ("2026-01-01", "2026-01-02", "Europe/Atlantis", ["timeZone"]),
        ("2026-01-01", "2026-01-02", "", ["timeZone"]),
        ("2026-01-01", "2026-01-02", "../../etc/passwd", ["timeZone"]),
        ("2026-01-01", "2026-01-02", "x" * 5000, ["timeZone"]),
        ("2026-01-02", "2026-01-01", "UTC", ["to"]),
        ("2026-01-01", "2026-04-03", "UTC", ["to"]),
        ("0001-01-01", "0001-01-02", "UTC", ["from"]),
        ("9999-12-31", "9999-12-31", "UTC", ["from"]),
    ],
)
async def test_spans_and_zones_that_are_none_are_refused_before_anything_is_read(
    client: Client, first: str, last: str, zone: str, path: list[str]
) -> None:
    answer = await client.ask(CALENDAR, **{"from": first, "to": last, "zone": zone})

    assert answer.codes == ["INVALID"]
    assert answer.path == path
    assert answer.statements == 0


async def test_a_foreign_id_in_a_filter_names_the_filter(client: Client) -> None:
    answer = await client.ask(
        CALENDAR,
        **{"from": "2026-01-01", "to": "2026-01-02", "zone": "UTC"},
        filter={"channelIn": ["nonsense"]},
    )

    assert answer.codes == ["NOT_FOUND"]
    assert answer.path == ["filter", "channelIn"]


async def test_what_is_more_than_an_answer_holds_is_said_to_be_more(
    client: Client, library: Library
) -> None:
    item = await library.an_item(title="Many")
    revision = await library.revision_of(item)
    for number in range(ENTRIES_MAX - 1):
        await library.a_publication(
            item,
            revision,
            library.channels[0],
            state=PublicationState.SCHEDULED,
            scheduled_for=SPRING + timedelta(minutes=number),
            due_at=SPRING,
        )
    await a_proposal(library, "first of all", SPRING - timedelta(minutes=1))
    whole = await asked(client, "2026-03-29", "2026-03-29", "UTC", stateIn=["SCHEDULED"])
    full = await asked(client, "2026-03-28", "2026-03-29", "UTC")
    await a_proposal(library, "last of all", SPRING + timedelta(hours=20))
    more = await asked(client, "2026-03-28", "2026-03-29", "UTC")

    assert (whole["truncated"], len(whole["days"][0]["entries"])) == (False, ENTRIES_MAX - 1)
    assert (full["truncated"], [len(day["entries"]) for day in full["days"]]) == (
        False,
        [1, ENTRIES_MAX - 1],
    )
    assert (more["truncated"], [len(day["entries"]) for day in more["days"]]) == (
        True,
        [1, ENTRIES_MAX - 1],
    )


async def test_a_calendar_is_found_by_its_indexes(client: Client, library: Library) -> None:
    """With the application's own role and policies: an index must not be lost to them."""
    plans = []
    when = "CASE WHEN scheduled_for IS NOT NULL THEN scheduled_for ELSE published_at END"
    async with client.hub.unit_of_work(library.caller) as work:
        await work.session.execute(text("SET LOCAL enable_seqscan = off"))
        await work.session.execute(text("SET LOCAL enable_bitmapscan = off"))
        for what in (f"publications WHERE {when}", "review_targets WHERE scheduled_for"):
            found = await work.session.execute(
                text(f"EXPLAIN SELECT id FROM {what} >= '2026-01-01' AND workspace_id = :mine"),
                {"mine": library.rows.workspace_id},
            )
            plans.append(" ".join(row[0] for row in found))

    assert re.search(r"ix_publications_calendar .* Index Cond: .*CASE WHEN", plans[0])
    assert re.search(r"ix_review_targets_scheduled_for .* Index Cond: .*scheduled_for", plans[1])
