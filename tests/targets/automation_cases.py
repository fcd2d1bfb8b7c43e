"""Other tools publish through the hub and hear of everything, signed: judged by the reference."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from tests.targets import names
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Json, expect, until
from tests.targets.team import Noted, Team
from tests.targets.town import Play, Town, calls

#: Further from the hub's clock than a signature may be.
LATE = timedelta(minutes=6)
TIMES = 5


class Tool:
    """A tool that calls a trigger of the team, as n8n would."""

    def __init__(self, team: Team) -> None:
        asked = {"name": uuid4().hex, "actions": ["SAVE", "SUBMIT", "PUBLISH"]}
        made = team.do("triggerCreate", asked, "secret trigger { id url }", role="manager")
        self._url = f"{team.url}{httpx.URL(made['trigger']['url']).path}"
        self._webhook = Webhook(made["secret"])

    def call(
        self,
        body: Mapping[str, Any],
        *,
        id_: str = "",
        at: datetime | None = None,
        signed: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """Call it; `signed` is what was signed where that is not what is sent."""
        id_, at = id_ or f"msg_{uuid4().hex}", at or datetime.now(UTC)
        signature = self._webhook.sign(id_, at, orjson.dumps(signed or body).decode())
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }
        return self.send(body, headers)

    def send(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> httpx.Response:
        """Call it with headers as they are."""
        return httpx.post(
            self._url, content=orjson.dumps(body), headers=headers, trust_env=False, timeout=20
        )


def _answer(answer: httpx.Response, status: int) -> Json:
    expect(f"the answer {answer.text[:200]}", answer.status_code, status)
    return dict(answer.json())


def triggered(town: Town) -> str:
    """Written and submitted by a tool, approved by two people, and out once for many calls."""
    place, team = town.place, town.team
    tool, reference = Tool(team), uuid4().hex
    text = a_text("Le marché ouvre samedi, à neuf heures.")
    named = {"externalReference": reference}
    words = {"brand": team.brand, "locale": "fr", "title": a_text("Le marché ouvre"), "text": text}
    _answer(tool.call({**named, **words, "action": "SAVE"}), 202)
    asked = {**named, "channels": [place.channel_id], "action": "SUBMIT"}
    review = _answer(tool.call(asked), 202)["review"]["id"]
    wish = {**named, "channelIds": [place.channel_id], "action": "PUBLISH"}
    before = calls(town)
    early = tool.call(wish)
    expect(
        "before it is approved", (early.status_code, early.json()["code"]), (409, "NOT_APPROVED")
    )
    expect("calls that change something", calls(town) - before, 0)
    team.approve_twice(team.prepared(review))

    id_ = f"msg_{uuid4().hex}"
    answers = [tool.call(wish, id_=id_) for _ in range(TIMES)]
    expect("the first answer", answers[0].status_code, 202)
    expect("different answers", len({one.content for one in answers}), 1)
    replayed = [one.headers.get("webhook-replayed") for one in answers]
    expect("which are repeats", replayed, [None, *["true"] * (TIMES - 1)])
    (made,) = answers[0].json()["publications"]
    publication = team.settled(made["id"])
    expect("how often it is out", len(place.found(text)), 1)
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    again = _answer(tool.call(wish), 200)["publications"]
    expect("another id", [one["id"] for one in again], [publication["id"]])
    told = httpx.get(answers[0].json()["operation"]["url"], trust_env=False, timeout=10).json()
    expect(
        "the operation", (told["state"], told["publications"][0]["state"]), ("DONE", "PUBLISHED")
    )
    expect("how often it is out", len(place.found(text)), 1)
    return f"{TIMES} calls with one id and one with another: one publication"


def forged(town: Town) -> None:
    """All three are answered with 401 and the same words, and nothing is written down."""
    team, tool = town.team, Tool(town.team)
    words = {
        "action": "SAVE",
        "externalReference": uuid4().hex,
        "brand": team.brand,
        "locale": "en",
        "title": "Nobody wrote this",
        "text": "Nobody wrote this.",
    }
    answers = [
        tool.call(words, signed={**words, "text": "Something else."}),
        tool.send(words, {"content-type": "application/json"}),
        tool.call(words, at=datetime.now(UTC) - LATE),
    ]
    expect("the answers", [one.status_code for one in answers], [401] * len(answers))
    expect("different words", len({one.content for one in answers}), 1)
    document = """query Kept($reference: String!) {
        contentItems(filter: { externalReference: $reference }) { totalCount } }"""
    asked = {"reference": words["externalReference"]}
    kept = team.ask(document, asked, role="manager")["contentItems"]["totalCount"]
    expect("what was written down", kept, 0)


def listened(town: Town) -> str:
    """Every act of this team came as an event with the id it has in the API."""
    team = town.team
    wanted = set(team.noted)
    missing = until(
        "everything has been heard",
        lambda: wanted - {one for one, _ in _heard(team)},
        lambda left: not left,
    )
    expect("what was not heard", missing, set())
    expect("genuine deliveries", {one.genuine for one in team.inbox.deliveries}, {True})
    often = [one for one, _ in _heard(team) if one in wanted]
    expect("heard more than once", len(often) - len(set(often)), 0)
    for noted, id_ in _heard(team):
        if noted in wanted:
            expect(f"the id of {noted.event}", id_ in _ids(team, noted), wanted=True)
    kinds = sorted({one.event for one in wanted})
    return f"{len(wanted)} events of {len(kinds)} kinds: {', '.join(kinds)}"


def _heard(team: Team) -> list[tuple[Noted, str]]:
    return [
        (Noted(event=body["type"], subject=body["data"]["subjectId"]), id_)
        for id_, body in list(team.inbox.kept.items())
    ]


def _ids(team: Team, noted: Noted) -> list[str]:
    document = """query Told($filter: EventFilter) {
        events(first: 20, filter: $filter) { nodes { id } } }"""
    asked = {"filter": {"nameIn": [noted.event], "subjectIn": [noted.subject]}}
    found = team.ask(document, asked, role="manager")["events"]["nodes"]
    return [one["id"] for one in found]


PLAYS: dict[str, Play] = {
    names.TRIGGERED: triggered,
    names.FORGED: forged,
    names.LISTENED: listened,
}
