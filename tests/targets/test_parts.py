"""The parts of the campaign that must be right before anything it says can be believed."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from hub.kernel.signatures import secret_bytes, signed
from tests.targets import bluesky_server, debian, names, wordpress_agreement
from tests.targets.campaign import Case, Figure, Lane, Result, Told, play
from tests.targets.installing import HERE, CannotStart, installed, version_of
from tests.targets.newsroom import until
from tests.targets.parties import PARTIES
from tests.targets.proxy import Proxy, a_proxy
from tests.targets.receiver import Inbox, Receiver, a_receiver, a_secret, is_genuine
from tests.targets.report import (
    BEGIN,
    DOCUMENT,
    END,
    between_markers,
    figures,
    markdown,
    said,
)

ANSWER = b'{"stored": true}'
QUICK = Figure(name="a comment", value=2.0, bar=2.0)
SLOW = Figure(name="an answer", value=2.5, bar=2.0)


class _Storing(BaseHTTPRequestHandler):
    """A server that remembers what it stored."""

    stored: ClassVar[list[bytes]]

    def do_POST(self) -> None:
        self.stored.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Say nothing."""


@dataclass(frozen=True)
class Behind:
    """A storing server and the proxy before it."""

    proxy: Proxy
    stored: list[bytes]

    def post(self, path: str = "/posts") -> httpx.Response:
        return httpx.post(
            f"http://{self.proxy.address}{path}{'&' if '?' in path else '?'}a=b",
            content=b"hello",
            headers={"Authorization": "Bearer abc"},
            trust_env=False,
            timeout=5,
        )


@pytest.fixture
def behind() -> Iterator[Behind]:
    class Storing(_Storing):
        stored: ClassVar[list[bytes]] = []

    with _serving(Storing) as port, a_proxy(port) as proxy:
        yield Behind(proxy=proxy, stored=Storing.stored)


@contextmanager
def _serving(handler: type[_Storing]) -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_proxy_passes_on_what_it_gets_and_keeps_count(behind: Behind) -> None:
    answer = behind.post()

    assert (answer.status_code, answer.content) == (200, ANSWER)
    assert behind.stored == [b"hello"]
    (call,) = behind.proxy.seen("POST", "/posts")
    assert (call.token, call.status, call.cut) == ("abc", 200, False)
    assert behind.proxy.by("abc") == [call]
    assert behind.proxy.seen("GET", "/posts") == []
    assert behind.proxy.seen("POST", "/posts", token="another") == []


def test_an_answer_that_is_cut_was_given_and_only_one_is_lost(behind: Behind) -> None:
    behind.proxy.cut("POST", "/posts")

    with pytest.raises(httpx.RemoteProtocolError):
        behind.post()
    assert behind.stored == [b"hello"]
    assert behind.post().content == ANSWER
    assert [call.cut for call in behind.proxy.seen("POST", "/posts")] == [True, False]


def test_a_cut_waits_for_its_own_request(behind: Behind) -> None:
    behind.proxy.cut("POST", "/posts")

    assert behind.post("/others").content == ANSWER
    with pytest.raises(httpx.RemoteProtocolError):
        behind.post()


def test_an_answer_can_break_off_in_the_middle(behind: Behind) -> None:
    behind.proxy.cut("POST", "/posts", share=0.95)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        behind.post()
    assert behind.stored == [b"hello"]


def test_whoever_waits_for_an_answer_that_is_lost_may_have_to_wait_long(behind: Behind) -> None:
    given_up = threading.Event()
    behind.proxy.cut("POST", "/posts", before=lambda: given_up.wait(5))

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(behind.post)
        (call,) = until(
            "the answer is held back",
            lambda: behind.proxy.seen("POST", "/posts"),
            lambda calls: any(call.cut for call in calls),
        )
        assert call.status == 200
        assert not waiting.done()
        given_up.set()
        with pytest.raises(httpx.RemoteProtocolError):
            waiting.result(timeout=5)


def test_a_cut_may_name_many_paths_and_knows_a_route_that_is_asked_for(behind: Behind) -> None:
    behind.proxy.cut("POST", "/wp/v2/posts/*")

    assert behind.post("/?rest_route=/wp/v2/posts&x=1").content == ANSWER
    with pytest.raises(httpx.RemoteProtocolError):
        behind.post("/?rest_route=%2Fwp%2Fv2%2Fposts%2F7&x=1")
    assert [call.path for call in behind.proxy.calls] == ["/wp/v2/posts", "/wp/v2/posts/7"]


