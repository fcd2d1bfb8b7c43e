"""Brands and campaigns."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from hub.kernel.errors import Conflict
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy import operations as strategy
from tests.factories import World
from tests.hub.traces import refusal, tell

NEW_BRAND = {"slug": "second", "name": "Second", "locales": ["fr", "en-GB"]}


async def test_a_brand_is_added(world: World) -> None:
    made: list[Any] = []

    async def act(work: UnitOfWork) -> None:
        made.append(await strategy.create_brand(work, description=" d ", **NEW_BRAND))  # type: ignore[arg-type]  # a table of inputs

    (told,) = await tell(world, world.manager, act)
    brand = made[0]
    assert (told.name, told.subject_id, told.data) == ("brand.created", brand.id, {})
    assert (brand.slug, brand.name, brand.description) == ("second", "Second", "d")
    assert (brand.locales, brand.version) == (["fr", "en-GB"], 1)


NO_BRANDS: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
    ({"slug": "acme-brand"}, ("TAKEN", ("input", "slug"))),
    ({"slug": "Not A Slug"}, ("INVALID", ("input", "slug"))),
    ({"name": " "}, ("INVALID", ("input", "name"))),
    ({"name": "x" * 201}, ("INVALID", ("input", "name"))),
    ({"description": "x" * 20_001}, ("INVALID", ("input", "description"))),
    ({"locales": []}, ("INVALID", ("input", "locales"))),
    ({"locales": ["en", "english please"]}, ("INVALID", ("input", "locales", "1"))),
]


async def test_a_brand_that_cannot_be_is_refused(world: World) -> None:
    for change, answer in NO_BRANDS:
        act = partial(strategy.create_brand, **{**NEW_BRAND, **change})
        assert await refusal(world, world.manager, act) == answer, change


async def test_a_brand_is_changed_and_says_which_fields(world: World) -> None:
    (told,) = await tell(
        world,
        world.manager,
        lambda work: strategy.update_brand(
            work,
            brand_id=world.brand_id,
            expected_version=1,
            changes={"name": "Brand", "description": "new", "locales": ["de"]},
        ),
    )

    assert (told.name, told.subject_id) == ("brand.updated", world.brand_id)
    assert told.data == {"fields": ["description", "locales"]}
    same = await tell(
        world,
        world.manager,
        lambda work: strategy.update_brand(
            work, brand_id=world.brand_id, expected_version=2, changes={"description": "new "}
        ),
    )
    assert same == []


NO_CHANGES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"name": ""}, ("input", "name")),
    ({"description": "\x00"}, ("input", "description")),
    ({"locales": ["!"]}, ("input", "locales", "0")),
]


async def test_a_wrong_change_of_a_brand_is_refused(world: World) -> None:
    for changes, path in NO_CHANGES:
        act = partial(strategy.update_brand, brand_id=world.brand_id, changes=changes)
        assert await refusal(world, world.manager, act) == ("INVALID", path), changes


async def test_a_campaign_is_added_changed_and_kept_in_order(world: World) -> None:
    made: list[Any] = []

    async def add(work: UnitOfWork) -> None:
        made.append(
            await strategy.create_campaign(
                work,
                brand_id=world.brand_id,
                name="Spring",
                objective="Be seen",
                brief="Short",
                locale="fr",
                starts_on=date(2030, 3, 1),
                ends_on=date(2030, 3, 1),
                external_reference="crm-1",
            )
        )

    (told,) = await tell(world, world.manager, add)
    campaign_id = made[0].id
    assert (told.name, told.subject_id, told.data) == ("campaign.created", campaign_id, {})

    (told,) = await tell(
        world,
        world.manager,
        lambda work: strategy.update_campaign(
            work,
            campaign_id=campaign_id,
            expected_version=1,
            changes={"name": "Summer", "ends_on": date(2030, 4, 1), "locale": "fr"},
        ),
    )
    assert (told.name, told.data) == ("campaign.updated", {"fields": ["name", "ends_on"]})
    for changes, path in (
        ({"starts_on": date(2030, 4, 2)}, ("input", "endsOn")),
        ({"locale": "??"}, ("input", "locale")),
        ({"brief": "x" * 20_001}, ("input", "brief")),
        ({"name": " "}, ("input", "name")),
    ):
        given: dict[str, Any] = changes
        assert await refusal(
            world,
            world.manager,
            partial(strategy.update_campaign, campaign_id=campaign_id, changes=given),
        ) == ("INVALID", path)


NO_CAMPAIGNS: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
    ({"brand_id": new_id()}, ("NOT_FOUND", ("input", "brandId"))),
    ({"external_reference": ""}, ("INVALID", ("input", "externalReference"))),
    ({"external_reference": "crm"}, ("TAKEN", ("input", "externalReference"))),
    (
        {"starts_on": date(2030, 1, 2), "ends_on": date(2030, 1, 1)},
        ("INVALID", ("input", "endsOn")),
    ),
    ({"name": "x" * 201}, ("INVALID", ("input", "name"))),
    ({"objective": "\x00"}, ("INVALID", ("input", "objective"))),
    ({"locale": "e"}, ("INVALID", ("input", "locale"))),
]


async def test_a_campaign_that_cannot_be_is_refused(world: World) -> None:
    valid: dict[str, Any] = {"brand_id": world.brand_id, "name": "Spring"}
    async with world.hub.unit_of_work(world.manager) as work:
        await strategy.create_campaign(work, **valid, external_reference="crm")

    for change, answer in NO_CAMPAIGNS:
        act = partial(strategy.create_campaign, **{**valid, **change})
        assert await refusal(world, world.manager, act) == answer, change


async def test_two_editors_of_one_version_do_not_overwrite_each_other(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        await strategy.update_brand(
            work, brand_id=world.brand_id, expected_version=1, changes={"name": "Mine"}
        )

    with pytest.raises(Conflict) as refused:
        async with world.hub.unit_of_work(world.manager) as work:
            await strategy.update_brand(
                work, brand_id=world.brand_id, expected_version=1, changes={"name": "Yours"}
            )

    assert refused.value.current_version == 2
