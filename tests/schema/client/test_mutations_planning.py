"""Voice, audiences, pillars, plans, goals and link parameters, changed by a client."""

from typing import Any

import pytest

from hub.kernel.ids import new_id
from tests.factories import a_channel
from tests.schema.client.api import Desk, gid

GUIDE = """voiceGuide { id locale toneDo toneDont hashtags { least most severity }
  emoji { least most severity } bannedWords { phrase suggestion reason severity }
  requiredDisclosures { alternatives when tag severity }
  preferredSpellings { from to severity } availableActions version }"""
SAID: dict[str, Any] = {
    "locale": "fr",
    "toneDo": ["Tutoyer"],
    "bannedWords": [{"phrase": "pas cher", "suggestion": "à petit prix"}],
    "requiredDisclosures": [{"alternatives": ["Publicité", "#pub"], "when": "PAID"}],
    "preferredSpellings": [{"from": "email", "to": "courriel"}],
    "hashtags": {"most": 2, "severity": "BLOCKING"},
}
PROBLEMS = "problems{code severity field span{start end} suggestion limit actual}"


async def guide(desk: Desk, **more: Any) -> dict[str, Any]:
    answer = await desk.manager.do("voiceGuideSet", GUIDE, brandId=desk.brand, **{**SAID, **more})
    assert answer.payload["errors"] == []
    return dict(answer.payload["voiceGuide"])


async def test_a_guide_is_set_read_and_removed(desk: Desk) -> None:
    made = await guide(desk)
    again = await guide(desk, bannedWords=[], expectedVersion=1)
    read = await desk.editor.ask(
        "query($id:ID!){brand(id:$id){voiceGuides{locale version bannedWords{phrase}}}}",
        id=desk.brand,
    )
    gone = await desk.manager.do("voiceGuideDelete", "deletedId", id=made["id"])

    assert {name: value for name, value in made.items() if name != "id"} == {
        "locale": "fr",
        "toneDo": ["Tutoyer"],
        "toneDont": [],
        "hashtags": {"least": None, "most": 2, "severity": "BLOCKING"},
        "emoji": None,
        "bannedWords": [
            {
                "phrase": "pas cher",
                "suggestion": "à petit prix",
                "reason": "",
                "severity": "BLOCKING",
            }
        ],
        "requiredDisclosures": [
            {
                "alternatives": ["Publicité", "#pub"],
                "when": "PAID",
                "tag": "",
                "severity": "BLOCKING",
            }
        ],
        "preferredSpellings": [{"from": "email", "to": "courriel", "severity": "ADVISING"}],
        "availableActions": ["VOICE_GUIDE_SET", "VOICE_GUIDE_DELETE"],
        "version": 1,
    }
    assert (again["id"], again["version"], again["bannedWords"]) == (made["id"], 2, [])
    assert read.data["brand"]["voiceGuides"] == [{"locale": "fr", "version": 2, "bannedWords": []}]
    assert gone.payload == {"deletedId": made["id"], "errors": []}


async def test_problems_of_the_voice_say_where_and_what_instead(desk: Desk) -> None:
    await guide(desk)

    made = await desk.editor.do(
        "contentItemCreate",
        f"contentItem{{{PROBLEMS}}}",
        brandId=desk.brand,
        title="Vélo",
        locale="fr-CA",
        parts=[{"text": "PAS CHER : un Email"}],
        tags=["a", "b", "c"],
    )
    checked = await desk.editor.ask(
        f'query($id:ID!){{voiceCheck(brandId:$id,locale:"fr",text:"Pas cher",paid:true){{'
        f"{PROBLEMS[len('problems{') : -1]}}}}}",
        id=desk.brand,
    )

    banned = {
        "code": "VOICE_BANNED_WORD",
        "severity": "ERROR",
        "span": {"start": 0, "end": 8},
        "suggestion": "à petit prix",
        "limit": None,
        "actual": None,
    }
    assert made.payload["contentItem"]["problems"] == [
        {**banned, "field": "parts.0.text"},
        {
            "code": "VOICE_SPELLING",
            "severity": "WARNING",
            "field": "parts.0.text",
            "span": {"start": 14, "end": 19},
            "suggestion": "courriel",
            "limit": None,
            "actual": None,
        },
        {
            "code": "VOICE_TOO_MANY_HASHTAGS",
            "severity": "ERROR",
            "field": "parts",
            "span": None,
            "suggestion": None,
            "limit": 2,
            "actual": 3,
        },
    ]
    assert checked.data["voiceCheck"] == [
        {**banned, "field": "text"},
        {
            **banned,
            "code": "VOICE_DISCLOSURE_MISSING",
            "field": "text",
            "span": None,
            "suggestion": "Publicité",
        },
    ]


