"""A bad day: an alarm, an incident, a pause, a statement; and the way out of it."""

from typing import cast

from workers.demo.client import Json, StoryFailed, until
from workers.demo.material import Brand, Incident
from workers.demo.publishing import look_at, look_at_all, name, until_out
from workers.demo.reviewing import approved
from workers.demo.stage import Stage

NOTICED_SECONDS = 30
HELD_AT = "saturday 15:31"
LATER = "sunday 12:00"

ALERTS = """
query Alerts($monitors: [ID!]!) {
  alerts(filter: { monitorIn: $monitors }, first: 10) {
    nodes { id kind count total expected probability incident { id title state } }
  }
}"""
INCIDENT = """
query Incident($id: ID!) {
  node(id: $id) {
    ... on Incident {
      id title state severity owner { name }
      statements { locale text }
      timeline(first: 50) { nodes { createdAt kind text member { name } } }
    }
  }
}"""
PAUSED = """
pause { id publications(first: 20) { nodes { id } } }
inFlight { id }
"""
RESUMED = "pause { outcomes { publication { id state } decision code message } }"


def _of(stage: Stage) -> tuple[Brand, Incident]:
    return next(
        (brand, brand.incident) for brand in stage.cast.brands if brand.incident is not None
    )


async def be_warned(stage: Stage) -> None:
    """Wait until the alarm is raised and has opened an incident."""
    brand, _ = _of(stage)
    monitor = stage.brands[brand.key].monitor
    found: list[Json] = []

    async def look() -> Json | None:
        found[:] = (await stage.editor.ask(ALERTS, monitors=[monitor]))["alerts"]["nodes"]
        return next((one for one in found if one["incident"]), None)

    alert = await until(look, seconds=NOTICED_SECONDS, what="No alarm was raised.")
    stage.found["alerts"] = found
    stage.found["incident id"] = alert["incident"]["id"]
    stage.note(
        "That is not usual: an alarm, and an incident is open",
        brand=brand.key,
        kind="bad",
        details=[
            f"{one['kind'].lower()}: {one['count']} of {one['total']}, where {one['expected']:.1f} "
            f"were to be expected (by chance once in {1 / max(one['probability'], 1e-12):,.0f})"
            for one in found
        ],
    )


async def pause(stage: Stage) -> None:
    """Take the incident over, and pause everything the campaign has planned."""
    brand, incident = _of(stage)
    incident_id = stage.found["incident id"]
    kept = stage.brands[brand.key]
    viewer = (await stage.manager.ask("{ viewer { member { id } } }"))["viewer"]["member"]["id"]
    taken = {"id": incident_id, "title": incident.title, "severity": "MAJOR", "ownerId": viewer}
    await stage.manager.act("incidentUpdate", taken, "incident { id }")
    given = {
        "scope": "CAMPAIGN",
        "subjectId": kept.campaign,
        "reason": incident.scheduled_pause,
        "incidentId": incident_id,
    }
    made = await stage.approver.act("pauseStart", given, PAUSED)
    stage.found["pause id"] = made["pause"]["id"]
    stage.note(
        f"The campaign “{brand.campaign.name}” is paused; {len(made['inFlight'])} were in flight",
        brand=brand.key,
        details=[incident.scheduled_pause],
    )


async def say_something(stage: Stage) -> None:
    """Write the holding statement in the one place for it; review and publish it like any text."""
    brand, incident = _of(stage)
    incident_id = stage.found["incident id"]
    given = {"id": incident_id, "locale": brand.locale, "text": incident.statement}
    await stage.editor.act("incidentStatementSet", given, "incident { id }")
    made = await stage.editor.act(
        "incidentStatementDraft",
        {"id": incident_id, "locale": brand.locale},
        "contentItem { id title }",
    )
    item = made["contentItem"]
    publication_id = await approved(
        stage, item["id"], item["title"], incident.channel, brand=brand.key
    )
    (out,) = await until_out(stage, [publication_id])
    stage.found["statement"] = out["id"]
    stage.note(
        "A holding statement is out, through both steps of the review, beside the pause",
        brand=brand.key,
        details=[incident.statement],
    )


async def nothing_else_goes_out(stage: Stage) -> None:
    """Let the time come for what was planned: the pause holds it."""
    brand, _ = _of(stage)
    await stage.clock.to(stage.clock.moment(HELD_AT))
    planned = [one["id"] for item in stage.items if item.after_pause for one in stage.told(item)]

    async def look() -> list[Json] | None:
        shown = await look_at(stage, planned)
        return shown if all(one["state"] == "HELD" for one in shown) else None

    held = await until(look, seconds=NOTICED_SECONDS, what="Something was not held.")
    stage.found["held"] = [(one["id"], one["holdReason"]) for one in held]
    stage.note(
        f"It is half past three: {len(held)} publications are held instead of going out",
        brand=brand.key,
        details=[name(one) for one in held],
    )


async def resume(stage: Stage) -> None:
    """End the pause with a decision for everything it held; close the incident."""
    brand, incident = _of(stage)
    await stage.editor.act(
        "incidentNote", {"id": stage.found["incident id"], "text": incident.note}, "incident { id }"
    )
    decided = {}
    for item in stage.items:
        for one in stage.told(item) if item.after_pause else ():
            decided[one["id"]] = item.after_pause[stage.channel_of(one).key]
    later = stage.clock.moment(LATER).isoformat()
    given = {
        "id": stage.found["pause id"],
        "decisions": [
            {
                "publicationId": publication_id,
                "decision": decision,
                **({"at": later} if decision == "RESCHEDULE" else {}),
            }
            for publication_id, decision in decided.items()
        ],
    }
    made = await stage.approver.act("pauseEnd", given, RESUMED)
    outcomes = made["pause"]["outcomes"]
    stage.found["outcomes"] = outcomes
    stage.note(
        "The pause ends with a decision for each that was held",
        brand=brand.key,
        details=[
            f"{one['decision'].lower()}: {name(stage.publications[one['publication']['id']])}"
            for one in outcomes
        ],
    )
    go_on = [one for one, decision in decided.items() if decision != "CANCEL"]
    await until_out(stage, [one for one in go_on if decided[one] == "RELEASE"])
    await stage.clock.to(stage.clock.moment(LATER))
    await until_out(stage, go_on)
    await look_at_all(stage)
    solved = {"id": stage.found["incident id"], "state": "RESOLVED"}
    await stage.manager.act("incidentUpdate", solved, "incident { id }")
    asked = await stage.editor.ask(INCIDENT, id=stage.found["incident id"])
    stage.found["incident"] = cast("Json", asked["node"])
    if stage.found["incident"]["state"] != "RESOLVED":
        raise StoryFailed("The incident is not resolved.")
    out = " · ".join(name(stage.publications[one]) for one in go_on)
    stage.note(f"The incident is resolved; out now: {out}", brand=brand.key)
