"""The whole circle, told once: two brands are run with nothing but the public API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.kernel.settings import Settings
from tests.conftest import Database
from tests.story import (
    automating,
    contest,
    inbox,
    media,
    moderation,
    publishing,
    refusals,
    reputation,
    results,
    reviewing,
    strategy,
)
from tests.story.stage import Story, a_company, a_town


@pytest.fixture
async def story(settings: Settings, database: Database) -> AsyncIterator[Story]:
    """Two companies in one town."""
    async with a_town(settings, database) as town:
        yield Story(
            town=town,
            atelier=await a_company(town, "atelier"),
            lighthouse=await a_company(town, "lighthouse"),
        )


@pytest.mark.timeout(600)
async def test_two_brands_are_run_through_the_api_alone(story: Story, tmp_path: Path) -> None:
    await automating.listen(story)
    await strategy.play(story)
    await reputation.listen(story)
    await media.play(story)
    await reviewing.play(story)
    await publishing.play(story)
    await automating.trigger(story)
    await inbox.play(story)
    await moderation.play(story)
    await reputation.play(story)
    await moderation.ends(story)
    await contest.play(story, tmp_path)
    await reputation.afterwards(story)
    await results.play(story)
    await automating.play(story)
    await refusals.play(story)
