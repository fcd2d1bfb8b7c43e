"""One key, one effect: however often, however fast, and whatever came of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.access.models import Role
from hub.kernel import idempotency
from hub.kernel.idempotency import KeyedRequest, earlier_outcome, forget_expired
from tests.conftest import Database
from tests.schema.client.api import Answer, Api, Desk
from tests.working import move_clock

BRAND = "brand{id name version}"


async def _create(api: Api, **other: Any) -> Answer:
    return await api.do(
        "brandCreate", BRAND, **{"slug": "atlas", "name": "Atlas", "locales": ["en"], **other}
    )


async def _brands(desk: Desk) -> int:
    answer = await desk.manager.ask("{brands{totalCount}}")
    # One was there before.
    return int(answer.data["brands"]["totalCount"]) - 1


async def _kept(desk: Desk) -> int:
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        found = await work.session.execute(text("SELECT count(*) FROM idempotency_keys"))
        return int(found.scalar_one())


async def test_a_repeat_reads_the_result_again_and_does_nothing(desk: Desk) -> None:
    api = desk.manager.sending(idempotency_key="k1")
    first = await _create(api)
    await desk.manager.do("brandUpdate", "", id=first.payload["brand"]["id"], name="Renamed")

    again = await _create(api)

    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.payload["brand"] == {**first.payload["brand"], "name": "Renamed", "version": 2}
    assert await _brands(desk) == 1


async def test_a_key_stands_for_one_request(desk: Desk) -> None:
    api = desk.manager.sending(idempotency_key="k1")
    await _create(api)

    other = await _create(api, name="Another")

    assert other.status == 422
    assert other.refusal == {"code": "IDEMPOTENCY_KEY_REUSED", "path": []}
    assert (await _create(api)).headers["idempotency-replayed"] == "true"
    assert await _brands(desk) == 1


async def test_keys_belong_to_their_member_and_workspace(desk: Desk, stranger: Desk) -> None:
    first = await _create(desk.manager.sending(idempotency_key="k1"))
    colleague = await _create(desk.as_(Role.ADMIN).sending(idempotency_key="k1"), slug="other")
    elsewhere = await _create(stranger.manager.sending(idempotency_key="k1"))

    assert [answer.payload["errors"] for answer in (first, colleague, elsewhere)] == [[], [], []]
    assert (await _brands(desk), await _brands(stranger)) == (2, 1)


async def test_a_refusal_is_repeated_too(desk: Desk) -> None:
    api = desk.manager.sending(idempotency_key="k1")
    refused = await _create(api, locales=[])

    again = await _create(api, locales=[])

    assert refused.refusal == {"code": "INVALID", "path": ["input", "locales"]}
    assert again.data == refused.data
    assert again.headers["idempotency-replayed"] == "true"
    assert (await _brands(desk), await _kept(desk)) == (0, 1)


async def test_a_conflict_is_repeated_with_the_version_of_then(desk: Desk) -> None:
    api = desk.manager.sending(idempotency_key="k1")
    given = {"id": desk.brand, "name": "New", "expectedVersion": 9}
    refused = await api.do("brandUpdate", BRAND, **given)

    assert (await api.do("brandUpdate", BRAND, **given)).refusal == refused.refusal
    assert refused.refusal["currentVersion"] == 1


async def test_without_a_key_nothing_is_kept(desk: Desk) -> None:
    await _create(desk.manager)
    await _create(desk.manager)

    assert await _kept(desk) == 0


async def test_while_the_first_is_under_way_a_repeat_is_told_to_wait(desk: Desk) -> None:
    manager = desk.world.manager
    async with desk.world.hub.unit_of_work(manager) as work:
        await earlier_outcome(work, KeyedRequest(key="k1", request_hash="whatever"))

        waiting = await _create(desk.manager.sending(idempotency_key="k1"))
        unrelated = await _create(desk.manager.sending(idempotency_key="k2"), slug="other")

    afterwards = await _create(desk.manager.sending(idempotency_key="k1"))
    assert (waiting.status, waiting.headers["retry-after"]) == (409, "1")
    assert waiting.refusal == {"code": "IN_PROGRESS", "path": []}
    assert (unrelated.status, unrelated.payload["errors"]) == (200, [])
    assert afterwards.payload["errors"] == []
    assert "idempotency-replayed" not in afterwards.headers


async def test_fifty_at_once_have_one_effect(desk: Desk) -> None:
    api = desk.manager.sending(idempotency_key="k1")

    answers = await asyncio.gather(*(_create(api) for _ in range(50)))

    done = [answer for answer in answers if answer.status == 200]
    waiting = [answer for answer in answers if answer.status == 409]
    assert len(done) + len(waiting) == 50
    assert {str(answer.data) for answer in done} == {str(done[0].data)}
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
    assert (await _brands(desk), await _kept(desk)) == (1, 1)


async def test_fifty_different_keys_for_the_same_thing_make_it_once(desk: Desk) -> None:
    answers = await asyncio.gather(
        *(_create(desk.manager.sending(idempotency_key=f"k{number}")) for number in range(50))
    )

    codes = [[error["code"] for error in answer.payload["errors"]] for answer in answers]
    assert codes.count([]) == 1
    assert codes.count(["TAKEN"]) == 49
    assert await _brands(desk) == 1


async def test_a_key_is_forgotten_after_a_day(desk: Desk, database: Database) -> None:
    hub = desk.world.hub
    api = desk.manager.sending(idempotency_key="k1")
    await _create(api, locales=[])
    await move_clock(hub, database.owner_url, idempotency.KEPT - timedelta(minutes=1))
    still = await _create(api, locales=[])

    await move_clock(hub, database.owner_url, timedelta(minutes=2))
    forgotten = await _create(api, name="Another")

    assert still.headers["idempotency-replayed"] == "true"
    assert forgotten.payload["errors"] == []
    assert "idempotency-replayed" not in forgotten.headers


async def test_expired_keys_are_swept(desk: Desk, database: Database) -> None:
    await _create(desk.manager.sending(idempotency_key="k1"))
    await move_clock(desk.world.hub, database.owner_url, idempotency.KEPT)
    await _create(desk.manager.sending(idempotency_key="k2"), slug="other")

    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        assert await forget_expired(work) == 1

    assert await _kept(desk) == 1


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"a b", b"\xe9"])
async def test_a_malformed_key_is_refused(desk: Desk, key: bytes) -> None:
    authorization = desk.manager.headers["authorization"].encode()

    answer = await desk.api.http.post(
        "/graphql",
        json={"query": 'mutation{brandUpdate(input:{id:"x"}){errors{code}}}'},
        headers=[(b"authorization", authorization), (b"idempotency-key", key)],
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_IDEMPOTENCY_KEY"


async def test_two_mutations_cannot_share_a_key(desk: Desk) -> None:
    one = 'brandCreate(input:{slug:"%s",name:"a",locales:["en"]}){errors{code}}'

    answer = await desk.manager.sending(idempotency_key="k1").ask(
        f"mutation{{a:{one % 'a'} b:{one % 'b'}}}"
    )

    assert (answer.status, answer.codes) == (400, ["ONE_MUTATION_PER_KEY"])
    assert await _brands(desk) == 0
