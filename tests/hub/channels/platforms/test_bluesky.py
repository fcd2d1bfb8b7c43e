"""What becomes of a draft on Bluesky, and what is said about it beforehand."""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import (
    Capability,
    Draft,
    DraftPart,
    EditionContent,
    Guarantee,
    Kind,
    MediaFacts,
    Rendering,
)
from hub.channels.platforms.bluesky import (
    LIMITS,
    PLATFORM,
    BlueskyCredentials,
    BlueskySettings,
    render,
)
from hub.channels.platforms.bluesky_facets import facets_of
from hub.kernel.errors import HubError
from hub.review.errors import TooLong
from hub.review.rules import refusal

SETTINGS = BlueskySettings()
LINK = "https://harbour.example/open"


def a_picture(**more: Any) -> MediaFacts:
    facts = {"asset_id": "a", "sha256": "b" * 64, "mime": "image/png", "size": 10}
    return MediaFacts(**{**facts, "width": 3, "height": 2, "alt": "A boat", **more})


def a_draft(*texts: str, media: tuple[MediaFacts, ...] = (), **more: Any) -> Draft:
    first, *rest = texts or ("",)
    parts = (DraftPart(text=first, media=media), *(DraftPart(text=text) for text in rest))
    return Draft(**{"title": "Title", **more, "parts": parts})


def rendered(draft: Draft) -> Rendering:
    return render(draft, LIMITS, SETTINGS)


def told(rendering: Rendering) -> list[tuple[str, str, int | None, int | None]]:
    return [(one.code, one.field, one.limit, one.actual) for one in rendering.problems]


def test_a_text_goes_out_as_it_was_written() -> None:
    rendering = rendered(a_draft("Hello\n\n  world ", "second", locale="fr-CA"))

    assert [part.text for part in rendering.edition.parts] == ["Hello\n\n  world ", "second"]
    assert [part.length for part in rendering.edition.parts] == [15, 6]
    assert rendering.problems == ()
    assert rendering.edition.fields == {
        "langs": ["fr"],
        "labels": [],
        "tags": [],
        "card": None,
        "facets": [[], []],
    }
    stored = EditionContent.from_json(rendering.edition.to_json())
    assert stored.digest() == rendering.edition.digest()


def test_a_link_without_a_picture_is_a_card_and_costs_nothing() -> None:
    rendering = rendered(a_draft("x" * 300, link=LINK, summary=" Every day.\n"))

    assert rendering.problems == ()
    assert rendering.edition.parts[0].text == "x" * 300
    assert rendering.edition.fields["card"] == {
        "uri": LINK,
        "title": "Title",
        "description": "Every day.",
    }


def test_a_card_without_a_title_is_named_after_the_place_it_leads_to() -> None:
    card = rendered(a_draft("Hi", link=LINK, title=" ")).edition.fields["card"]

    assert card == {"uri": LINK, "title": "harbour.example", "description": ""}


def test_a_link_beside_a_picture_is_appended_and_marked() -> None:
    rendering = rendered(a_draft("Hello ", "second", media=(a_picture(),), link=LINK))

    assert [part.text for part in rendering.edition.parts] == [f"Hello\n\n{LINK}", "second"]
    assert rendering.edition.fields["card"] is None
    assert rendering.edition.fields["facets"] == [[{"start": 7, "end": 35, "link": LINK}], []]


def test_a_link_that_is_written_already_is_not_repeated() -> None:
    rendering = rendered(a_draft("Hello", f"see {LINK}", media=(a_picture(),), link=LINK))

    assert [part.text for part in rendering.edition.parts] == ["Hello", f"see {LINK}"]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://", "ftp://a.example", "a b"])
def test_what_is_no_web_address_makes_no_card(link: str) -> None:
    assert rendered(a_draft("Hi", link=link)).edition.fields["card"] is None


def test_tags_the_text_does_not_have_go_into_the_list_of_the_record() -> None:
    tags = ("Harbour", "old town", "été", "été", "#pier", "")
    rendering = rendered(a_draft("See you at the #harbour", tags=tags))

    assert rendering.edition.parts[0].text == "See you at the #harbour"
    assert rendering.edition.fields["tags"] == ["oldtown", "été", "pier"]
    assert rendering.problems == ()


