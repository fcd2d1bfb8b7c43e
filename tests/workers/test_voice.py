"""Contents are checked anew when a voice guide changes, by the job that was promised."""

from hub.strategy import guides
from hub.strategy import operations as strategy
from hub.strategy.voice import BannedWord, Disclosure, DisclosureWhen, Guide
from tests import factories
from tests.factories import World, an_item
from tests.working import jobs_left, work_off
from workers.handling import Toolbox

GUIDE = Guide(
    banned_words=(BannedWord(phrase="gratuit"),),
    required_disclosures=(Disclosure(alternatives=("#ad",), when=DisclosureWhen.PAID),),
)


async def test_stored_problems_follow_the_guide(world: World, tools: Toolbox) -> None:
    item_id = await an_item(world, text="Tout est gratuit", locale="fr")
    async with world.hub.unit_of_work(world.manager) as work:
        row = await guides.set_guide(work, brand_id=world.brand_id, locale="fr", guide=GUIDE)
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="C")

    await work_off(tools)
    found = (await factories.item(world, item_id)).voice_problems
    assert [(one["code"], one["start"], one["end"]) for one in found] == [
        ("VOICE_BANNED_WORD", 9, 16)
    ]

    async with world.hub.unit_of_work(world.manager) as work:
        await guides.delete_guide(work, guide_id=row.id)
        await strategy.update_campaign(work, campaign_id=campaign.id, changes={"paid": True})
    await work_off(tools)
    item = await factories.item(world, item_id)
    assert (item.voice_problems, item.voice_seen["guide"]) == ([], None)
    assert await jobs_left(world.hub) == []
