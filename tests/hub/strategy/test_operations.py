"""Brands and campaigns."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from hub.kernel.errors import Conflict
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy import operations as strategy
from hub.strategy.models import GoalMetric
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


async def test_audiences_and_pillars_are_added_changed_and_removed(world: World) -> None:
    for kind, more, change in (
        ("audience", {"needs": "x", "locales": ["fr"]}, {"needs": "y"}),
        ("pillar", {"target_share": 40}, {"target_share": None}),
    ):
        made: list[Any] = []
        create, update, delete = (
            getattr(strategy, f"{act}_{kind}") for act in ("create", "update", "delete")
        )

        async def add(
            work: UnitOfWork,
            create: Any = create,
            more: dict[str, Any] = more,
            made: list[Any] = made,
        ) -> None:
            made.append(await create(work, brand_id=world.brand_id, name=" N ", **more))

        (told,) = await tell(world, world.manager, add)
        assert (told.name, told.data) == (f"{kind}.created", {"brand_id": str(world.brand_id)})
        of = {f"{kind}_id": made[0].id}
        assert made[0].name == "N"
        (told,) = await tell(world, world.manager, partial(update, changes=change, **of))
        assert (told.name, told.data) == (f"{kind}.updated", {"fields": list(change)})
        assert await tell(world, world.manager, partial(update, changes=change, **of)) == []
        assert await refusal(world, world.manager, partial(delete, expected_version=1, **of)) == (
            "CONFLICT",
            ("input", "expectedVersion"),
        )
        (told,) = await tell(world, world.manager, partial(delete, **of))
        assert told.name == f"{kind}.deleted"
        assert await refusal(world, world.manager, partial(delete, **of)) == (
            "NOT_FOUND",
            ("input", "id"),
        )


GOAL: dict[str, Any] = {
    "name": "G",
    "metric": GoalMetric.LIKES,
    "target": 10,
    "starts_on": date(2030, 1, 1),
    "deadline": date(2030, 1, 31),
}
NO_GOALS: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
    ({"name": ""}, ("INVALID", ("input", "name"))),
    ({"target": 0}, ("INVALID", ("input", "target"))),
    ({"target": 2**31}, ("INVALID", ("input", "target"))),
    ({"deadline": date(2029, 12, 31)}, ("INVALID", ("input", "deadline"))),
    ({"brand_id": new_id()}, ("NOT_FOUND", ("input", "brandId"))),
    ({"campaign_id": new_id()}, ("NOT_FOUND", ("input", "campaignId"))),
]


async def test_a_goal_is_set_moved_and_removed(world: World) -> None:
    valid = {"brand_id": world.brand_id, **GOAL}
    for change, answer in NO_GOALS:
        act = partial(strategy.create_goal, **{**valid, **change})
        assert await refusal(world, world.manager, act) == answer, change
    async with world.hub.unit_of_work(world.manager) as work:
        goal = await strategy.create_goal(work, **valid)
        other = await strategy.create_brand(work, slug="o", name="O", locales=["en"])
        campaign = await strategy.create_campaign(work, brand_id=other.id, name="C")

    elsewhere = partial(strategy.create_goal, **valid, campaign_id=campaign.id)
    assert await refusal(world, world.manager, elsewhere) == ("INVALID", ("input", "campaignId"))
    update = partial(strategy.update_goal, goal_id=goal.id)
    (told,) = await tell(world, world.manager, partial(update, changes={"target": 20, "name": "G"}))
    assert (told.name, told.data) == ("goal.updated", {"fields": ["target"]})
    wrong = partial(update, changes={"starts_on": date(2030, 2, 1)})
    assert await refusal(world, world.manager, wrong) == ("INVALID", ("input", "deadline"))
    (told,) = await tell(
        world, world.manager, partial(strategy.delete_goal, goal_id=goal.id, expected_version=2)
    )
    assert told.name == "goal.deleted"


async def test_domains_payment_and_parameters_are_kept_as_they_are_compared(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        brand = await strategy.update_brand(
            work, brand_id=world.brand_id, changes={"own_domains": ["Acme.example"]}
        )
        campaign = await strategy.create_campaign(
            work, brand_id=brand.id, name="C", paid=True, utm={"source": "{platform}", "term": ""}
        )

    assert brand.own_domains == ["acme.example"]
    assert (campaign.paid, campaign.utm) == (True, {"source": "{platform}"})
    (told,) = await tell(
        world,
        world.manager,
        partial(
            strategy.update_campaign, campaign_id=campaign.id, changes={"utm": None, "paid": True}
        ),
    )
    assert told.data == {"fields": ["utm"]}
    for act, path in (
        (
            partial(
                strategy.update_campaign,
                campaign_id=campaign.id,
                changes={"utm": {"source": "{x}"}},
            ),
            ("input", "utm", "source"),
        ),
        (
            partial(
                strategy.update_brand, brand_id=brand.id, changes={"own_domains": ["a b.example"]}
            ),
            ("input", "ownDomains", "0"),
        ),
    ):
        assert await refusal(world, world.manager, act) == ("INVALID", path)
