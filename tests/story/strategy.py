"""Strategy: how the brands speak, to whom, what is planned, and what is to be reached."""

from typing import Any

from tests.story.stage import Company, Story

PROBLEMS = "problems{code severity field span{start end} suggestion}"
PLAN = """plan{planned inPreparation scheduled published missing
  entries{entry{platform channel{name}} planned missing} gaps{weekOf missing entry{position}}}"""
#: What the brand says of itself, in French.
GUIDE: dict[str, Any] = {
    "locale": "fr",
    "toneDo": ["Tutoyer."],
    "toneDont": ["Promettre."],
    "bannedWords": [{"phrase": "pas cher", "suggestion": "à petit prix"}],
    "requiredDisclosures": [{"alternatives": ["Publicité", "#pub"], "when": "PAID"}],
    "preferredSpellings": [{"from": "email", "to": "courriel"}],
    "hashtags": {"most": 1},
    "emoji": {"most": 1, "severity": "BLOCKING"},
}
ARTICLE = "Samedi, à l'atelier, on répare. [Le vélo d'abord](https://atelier.example/velo)."


async def play(story: Story) -> None:
    """Tell how both brands begin."""
    await _brands(story)
    await _channels(story)
    await _voice(story.atelier)
    await _campaign(story.atelier)
    await _a_text_that_must_be_mended(story.atelier)
    await _nobody_else_sees_it(story)


async def _brands(story: Story) -> None:
    for company, slug, name, locales in (
        (story.atelier, "atelier", "L'Atelier", ["fr", "en"]),
        (story.lighthouse, "lighthouse", "West Lighthouse", ["en"]),
    ):
        made = await company.manager.do(
            "brandCreate",
            "brand{id}",
            slug=slug,
            name=name,
            locales=locales,
            ownDomains=[f"{slug}.example"],
        )
        company.kept["brand"] = made["id"]
        refused = await company.editor.refused("brandCreate", slug="b", name="B", locales=["fr"])
        assert refused == ("FORBIDDEN", "")


async def _channels(story: Story) -> None:
    for company, platform, name in (
        (story.atelier, "mastodon", "Réseau"),
        (story.atelier, "wordpress", "Blog"),
        (story.atelier, "misago", "Forum"),
        (story.lighthouse, "bluesky", "Network"),
    ):
        stand = story.town.stands[platform]
        joined = await stand.ask("POST", "accounts", json={"username": f"our{platform}"})
        await _connect(
            company,
            platform,
            name,
            joined.get("settings", {"base_url": stand.base}),
            joined.get("secrets", {"access_token": joined.get("access_token")}),
        )
    await _connect(
        story.lighthouse,
        "feed",
        "News",
        {"title": "News", "description": "All of it", "language": "en"},
        {},
    )
    await story.town.settle()
    for company, expected in ((story.atelier, 3), (story.lighthouse, 2)):
        channels = await company.viewer.page("channels", "state settings")
        assert [one["state"] for one in channels] == ["READY"] * expected
        assert "secret" not in str(channels)
        assert "token" not in str(channels)


async def _connect(
    company: Company, platform: str, name: str, settings: Any, credentials: Any
) -> None:
    made = await company.manager.do(
        "channelConnect",
        "channel{id state}",
        brandId=company.kept["brand"],
        platform=platform,
        name=name,
        settings=settings,
        credentials=credentials,
        timezone="Europe/Paris",
        externalReference=platform,
    )
    assert made["state"] == "CHECKING"
    company.kept[platform] = made["id"]


async def _voice(atelier: Company) -> None:
    guide = await atelier.manager.do(
        "voiceGuideSet", "voiceGuide{id version}", brandId=atelier.kept["brand"], **GUIDE
    )
    assert guide["version"] == 1
    checked = await atelier.editor.ask(
        """query($b:ID!){voiceCheck(brandId:$b locale:"fr-CA" paid:true
           text:"PAS CHER : un Email 🚲🚲 #a #b"){code severity span{start end} suggestion}}""",
        b=atelier.kept["brand"],
    )
    assert [(one["code"], one["severity"], one["span"], one["suggestion"]) for one in checked] == [
        ("VOICE_BANNED_WORD", "ERROR", {"start": 0, "end": 8}, "à petit prix"),
        ("VOICE_SPELLING", "WARNING", {"start": 14, "end": 19}, "courriel"),
        ("VOICE_DISCLOSURE_MISSING", "ERROR", None, "Publicité"),
        ("VOICE_TOO_MANY_HASHTAGS", "WARNING", {"start": 26, "end": 28}, None),
        ("VOICE_TOO_MANY_EMOJI", "ERROR", {"start": 21, "end": 22}, None),
    ]


