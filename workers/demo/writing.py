"""Writing: texts with their pictures and variants, and a draft that breaks the voice guide."""

from collections.abc import Sequence

from workers.demo.client import Json, Refused
from workers.demo.material import Item, Variant
from workers.demo.stage import Stage

PROBLEMS = """
query Problems($id: ID!) {
  node(id: $id) {
    ... on ContentItem { problems { code severity field span { start end } suggestion message } }
  }
}"""
MADE = "contentItem { id version }"


async def write_items(stage: Stage) -> None:
    """Write every text down, with its pictures and its variants."""
    for item in stage.items:
        kept = stage.brands[item.brand]
        given = {
            "brandId": kept.id,
            "campaignId": kept.campaign,
            "pillarId": kept.pillars[item.pillar],
            "audienceIds": kept.audiences,
            "title": item.title,
            "summary": item.summary,
            "parts": parts(stage, _first_words(item), item.pictures),
            "link": item.link,
            "tags": item.tags,
            "slug": item.slug,
            "locale": item.locale,
            "variants": [variant_of(stage, item, variant) for variant in item.variants],
            "shortensLinks": item.shortens_links,
        }
        if item.reference:
            stage.reference = f"{item.reference}-{kept.id[-6:]}"
            given["externalReference"] = stage.reference
        made = await stage.people[item.writer].act("contentItemCreate", given, MADE)
        stage.written[item.title] = made["contentItem"]
    for brand in stage.cast.brands:
        own = [item for item in stage.items if item.brand == brand.key]
        places = len({key for item in own for key in item.channels})
        stage.note(f"{len(own)} texts are written, for {places} places", brand=brand.key)


def _first_words(item: Item) -> Sequence[str]:
    if item.draft is not None:
        return [item.draft.text]
    return item.parts if item.remarked is None else [item.remarked.text]


async def mend_drafts(stage: Stage) -> None:
    """Be told what breaks the voice guide, try to submit it all the same, and mend it."""
    for item in stage.items:
        if item.draft is None:
            continue
        item_id = stage.written[item.title]["id"]
        (shown,) = (await stage.editor.ask(PROBLEMS, id=item_id)).values()
        found = [one for one in shown["problems"] if one["code"].startswith("VOICE_")]
        stage.found["voice"] = [_said(one, item.draft.text) for one in found]
        stage.note(
            f"A draft of “{item.title}” breaks the voice guide",
            brand=item.brand,
            kind="bad",
            details=stage.found["voice"],
        )
        await _try_to_submit(stage, item)
        await rewrite(stage, item, item.parts)
        (shown,) = (await stage.editor.ask(PROBLEMS, id=item_id)).values()
        stage.found["voice left"] = [one["message"] for one in shown["problems"]]
        stage.note(
            f"Submitting it was refused ({stage.refusals['a draft off voice']}); "
            "it is mended, and nothing is left to say against it",
            brand=item.brand,
        )


def _said(one: Json, text: str) -> str:
    span = one["span"]
    quoted = f"“{text[span['start'] : span['end']]}”: " if span else ""
    weight = "must" if one["severity"] == "ERROR" else "should"
    return f"{weight} change · {quoted}{one['message']}"


async def _try_to_submit(stage: Stage, item: Item) -> None:
    given = {
        "contentItemId": stage.written[item.title]["id"],
        "targets": [{"channelId": stage.channels[key]} for key in item.channels],
    }
    try:
        await stage.people[item.writer].act("reviewSubmit", given, "review { id }")
    except Refused as refused:
        stage.refusals["a draft off voice"] = refused.code
    else:
        stage.refusals["a draft off voice"] = "NOT REFUSED"


async def rewrite(stage: Stage, item: Item, words: Sequence[str]) -> None:
    """Save other words for a text."""
    given = {
        "id": stage.written[item.title]["id"],
        "expectedVersion": stage.written[item.title]["version"],
        "parts": parts(stage, words, item.pictures),
        "variants": [variant_of(stage, item, variant, words) for variant in item.variants],
    }
    made = await stage.people[item.writer].act("contentItemUpdate", given, MADE)
    stage.written[item.title] = made["contentItem"]


def variant_of(
    stage: Stage, item: Item, variant: Variant, words: Sequence[str] | None = None
) -> Json:
    """Return a variant of a text as the API takes it."""
    given: Json = {"settings": variant.settings}
    if variant.platform is not None:
        given["platform"] = variant.platform
    if variant.channel is not None:
        given["channelId"] = stage.channels[variant.channel]
    if variant.title is not None:
        given["title"] = variant.title
    if variant.text is not None or variant.pictures is not None:
        texts = (words or item.parts) if variant.text is None else [variant.text]
        given["parts"] = parts(stage, texts, variant.pictures or ())
    return given


def parts(stage: Stage, texts: Sequence[str], pictures: Sequence[str]) -> list[Json]:
    """Return texts as parts of an item; the first one shows the pictures."""
    shown = [stage.pictures[key] for key in pictures]
    return [{"text": text, "media": [] if index else shown} for index, text in enumerate(texts)]
