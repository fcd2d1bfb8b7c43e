"""Brands and campaigns, their plans and goals."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, update

from hub.analytics.models import Measurement
from hub.content.models import ContentAudience
from hub.kernel.caller import Permission
from hub.publishing.models import PublicationState
from hub.strategy.models import Audience, Campaign, Goal, GoalMetric, Pillar, PlanEntry
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library, a_variant, full_items


async def test_a_brand_by_its_id_with_its_channels(client: Client, library: Library) -> None:
    answer = await client.ask(
        """query($id: ID!) { brand(id: $id) {
          slug name locales availableActions problems { code } version
          channels { nodes { name } } campaigns { totalCount } } }""",
        id=to_global_id("Brand", library.brand),
    )

    assert answer.errors == []
    assert answer.statements == 1
    assert answer.data["brand"] == {
        "slug": "brand",
        "name": "Acme Brand",
        "locales": ["en", "fr"],
        "availableActions": ["BRAND_UPDATE"],
        "problems": [],
        "version": 1,
        "channels": {"nodes": [{"name": "Channel 2"}, {"name": "Channel 1"}]},
        "campaigns": {"totalCount": 1},
    }


async def test_campaigns_without_a_start_come_last_in_both_directions(
    client: Client, library: Library
) -> None:
    for name, day in (("May", date(2026, 5, 1)), ("April", date(2026, 4, 1))):
        await library.rows.add(
            Campaign,
            brand_id=library.brand,
            name=name,
            objective="",
            brief="",
            locale="fr",
            starts_on=day,
        )

    found = await client.data(
        """{
          early: campaigns(orderBy: [STARTS_ON_ASC]) { nodes { name startsOn brand { name } } }
          late: campaigns(orderBy: [STARTS_ON_DESC]) { nodes { name } }
          french: campaigns(filter: {localeIn: ["fr"]}) { totalCount }
        }"""
    )

    brand = {"name": "Acme Brand"}
    assert found["early"]["nodes"] == [
        {"name": "April", "startsOn": "2026-04-01", "brand": brand},
        {"name": "May", "startsOn": "2026-05-01", "brand": brand},
        {"name": "Acme Spring", "startsOn": None, "brand": brand},
    ]
    assert [node["name"] for node in found["late"]["nodes"]] == ["May", "April", "Acme Spring"]
    assert found["french"] == {"totalCount": 2}


async def test_who_may_only_read_is_offered_nothing(client: Client) -> None:
    found = await client.without(Permission.STRATEGY_WRITE).data(
        "{ campaigns { nodes { availableActions } } }"
    )

    assert found["campaigns"]["nodes"] == [{"availableActions": []}]


PLAN = """query($id: ID!) { node(id: $id) { ... on Campaign { paid utm { source medium term }
  plan {
    planned inPreparation scheduled published missing
    entries { entry { position platform channel { name } pillar { name } startsOn endsOn }
      planned inPreparation scheduled published missing }
    gaps { entry { position } weekOf missing }
  } } } }"""


async def test_a_plan_says_how_far_it_is_filled_and_what_lacks_when(
    client: Client, library: Library
) -> None:
    pillar = await library.rows.add(Pillar, brand_id=library.brand, name="Repair", description="")
    days = {"starts_on": date(2026, 2, 23), "ends_on": date(2026, 3, 8)}
    places: list[dict[str, Any]] = [
        {"channel_id": library.channels[0]},
        {"platform": "mastodon"},
        {"pillar_id": pillar},
    ]
    for position, more in enumerate(places):
        await library.rows.add(
            PlanEntry, campaign_id=library.campaign, position=position, planned=2, **days, **more
        )
    out = await library.an_item(title="Out", campaign=library.campaign)
    for channel, state in zip(
        library.channels, (PublicationState.PUBLISHED, PublicationState.SCHEDULED), strict=True
    ):
        await library.a_publication(
            out,
            await library.revision_of(out),
            channel,
            state=state,
            scheduled_for=NOON,
            due_at=NOON,
        )
    draft = await library.an_item(title="Draft", campaign=library.campaign, pillar_id=pillar)
    await a_variant(library, await library.revision_of(draft))
    await library.an_item(title="Nowhere yet", campaign=library.campaign)

    answer = await client.ask(PLAN, id=to_global_id("Campaign", library.campaign))

    assert answer.errors == []
    assert answer.statements == 1
    span = {"startsOn": "2026-02-23", "endsOn": "2026-03-08"}
    nowhere = {"platform": None, "channel": None, "pillar": None, **span}
    zero = {"planned": 2, "inPreparation": 0, "scheduled": 0, "published": 0}
    assert answer.data["node"] == {
        "paid": False,
        "utm": None,
        "plan": {
            "planned": 6,
            "inPreparation": 1,
            "scheduled": 1,
            "published": 1,
            "missing": 3,
            "entries": [
                {
                    "entry": {**nowhere, "position": 0, "channel": {"name": "Channel 1"}},
                    **zero,
                    "published": 1,
                    "missing": 1,
                },
                {
                    "entry": {**nowhere, "position": 1, "platform": "mastodon"},
                    **zero,
                    "scheduled": 1,
                    "inPreparation": 1,
                    "missing": 0,
                },
                {
                    "entry": {**nowhere, "position": 2, "pillar": {"name": "Repair"}},
                    **zero,
                    "missing": 2,
                },
            ],
            "gaps": [
                {"entry": {"position": 0}, "weekOf": "2026-03-02", "missing": 1},
                {"entry": {"position": 2}, "weekOf": "2026-02-23", "missing": 1},
                {"entry": {"position": 2}, "weekOf": "2026-03-02", "missing": 1},
            ],
        },
    }


async def test_a_goal_counts_the_newest_value_of_what_is_out_in_its_days(
    client: Client, library: Library
) -> None:
    # Two publications each, with 3 likes and 5 replies by now, on 1 March.
    await full_items(library, 2)
    elsewhere = await library.an_item(title="Other")
    late = await library.a_publication(
        elsewhere,
        await library.revision_of(elsewhere),
        library.channels[0],
        state=PublicationState.PUBLISHED,
        published_at=NOON + timedelta(days=31),
    )
    await library.measure(late, "LIKES", [1_000])
    async with library.rows.engine.begin() as connection:
        await connection.execute(update(Measurement).values(metric=func.upper(Measurement.metric)))
    days = {"starts_on": date(2026, 3, 1), "deadline": date(2026, 3, 1)}
    for name, metric, target, campaign in (
        ("likes", GoalMetric.LIKES, 12, library.campaign),
        ("replies", GoalMetric.REPLIES, 40, None),
        ("posts", GoalMetric.PUBLICATIONS, 4, None),
        ("quotes", GoalMetric.QUOTES, 1, None),
    ):
        await library.rows.add(
            Goal,
            brand_id=library.brand,
            campaign_id=campaign,
            name=name,
            metric=metric,
            target=target,
            **days,
        )

    answer = await client.ask(
        """{ goals(orderBy: [CREATED_AT_ASC]) { nodes {
          name campaign { name } availableActions
          progress { state value share expected projected } } }
          publications: goals(filter: {metricIn: [PUBLICATIONS]}) { totalCount } }"""
    )

    assert answer.errors == []
    assert answer.statements == 2
    nodes = answer.data["goals"]["nodes"]
    assert [(node["name"], node["progress"]) for node in nodes] == [
        ("likes", _progress("REACHED", 12, 100.0, 12)),
        ("replies", _progress("MISSED", 20, 50.0, 40)),
        ("posts", _progress("REACHED", 4, 100.0, 4)),
        ("quotes", _progress("MISSED", 0, 0.0, 1)),
    ]
    assert nodes[0]["campaign"] == {"name": "Acme Spring"}
    assert nodes[0]["availableActions"] == ["GOAL_UPDATE", "GOAL_DELETE"]
    assert answer.data["publications"] == {"totalCount": 1}


def _progress(state: str, value: int, share: float, expected: int) -> dict[str, object]:
    # Long over: what there is is what there will be.
    return {
        "state": state,
        "value": value,
        "share": share,
        "expected": expected,
        "projected": value,
    }


async def test_contents_are_found_by_pillar_and_audience(client: Client, library: Library) -> None:
    pillar = await library.rows.add(Pillar, brand_id=library.brand, name="P", description="")
    audiences = [
        await library.rows.add(
            Audience, brand_id=library.brand, name=name, description="", needs="", locales=["fr"]
        )
        for name in ("Neighbours", "Students")
    ]
    one = await library.an_item(title="One", pillar_id=pillar)
    await library.an_item(title="Two")
    for audience in audiences:
        await library.rows.add(ContentAudience, item_id=one, audience_id=audience)

    answer = await client.ask(
        """query($pillar: ID!, $audience: ID!) {
          byPillar: contentItems(filter: {pillarIn: [$pillar]}) {
            nodes { title pillar { name } audiences { name } } }
          byAudience: contentItems(filter: {audienceIn: [$audience]}) { nodes { title } }
          brands { nodes { pillars { nodes { contentItems { totalCount } } }
            audiences { nodes { name locales } } } } }""",
        pillar=to_global_id("Pillar", pillar),
        audience=to_global_id("Audience", audiences[1]),
    )

    assert answer.errors == []
    assert answer.data["byPillar"]["nodes"] == [
        {
            "title": "One",
            "pillar": {"name": "P"},
            "audiences": [{"name": "Neighbours"}, {"name": "Students"}],
        }
    ]
    assert answer.data["byAudience"]["nodes"] == [{"title": "One"}]
    (brand,) = answer.data["brands"]["nodes"]
    assert brand["pillars"]["nodes"] == [{"contentItems": {"totalCount": 1}}]
    assert [one["name"] for one in brand["audiences"]["nodes"]] == ["Neighbours", "Students"]