@pytest.mark.parametrize("kind", ["foreign", "unknown", "nonsense"])
async def test_a_foreign_brand_is_checked_like_an_unknown_one(
    desk: Desk, stranger: Desk, kind: str
) -> None:
    brand = {
        "foreign": stranger.brand,
        "unknown": gid("Brand", new_id()),
        "nonsense": "nonsense",
    }[kind]

    answer = await desk.editor.ask(
        'query($id:ID!){voiceCheck(brandId:$id,locale:"fr",text:"x"){code}}', id=brand
    )

    assert answer.codes == ["NOT_FOUND"]
    assert answer.errors[0]["message"] == "There is nothing with this id."
    assert answer.errors[0]["extensions"]["path"] == ["brandId"]


async def test_previews_show_the_voice_and_the_links(desk: Desk) -> None:
    await guide(desk)
    made = await desk.manager.do(
        "campaignCreate",
        "campaign{id paid utm{source medium content}}",
        brandId=desk.brand,
        name="La semaine",
        paid=True,
        utm={"source": "{platform}", "content": "{content}"},
    )
    campaign = made.payload["campaign"]
    item = await desk.editor.do(
        "contentItemCreate",
        "contentItem{id}",
        brandId=desk.brand,
        campaignId=campaign["id"],
        title="Vélo",
        locale="fr",
        parts=[{"text": "Pas cher https://acme.example/"}],
    )

    shown = await desk.editor.ask(
        "query($i:VariantPreviewInput!){variantPreviews(input:$i){publishable parts{text} "
        "problems{code}}}",
        i={
            "contentItemId": item.payload["contentItem"]["id"],
            "platforms": ["mastodon"],
            "parts": [{"text": "Bien https://acme.example/"}],
        },
    )

    assert campaign["utm"] == {"source": "{platform}", "medium": None, "content": "{content}"}
    assert campaign["paid"] is True
    assert shown.data["variantPreviews"] == [
        {
            "publishable": False,
            "parts": [{"text": "Bien https://acme.example/?utm_source=mastodon&utm_content=velo"}],
            "problems": [{"code": "VOICE_DISCLOSURE_MISSING"}],
        }
    ]


async def test_a_plan_is_set_as_a_whole_and_answers_what_is_missing(desk: Desk) -> None:
    channel = gid("Channel", await a_channel(desk.world))
    campaign = (
        await desk.manager.do("campaignCreate", "campaign{id}", brandId=desk.brand, name="C")
    ).payload["campaign"]["id"]
    days = {"startsOn": "2030-03-04", "endsOn": "2030-03-17"}

    answer = await desk.manager.do(
        "campaignPlanSet",
        "campaign{version plan{missing entries{entry{channel{id} platform}planned missing}"
        "gaps{weekOf missing}}}",
        campaignId=campaign,
        expectedVersion=1,
        entries=[
            {"planned": 2, "channelId": channel, **days},
            {"planned": 1, "platform": "feed", **days},
        ],
    )
    wrong = await desk.manager.do(
        "campaignPlanSet",
        "campaign{id}",
        campaignId=campaign,
        entries=[{"planned": 1, "channelId": "x", **days}],
    )

    assert answer.payload["campaign"] == {
        "version": 2,
        "plan": {
            "missing": 3,
            "entries": [
                {
                    "entry": {"channel": {"id": channel}, "platform": None},
                    "planned": 2,
                    "missing": 2,
                },
                {"entry": {"channel": None, "platform": "feed"}, "planned": 1, "missing": 1},
            ],
            "gaps": [
                {"weekOf": "2030-03-04", "missing": 1},
                {"weekOf": "2030-03-11", "missing": 1},
                {"weekOf": "2030-03-04", "missing": 1},
            ],
        },
    }
    assert wrong.refusal == {"code": "NOT_FOUND", "path": ["input", "entries", "0", "channelId"]}


