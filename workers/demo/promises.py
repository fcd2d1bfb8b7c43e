"""What must be true of the rest of the week: reviews, rules, the draw, the bad day, files."""

import io
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from PIL import Image

from workers.demo import checks
from workers.demo.client import StoryFailed
from workers.demo.community import unwanted
from workers.demo.publishing import name
from workers.demo.results import CHARTS, EXPORTS, clicks
from workers.demo.reviewing import REVIEWS
from workers.demo.stage import Stage

#: What the first bytes of a file are, by how its name ends.
BEGINNINGS = {".pdf": b"%PDF-", ".parquet": b"PAR1", ".html": b"<!doctype html>"}


@dataclass(frozen=True, kw_only=True)
class Check:
    """A claim; `wrong` names everything that contradicts it."""

    claim: str
    wrong: Sequence[str]

    @property
    def holds(self) -> bool:
        """Say whether nothing contradicts it."""
        return not self.wrong


async def the_voice_was_heard(stage: Stage) -> list[str]:
    """Find a draft off voice that was not told of, not refused, or not mended."""
    drafts = [item.draft.text for item in stage.items if item.draft is not None]
    out = [part["text"] for one in stage.contents() for part in one["edition"]["parts"]]
    return [
        *([] if stage.found.get("voice") else ["nothing was found"]),
        *(f"still wrong: {said}" for said in stage.found.get("voice left", ["never looked at"])),
        *(f"went out: {text}" for text in drafts if any(text in each for each in out)),
        *(
            []
            if stage.refusals.get("a draft off voice") not in {None, "NOT REFUSED"}
            else ["the draft could be submitted"]
        ),
    ]


async def nobody_decided_alone(stage: Stage) -> list[str]:
    """Find a decision that had to be refused and was not, and a step that was passed over."""
    wanted = {"the editor decides": "FORBIDDEN", "the writer decides": "FOUR_EYES"}
    wrong = [
        f"{what}: {stage.refusals.get(what)} instead of {code}"
        for what, code in wanted.items()
        if stage.refusals.get(what) != code
    ]
    steps = stage.found["steps"]
    for review in (await stage.editor.ask(REVIEWS, ids=list(steps)))["nodes"]:
        brand, number = steps[review["id"]]
        needed = len(flow["steps"]) if (flow := stage.brand(brand).workflow) else 1
        states = {step["state"] for step in review["steps"]}
        if review["state"] != "APPROVED" or states != {"DONE"} or number != needed:
            wrong.append(f"{review['contentItem']['title']}: {review['state']}, {number} steps")
    return wrong


async def the_remark_was_heard(stage: Stage) -> list[str]:
    """Find out whether the review went on after the remark where it had stopped."""
    (review,) = (await stage.editor.ask(REVIEWS, ids=[stage.found["resumed"]]))["nodes"]
    first, second = review["steps"]
    text = "".join(
        part["text"]
        for one in stage.contents()
        if one["revision"]["title"] == review["contentItem"]["title"]
        for part in one["edition"]["parts"]
    )
    return [
        *([] if first["decisions"][0]["carriedFrom"] else ["the first step was asked again"]),
        *([] if second["decisions"] else ["the second step did not decide"]),
        *(["what was remarked on went out"] if stage.found["remark"] in text else []),
    ]


async def the_rule_has_hidden(stage: Stage) -> list[str]:
    """Find comments that should be hidden and can be read, or were hidden for another reason."""
    wrong = []
    for said in unwanted(stage):
        ledger = await stage.places[said.channel.platform].ledger(said.answer.by)
        entry = next(one for one in ledger if one["id"] == said.remote_id)
        if entry.get("status") != "hold":
            wrong.append(f"{said.answer.by} under “{said.item.title}” can be read")
    for said, act in stage.found.get("moderated", []):
        spans = {span["text"] for span in act["spans"]}
        if act["state"] != "DONE" or not act["reason"] or said.answer.hidden not in spans:
            wrong.append(f"{act['state']} for {spans}: {act['reason']}")
    return wrong or ([] if unwanted(stage) else ["nothing was to be hidden"])


async def the_draw_is_fair(stage: Stage) -> list[str]:
    """Find out whether the proof holds, and whether the right people were left out."""
    contest = stage.found["contest"]
    entries = contest["entries"]["nodes"]
    reasons = Counter(reason["code"] for one in entries for reason in one["reasons"])
    winner = contest["winners"][0]["handle"]
    return [
        *([] if stage.found["verified"] == 0 else ["`hub contest verify` says no"]),
        *([] if winner in stage.found["announced"] else ["another winner was announced"]),
        *(
            []
            if reasons == {"CONDITION_MISSING": 1, "DUPLICATE_PERSON": 1}
            else [f"left out for {dict(reasons)}"]
        ),
    ]


async def the_bad_day_was_met(stage: Stage) -> list[str]:
    """Find what the pause let through, and what the end of it left undecided."""
    before = [
        f"{name(stage.publications[one])} was held as {reason}"
        for one, reason in stage.found["held"]
        if reason != "PAUSED"
    ]
    undecided = [
        f"{name(stage.publications[one['publication']['id']])}: {one['message']}"
        for one in stage.found["outcomes"]
        if one["code"] or one["decision"] is None
    ]
    kinds = {one["kind"] for one in stage.found["incident"]["timeline"]["nodes"]}
    return [
        *before,
        *undecided,
        *([] if len(stage.found["outcomes"]) == len(stage.found["held"]) else ["not all decided"]),
        *([] if stage.publications[stage.found["statement"]]["sentHash"] else ["no statement"]),
        *([] if len(kinds) > 1 else [f"the timeline only says {kinds}"]),
    ]


