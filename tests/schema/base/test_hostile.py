from collections import Counter

from tests.schema.base.hostile import bombard, hostile_requests, send_raw
from tests.schema.base.serving import Served
from tests.schema.base.toy import TOKEN


async def test_hostile_requests_get_an_answer_quickly_and_cost_little(served: Served) -> None:
    report = await bombard(served.url, TOKEN, 500, pids=[served.pid])

    assert report.faults == ()
    assert report.p99_ms < 300
    assert report.max_ms < 2_000, report.slowest
    assert report.rss_growth < 50_000_000
    assert sum(report.statuses.values()) == 500
    assert not [status for status in report.statuses if status >= 500]


def test_hostile_requests_are_the_same_for_the_same_seed() -> None:
    first = [(each.name, each.body) for each in hostile_requests(1, 400)]
    again = [(each.name, each.body) for each in hostile_requests(1, 400)]
    other = [(each.name, each.body) for each in hostile_requests(2, 400)]

    assert first == again
    assert first != other
    assert Counter(name for name, _ in first).most_common(1)[0][1] == 1


async def test_a_request_that_is_no_http_is_refused_and_the_server_lives(served: Served) -> None:
    garbage = (
        b"\x00\x01\x02\r\n\r\n",
        b"POST /graphql HTTP/9.9\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{",
        b"GET http://@evil/graphql HTTP/1.1\r\nHost: x/graphql?\r\nConnection: close\r\n\r\n",
    )
    for content in garbage:
        answer = await send_raw(served.url, content)
        assert answer.startswith(b"HTTP/1.1 40"), content

    report = await bombard(served.url, TOKEN, 1)
    assert report.faults == ()
