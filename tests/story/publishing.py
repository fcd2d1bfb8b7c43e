"""Publishing: on time, once, exactly what was approved, and nothing else."""

from datetime import timedelta
from typing import Any

from tests.story.media import FILM
from tests.story.reviewing import WEDNESDAY
from tests.story.stage import Company, Story

PUBLICATION = """id state holdReason approvedHash sentHash url remoteId standing
  attempts{outcome} channel{name} edition{hash parts{text}}"""


async def play(story: Story) -> None:
    """Tell how approved words go out."""
    await _before_its_time(story)
    await _when_the_time_has_come(story)
    await _what_was_changed_after_its_approval(story)
    await _a_film(story)
    await _the_plan(story.atelier)


async def publish(
    story: Story,
    company: Company,
    *channels: str,
    text: str,
    title: str = "Texte",
    at: Any = None,
    **more: Any,
) -> tuple[str, list[Any]]:
    """Write something, have it approved, and send it; its id, its publications."""
    locale = "fr" if company is story.atelier else "en"
    item = await company.editor.do(
        "contentItemCreate",
        "contentItem{id}",
        brandId=company.kept["brand"],
        title=title,
        locale=locale,
        **{"parts": [{"text": text}], **more},
    )
    when = {"scheduledFor": at.isoformat()} if at else {}
    review = await company.editor.do(
        "reviewSubmit",
        "review{id}",
        contentItemId=item["id"],
        targets=[{"channelId": company.kept[name], **when} for name in channels],
    )
    await story.town.settle()
    await approve(company, review["id"])
    for name in () if at else channels:
        await company.editor.do(
            "publicationSchedule",
            "publication{id}",
            contentItemId=item["id"],
            channelId=company.kept[name],
        )
    await story.town.settle()
    return item["id"], await publications(company, item["id"])


async def approve(company: Company, review: str) -> None:
    """Approve what has the one step that a review has where no workflow is asked for."""
    decided = await company.approver.do(
        "reviewDecide", "review{state}", reviewId=review, verdict="APPROVE"
    )
    assert decided["state"] == "APPROVED"


async def publications(company: Company, item: str) -> list[Any]:
    """Return the publications of a content, by the names of their channels."""
    seen = await company.viewer.node(
        item, "ContentItem", f"publications(first:9){{nodes{{{PUBLICATION}}}}}"
    )
    return sorted(seen["publications"]["nodes"], key=lambda one: one["channel"]["name"])


async def _before_its_time(story: Story) -> None:
    atelier, kept, town = story.atelier, story.atelier.kept, story.town
    calendar = await atelier.viewer.ask(
        """{calendar(from:"2030-03-05" to:"2030-03-06" timeZone:"Europe/Paris"){
             days{date entries{localTime state title channel{name}}}}}"""
    )
    assert calendar["days"] == [
        {"date": "2030-03-05", "entries": []},
        {
            "date": "2030-03-06",
            "entries": [
                _entry("Réseau", "SCHEDULED", "Samedi, on répare"),
                _entry("Blog", "SCHEDULED", "Samedi, on répare"),
                # Nobody has approved it: it is only wished for.
                _entry("Réseau", "PROPOSED", "Jamais"),
            ],
        },
    ]
    waiting = await publications(atelier, kept["item"])
    assert [(one["state"], one["sentHash"]) for one in waiting] == [("SCHEDULED", None)] * 2
    for platform in ("mastodon", "wordpress", "misago"):
        assert await town.posts(platform) == []


def _entry(channel: str, state: str, title: str) -> dict[str, Any]:
    return {"localTime": "09:00", "state": state, "title": title, "channel": {"name": channel}}