async def _campaign(atelier: Company) -> None:
    brand, kept = atelier.kept["brand"], atelier.kept
    audience = await atelier.manager.do(
        "audienceCreate", "audience{id}", brandId=brand, name="Voisins", needs="Rouler lundi."
    )
    pillar = await atelier.manager.do(
        "pillarCreate", "pillar{id}", brandId=brand, name="Réparer", targetShare=60
    )
    campaign = await atelier.manager.do(
        "campaignCreate",
        "campaign{id version}",
        brandId=brand,
        name="La semaine de la réparation",
        objective="Cent personnes un samedi.",
        locale="fr",
        startsOn="2030-03-04",
        endsOn="2030-03-17",
        utm={"source": "{platform}", "medium": "social", "campaign": "reparation"},
    )
    kept |= {"audience": audience["id"], "pillar": pillar["id"], "campaign": campaign["id"]}
    span = {"startsOn": "2030-03-04", "endsOn": "2030-03-17"}
    planned = await atelier.manager.do(
        "campaignPlanSet",
        f"campaign{{{PLAN}}}",
        campaignId=campaign["id"],
        expectedVersion=campaign["version"],
        entries=[
            {"planned": 3, "channelId": kept["mastodon"], "pillarId": pillar["id"], **span},
            {"planned": 1, "platform": "wordpress", **span},
        ],
    )
    assert planned["plan"] == {
        "planned": 4,
        "inPreparation": 0,
        "scheduled": 0,
        "published": 0,
        "missing": 4,
        "entries": [
            {
                "entry": {"platform": None, "channel": {"name": "Réseau"}},
                "planned": 3,
                "missing": 3,
            },
            {"entry": {"platform": "wordpress", "channel": None}, "planned": 1, "missing": 1},
        ],
        "gaps": [
            {"weekOf": "2030-03-04", "missing": 2, "entry": {"position": 0}},
            {"weekOf": "2030-03-11", "missing": 1, "entry": {"position": 0}},
            {"weekOf": "2030-03-04", "missing": 1, "entry": {"position": 1}},
        ],
    }
    goal = await atelier.manager.do(
        "goalCreate",
        "goal{id progress{state value share expected}}",
        brandId=brand,
        campaignId=campaign["id"],
        name="Quatre réponses",
        metric="REPLIES",
        target=4,
        startsOn="2030-03-04",
        deadline="2030-03-17",
    )
    kept["goal"] = goal["id"]
    assert goal["progress"] == {"state": "ON_TRACK", "value": 0, "share": 0, "expected": 0}


async def _a_text_that_must_be_mended(atelier: Company) -> None:
    kept = atelier.kept
    item = await atelier.editor.do(
        "contentItemCreate",
        f"contentItem{{id version {PROBLEMS}}}",
        brandId=kept["brand"],
        campaignId=kept["campaign"],
        pillarId=kept["pillar"],
        audienceIds=[kept["audience"]],
        title="Samedi, on répare",
        locale="fr",
        parts=[{"text": "Samedi, on répare pas cher : https://atelier.example/velo"}],
        variants=[{"platform": "wordpress", "parts": [{"text": ARTICLE}]}],
        shortensLinks=True,
    )
    assert item["problems"] == [
        {
            "code": "VOICE_BANNED_WORD",
            "severity": "ERROR",
            "field": "parts.0.text",
            "span": {"start": 18, "end": 26},
            "suggestion": "à petit prix",
        }
    ]
    kept["item"] = item["id"]
    refused = await atelier.editor.refused(
        "reviewSubmit", contentItemId=item["id"], targets=[{"channelId": kept["mastodon"]}]
    )
    assert refused == ("INVALID", "targets.0.parts.0.text")
    assert await atelier.editor.count("reviews") == 0
    mended = await atelier.editor.do(
        "contentItemUpdate",
        f"contentItem{{version {PROBLEMS} pillar{{name}} audiences{{name}}}}",
        id=item["id"],
        expectedVersion=item["version"],
        parts=[{"text": "Samedi, on répare à petit prix : https://atelier.example/velo"}],
    )
    assert mended == {
        "version": 2,
        "problems": [],
        "pillar": {"name": "Réparer"},
        "audiences": [{"name": "Voisins"}],
    }


async def _nobody_else_sees_it(story: Story) -> None:
    kept, stranger = story.atelier.kept, story.lighthouse.admin
    for name in ("brand", "mastodon", "campaign", "goal", "pillar", "audience", "item"):
        assert await stranger.unseen(kept[name])
    assert await stranger.count("contentItems") == 0
    assert await stranger.refused("goalDelete", id=kept["goal"]) == ("NOT_FOUND", "id")
    assert await story.atelier.viewer.count("goals") == 1
