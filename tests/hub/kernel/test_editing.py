"""Editing: lost updates are refused, versions count, texts are checked."""

from datetime import timedelta

import pytest

from hub.kernel.editing import edit, free_reference, get, require_text, require_version, touch
from hub.kernel.errors import Conflict, Invalid, NotFound, Taken
from hub.kernel.ids import new_id
from hub.strategy import operations as strategy
from hub.strategy.models import Brand, Campaign
from tests.conftest import Database
from tests.factories import World
from tests.working import move_clock

PATH = ("input", "name")


@pytest.mark.parametrize(
    ("given", "found"), [("  a b\n", "a b"), ("x" * 10, "x" * 10), ("\U0001f600" * 10, None)]
)
def test_text_is_trimmed(given: str, found: str | None) -> None:
    assert require_text(given, most=10, path=PATH) == (found or given)


@pytest.mark.parametrize("given", ["", "  \n", "x" * 11, "a\x00b", "a\ud800b"])
def test_text_that_cannot_be_kept_is_refused(given: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_text(given, most=10, path=PATH)

    assert refused.value.path == PATH


def test_text_may_be_empty_where_that_is_said() -> None:
    assert require_text(" ", most=10, path=PATH, empty=True) == ""


async def test_a_change_counts_the_version_and_names_the_fields(
    world: World, database: Database
) -> None:
    await move_clock(world.hub, database.owner_url, timedelta(hours=1))

    async with world.hub.unit_of_work(world.manager) as work:
        brand = await get(work, Brand, world.brand_id, lock=True)
        changed = await edit(
            work, brand, {"name": "New", "description": ""}, expected_version=brand.version
        )

        assert changed == ("name",)
        assert (brand.version, brand.name, brand.updated_at) == (2, "New", work.now)


async def test_a_change_that_changes_nothing_counts_nothing(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        brand = await get(work, Brand, world.brand_id, lock=True)

        assert await edit(work, brand, {"name": brand.name}, expected_version=1) == ()
        assert brand.version == 1


async def test_a_stale_version_is_a_conflict_that_says_the_current_one(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        brand = await get(work, Brand, world.brand_id, lock=True)
        touch(work, brand)

        with pytest.raises(Conflict) as refused:
            await edit(work, brand, {"name": "New"}, expected_version=1)

        assert refused.value.current_version == 2
        assert refused.value.path == ("input", "expectedVersion")
        assert brand.name == "Brand"
        require_version(brand, 2)
        require_version(brand, None)
        with pytest.raises(Conflict):
            require_version(brand, 3)


async def test_what_is_not_there_is_not_found_where_the_caller_named_it(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        with pytest.raises(NotFound) as refused:
            await get(work, Brand, new_id(), path=("input", "brandId"))

    assert refused.value.path == ("input", "brandId")


async def test_a_reference_is_one_per_type_and_workspace(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        await strategy.create_campaign(
            work, brand_id=world.brand_id, name="One", external_reference=" ref-1 "
        )

    async with world.hub.unit_of_work(world.manager) as work:
        assert await free_reference(work, Campaign, None) is None
        assert await free_reference(work, Campaign, " ref-2 ") == "ref-2"
        with pytest.raises(Taken) as refused:
            await free_reference(work, Campaign, "ref-1")
        with pytest.raises(Invalid):
            await free_reference(work, Campaign, " ")
        with pytest.raises(Invalid):
            await free_reference(work, Campaign, "x" * 201)
    assert refused.value.path == ("input", "externalReference")


async def test_two_who_take_a_reference_at_once_get_one_taken(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as one:
        await strategy.create_campaign(
            one, brand_id=world.brand_id, name="One", external_reference="ref"
        )
        # The second looks before the first commits, and writes after it.
        async with world.hub.unit_of_work(world.manager) as other:
            assert await free_reference(other, Campaign, "ref") == "ref"

    with pytest.raises(Taken) as refused:
        async with world.hub.unit_of_work(world.manager) as other:
            other.session.add(
                Campaign(
                    workspace_id=world.workspace_id,
                    brand_id=world.brand_id,
                    name="Two",
                    objective="",
                    brief="",
                    locale="en",
                    external_reference="ref",
                )
            )
    assert refused.value.path == ("input", "externalReference")