def test_too_many_tags_and_too_long_a_tag_are_problems_with_their_numbers() -> None:
    tags = (*(f"tag{number}" for number in range(8)), "x" * 65)

    assert told(rendered(a_draft("Hi", tags=tags))) == [
        ("TOO_MANY_TAGS", "tags", 8, 9),
        ("TAG_TOO_LONG", "tags.8", 64, 65),
    ]
    assert told(rendered(a_draft("Hi", tags=tags[:8]))) == []
    assert told(rendered(a_draft("Hi", tags=("x" * 64,)))) == []


def test_an_answer_is_sent_without_link_card_and_tags() -> None:
    draft = a_draft("Thank you", link=LINK, tags=("a",), in_reply_to="at://x", locale="und")

    edition = rendered(draft).edition

    assert edition.parts[0].text == "Thank you"
    assert (edition.fields["card"], edition.fields["tags"]) == (None, [])
    assert edition.fields["langs"] == []


FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"


@pytest.mark.parametrize(
    ("text", "length", "problems"),
    [
        ("x" * 300, 300, []),
        ("x" * 301, 301, [("TEXT_TOO_LONG", "parts.0.text", 300, 301)]),
        (FAMILY * 166 + "x" * 12, 178, []),
        (FAMILY * 166 + "x" * 13, 179, [("TEXT_TOO_MANY_BYTES", "parts.0.text", 3000, 3001)]),
        (FAMILY * 301, 301, [("TEXT_TOO_LONG", "parts.0.text", 300, 301)]),
        (f"{LINK}/" + "y" * 260, 289, []),
        (" ", 1, [("TEXT_EMPTY", "parts.0.text", None, None)]),
    ],
)
def test_a_text_is_counted_in_graphemes_and_in_bytes(
    text: str, length: int, problems: list[Any]
) -> None:
    rendering = rendered(a_draft(text))

    assert rendering.edition.parts[0].length == length
    assert told(rendering) == problems


@pytest.mark.parametrize("draft", [a_draft(FAMILY * 200), a_draft("Hi", tags=("x" * 65,))])
def test_too_many_bytes_are_refused_like_too_many_characters(draft: Draft) -> None:
    error: HubError | None = refusal(rendered(draft).problems, path=("input",))

    assert isinstance(error, TooLong)


@pytest.mark.parametrize(
    ("media", "problems"),
    [
        ([a_picture()] * 4, []),
        ([a_picture()] * 5, [("TOO_MANY_MEDIA", "parts.0.media", 4, 5)]),
        ([a_picture(mime="image/svg+xml")], [("MEDIA_TYPE", "parts.0.media.0", None, None)]),
        ([a_picture(size=2_000_000)], []),
        (
            [a_picture(size=2_000_001)],
            [("MEDIA_TOO_LARGE", "parts.0.media.0", 2_000_000, 2_000_001)],
        ),
        ([a_picture(alt="x" * 2001)], [("ALT_TOO_LONG", "parts.0.media.0.alt", 2000, 2001)]),
        ([a_picture(alt=" ")], [("ALT_MISSING", "parts.0.media.0.alt", None, None)]),
    ],
)
def test_pictures_are_judged_one_by_one(media: list[MediaFacts], problems: list[Any]) -> None:
    assert told(rendered(a_draft("", media=tuple(media)))) == problems


def marked(text: str) -> list[tuple[str, str]]:
    """Return what is marked, as the network reads it: bytes cut out of the text, and the value."""
    raw = text.encode()
    found = []
    for facet in facets_of(text):
        (value,) = [facet[kind] for kind in ("link", "mention", "tag") if kind in facet]
        found.append((raw[facet["start"] : facet["end"]].decode(), value))
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Été à https://a.example/é?x=1.",
            [("https://a.example/é?x=1", "https://a.example/é?x=1")],
        ),
        ("(https://a.example/b)", [("https://a.example/b", "https://a.example/b")]),
        ("https://a.example/b_(c)", [("https://a.example/b_(c)",) * 2]),
        ("HTTPS://A.example!?", [("HTTPS://A.example",) * 2]),
        ("https:// https://. node.js a@b.example", []),
        (
            f"{FAMILY} @alice.test, (@Bob.example)",
            [("@alice.test", "alice.test"), ("@Bob.example", "Bob.example")],
        ),
        ("@alice hi@alice.test @alice.test.1 @-a.test", []),
        ("#été, #2024a! #a#b", [("#été", "été"), ("#2024a", "2024a"), ("#a", "a")]),
        ("#123 # #! a#b #\ufe0f\u20e3 #" + "x" * 65, []),
        ("\uff03wide", [("\uff03wide", "wide")]),
    ],
)
def test_links_mentions_and_tags_are_marked_by_their_bytes(
    text: str, found: list[tuple[str, str]]
) -> None:
    assert marked(text) == found