async def _when_the_time_has_come(story: Story) -> None:
    atelier, kept, town = story.atelier, story.atelier.kept, story.town
    await atelier.editor.do(
        "publicationSchedule",
        "publication{id}",
        contentItemId=kept["item"],
        channelId=kept["misago"],
    )
    await town.settle()
    assert await town.posts("mastodon") == []
    # The network takes the post, and its answer is lost.
    await town.stands["mastodon"].fault("drop_after")
    await town.until(WEDNESDAY)
    await town.later(minutes=3)

    out = await publications(atelier, kept["item"])
    assert [(one["channel"]["name"], one["state"]) for one in out] == [
        ("Blog", "PUBLISHED"),
        ("Forum", "PUBLISHED"),
        ("Réseau", "PUBLISHED"),
    ]
    assert sorted(one["sentHash"] for one in out) == kept["hashes"]
    assert [one["approvedHash"] == one["sentHash"] == one["edition"]["hash"] for one in out] == [
        True,
        True,
        True,
    ]
    assert [attempt["outcome"] for attempt in out[2]["attempts"]] == ["UNKNOWN", "PUBLISHED"]
    (post,) = await town.posts("mastodon")
    assert post["text"] == out[2]["edition"]["parts"][0]["text"]
    assert post["descriptions"] == ["samedi.jpg, décrit"]
    (article,) = await town.posts("wordpress")
    assert (article["title"], article["status"]) == ("Samedi, on répare", "publish")
    (topic,) = await town.posts("misago")
    assert topic["title"] == "Samedi, on répare"
    revision = await atelier.viewer.node(
        kept["item"], "ContentItem", "currentRevision{shortLinks{url shortUrl channel{name}}}"
    )
    links = {one["channel"]["name"]: one for one in revision["currentRevision"]["shortLinks"]}
    assert {name: one["url"] for name, one in links.items()} == {
        name: "https://atelier.example/velo?utm_source="
        f"{platform}&utm_medium=social&utm_campaign=reparation"
        for name, platform in (("Blog", "wordpress"), ("Forum", "misago"), ("Réseau", "mastodon"))
    }
    assert links["Réseau"]["shortUrl"] in post["text"]
    kept |= {
        "short": links["Réseau"]["shortUrl"],
        "posts": {one["channel"]["name"]: one["remoteId"] for one in out},
        "publications": {one["channel"]["name"]: one["id"] for one in out},
    }
    assert not [one for one in await town.posts("mastodon") if "jamais" in one["text"]]
    for one in out:
        assert await story.lighthouse.admin.unseen(one["id"])


async def _what_was_changed_after_its_approval(story: Story) -> None:
    """Approved words that are edited do not go out: neither the old ones nor the new ones."""
    lighthouse, town = story.lighthouse, story.town
    friday = await town.now() + timedelta(hours=3)
    item, (one,) = await publish(
        story, lighthouse, "bluesky", text="The lamp is lit at six.", at=friday
    )
    assert one["state"] == "SCHEDULED"
    await lighthouse.editor.do(
        "contentItemUpdate", "contentItem{id}", id=item, parts=[{"text": "The lamp is lit at 7."}]
    )
    await town.until(friday)
    (one,) = await publications(lighthouse, item)
    assert (one["state"], one["holdReason"], one["sentHash"]) == ("HELD", "SUPERSEDED", None)
    assert await town.posts("bluesky") == []
    _, sent = await publish(story, lighthouse, "bluesky", "feed", text="We are open on Sunday.")
    assert [one["state"] for one in sent] == ["PUBLISHED", "PUBLISHED"]
    assert [one["text"] for one in await town.posts("bluesky")] == ["We are open on Sunday."]
    lighthouse.kept["bluesky post"] = sent[0]["remoteId"]


async def _a_film(story: Story) -> None:
    atelier, kept, town = story.atelier, story.atelier.kept, story.town
    parts = [{"text": "Le vélo, en film.", "media": [kept["film"]]}]
    previews = await atelier.editor.ask(
        """query($i:VariantPreviewInput!){variantPreviews(input:$i){
             platform{key} publishable problems{code}}}""",
        i={
            "parts": parts,
            "title": "Le film du vélo",
            "locale": "fr",
            "channelIds": [kept["misago"]],
        },
    )
    assert previews == [
        {
            "platform": {"key": "misago"},
            "publishable": False,
            "problems": [{"code": "VIDEO_UNSUPPORTED"}],
        }
    ]
    _, (one,) = await publish(
        story, atelier, "mastodon", text="", parts=parts, campaignId=kept["campaign"]
    )
    assert one["state"] == "PUBLISHED"
    post = (await town.posts("mastodon"))[-1]
    assert (post["text"], post["descriptions"]) == ("Le vélo, en film.", ["velo.mp4, décrit"])
    page = await atelier.viewer.node(kept["film"], "Asset", "url")
    assert (await town.get(page["url"])).content == FILM


async def _the_plan(atelier: Company) -> None:
    seen = await atelier.viewer.node(
        atelier.kept["campaign"],
        "Campaign",
        "plan{published missing gaps{weekOf missing entry{position}}}",
    )
    # The film is about none of the pillars, so it does not count where one is asked for.
    assert seen["plan"] == {
        "published": 2,
        "missing": 2,
        "gaps": [
            {"weekOf": "2030-03-04", "missing": 1, "entry": {"position": 0}},
            {"weekOf": "2030-03-11", "missing": 1, "entry": {"position": 0}},
        ],
    }