async def test_audiences_pillars_and_goals_are_made_changed_and_removed(desk: Desk) -> None:
    goal = {"metric": "LIKES", "target": 5, "startsOn": "2030-01-01", "deadline": "2030-01-31"}
    for kind, more, change in (
        ("audience", {"needs": "réparer", "locales": ["fr"]}, {"needs": "rouler"}),
        ("pillar", {"targetShare": 30}, {"targetShare": None}),
        ("goal", goal, {"target": 6}),
    ):
        given: dict[str, Any] = more
        fields = f"{kind}{{id name version {' '.join(given)}}}"
        made = await desk.manager.do(f"{kind}Create", fields, brandId=desk.brand, name="N", **given)
        first = made.payload[kind]
        assert first == {"id": first["id"], "name": "N", "version": 1, **given}

        changed = await desk.manager.do(
            f"{kind}Update", fields, id=first["id"], expectedVersion=1, **dict(change)
        )
        assert changed.payload[kind] == {**first, "version": 2, **dict(change)}
        stale = await desk.manager.do(
            f"{kind}Update", fields, id=first["id"], expectedVersion=1, name="X"
        )
        assert stale.refusal["code"] == "CONFLICT"
        refused = await desk.editor.do(f"{kind}Delete", "deletedId", id=first["id"])
        assert refused.refusal == {"code": "FORBIDDEN", "path": []}
        gone = await desk.manager.do(f"{kind}Delete", "deletedId", id=first["id"])
        assert gone.payload == {"deletedId": first["id"], "errors": []}


async def test_a_content_gets_and_loses_its_pillar_and_audiences(desk: Desk) -> None:
    made = {
        kind: (
            await desk.manager.do(f"{kind}Create", f"{kind}{{id}}", brandId=desk.brand, name="N")
        ).payload[kind]["id"]
        for kind in ("pillar", "audience")
    }
    selection = "contentItem{id version pillar{id} audiences{id}}"

    item = (
        await desk.editor.do(
            "contentItemCreate",
            selection,
            brandId=desk.brand,
            title="T",
            locale="en",
            parts=[{"text": "x"}],
            pillarId=made["pillar"],
            audienceIds=[made["audience"]],
        )
    ).payload["contentItem"]
    kept = await desk.editor.do("contentItemUpdate", selection, id=item["id"], tags=["a"])
    bare = await desk.editor.do(
        "contentItemUpdate", selection, id=item["id"], pillarId=None, audienceIds=[]
    )

    assert item["pillar"] == {"id": made["pillar"]}
    assert item["audiences"] == [{"id": made["audience"]}]
    assert kept.payload["contentItem"] == {**item, "version": 2}
    assert bare.payload["contentItem"] == {
        "id": item["id"],
        "version": 3,
        "pillar": None,
        "audiences": [],
    }
    wrong = await desk.editor.do(
        "contentItemUpdate", selection, id=item["id"], audienceIds=[made["pillar"]]
    )
    assert wrong.refusal == {"code": "NOT_FOUND", "path": ["input", "audienceIds", "0"]}
