"""Out it goes: what was approved is waited for, and looked at again and again."""

from collections.abc import Iterable, Sequence

from workers.demo.client import Json, StoryFailed, until
from workers.demo.stage import Stage

OUT_SECONDS = 40
#: Fields of a publication that the story reads.
PUBLICATION = """
fragment Told on Publication {
  id
  state
  holdReason
  standing
  dueAt
  publishedAt
  origin
  url
  posts { remoteId url }
  approvedHash
  sentHash
  channel { id name }
  contentItem { id }
  revision { title }
  edition { hash title parts { text media { alt sha256 } } }
  problems { message }
  attempts { number outcome message }
  metrics { metric value }
  thread {
    id
    messages(first: 50) { nodes { id direction text remoteId hidden person { handle name } } }
  }
}"""
THESE = f"query These($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...Told }} }}{PUBLICATION}"
ALL = """
query All($brands: [ID!]!) {
  publications(filter: {brandIn: $brands}, first: 100, orderBy: [CREATED_AT_ASC]) {
    nodes { id }
  }
}"""
#: Publications with their conversations that are asked for at once.
AT_ONCE = 20
ENDED = {"HELD", "FAILED", "CANCELLED", "EXPIRED", "WITHDRAWN"}


async def look_at_all(stage: Stage) -> None:
    """Look at every publication of both brands."""
    brands = [kept.id for kept in stage.brands.values()]
    answer = await stage.editor.ask(ALL, brands=brands)
    await look_at(stage, [one["id"] for one in answer["publications"]["nodes"]])


async def look_at(stage: Stage, ids: Sequence[str]) -> list[Json]:
    """Look at some publications."""
    shown: list[Json] = []
    for first in range(0, len(ids), AT_ONCE):
        shown += (await stage.editor.ask(THESE, ids=ids[first : first + AT_ONCE]))["nodes"]
    stage.publications.update({one["id"]: one for one in shown})
    return shown


async def out_today(stage: Stage) -> None:
    """Wait until everything is out that has its time by now."""
    now = stage.clock.now()
    due = [
        one["id"]
        for item in stage.items
        if item.goes_out and stage.clock.moment(item.goes_out) <= now
        for one in stage.told(item)
        if one["state"] != "PUBLISHED"
    ]
    await until_out(stage, due)
    tell(stage, due)


def tell(stage: Stage, ids: Iterable[str]) -> None:
    """Tell what went where, one line per text."""
    places: dict[tuple[str, str], list[str]] = {}
    for publication_id in ids:
        one = stage.publications[publication_id]
        brand = stage.brand_of(stage.channel_of(one).key).key
        places.setdefault((brand, one["revision"]["title"]), []).append(one["channel"]["name"])
    for (brand, title), names in places.items():
        stage.note(f"“{title}” is out: {' · '.join(names)}", brand=brand)


async def until_out(stage: Stage, ids: Sequence[str]) -> list[Json]:
    """Wait until these are out; stop at the first that cannot go on alone."""
    shown: list[Json] = []

    async def look() -> Sequence[Json] | None:
        shown[:] = await look_at(stage, ids)
        for one in shown:
            if _waits_for_a_person(one):
                raise StoryFailed(why(one))
        return shown if all(one["state"] == "PUBLISHED" for one in shown) else None

    await until(
        look,
        seconds=OUT_SECONDS,
        what=lambda: "; ".join(why(one) for one in shown if one["state"] != "PUBLISHED"),
    )
    return shown


def _waits_for_a_person(one: Json) -> bool:
    # Not confirmed, but to be tried again: the hub itself is finding out what became of it.
    return one["state"] in ENDED or (one["state"] == "UNCONFIRMED" and one["dueAt"] is None)


def why(one: Json) -> str:
    """Return what keeps a publication, in words."""
    said = [problem["message"] for problem in one["problems"]]
    said += [attempt["message"] for attempt in one["attempts"] if attempt["message"]]
    state = f"{one['state']} {one['holdReason'] or ''}".strip()
    return f"{name(one)} is {state}: {' '.join(said)}"


def name(one: Json) -> str:
    """Return a publication as people call it."""
    title = f"“{one['revision']['title']}”" if one["revision"] else "a reply"
    return f"{title} on {one['channel']['name']}"
