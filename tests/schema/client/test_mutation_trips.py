"""How often a mutation goes to the database: exact, so that it cannot grow unseen."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from hub.kernel.settings import Settings
from tests.factories import a_world
from tests.schema.client.api import Api, an_api, gid
from tests.wire import Wire, a_wire

#: What every mutation under a key costs beside its own: it begins, takes its key and both clocks.
FIXED = ["BEGIN; EXECUTE"]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The API over a wire that counts, as an editor uses it."""

    wire: Wire
    api: Api
    brand: str
    token: str

    async def statements(self, mutation: str, selection: str, **given: object) -> list[str]:
        """Run a mutation until everything is prepared, then once more: return what was asked."""
        for turn in range(3):
            self.wire.forget()
            answer = await self.api.sending(idempotency_key=f"{mutation}-{turn}").do(
                mutation, selection, **{**given, "externalReference": f"{mutation}-{turn}"}
            )
            assert answer.payload["errors"] == []
        return self.wire.words()


@pytest.fixture
async def counted(settings: Settings) -> AsyncIterator[Counted]:
    async with a_wire(settings.database_url) as wire:
        over = settings.model_copy(update={"database_url": wire.url, "database_pool": 1})
        async with an_api(over) as api:
            world = await a_world(api.app.state.hub)
            token = world.tokens[next(role for role in world.tokens if role.value == "MANAGER")]
            yield Counted(
                wire=wire, api=api.as_(token), brand=gid("Brand", world.brand_id), token=token
            )


async def test_an_item_with_three_variants_is_written_in_one_statement(counted: Counted) -> None:
    variants = [{"platform": key, "title": key} for key in ("mastodon", "bluesky", "wordpress")]

    asked = await counted.statements(
        "contentItemCreate",
        "contentItem{id}",
        brandId=counted.brand,
        title="A title",
        locale="en",
        parts=[{"text": "Words"}],
        variants=variants,
    )

    # Looking up what it names, writing everything (item, revision, variants, event, key), the
    # commit, and the answer.
    assert asked == [*FIXED, "SELECT EXISTS", "WITH pile_0", "COMMIT", asked[-1]]
    assert counted.wire.trips == len(asked)
    written = [
        table
        for table in ("content_items", "events", "idempotency_keys", "revisions", "variants")
        if f"INSERT INTO {table} " in counted.wire.sql(2)
    ]
    assert len(written) == 5
