"""Publications: what is out, what shall go out, and what needs a person."""

from datetime import timedelta
from typing import Any

from hub.publishing.models import Attempt, HoldReason, PublicationState
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library


async def test_a_publication_shows_the_evidence_of_what_happened(
    client: Client, library: Library
) -> None:
    item = await library.an_item(title="One", campaign=library.campaign)
    revision = await library.revision_of(item)
    publication = await library.a_publication(
        item,
        revision,
        library.channels[0],
        state=PublicationState.PUBLISHED,
        url="https://social.example/1",
        refs=[{"remote_id": "1", "url": "https://social.example/1", "published_at": None}],
    )
    await library.measure(publication, "likes", [1, 4])
    for number, outcome in ((1, "RETRY"), (2, "PUBLISHED")):
        await library.rows.add(
            Attempt,
            publication_id=publication,
            number=number,
            fence=number,
            worker="w",
            outcome=outcome,
            finished_at=NOON,
        )

    answer = await client.ask(
        """query($id: ID!) { node(id: $id) { ... on Publication {
          state origin url remoteId approvedHash sentHash publishedAt holdReason
          posts { remoteId url } attempts { number outcome finishedAt }
          contentItem { title } revision { number } edition { hash } channel { name }
          metrics { metric value approximate measuredAt publication { url } }
          measurements(first: 1) { totalCount nodes { value } }
          thread { id } problems { code } availableActions version
        } } }""",
        id=to_global_id("Publication", publication),
    )

    assert answer.errors == []
    assert answer.statements == 1
    found = answer.data["node"]
    assert found["approvedHash"] == found["sentHash"] == found.pop("edition")["hash"]
    assert found.pop("remoteId").startswith("r-")
    del found["approvedHash"], found["sentHash"]
    assert found == {
        "state": "PUBLISHED",
        "origin": "CONTENT",
        "url": "https://social.example/1",
        "publishedAt": "2026-03-01T12:00:00.123456+00:00",
        "holdReason": None,
        "posts": [{"remoteId": "1", "url": "https://social.example/1"}],
        "attempts": [
            {"number": 1, "outcome": "RETRY", "finishedAt": "2026-03-01T12:00:00.123456+00:00"},
            {"number": 2, "outcome": "PUBLISHED", "finishedAt": "2026-03-01T12:00:00.123456+00:00"},
        ],
        "contentItem": {"title": "One"},
        "revision": {"number": 1},
        "channel": {"name": "Channel 1"},
        "metrics": [
            {
                "metric": "likes",
                "value": 4,
                "approximate": False,
                "measuredAt": "2026-03-01T13:00:00.123456+00:00",
                "publication": {"url": "https://social.example/1"},
            }
        ],
        "measurements": {"totalCount": 2, "nodes": [{"value": 4}]},
        "thread": None,
        "problems": [],
        "availableActions": [
            "PUBLICATION_COLLECT",
            "PUBLICATION_WITHDRAW",
            "PUBLICATION_READ_BACK",
        ],
        "version": 1,
    }


async def test_what_waits_for_a_person_comes_with_its_reason_and_remedies(
    client: Client, library: Library
) -> None:
    states: dict[str, dict[str, Any]] = {
        "held": {"state": PublicationState.HELD, "hold_reason": HoldReason.PAUSED},
        "unconfirmed": {"state": PublicationState.UNCONFIRMED},
        "failed": {"state": PublicationState.FAILED},
        "planned": {"state": PublicationState.PLANNED},
        "published": {"state": PublicationState.PUBLISHED},
    }
    for hours, (title, more) in enumerate(states.items()):
        item = await library.an_item(title=title)
        await library.a_publication(
            item,
            await library.revision_of(item),
            library.channels[0],
            problem=f"about {title}",
            updated_at=NOON + timedelta(hours=hours),
            **more,
        )

    found = await client.data(
        """{ publicationsNeedingAttention { totalCount nodes {
          state holdReason problems { code message } availableActions } }
          mine: publicationsNeedingAttention(filter: {titleContains: "fail"}) { totalCount } }"""
    )

    assert found["mine"] == {"totalCount": 1}
    assert found["publicationsNeedingAttention"] == {
        "totalCount": 3,
        "nodes": [
            {
                "state": "FAILED",
                "holdReason": None,
                "problems": [{"code": "FAILED", "message": "about failed"}],
                "availableActions": ["PUBLICATION_CANCEL", "PUBLICATION_RETRY"],
            },
            {
                "state": "UNCONFIRMED",
                "holdReason": None,
                "problems": [
                    {
                        "code": "OUTCOME_UNKNOWN",
                        "message": "It may be out. Look at the platform, then confirm, retry or "
                        "abandon. about unconfirmed",
                    }
                ],
                "availableActions": [
                    "PUBLICATION_RETRY",
                    "PUBLICATION_CONFIRM",
                    "PUBLICATION_ABANDON",
                ],
            },
            {
                "state": "HELD",
                "holdReason": "PAUSED",
                "problems": [{"code": "HELD_PAUSED", "message": "about held"}],
                "availableActions": [
                    "PUBLICATION_RESCHEDULE",
                    "PUBLICATION_CANCEL",
                    "PUBLICATION_RESUME",
                ],
            },
        ],
    }


async def test_being_late_is_seen_by_the_clock_of_the_hub(client: Client, library: Library) -> None:
    now = await client.hub.now()
    for title, due in (("late", now - timedelta(hours=1)), ("soon", now + timedelta(hours=1))):
        item = await library.an_item(title=title)
        await library.a_publication(
            item,
            await library.revision_of(item),
            library.channels[0],
            state=PublicationState.SCHEDULED,
            scheduled_for=due,
            due_at=due,
        )

    found = await client.data(
        "{ publications(orderBy: [DUE_AT_ASC]) { nodes { problems { code severity } } } }"
    )

    assert found["publications"]["nodes"] == [
        {"problems": [{"code": "LATE", "severity": "WARNING"}]},
        {"problems": []},
    ]


async def test_a_calendar_asks_for_a_span_a_brand_and_a_campaign(
    client: Client, library: Library
) -> None:
    for title, campaign, day in (
        ("in", library.campaign, 1),
        ("later", library.campaign, 9),
        ("other", None, 1),
    ):
        item = await library.an_item(title=title, campaign=campaign)
        await library.a_publication(
            item,
            await library.revision_of(item),
            library.channels[0],
            scheduled_for=NOON + timedelta(days=day),
        )

    found = await client.data(
        """query($brand: ID!, $campaign: ID!) {
          publications(filter: {
            brandIn: [$brand], campaignIn: [$campaign],
            scheduledFor: {from: "2026-03-02T13:00:00+01:00", before: "2026-03-03T00:00:00Z"}
          }) { nodes { contentItem { title } } }
          others: publications(filter: {not: {campaignIn: [$campaign]}}) {
            nodes { contentItem { title } } }
        }""",
        brand=to_global_id("Brand", library.brand),
        campaign=to_global_id("Campaign", library.campaign),
    )

    assert found["publications"]["nodes"] == [{"contentItem": {"title": "in"}}]
    assert found["others"]["nodes"] == [{"contentItem": {"title": "other"}}]
