"""What becomes of a draft on Mastodon, and what is said about it beforehand."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from hub.channels.platforms import PLATFORMS, platform
from hub.channels.platforms.base import (
    Draft,
    DraftPart,
    Limits,
    MediaFacts,
    Problem,
    ProblemSeverity,
    Rendering,
)
from hub.channels.platforms.mastodon import (
    LIMITS,
    PLATFORM,
    MastodonCredentials,
    MastodonSettings,
    render,
)
from hub.kernel.errors import Invalid

SETTINGS = MastodonSettings(base_url="https://mastodon.example")
GOTOSOCIAL = replace(LIMITS, counter="codepoint", url_weight=None, text_max=5000)


def a_picture(**more: Any) -> MediaFacts:
    facts = {"asset_id": "a", "sha256": "b" * 64, "mime": "image/png", "size": 10}
    return MediaFacts(**{**facts, "width": 1, "height": 1, "alt": "A boat", **more})


def a_draft(*texts: str, **more: Any) -> Draft:
    return Draft(title="Title", parts=tuple(DraftPart(text=text) for text in texts), **more)


def rendered(draft: Draft, limits: Limits = LIMITS) -> Rendering:
    return render(draft, limits, SETTINGS)


def told(rendering: Rendering) -> list[tuple[str, str, int | None, int | None]]:
    return [(one.code, one.field, one.limit, one.actual) for one in rendering.problems]


def test_a_text_goes_out_as_it_was_written() -> None:
    rendering = rendered(a_draft("Hello\n\n  world ", "second"))

    assert [part.text for part in rendering.edition.parts] == ["Hello\n\n  world ", "second"]
    assert rendering.problems == ()
    assert rendering.edition.title == "Title"
    assert rendering.edition.fields == {
        "visibility": "public",
        "sensitive": False,
        "spoiler_text": "",
        "language": "en",
    }


def test_link_and_tags_are_appended_to_the_first_part_only() -> None:
    rendering = rendered(
        a_draft("Hello", "second", link="https://example.org/a", tags=("harbour", "old town"))
    )

    assert [part.text for part in rendering.edition.parts] == [
        "Hello\n\nhttps://example.org/a\n\n#harbour #oldtown",
        "second",
    ]


def test_what_is_written_already_is_not_repeated() -> None:
    rendering = rendered(
        a_draft(
            "See https://example.org/a #Harbour",
            "and #été",
            link="https://example.org/a",
            tags=("harbour", "été", "new", "new", ""),
        )
    )

    assert rendering.edition.parts[0].text == "See https://example.org/a #Harbour\n\n#new"


def test_an_answer_is_sent_without_link_and_tags() -> None:
    draft = a_draft("Thank you", link="https://example.org", tags=("a",), in_reply_to="1")

    assert rendered(draft).edition.parts[0].text == "Thank you"


@pytest.mark.parametrize(
    ("text", "limits", "length"),
    [
        ("x" * 500, LIMITS, 500),
        ("x" * 476 + " https://example.org/" + "y" * 200, LIMITS, 500),
        ("\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}", LIMITS, 1),
        ("\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}", GOTOSOCIAL, 5),
        ("https://example.org/" + "y" * 100, GOTOSOCIAL, 120),
    ],
)
def test_the_length_is_what_the_server_will_count(text: str, limits: Limits, length: int) -> None:
    rendering = rendered(a_draft(text), limits)

    assert rendering.edition.parts[0].length == length
    assert rendering.problems == ()


def test_one_over_the_limit_is_a_problem_with_its_numbers() -> None:
    assert told(rendered(a_draft("fine", "x" * 501))) == [
        ("TEXT_TOO_LONG", "parts.1.text", 500, 501)
    ]


def test_a_content_warning_counts_in_every_part() -> None:
    draft = a_draft("x" * 490, "x", settings={"spoiler_text": "y" * 11})

    rendering = rendered(draft)

    assert told(rendering) == [("TEXT_TOO_LONG", "parts.0.text", 500, 501)]
    assert [part.length for part in rendering.edition.parts] == [501, 12]


@pytest.mark.parametrize(
    ("draft", "problems"),
    [
        (a_draft(), [("TEXT_EMPTY", "parts", None, None)]),
        (a_draft(" \n"), [("TEXT_EMPTY", "parts.0.text", None, None)]),
        (a_draft(*["x"] * 26), [("TOO_MANY_PARTS", "parts", 25, 26)]),
    ],
)
def test_a_shape_that_cannot_go_out_is_a_problem(draft: Draft, problems: list[Any]) -> None:
    assert told(rendered(draft)) == problems


@pytest.mark.parametrize(
    ("media", "problems"),
    [
        ([a_picture()] * 4, []),
        ([a_picture()] * 5, [("TOO_MANY_MEDIA", "parts.0.media", 4, 5)]),
        ([a_picture(mime="image/svg+xml")], [("MEDIA_TYPE", "parts.0.media.0", None, None)]),
        (
            [a_picture(size=16_777_217)],
            [("MEDIA_TOO_LARGE", "parts.0.media.0", 16_777_216, 16_777_217)],
        ),
        ([a_picture(size=16_777_216)], []),
        ([a_picture(alt="x" * 1500)], []),
        ([a_picture(alt="x" * 1501)], [("ALT_TOO_LONG", "parts.0.media.0.alt", 1500, 1501)]),
        ([a_picture(), a_picture(alt=" ")], [("ALT_MISSING", "parts.0.media.1.alt", None, None)]),
    ],
)
def test_pictures_are_judged_one_by_one(media: list[MediaFacts], problems: list[Any]) -> None:
    draft = Draft(title="", parts=(DraftPart(text="", media=tuple(media)),))

    assert told(rendered(draft)) == problems


def test_a_missing_description_is_only_a_warning() -> None:
    draft = Draft(title="", parts=(DraftPart(text="Hi", media=(a_picture(alt=""),)),))

    (problem,) = rendered(draft).problems

    assert problem.severity is ProblemSeverity.WARNING


def test_a_variant_sets_what_it_may_and_nothing_else() -> None:
    fine = rendered(
        a_draft("Hi", locale="fr-CA", settings={"visibility": "private", "sensitive": True})
    )
    wrong = rendered(a_draft("Hi", settings={"visibility": "all", "colour": "red"}))

    assert (fine.edition.fields["visibility"], fine.edition.fields["language"]) == ("private", "fr")
    assert {(one.code, one.field) for one in wrong.problems} == {
        ("SETTING_INVALID", "settings.visibility"),
        ("SETTING_INVALID", "settings.colour"),
    }
    assert all(isinstance(one, Problem) for one in wrong.problems)


def test_the_same_draft_gives_the_same_bytes() -> None:
    draft = a_draft("Hi", "there", tags=("b", "a"))

    assert rendered(draft).edition.digest() == rendered(draft).edition.digest()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Mastodon.Social/", "https://mastodon.social"),
        (" https://mastodon.social ", "https://mastodon.social"),
        ("https://social.example:8443", "https://social.example:8443"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_address_of_a_server_is_kept_bare(given: str, kept: str) -> None:
    assert MastodonSettings(base_url=given).base_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://mastodon.social",
        "mastodon.social",
        "ftp://mastodon.social",
        "https://",
        "https://user@mastodon.social",
        "https://mastodon.social/path",
        "https://mastodon.social?x=1",
        "https://mastodon.social#x",
        "javascript:alert(1)",
        "http://127.0.0.1.example.org",
    ],
)
def test_another_address_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        MastodonSettings(base_url=given)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError):
        MastodonSettings.model_validate({"base_url": "https://a.example", "colour": "red"})


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "caf\u00e9"])
def test_a_token_that_cannot_be_one_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MastodonCredentials(access_token=token)

    assert token == "" or token not in str(refused.value)


def test_a_token_is_not_shown() -> None:
    assert "secret-token" not in repr(MastodonCredentials(access_token="secret-token"))


def test_an_unknown_platform_is_named_with_those_that_exist() -> None:
    assert platform("mastodon") is PLATFORM
    with pytest.raises(Invalid, match="the hub knows " + ", ".join(sorted(PLATFORMS))):
        platform("myspace")
    assert {key: one.key for key, one in PLATFORMS.items()} == {key: key for key in PLATFORMS}


def test_keys_are_replayed_less_than_the_hour_a_server_keeps_them() -> None:
    assert 0 < PLATFORM.replay_window_seconds < 3600
    assert PLATFORM.settle_seconds == 20


@pytest.mark.parametrize("wanted", ["public", "unlisted", "private", "direct"])
def test_a_private_answer_is_direct_and_names_whom_it_is_for(wanted: str) -> None:
    draft = a_draft(
        "Merci",
        "Encore",
        in_reply_to="1",
        private_to="ann@b.example",
        settings={"visibility": wanted},
    )

    edition = rendered(draft).edition

    assert edition.fields["visibility"] == "direct"
    assert [part.text for part in edition.parts] == [
        "@ann@b.example Merci",
        "@ann@b.example Encore",
    ]


def test_whom_it_is_for_is_named_once() -> None:
    draft = a_draft("Oui @ann, non", "@ann@c.example", in_reply_to="1", private_to="ann")

    assert [part.text for part in rendered(draft).edition.parts] == [
        "Oui @ann, non",
        "@ann @ann@c.example",
    ]


@pytest.mark.parametrize(
    ("audience", "usual", "expected"),
    [
        ("", "public", "public"),
        ("private", "public", "private"),
        ("unlisted", "private", "private"),
        ("direct", "unlisted", "direct"),
        ("nonsense", "public", "public"),
    ],
)
def test_an_answer_goes_no_further_than_what_it_answers(
    audience: str, usual: str, expected: str
) -> None:
    draft = a_draft("Hi", in_reply_to="1", audience=audience, settings={"visibility": usual})

    assert rendered(draft).edition.fields["visibility"] == expected
