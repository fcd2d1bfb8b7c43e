"""The example page in Chromium, beside a whole hub: what it shows, and what it does not do."""

import io
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.examples.browser import a_browser
from tests.running import RunningHub, a_folder, a_running_hub
from tests.targets.hub_clock import HubClock
from tests.targets.newsroom import Newsroom, Text

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
#: Half a day ahead of most of the world.
ZONE = ZoneInfo("Pacific/Apia")
HOSTILE = """<img src=x onerror="window.hacked = 1">'"</h3><script>window.hacked = 2</script>"""
MILLISECONDS = 20_000

pytestmark = pytest.mark.timeout(300)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The page's address, a hub that lets it in, and what people did there."""

    page: str
    hub: RunningHub
    newsroom: Newsroom
    channel: str


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    """What is to be put away in the end, the last first."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture(scope="module")
def stage(stack: ExitStack) -> Iterator[Stage]:
    """Serve the page, start a hub that allows its origin, and publish one hostile post."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(EXAMPLES)))
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    with a_folder() as folder, a_running_hub(folder, env={"HUB_CORS_ORIGINS": origin}) as hub:
        newsroom = Newsroom(url=hub.url, tokens=hub.tokens, clock=HubClock(folder))
        stack.callback(newsroom.close)
        channel = newsroom.connected("feed", name="News <b>feed</b>", settings={"title": "News"})
        picture = newsroom.picture(_picture(), mime="image/png", alt='A "red" <field>')
        text = Text(parts=[f"Hello.\n{HOSTILE}"], title=HOSTILE, pictures=[picture])
        sent = newsroom.sent(text, channel["id"])
        newsroom.came_to(sent, {"PUBLISHED"})
        yield Stage(
            page=f"{origin}/published.html", hub=hub, newsroom=newsroom, channel=channel["id"]
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    expect.set_options(timeout=MILLISECONDS)
    with a_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of a French visitor in Samoa."""
    context = browser.new_context(locale="fr-FR", timezone_id=ZONE.key)
    context.set_default_timeout(MILLISECONDS)
    yield context.new_page()
    context.close()


def entered(page: Page, stage: Stage, *, token: str | None = None) -> list[str]:
    """Open the page and connect; return the complaints of the browser as they come."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(stage.page)
    page.get_by_label("Adresse de l\u2019API").fill(f"{stage.hub.url}/graphql")
    page.get_by_label("Jeton").fill(token or stage.hub.tokens["manager"])
    page.get_by_role("button", name="Se connecter").click()
    return complaints


def test_posts_and_the_calendar_are_shown_and_change_while_one_looks(
    page: Page, stage: Stage
) -> None:
    when = (datetime.now(UTC) + timedelta(hours=2)).replace(second=0, microsecond=0)
    newsroom = stage.newsroom
    planned = newsroom.approved(Text(parts=["Later"], title="Plus tard"), [stage.channel])
    given = {"contentItemId": planned, "channelId": stage.channel, "scheduledFor": when.isoformat()}
    newsroom.do("publicationSchedule", given, "publication { id }", role="manager")
    proposed = newsroom.written(Text(parts=["Maybe"], title="Peut-être"))
    target = {"channelId": stage.channel, "scheduledFor": when.isoformat()}
    newsroom.do("reviewSubmit", {"contentItemId": proposed, "targets": [target]}, "review { id }")

    complaints = entered(page, stage)

    expect(page.get_by_role("status")).to_have_text("En direct", timeout=MILLISECONDS)
    posts = page.locator("#list article")
    expect(posts).to_have_count(1)
    expect(posts.get_by_role("heading")).to_have_text(HOSTILE)
    expect(posts.locator(".words")).to_contain_text(HOSTILE)
    expect(posts.locator(".where")).to_contain_text("sur News <b>feed</b> (Feed)")
    picture = posts.get_by_role("img", name='A "red" <field>')
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#list img').naturalWidth > 0")
    assert posts.get_by_role("link").get_attribute("href", timeout=MILLISECONDS)

    local = when.astimezone(ZONE)
    if local.month != datetime.now(ZONE).month:
        page.get_by_role("button", name="Mois suivant").click()
    day = page.locator(f'td[data-date="{local.date()}"]')
    scheduled = day.locator('[data-state="SCHEDULED"]')
    expect(scheduled).to_have_text(f"{local:%H:%M} Plus tard")
    expect(day.locator('[data-state="PROPOSED"]')).to_have_text(f"{local:%H:%M} Peut-être")
    scheduled.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Plus tard")).to_contain_text("Programmé")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    newsroom.sent(Text(parts=["Just now"], title="À l\u2019instant"), stage.channel)
    expect(posts).to_have_count(2)
    expect(posts.first.get_by_role("heading")).to_have_text("À l\u2019instant")
    expect(page.locator('[data-state="PUBLISHED"]')).to_have_count(2)

    page.get_by_label("Langue").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Published")
    expect(page.get_by_role("status")).to_have_text("Live")
    page.reload()
    expect(page.get_by_role("status")).to_have_text("En direct")
    expect(posts).to_have_count(2)

    assert page.evaluate("window.hacked") is None
    assert page.locator("#list script, #list b, #weeks b").count() == 0
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("document.cookie") == ""
    assert complaints == []


def test_a_token_that_is_refused_is_said_to_be_and_forgotten(page: Page, stage: Stage) -> None:
    entered(page, stage, token="hub_pat_wrong")

    expect(page.get_by_role("alert")).to_have_text(
        "Le jeton n\u2019est pas valide, ou ne l\u2019est plus."
    )
    expect(page.get_by_role("status")).to_have_text("Refusé")
    expect(page.locator("#posts")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_page_comes_back_when_the_server_was_restarted(page: Page, stage: Stage) -> None:
    entered(page, stage)
    expect(page.get_by_role("status")).to_have_text("En direct")
    (server,) = [one for one in stage.hub.processes() if one.cmdline()[1:3] == ["-m", "schema"]]

    with httpx.stream(
        "POST",
        f"{stage.hub.url}/graphql",
        json={"query": "subscription { publicationChanged { event { sequence } } }"},
        headers={
            "authorization": f"Bearer {stage.hub.tokens['manager']}",
            "accept": "text/event-stream",
        },
        trust_env=False,
        timeout=8,  # Shorter than the server waits for open answers.
    ) as response:
        lines = response.iter_lines()
        assert next(lines) == ":"
        server.send_signal(signal.SIGTERM)
        rest = list(lines)  # Ends by itself: an answer that was cut off would raise.

    assert "event: complete" not in rest  # The reader is to come back.
    expect(page.get_by_role("status")).to_have_text("Connexion …")
    # A server takes its time to start where others work too.
    expect(page.get_by_role("status")).to_have_text("En direct", timeout=3 * MILLISECONDS)


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 360), (190, 60, 50)).save(buffer, "PNG")
    return buffer.getvalue()
