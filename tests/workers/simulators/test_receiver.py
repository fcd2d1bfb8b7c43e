"""The receiver refuses what it must and keeps the rest once."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook as Judge

from workers.simulators.receiver import create_receiver, new_secret
from workers.simulators.serving import served

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = '{"type":"x"}'


@pytest.fixture
def base() -> Iterator[str]:
    with served(create_receiver(clock=lambda: NOW)) as address:
        yield address


@pytest.fixture
async def web(base: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base, trust_env=False, verify=False) as client:
        yield client


@pytest.fixture
async def secret(web: httpx.AsyncClient) -> str:
    opened = await web.post("/_sim/inboxes", json={"name": "box"})
    assert opened.json()["url"].endswith("/hooks/box")
    return str(opened.json()["secrets"][0])


def signed(secret: str, *, message_id: str = "msg_1", at: datetime = NOW) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        # The judge takes a moment without a zone for one in UTC.
        "webhook-signature": Judge(secret).sign(message_id, at.replace(tzinfo=None), BODY),
    }


async def deliver(web: httpx.AsyncClient, headers: Mapping[str, str]) -> int:
    return (await web.post("/hooks/box", content=BODY, headers=dict(headers))).status_code


async def test_a_repeat_is_accepted_and_kept_once(web: httpx.AsyncClient, secret: str) -> None:
    answers = [await deliver(web, signed(secret)) for _ in range(3)]

    inbox = (await web.get("/_sim/inboxes/box")).json()
    assert answers == [200, 200, 200]
    assert inbox["messages"] == [{"id": "msg_1", "payload": {"type": "x"}}]
    assert inbox["deliveries"] == ["msg_1"] * 3


async def test_what_is_not_signed_rightly_is_refused(web: httpx.AsyncClient, secret: str) -> None:
    good = signed(secret)
    wrong: list[dict[str, str]] = [
        {},
        {**good, "webhook-id": "msg_2"},
        {**good, "webhook-id": ""},
        {**good, "webhook-timestamp": "+1772366400"},
        {**good, "webhook-timestamp": "1772366400.0"},
        {**good, "webhook-timestamp": "1_772_366_400"},
        {**good, "webhook-signature": good["webhook-signature"].replace("v1,", "v1a,")},
        {**good, "webhook-signature": "v1"},
        {**good, "webhook-signature": "v1,!!! v1,, ,"},
        signed(new_secret()),
        signed(secret, message_id="msg.1"),
    ]

    assert [await deliver(web, headers) for headers in wrong] == [401] * len(wrong)
    inbox = (await web.get("/_sim/inboxes/box")).json()
    assert (inbox["count"], len(inbox["refused"])) == (0, len(wrong))


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 200), (299, 200), (301, 401)])
async def test_the_time_must_be_near(
    web: httpx.AsyncClient, secret: str, seconds: int, status: int
) -> None:
    at = datetime.fromtimestamp(NOW.timestamp() + seconds, UTC)

    assert await deliver(web, signed(secret, at=at)) == status


async def test_one_of_several_signatures_is_enough(web: httpx.AsyncClient, secret: str) -> None:
    strange, right = signed(new_secret()), signed(secret)
    both = f"{strange['webhook-signature']} {right['webhook-signature']}"

    assert await deliver(web, {**right, "webhook-signature": both}) == 200


async def test_an_unknown_address_is_404(web: httpx.AsyncClient) -> None:
    assert (await web.post("/hooks/nobody", content=BODY)).status_code == 404
    assert (await web.get("/_sim/inboxes/nobody")).status_code == 404


async def test_its_faults_are_those_of_any_simulator(web: httpx.AsyncClient, secret: str) -> None:
    fault = {"method": "POST", "path": "/hooks/box", "effect": "drop_after"}
    await web.post("/_sim/faults", json=fault)

    with pytest.raises(httpx.TransportError):
        await deliver(web, signed(secret))

    assert (await web.get("/_sim/inboxes/box")).json()["count"] == 1