@pytest.mark.parametrize(
    "hostile",
    [
        "@" + "a." * 100_000,
        "@a." * 70_000,
        "#" * 200_000,
        "#a" * 100_000,
        "#" + "!" * 200_000,
        "https://" * 25_000,
        "https://a" + ")" * 200_000,
        "https://a" + "(" * 100_000 + ")" * 100_001,
        "https://[" + "a" * 200_000,
        "\u0301" * 200_000,
        "\x00\x07\ud800\u202e" * 50_000,
        "é #tag @a.test https://a.example " * 6_000,
    ],
)
def test_no_text_makes_rendering_slow(hostile: str) -> None:
    started = time.process_time()

    rendered(a_draft(hostile, tags=(hostile,), link=hostile))

    assert time.process_time() - started < 3


def test_a_variant_sets_what_it_may_and_nothing_else() -> None:
    fine = rendered(
        a_draft("Hi", settings={"languages": ["en", "pt-BR"], "labels": ["nudity"]})
    ).edition.fields
    wrong = rendered(
        a_draft("Hi", settings={"languages": ["english!"], "labels": ["x"], "colour": "red"})
    )
    many = rendered(a_draft("Hi", settings={"languages": ["en", "fr", "de", "es"]}))

    assert (fine["langs"], fine["labels"]) == (["en", "pt-BR"], ["nudity"])
    assert {(one.code, one.field) for one in wrong.problems} == {
        ("SETTING_INVALID", "settings.languages"),
        ("SETTING_INVALID", "settings.labels.0"),
        ("SETTING_INVALID", "settings.colour"),
    }
    assert [one.field for one in many.problems] == ["settings.languages"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, "https://bsky.social"),
        ({"service": "https://PDS.example/"}, "https://pds.example"),
        ({"service": "http://127.0.0.1:2583"}, "http://127.0.0.1:2583"),
    ],
)
def test_the_address_of_a_server_is_kept_bare(given: dict[str, str], kept: str) -> None:
    assert BlueskySettings.model_validate(given).service == kept


@pytest.mark.parametrize(
    "given", ["http://bsky.social", "bsky.social", "https://u@a.example", "https://a.example/xrpc"]
)
@pytest.mark.parametrize("name", ["service", "app"])
def test_another_address_is_refused(given: str, name: str) -> None:
    with pytest.raises(ValidationError):
        BlueskySettings.model_validate({name: given})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("@alice.test ", "alice.test"),
        ("did:plc:abc", "did:plc:abc"),
        ("a@b.example", "a@b.example"),
    ],
)
def test_an_account_is_named_by_handle_did_or_mail(given: str, kept: str) -> None:
    assert BlueskyCredentials(identifier=given, app_password="abcd").identifier == kept


@pytest.mark.parametrize("password", ["", "two words", "line\nbreak", "caf\u00e9"])
def test_a_password_that_cannot_be_one_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(ValidationError) as refused:
        BlueskyCredentials(identifier="alice.test", app_password=password)

    assert password == "" or password not in str(refused.value)


def test_a_password_is_not_shown() -> None:
    shown = repr(BlueskyCredentials(identifier="alice.test", app_password="abcd-efgh"))

    assert "abcd-efgh" not in shown


def test_the_platform_says_what_it_is() -> None:
    assert PLATFORMS["bluesky"] is PLATFORM
    assert (PLATFORM.kind, PLATFORM.guarantee) == (Kind.NETWORK, Guarantee.IDENTITY)
    assert PLATFORM.capabilities == set(Capability) - {
        Capability.EDIT,
        Capability.DIRECT_MESSAGES,
        Capability.DELETE_MESSAGES,
    }


def test_a_tag_of_few_signs_and_many_bytes_is_none() -> None:
    tag = ("e" + "\N{COMBINING ACUTE ACCENT}" * 10) * 40
    size = len(tag.encode())
    assert size > 640

    assert told(rendered(a_draft("Hi", tags=(tag,)))) == [("TAG_TOO_LONG", "tags.0", 640, size)]
    assert rendered(a_draft(f"Hi #{tag}")).edition.fields["facets"] == [[]]
