"""Brands and campaigns, changed by a client."""

from typing import Any

import pytest

from hub.access.models import Role
from hub.kernel.ids import new_id
from tests.schema.client.api import Desk, gid

BRAND = "brand{id slug name description locales version}"
CAMPAIGN = "campaign{id name objective brief locale startsOn endsOn externalReference version}"


async def _brand(desk: Desk) -> dict[str, Any]:
    answer = await desk.manager.ask("query($id:ID!){brand(id:$id){name version}}", id=desk.brand)
    return dict(answer.data["brand"])


async def test_a_brand_is_created_and_answered_as_it_is_read(desk: Desk) -> None:
    made = await desk.manager.do(
        "brandCreate", BRAND, slug="atlas", name=" Atlas ", locales=["fr", "en-GB"]
    )

    brand = made.payload["brand"]
    read = await desk.manager.ask(
        "query($id:ID!){brand(id:$id){id slug name description locales version}}", id=brand["id"]
    )
    assert made.payload["errors"] == []
    assert {name: brand[name] for name in brand if name != "id"} == {
        "slug": "atlas",
        "name": "Atlas",
        "description": "",
        "locales": ["fr", "en-GB"],
        "version": 1,
    }
    assert read.data["brand"] == brand


async def test_what_an_update_leaves_out_stays(desk: Desk) -> None:
    changed = await desk.manager.do(
        "brandUpdate", BRAND, id=desk.brand, name="New", expectedVersion=1
    )
    same = await desk.manager.do("brandUpdate", BRAND, id=desk.brand)

    assert changed.payload["brand"]["name"] == "New"
    assert changed.payload["brand"]["locales"] == ["en", "fr"]
    assert changed.payload["brand"]["version"] == 2
    assert same.payload["brand"] == changed.payload["brand"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"name": None}, {"code": "INVALID", "path": ["input", "name"]}),
        ({"name": "  "}, {"code": "INVALID", "path": ["input", "name"]}),
        ({"name": "x" * 201}, {"code": "INVALID", "path": ["input", "name"]}),
        ({"locales": []}, {"code": "INVALID", "path": ["input", "locales"]}),
        ({"locales": ["en", "??"]}, {"code": "INVALID", "path": ["input", "locales", "1"]}),
        (
            {"name": "New", "expectedVersion": 7},
            {"code": "CONFLICT", "path": ["input", "expectedVersion"], "currentVersion": 1},
        ),
    ],
)
async def test_a_bad_update_of_a_brand_is_refused_and_changes_nothing(
    desk: Desk, given: dict[str, Any], error: dict[str, Any]
) -> None:
    answer = await desk.manager.do("brandUpdate", BRAND, id=desk.brand, **given)

    assert (answer.status, answer.refusal) == (200, error)
    assert await _brand(desk) == {"name": "Brand", "version": 1}


async def test_a_foreign_id_is_answered_exactly_like_an_unknown_one(
    desk: Desk, stranger: Desk
) -> None:
    ids = [
        stranger.brand,
        gid("Brand", new_id()),
        gid("Channel", desk.world.brand_id),
        str(desk.world.brand_id),
        "nonsense",
        "",
        "\U0001f600",
    ]
    answers = [await desk.manager.do("brandUpdate", BRAND, id=one, name="Mine") for one in ids]

    assert {str(answer.data) for answer in answers} == {str(answers[0].data)}
    assert answers[0].refusal == {"code": "NOT_FOUND", "path": ["input", "id"]}
    assert await _brand(stranger) == {"name": "Brand", "version": 1}


async def test_a_slug_is_unique(desk: Desk, stranger: Desk) -> None:
    given = {"slug": "acme-brand", "name": "Twice", "locales": ["en"]}

    again = await desk.manager.do("brandCreate", BRAND, **given)
    elsewhere = await stranger.manager.do("brandCreate", BRAND, **given)

    assert again.refusal == {"code": "TAKEN", "path": ["input", "slug"]}
    assert elsewhere.payload["errors"] == []


async def test_only_who_may_changes_brands(desk: Desk) -> None:
    answer = await desk.editor.do("brandUpdate", BRAND, id=desk.brand, name="Mine")

    assert answer.refusal == {"code": "FORBIDDEN", "path": []}
    assert await _brand(desk) == {"name": "Brand", "version": 1}


async def test_nobody_in_particular_changes_nothing(desk: Desk) -> None:
    answer = await desk.api.do("brandUpdate", BRAND, id=desk.brand, name="Mine")

    assert answer.codes == ["UNAUTHENTICATED"]
    assert answer.data is None
    assert await _brand(desk) == {"name": "Brand", "version": 1}


async def test_a_campaign_is_created_and_its_days_are_opened_again(desk: Desk) -> None:
    made = await desk.manager.do(
        "campaignCreate",
        CAMPAIGN,
        brandId=desk.brand,
        name="Spring",
        objective="Reach",
        locale="fr",
        startsOn="2026-03-01",
        endsOn="2026-03-31",
        externalReference="crm-1",
    )
    campaign = made.payload["campaign"]
    changed = await desk.manager.do(
        "campaignUpdate", CAMPAIGN, id=campaign["id"], endsOn=None, brief="Kind.", expectedVersion=1
    )

    assert campaign["startsOn"] == "2026-03-01"
    assert campaign["externalReference"] == "crm-1"
    assert changed.payload["campaign"] == {
        **campaign,
        "endsOn": None,
        "brief": "Kind.",
        "version": 2,
    }


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"endsOn": "2026-02-28"}, {"code": "INVALID", "path": ["input", "endsOn"]}),
        ({"brandId": "x"}, {"code": "NOT_FOUND", "path": ["input", "brandId"]}),
        ({"locale": "english"}, {"code": "INVALID", "path": ["input", "locale"]}),
    ],
)
async def test_a_bad_campaign_is_refused(
    desk: Desk, given: dict[str, Any], error: dict[str, Any]
) -> None:
    right = {"brandId": desk.brand, "name": "Spring", "startsOn": "2026-03-01"}

    answer = await desk.manager.do("campaignCreate", CAMPAIGN, **{**right, **given})

    listed = await desk.manager.ask("{campaigns{totalCount}}")
    assert answer.refusal == error
    assert listed.data["campaigns"]["totalCount"] == 0


async def test_an_external_reference_is_unique(desk: Desk) -> None:
    given = {"brandId": desk.brand, "name": "Spring", "externalReference": "crm-1"}
    await desk.manager.do("campaignCreate", CAMPAIGN, **given)

    again = await desk.manager.do("campaignCreate", CAMPAIGN, **given)

    assert again.refusal == {"code": "TAKEN", "path": ["input", "externalReference"]}


async def test_what_may_not_be_read_does_not_hide_that_it_was_done(desk: Desk) -> None:
    admin = desk.as_(Role.ADMIN)
    issued = await _narrowed(desk)

    answer = await desk.api.as_(issued).do("brandUpdate", BRAND, id=desk.brand, name="New")

    assert answer.data == {"brandUpdate": {"brand": None, "errors": []}}
    assert [(error["extensions"]["code"], error["path"]) for error in answer.errors] == [
        ("FORBIDDEN", ["brandUpdate", "brand"])
    ]
    assert (await admin.ask("{brands{nodes{name}}}")).data["brands"]["nodes"] == [{"name": "New"}]


async def _narrowed(desk: Desk) -> str:
    from hub.access import operations

    manager = desk.world.manager
    assert manager.member_id is not None
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        _, secret = await operations.issue_token(
            work, member_id=manager.member_id, label="narrow", scopes=["strategy.write"]
        )
    return secret