def test_something_can_be_done_between_an_answer_and_its_way_on(behind: Behind) -> None:
    seen: list[list[bytes]] = []
    behind.proxy.cut("POST", "/posts", share=1, before=lambda: seen.append([*behind.stored]))

    assert behind.post().content == ANSWER
    assert behind.post().content == ANSWER
    assert seen == [[b"hello"]]
    assert [call.cut for call in behind.proxy.calls] == [False, False]


def test_a_proxy_that_is_away_refuses_and_comes_back_at_the_same_port(behind: Behind) -> None:
    port = behind.proxy.port

    with behind.proxy.away(), pytest.raises(httpx.ConnectError):
        behind.post()
    assert behind.stored == []
    assert behind.proxy.port == port
    assert behind.post().content == ANSWER


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as running:
        yield running


def _deliver(
    receiver: Receiver, inbox: Inbox, *, secret: str | None = None, id_: str = "msg_1"
) -> httpx.Response:
    body = json.dumps({"n": 1}).encode()
    key = secret_bytes(secret or inbox.secret)
    headers = signed([key], message_id=id_, at=datetime.now(UTC), body=body)
    return httpx.post(
        receiver.url(inbox), content=body, headers=dict(headers), trust_env=False, timeout=5
    )


def test_the_receiver_keeps_a_genuine_delivery_once(receiver: Receiver) -> None:
    inbox = receiver.inbox("a")

    assert [_deliver(receiver, inbox).status_code for _ in range(2)] == [204, 204]
    assert inbox.kept == {"msg_1": {"n": 1}}
    assert [delivery.genuine for delivery in inbox.deliveries] == [True, True]


def test_the_receiver_refuses_what_another_secret_has_signed(receiver: Receiver) -> None:
    inbox = receiver.inbox("a")

    assert _deliver(receiver, inbox, secret=a_secret()).status_code == 401
    assert inbox.kept == {}
    assert [delivery.genuine for delivery in inbox.deliveries] == [False]


def test_the_receiver_can_keep_a_delivery_and_lose_its_answer(receiver: Receiver) -> None:
    inbox = receiver.inbox("a")
    inbox.plan(answers=False)

    with pytest.raises(httpx.RemoteProtocolError):
        _deliver(receiver, inbox)
    assert list(inbox.kept) == ["msg_1"]
    assert _deliver(receiver, inbox).status_code == 204
    assert list(inbox.kept) == ["msg_1"]


def test_the_receiver_can_refuse_and_keep_nothing(receiver: Receiver) -> None:
    inbox = receiver.inbox("a")
    inbox.plan(status=503, keeps=False, headers={"Retry-After": "3"})

    answer = _deliver(receiver, inbox)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert inbox.kept == {}


def test_a_body_that_was_changed_on_the_way_is_not_genuine() -> None:
    secret, body = a_secret(), b'{"n": 1}'
    headers = signed([secret_bytes(secret)], message_id="m", at=datetime.now(UTC), body=body)

    assert is_genuine(secret, headers, body)
    assert not is_genuine(secret, headers, body.replace(b"1", b"2"))
    assert not is_genuine(secret, {}, body)


def test_a_case_that_breaks_is_named_and_hides_no_other() -> None:
    def breaks(_: str) -> str:
        raise ValueError("no good")

    lane = Lane(
        cases=[
            Case(name="one", party="p", play=breaks),
            Case(name="two", party="p", play=lambda stage: stage),
            Case(name="three", party="p", play=lambda stage: Told(remark=stage, figures=(QUICK,))),
        ],
        stage="seen",
    )
    told: list[Result] = []

    results = play([lane], tell=told.append)

    assert [(result.name, result.error, result.remark, result.figures) for result in results] == [
        ("one", "ValueError: no good", "", ()),
        ("two", "", "seen", ()),
        ("three", "", "seen", (QUICK,)),
    ]
    assert told == results


