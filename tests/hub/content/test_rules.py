"""Decisions about content: which words go where, and what a revision hashes to."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.platforms.base import MediaFacts
from hub.content.rules import (
    Part,
    RevisionFacts,
    VariantWords,
    Words,
    alt_text,
    chosen,
    draft,
    media_of,
    require_apart,
    require_words,
    revision_hash,
    slugified,
)
from hub.kernel.errors import Invalid
from hub.kernel.ids import new_id

CHANNEL, OTHER, PICTURE = new_id(), new_id(), new_id()
FACTS = RevisionFacts(
    title="Title",
    summary="Summary",
    parts=(Part(text="One"), Part(text="Two", media=(PICTURE,))),
    link="https://a.example",
    tags=("tag",),
    slug="title",
    locale="fr",
)
ON_PLATFORM = VariantWords(platform="mastodon", words=Words(title="Short"), settings={})
ON_CHANNEL = VariantWords(channel_id=CHANNEL, words=Words(title="Own"), settings={})
MEDIA = MediaFacts(
    asset_id=str(PICTURE), sha256="0" * 64, mime="image/png", size=1, width=1, height=1, alt="A"
)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"summary": "Other"},
        {"parts": (Part(text="One Two", media=(PICTURE,)),)},
        {"parts": (Part(text="One", media=(PICTURE,)), Part(text="Two"))},
        {"link": ""},
        {"tags": ("tag", "more")},
        {"slug": "other"},
        {"locale": "en"},
    ],
)
def test_everything_a_revision_says_is_in_its_hash(change: dict[str, Any]) -> None:
    assert revision_hash(replace(FACTS, **change), ()) != revision_hash(FACTS, ())


def test_variants_are_in_the_hash_in_any_order() -> None:
    both = revision_hash(FACTS, (ON_PLATFORM, ON_CHANNEL))

    assert revision_hash(FACTS, (ON_CHANNEL, ON_PLATFORM)) == both
    assert len({both, revision_hash(FACTS, ()), revision_hash(FACTS, (ON_CHANNEL,))}) == 3
    with_settings = replace(ON_CHANNEL, settings={"visibility": "unlisted"})
    assert revision_hash(FACTS, (ON_PLATFORM, with_settings)) != both
    empty = replace(ON_CHANNEL, words=Words(title="Own", tags=()))
    assert revision_hash(FACTS, (ON_PLATFORM, empty)) != both


def test_the_hash_of_a_revision_never_changes_between_versions_of_the_hub() -> None:
    facts = replace(FACTS, parts=(Part(text="One"),))
    written = (
        b'{"revision":{"link":"https://a.example","locale":"fr","parts":[{"media":[],'
        b'"text":"One"}],"slug":"title","summary":"Summary","tags":["tag"],"title":"Title"},'
        b'"variants":[]}'
    )

    assert revision_hash(facts, ()) == hashlib.sha256(written).hexdigest()


def test_a_channels_own_variant_goes_before_its_platforms() -> None:
    both = (ON_PLATFORM, ON_CHANNEL)

    assert chosen(both, channel_id=CHANNEL, platform="mastodon") is ON_CHANNEL
    assert chosen(both, channel_id=OTHER, platform="mastodon") is ON_PLATFORM
    assert chosen(both, channel_id=OTHER, platform="feed") is None
    assert chosen((), channel_id=CHANNEL, platform="mastodon") is None


def test_without_a_variant_the_revisions_words_are_used() -> None:
    found = draft(FACTS, None, {PICTURE: MEDIA})

    assert (found.title, found.summary, found.link) == ("Title", "Summary", "https://a.example")
    assert [part.text for part in found.parts] == ["One", "Two"]
    assert found.parts[1].media == (MEDIA,)
    assert (found.tags, found.locale, found.slug, found.settings) == (("tag",), "fr", "title", {})


@given(
    st.fixed_dictionaries(
        {
            "title": st.none() | st.just(""),
            "summary": st.none() | st.just(""),
            "parts": st.none() | st.just((Part(text="Mine"),)),
            "link": st.none() | st.just(""),
            "tags": st.none() | st.just(()),
        }
    )
)
def test_each_field_of_a_variant_falls_back_by_itself_and_empty_is_not_missing(
    words: dict[str, Any],
) -> None:
    variant = VariantWords(platform="mastodon", words=Words(**words), settings={"a": 1})

    found = draft(FACTS, variant, {PICTURE: MEDIA})

    plain = draft(FACTS, None, {PICTURE: MEDIA})
    for name in ("title", "summary", "link", "tags"):
        expected = getattr(plain, name) if words[name] is None else words[name]
        assert getattr(found, name) == expected
    assert [part.text for part in found.parts] == (["Mine"] if words["parts"] else ["One", "Two"])
    assert found.settings == {"a": 1}


def test_pictures_of_variants_count_too() -> None:
    more = new_id()
    variant = replace(ON_CHANNEL, words=Words(parts=(Part(text="", media=(more,)),)))

    assert media_of(FACTS, (variant, ON_PLATFORM)) == {PICTURE, more}


def test_alternative_text_falls_back_to_the_language() -> None:
    alt = {"fr": "Un chat", "en-GB": "A cat"}

    assert alt_text(alt, locale="fr") == "Un chat"
    assert alt_text(alt, locale="fr-CA") == "Un chat"
    assert alt_text(alt, locale="en-GB") == "A cat"
    assert alt_text(alt, locale="en") == ""
    assert alt_text({}, locale="de") == ""


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("  Été à la plage  ", "ete-a-la-plage"),
        ("日本語", ""),
        ("a" * 59 + " b", "a" * 59),
        ("--x--", "x"),
        ("", ""),
    ],
)
def test_a_slug_is_plain(title: str, slug: str) -> None:
    assert slugified(title) == slug


@given(st.text(max_size=200))
def test_every_slug_can_stand_in_an_address(title: str) -> None:
    slug = slugified(title)

    assert len(slug) <= 60
    assert slug == slugified(slug)
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (Words(title="x" * 301), ("title",)),
        (Words(title="\ud800"), ("title",)),
        (Words(summary="x" * 2001), ("summary",)),
        (Words(link="javascript:alert(1)"), ("link",)),
        (Words(link="https://" + "x" * 2000), ("link",)),
        (Words(tags=("ok", "#hash")), ("tags", "1")),
        (Words(tags=(" ",)), ("tags", "0")),
        (Words(tags=("x" * 101,)), ("tags", "0")),
        (Words(tags=("x",) * 31), ("tags",)),
        (Words(parts=()), ("parts",)),
        (Words(parts=(Part(text="x"),) * 51), ("parts",)),
        (Words(parts=(Part(text="x"), Part(text="x" * 100_001))), ("parts", "1", "text")),
        (Words(parts=(Part(text="x" * 60_000),) * 2), ("parts",)),
        (Words(parts=(Part(text="[" * 1_001),) * 2), ("parts",)),
        (Words(parts=(Part(text="|" * 5_001),)), ("parts",)),
        (Words(parts=(Part(text="a\x00"),)), ("parts", "0", "text")),
        (Words(parts=(Part(text="", media=(PICTURE,) * 21),)), ("parts", "0", "media")),
    ],
)
def test_words_no_revision_can_hold_are_refused_by_field(
    words: Words, path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        require_words(words, path=("input",))

    assert refused.value.path == ("input", *path)


def test_words_at_the_bounds_are_kept() -> None:
    require_words(
        Words(
            title="x" * 300,
            summary="x" * 2000,
            link="http://a.example",
            tags=("x" * 100,) * 30,
            parts=(
                Part(text="[" * 2_000 + "|" * 5_000 + "x" * 93_000, media=(PICTURE,) * 20),
                *(Part(text="", media=(PICTURE,) * 20),) * 49,
            ),
        ),
        path=(),
    )
    require_words(Words(), path=())


def test_two_variants_for_one_place_are_refused() -> None:
    require_apart((ON_PLATFORM, ON_CHANNEL), path=("v",))
    for twice in (ON_PLATFORM, ON_CHANNEL):
        with pytest.raises(Invalid) as refused:
            require_apart((twice, twice), path=("v",))
        assert refused.value.path == ("v", "1")