async def the_tool_posted_once(stage: Stage) -> list[str]:
    """Find out whether calls were answered alike and made one publication."""
    codes = [code for code, _ in stage.found["calls"]]
    ids = {tuple(made) for _, made in stage.found["calls"]}
    return [
        *([] if codes == [202, 202, 200] else [f"answered {codes}"]),
        *([] if len(ids) == 1 else [f"made {ids}"]),
        *([] if stage.found["unsigned"] == 401 else ["a call without a signature was taken"]),
    ]


async def the_newsroom_heard(stage: Stage) -> list[str]:
    """Find publications of which the newsroom was not told exactly once, signed."""
    if stage.ear is None:
        raise StoryFailed("Nobody listens to events.")
    received = await stage.receiver.received(stage.ear)
    told = Counter(
        message["payload"]["data"]["subjectId"]
        for message in received["messages"]
        if message["payload"]["type"] == "publication.published"
    )
    out = Counter(one["id"] for one in stage.publications.values() if one["state"] == "PUBLISHED")
    kinds = {message["payload"]["type"] for message in received["messages"]}
    wanted = {"contest.opened", "contest.drawn", "alert.raised", "incident.opened"}
    return [
        *(f"never told: {name(stage.publications[one])}" for one in out - told),
        *(f"refused: {why}" for why in received["refused"]),
        *(f"never heard of: {kind}" for kind in wanted - kinds),
        *checks.twice(received["deliveries"]),
    ]


async def clicks_are_counted(stage: Stage) -> list[str]:
    """Find out whether people were counted, and programs were not."""
    counted = sum(map(clicks, stage.contents()))
    wanted = sum(stage.found["clicks"].values())
    return [] if counted == wanted else [f"{counted} instead of {wanted}"]


async def the_figures_agree(stage: Stage) -> list[str]:
    """Find out whether dashboards say what was done, and goals what was counted."""
    wrong = []
    for key, figures in stage.found["figures"].items():
        own = [
            one
            for one in stage.answerable()
            if (item := stage.item_of(one)) is not None and item.brand == key
        ]
        did = sum((stage.done.get(one["id"], Counter()) for one in own), Counter())
        shown = {one["metric"]: one["value"] for one in figures["dashboard"]["metrics"]}
        if shown.get("LIKES", 0) != did["likes"]:
            wrong.append(f"{key}: the dashboard shows {shown.get('LIKES')} of {did['likes']} likes")
        wrong += [
            f"{key}: “{goal['name']}” is {goal['progress']['state']}"
            for goal in figures["goals"]["nodes"]
            if goal["progress"]["state"] not in {"REACHED", "ON_TRACK", "BEHIND"}
        ]
    return wrong


async def the_files_can_be_read(stage: Stage) -> list[str]:
    """Find files that are not what their names say."""
    wrong = []
    for file in stage.out.iterdir():
        data = file.read_bytes()
        beginning = BEGINNINGS.get(file.suffix, b"")
        if not data.lower().startswith(beginning.lower()):
            wrong.append(f"{file.name} begins with {data[:12]!r}")
        if file.suffix == ".svg":
            ET.fromstring(data)  # noqa: S314 - our own chart
        if file.suffix == ".png":
            with Image.open(io.BytesIO(data)) as image:
                image.verify()
    names = {file.name for file in stage.out.iterdir()}
    wanted = {f"{key}-{chart}" for key in stage.brands for chart in CHARTS}
    wanted |= {f"{key}-report.{form}" for key in stage.brands for form in ("html", "pdf")}
    return wrong + [f"{missing} is missing" for missing in (wanted | {*EXPORTS}) - names]


CHECKS: Mapping[str, Callable[[Stage], Awaitable[list[str]]]] = {
    "a draft off voice could not be submitted, and went out mended": the_voice_was_heard,
    "nobody approved alone, and every step was passed": nobody_decided_alone,
    "a remark was heard, and the review went on where it had stopped": the_remark_was_heard,
    **checks.CHECKS,
    "what nobody should have to read is hidden, for the reason that is shown": the_rule_has_hidden,
    "the draw can be recomputed from its proof, and its winner was announced": the_draw_is_fair,
    "the bad day: all planned was held, decided on, and nothing was lost": the_bad_day_was_met,
    "a tool that called three times posted once": the_tool_posted_once,
    "the newsroom heard of everything that went out, signed, once": the_newsroom_heard,
    "clicks of people are counted, those of programs are not": clicks_are_counted,
    "dashboards and goals say what was done": the_figures_agree,
    "charts, exports and reports are what they say they are": the_files_can_be_read,
}


async def check(stage: Stage) -> list[Check]:
    """Try every claim."""
    return [
        Check(claim=claim, wrong=await contradictions(stage))
        for claim, contradictions in CHECKS.items()
    ]