def test_the_document_shows_every_result_between_its_markers() -> None:
    results = [
        Result(name="one", party="a", seconds=1.25),
        Result(name="two", party="b", seconds=0.5, error="Broken: 2 posts", remark=""),
    ]
    text = markdown(results, {"a": "1.0", "b": "2.0"}, summary="2 cases.")

    assert "| one | ✓ 1.2 s | · |" in text
    assert "| two | · | ✗ 0.5 s |" in text
    assert "- two (b): Broken: 2 posts" in text
    written = between_markers(f"before\n{BEGIN}\nold\n{END}\nafter\n", text)
    assert written == f"before\n{BEGIN}\n\n{text}\n\n{END}\nafter\n"
    assert between_markers(written, text) == written
    with pytest.raises(ValueError, match="markers"):
        between_markers("no markers", text)


def test_every_figure_stands_beside_its_bar_and_one_that_is_missed_is_named() -> None:
    results = [
        Result(name="one", party="a", seconds=1, figures=(QUICK, SLOW)),
        Result(name="two", party="a", seconds=1, error="Broken: 2 posts"),
    ]

    found = figures(results, seconds=120)
    text = markdown(results, {"a": "1.0"}, summary="2 cases.", found=found)

    assert [figure.met for figure in found] == [False, True, True, False]
    assert said(found) == (
        "2 of 4 figures within their bars; missed: of 2 cases did not hold, an answer (a)"
    )
    assert said([QUICK]) == "1 of 1 figures within their bars"
    assert "| of 2 cases did not hold | 1 | 0 |" in text
    assert "| installing, starting and playing everything | 120.0 s | 900.0 s |" in text
    assert "| an answer (a) | 2.5 s | 2.0 s |" in text


def test_the_document_has_its_markers() -> None:
    document = DOCUMENT.read_text()

    assert document.count(BEGIN) == document.count(END) == 1
    assert document.index(BEGIN) < document.index(END)


def test_every_name_is_played_and_none_twice_against_the_same_party() -> None:
    every = [case for party in PARTIES for case in party.cases]
    played = [(case.name, case.party) for case in every]
    known = {value for name, value in vars(names).items() if name.isupper()}

    assert len(played) == len(set(played))
    shared = {case.name for case in wordpress_agreement.cases.cases}
    assert {name for name, _ in played} - shared == known


def test_every_case_a_site_shares_with_its_simulator_has_a_name_of_its_own() -> None:
    shared = [case.name for case in wordpress_agreement.cases.cases]

    assert len(shared) == len(set(shared)) > 30
    assert all(name.startswith("as the simulator: ") for name in shared)


def test_packages_that_only_an_administrator_can_install_are_named() -> None:
    told: list[str] = []

    with pytest.raises(CannotStart, match="no-such-package-here"):
        debian.install(("no-such-package-here",), tell=told.append, whose="It", allowed=False)

    assert told == []


@pytest.mark.parametrize(("program", "version"), [("mastodon-mock", "0.6.1"), ("misago", "0.39.6")])
def test_every_pin_is_exact(program: str, version: str) -> None:
    pins = [line for line in (HERE / f"{program}.txt").read_text().splitlines() if line]

    assert version_of(program, "\n".join(pins)) == version
    assert all(line.startswith("#") or line.count("==") == 1 for line in pins)


def test_every_pin_of_the_network_of_bluesky_is_exact() -> None:
    asked = json.loads((bluesky_server.HERE / "package.json").read_text())["dependencies"]
    lock = (bluesky_server.HERE / "pnpm-lock.yaml").read_text()

    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in asked.values())
    assert all(f"specifier: {version}" in lock for version in asked.values())
    assert "tarball:" not in lock
    assert "://" not in lock


def test_what_was_installed_before_is_not_installed_again(tmp_path: Path) -> None:
    folder = tmp_path / "mastodon-mock"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "pins.txt").write_text((HERE / "mastodon-mock.txt").read_text())

    def unheard(line: str) -> None:
        raise CannotStart(line)

    program = installed("mastodon-mock", tell=unheard, tools=tmp_path)

    assert (program.python, program.version) == (folder / "bin" / "python", "0.6.1")


def test_a_connection_that_says_nothing_does_not_stop_the_proxy(behind: Behind) -> None:
    with socket.create_connection(("127.0.0.1", behind.proxy.port), timeout=5):
        assert behind.post().content == ANSWER
