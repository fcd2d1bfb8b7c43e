"""The real application under requests no client should send."""

from hub.access.models import Role
from hub.kernel.settings import Settings
from tests.factories import World
from tests.schema.base.hostile import bombard
from tests.schema.client.serving import served


async def test_every_hostile_request_gets_a_typed_answer(settings: Settings, world: World) -> None:
    strict = settings.model_copy(update={"environment": "production"})
    async with served(strict) as url:
        report = await bombard(f"{url}/graphql", world.tokens[Role.EDITOR], 300)

    assert report.faults == ()
    assert sum(report.statuses.values()) == 300
    assert report.max_ms < 2_000, report.slowest
