"""How much a token may ask for in a minute."""

import httpx
import pytest

from schema.base.rates import Rates
from schema.base.refusals import Refusal, code_of
from tests.schema.base.toy import a_door


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def waits(rates: Rates, holder: str, points: int) -> int:
    """Return how many seconds a request has to wait; 0 where it is let in."""
    try:
        rates.charge(holder, points)
    except Refusal as refused:
        refusal = refused
    else:
        return 0
    assert (refusal.status, code_of(refusal.errors[0])) == (429, "RATE_LIMITED")
    return int(refusal.headers["retry-after"])


def test_a_bucket_holds_a_minutes_points_and_fills_up_evenly(clock: Clock) -> None:
    rates = Rates(per_minute=600, clock=clock)

    assert waits(rates, "a", 600) == 0
    assert waits(rates, "a", 1) == 1
    assert waits(rates, "a", 100) == 10
    clock.now += 9.5
    assert waits(rates, "a", 100) == 1
    clock.now += 0.5
    assert waits(rates, "a", 100) == 0
    assert waits(rates, "a", 600) == 60


def test_a_refused_request_costs_nothing(clock: Clock) -> None:
    rates = Rates(per_minute=60, clock=clock)
    rates.charge("a", 50)

    assert [waits(rates, "a", 20) for _ in range(5)] == [10] * 5
    assert waits(rates, "a", 10) == 0


def test_a_bucket_never_holds_more_than_a_minutes_points(clock: Clock) -> None:
    rates = Rates(per_minute=60, clock=clock)
    rates.charge("a", 1)
    clock.now += 86_400

    rates.charge("a", 60)
    assert waits(rates, "a", 1) == 1


def test_one_token_does_not_take_from_another(clock: Clock) -> None:
    rates = Rates(per_minute=60, clock=clock)
    rates.charge("a", 60)

    assert waits(rates, "a", 60) == 60
    assert waits(rates, "b", 60) == 0


def test_what_costs_more_than_a_minute_runs_on_a_full_bucket_and_is_paid_for_later(
    clock: Clock,
) -> None:
    rates = Rates(per_minute=60, clock=clock)
    rates.charge("a", 90)

    assert waits(rates, "a", 1) == 31
    clock.now += 31
    assert waits(rates, "a", 1) == 0


def test_without_a_limit_nobody_waits(clock: Clock) -> None:
    rates = Rates(per_minute=0, clock=clock)

    assert [waits(rates, "a", 1_000_000) for _ in range(3)] == [0, 0, 0]


def test_the_buckets_are_bounded(clock: Clock) -> None:
    rates = Rates(per_minute=60, clock=clock)
    for number in range(10_500):
        rates.charge(number, 1)

    assert len(rates._buckets) == 10_000


async def test_a_client_that_asks_for_too_much_is_told_when_to_come_back(clock: Clock) -> None:
    transport = httpx.ASGITransport(a_door(points_per_minute=4, clock=clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        body = {"query": "{items(first:1){edges{node{id}}}}"}
        first = await client.post("/graphql", json=body)
        invalid = await client.post("/graphql", json={"query": "{nope}"})
        second = await client.post("/graphql", json=body)
        clock.now += float(second.headers["retry-after"])
        third = await client.post("/graphql", json=body)

    assert first.json()["extensions"]["cost"]["requested"] == 4
    assert invalid.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert (second.status_code, second.headers["retry-after"]) == (429, "60")
    assert second.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert "data" not in second.json()
    assert third.status_code == 200


async def test_a_stream_is_paid_for_like_a_request(clock: Clock) -> None:
    transport = httpx.ASGITransport(a_door(points_per_minute=1, clock=clock))
    stream = {"accept": "text/event-stream"}
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        body = {"query": "subscription{ticks(count:0)}"}
        await client.post("/graphql", json=body, headers=stream)
        second = await client.post("/graphql", json=body, headers=stream)

    assert (second.status_code, second.headers["retry-after"]) == (429, "60")
    assert second.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
