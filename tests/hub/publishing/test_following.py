"""What its links are followed by is approved too: when that changes, nothing stale goes out."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.content import operations as content
from hub.content.models import Edition
from hub.content.rules import Part, Words
from hub.publishing import claiming
from hub.publishing import operations as publishing
from hub.publishing.models import Publication
from hub.review import operations as review
from hub.review.models import Verdict
from hub.strategy import operations as strategy
from tests import factories
from tests.conftest import Database
from tests.factories import World, a_channel, approve, in_review
from tests.hub.traces import put, refusal, tell

UTM = {"source": "{platform}", "medium": "social", "campaign": "{campaign}", "content": "{content}"}
TAGGED = "utm_source=mastodon&utm_medium=social&utm_campaign=la-semaine&utm_content=velo"


async def campaign_of(world: World, utm: dict[str, str] | None = None) -> UUID:
    async with world.hub.unit_of_work(world.manager) as work:
        await strategy.update_brand(
            work, brand_id=world.brand_id, changes={"own_domains": ["acme.example"]}
        )
        made = await strategy.create_campaign(
            work, brand_id=world.brand_id, name="La semaine", utm=UTM if utm is None else utm
        )
    return made.id


async def item_of(world: World, campaign_id: UUID | None, text: str) -> UUID:
    async with world.hub.unit_of_work(world.editor) as work:
        made = await content.create_item(
            work,
            brand_id=world.brand_id,
            campaign_id=campaign_id,
            words=Words(title="Vélo", parts=(Part(text=text),)),
            locale="fr",
        )
    return made.id


async def scheduled(world: World, item_id: UUID, channel_id: UUID) -> Publication:
    when = await world.hub.now() + timedelta(hours=1)
    review_id = await in_review(
        world, item_id=item_id, channel_ids=[channel_id], scheduled_for=when
    )
    await approve(world, review_id=review_id)
    return await newest(world, item_id)


async def newest(world: World, item_id: UUID) -> Publication:
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(
            select(Publication)
            .where(Publication.item_id == item_id)
            .order_by(Publication.id.desc())
            .limit(1)
        )
    return rows[0]


async def text_of(world: World, edition_id: UUID) -> str:
    async with world.hub.unit_of_work(world.system) as work:
        return (await content.edition_content(work, edition_id=edition_id)).parts[0].text


async def change(world: World, campaign_id: UUID, **changes: Any) -> list[str]:
    told = await tell(
        world,
        world.manager,
        partial(strategy.update_campaign, campaign_id=campaign_id, changes=changes),
    )
    return [one.name for one in told]


async def test_links_to_our_domains_get_the_campaigns_parameters(world: World) -> None:
    campaign_id, channel_id = await campaign_of(world), await a_channel(world)
    item_id = await item_of(
        world, campaign_id, "https://acme.example/a?x=1#b et https://else.example/"
    )

    row = await scheduled(world, item_id, channel_id)

    assert await text_of(world, row.edition_id) == (
        f"https://acme.example/a?x=1&{TAGGED}#b et https://else.example/"
    )


async def test_another_template_holds_what_is_scheduled_until_it_is_approved_anew(
    world: World,
) -> None:
    campaign_id, channel_id = await campaign_of(world), await a_channel(world)
    item_id = await item_of(world, campaign_id, "https://acme.example/")
    plain = await item_of(world, campaign_id, "aucun lien")
    first = await scheduled(world, item_id, channel_id)
    other = await scheduled(world, plain, channel_id)

    assert await change(world, campaign_id, name="Autre nom") == ["campaign.updated"]
    assert await change(world, campaign_id, utm={"source": "x"}) == [
        "campaign.updated",
        "publication.held",
    ]

    held = await factories.publication(world, first.id)
    assert (held.state.value, held.hold_reason) == ("HELD", "EDITION_STALE")
    assert (await factories.publication(world, other.id)).state.value == "SCHEDULED"
    resume = partial(publishing.resume, publication_id=first.id)
    assert await refusal(world, world.editor, resume) == ("WRONG_STATE", ("input", "id"))

    again = await scheduled(world, item_id, channel_id)

    assert await text_of(world, again.edition_id) == "https://acme.example/?utm_source=x"
    assert (await factories.publication(world, first.id)).state.value == "CANCELLED"


async def test_other_domains_and_another_campaign_hold_as_well(world: World) -> None:
    campaign_id, channel_id = await campaign_of(world), await a_channel(world)
    rows = [
        await scheduled(world, await item_of(world, of, "https://acme.example/"), channel_id)
        for of in (campaign_id, None)
    ]
    other = await campaign_of(world, {"source": "y"})

    told = await tell(
        world,
        world.manager,
        lambda work: strategy.update_brand(
            work, brand_id=world.brand_id, changes={"own_domains": []}
        ),
    )
    moved = await tell(
        world,
        world.editor,
        lambda work: content.revise_item(
            work, item_id=rows[1].item_id or UUID(int=0), words=Words(), campaign_id=other
        ),
    )

    assert [one.name for one in told] == ["brand.updated", "publication.held"]
    assert told[1].subject_id == rows[0].id
    assert [one.name for one in moved] == ["content_item.updated", "publication.held"]
    assert moved[1].subject_id == rows[1].id


async def test_what_changed_while_it_was_reviewed_cannot_be_approved(world: World) -> None:
    campaign_id, channel_id = await campaign_of(world), await a_channel(world)
    item_id = await item_of(world, campaign_id, "https://acme.example/")
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    await change(world, campaign_id, utm=None)

    decide = partial(review.decide, review_id=review_id, verdict=Verdict.APPROVE)

    assert await refusal(world, world.approver, decide) == ("WRONG_STATE", ("input", "reviewId"))


async def test_the_moment_of_truth_asks_once_more(world: World, database: Database) -> None:
    campaign_id, channel_id = await campaign_of(world), await a_channel(world)
    item_id = await item_of(world, campaign_id, "https://acme.example/")
    row = await scheduled(world, item_id, channel_id)
    now = await world.hub.now()
    # As where a reaction was missed: by a hand in the database.
    await put(database, "campaigns", campaign_id, utm='{"source": "z"}')
    await put(database, "publications", row.id, due_at=now)

    async with world.hub.unit_of_work(world.system) as work:
        assert await claiming.claim(work, publication_id=row.id, worker="w") is None

    held = await factories.publication(world, row.id)
    assert (held.state.value, held.hold_reason) == ("HELD", "EDITION_STALE")


async def test_editions_without_links_or_template_say_so(world: World) -> None:
    channel_id = await a_channel(world)
    campaign_id = await campaign_of(world)
    for of, text, tracked in (
        (campaign_id, "https://acme.example/", True),
        (campaign_id, "rien", False),
        (None, "https://acme.example/ encore", False),
    ):
        item_id = await item_of(world, of, text)
        item = await factories.item(world, item_id)
        await in_review(world, item_id=item_id, channel_ids=[channel_id])
        async with world.hub.unit_of_work(world.system) as work:
            edition = await work.one(
                select(Edition).where(Edition.revision_id == item.current_revision_id)
            )
        assert edition is not None
        assert (len(edition.tracking) == 64) is tracked
        assert (edition.tracking == "") is not tracked
