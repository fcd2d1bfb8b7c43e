"""Brands and campaigns."""

from datetime import date

from hub.kernel.caller import Permission
from hub.strategy.models import Campaign
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import Library


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
