"""Posts read and compared: no network."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workers.connectors import mastodon_posts as posts

SHORTENED = (
    '<p><a href="https://example.org/abc"><span class="invisible">https://</span>'
    '<span class="ellipsis">example.org/a</span><span class="invisible">bc</span></a></p>'
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_status(content: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "created_at": "2026-03-01T12:00:00.000Z",
        "content": content,
        "account": {"id": "7"},
        **more,
    }


@pytest.mark.parametrize(
    ("instance", "dialect"),
    [
        ({"version": "4.4.1", "source_url": "https://github.com/mastodon/mastodon"}, "mastodon"),
        (
            {"version": "0.20.1+git-1", "source_url": "https://codeberg.org/x/gotosocial"},
            "gotosocial",
        ),
        ({"version": "2.7.2 (compatible; Pleroma 2.9.1)"}, "pleroma"),
        ({"version": "2.7.2 (compatible; Akkoma 3.15.2)"}, "pleroma"),
        ({}, "mastodon"),
    ],
)
def test_the_dialect_is_read_from_the_instance(instance: dict[str, Any], dialect: str) -> None:
    assert posts.dialect_of(instance) == dialect


def test_a_silent_or_strange_instance_has_the_usual_limits() -> None:
    for strange in ({}, {"configuration": None}, {"configuration": {"statuses": "many"}}):
        assert posts.limits_of(strange, "mastodon").text_max == 500


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<p>1 &lt; 2 &amp; 3</p>", "1 < 2 & 3"),
        (
            SHORTENED,
            "https://example.org/abc",
        ),
        ("<script>alert(1)</script><style>p{}</style><p>Safe</p>", "Safe"),
        ("<p>unclosed <b>tags", "unclosed tags"),
        ("", ""),
    ],
)
def test_html_is_read_as_text(html: str, text: str) -> None:
    assert posts.text_of(html) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello  there\n\nyou", "Hello there you"),
        ("See https://example.org/", "See example.org"),
        ("Ask @bob@example.org.", "Ask @bob."),
        ("caf\u00e9", "cafe\u0301"),
    ],
)
def test_what_servers_change_does_not_count(one: str, other: str) -> None:
    assert posts.folded(one) == posts.folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a", "https://example.org/b"),
        ("Open at 9", "Open at 10"),
        ("Ask @bob", "Ask @rob"),
        ("yes", "Yes"),
    ],
)
def test_what_people_change_counts(one: str, other: str) -> None:
    assert posts.folded(one) != posts.folded(other)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "Other"},
        {"status": "Hello", "in_reply_to_id": "9"},
        {"status": "Hello", "media_ids": ["3"]},
        {"status": "Hello", "spoiler_text": "Careful"},
    ],
)
def test_a_post_that_differs_does_not_match(body: dict[str, Any]) -> None:
    assert posts.matching([a_status("<p>Hello</p>")], body, NOON) == []


def test_a_post_matches_from_the_earliest_moment_on() -> None:
    status = a_status("<p>Hello</p>")

    assert posts.matching([status], {"status": "Hello"}, NOON) == [status]
    assert posts.matching([status], {"status": "Hello"}, NOON + timedelta(milliseconds=1)) == []


def test_among_several_the_one_with_our_pictures_is_meant() -> None:
    ours = a_status("<p>Hello</p>", id="1", media_attachments=[{"id": "5"}])
    twin = a_status("<p>Hello</p>", id="2", media_attachments=[{"id": "6"}])

    found = posts.matching([ours, twin], {"status": "Hello", "media_ids": ["5"]}, NOON)

    assert found == [ours]


def test_a_time_without_a_zone_is_not_trusted() -> None:
    with pytest.raises(ValueError, match="zone"):
        posts.created_at({"created_at": "2026-03-01T12:00:00"})
