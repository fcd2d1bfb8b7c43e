"""What is wrong with videos, everywhere in the same words; and that pictures are as they were."""

from dataclasses import replace

import pytest

from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import Draft, DraftPart, Limits, MediaFacts, VideoLimits
from hub.channels.rules import basis

VIDEO = MediaFacts(
    asset_id="01900000-0000-7000-8000-000000000001",
    sha256="0" * 64,
    mime="video/mp4",
    size=1_000_000,
    width=1280,
    height=720,
    alt="Un bateau",
    duration_ms=12_000,
)
PICTURE = replace(VIDEO, mime="image/png", duration_ms=None)
SETTINGS = {
    "bluesky": {"service": "https://bsky.example"},
    "feed": {"title": "News", "description": "All", "language": "fr"},
    "webhook": {"url": "https://hook.example/in"},
    "misago": {"base_url": "https://forum.example", "category": "news"},
}


def codes(key: str, *media: MediaFacts, limits: Limits | None = None) -> list[str]:
    """Return what is wrong with a post of these media on a platform."""
    known = PLATFORMS[key]
    usual = SETTINGS.get(key, {"base_url": "https://place.example"})
    draft = Draft(title="Port", parts=(DraftPart(text="Regardez", media=media),), slug="port")
    rendered = known.render(draft, limits or known.limits, known.settings.model_validate(usual))
    return [problem.code for problem in rendered.problems]


@pytest.mark.parametrize("key", ["mastodon", "bluesky", "wordpress", "feed", "webhook"])
def test_a_video_is_taken_where_the_platform_takes_it(key: str) -> None:
    assert codes(key, VIDEO) == []


def test_a_forum_takes_none() -> None:
    assert "VIDEO_UNSUPPORTED" in codes("misago", VIDEO)


@pytest.mark.parametrize(
    ("media", "code"),
    [
        ([replace(VIDEO, mime="video/webm")], "VIDEO_TYPE"),
        ([replace(VIDEO, size=100_000_001)], "VIDEO_TOO_LARGE"),
        ([replace(VIDEO, duration_ms=180_001)], "VIDEO_TOO_LONG"),
        ([VIDEO, VIDEO], "TOO_MANY_VIDEOS"),
        ([VIDEO, PICTURE], "VIDEO_NOT_ALONE"),
        ([replace(VIDEO, alt="")], "ALT_MISSING"),
    ],
)
def test_what_a_network_does_not_take_has_a_word(media: list[MediaFacts], code: str) -> None:
    assert codes("bluesky", *media) == [code]


def test_three_minutes_are_three_minutes() -> None:
    assert codes("bluesky", replace(VIDEO, duration_ms=180_000)) == []


def test_a_picture_of_too_many_pixels_is_refused_by_mastodon() -> None:
    assert codes("mastodon", replace(VIDEO, width=3840, height=2161)) == ["VIDEO_TOO_MANY_PIXELS"]


def test_an_article_shows_videos_beside_pictures_and_none_of_them_above() -> None:
    known = PLATFORMS["wordpress"]
    draft = Draft(title="Port", parts=(DraftPart(text="x", media=(VIDEO, PICTURE, PICTURE)),))
    rendered = known.render(
        draft, known.limits, known.settings.model_validate({"base_url": "https://blog.example"})
    )
    content = rendered.edition.fields["content"]

    assert '<video controls src="hub-media:0" aria-label="Un bateau"></video>' in content
    # The first picture stands above the article, so it is not in it.
    assert "hub-media:1" not in content
    assert '<img src="hub-media:2"' in content


def test_limits_of_videos_are_stored_and_read_again() -> None:
    limits = PLATFORMS["mastodon"].limits

    assert Limits.from_json(limits.to_json()) == limits
    assert Limits.from_json({**limits.to_json(), "video": None}).video is None
    assert isinstance(limits.video, VideoLimits)


def test_pictures_are_written_and_judged_as_before_there_were_videos() -> None:
    with_videos = PLATFORMS["mastodon"].limits
    without = replace(with_videos, video=None)

    def judged(limits: Limits) -> str:
        return basis(platform="mastodon", settings={}, remote_id="1", limits=limits, dialect="")

    assert set(PICTURE.to_json()) == {
        *("asset_id", "sha256", "mime", "size"),
        "width",
        "height",
        "alt",
    }
    assert "video" not in without.to_json()
    assert judged(with_videos) == judged(without)
