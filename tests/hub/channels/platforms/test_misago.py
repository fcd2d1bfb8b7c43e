"""What a Misago forum accepts, and how a text is made ready for it."""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from hub.channels.platforms.base import Draft, DraftPart, Kind, MediaFacts, Rendering
from hub.channels.platforms.misago import (
    LIMITS,
    PICTURE_MARKUP,
    PLATFORM,
    MisagoCredentials,
    MisagoSettings,
    render,
)

SETTINGS = MisagoSettings(base_url="https://forum.example.org", category="3")
PICTURE = MediaFacts(
    asset_id="a", sha256="0" * 64, mime="image/png", size=1000, width=3, height=2, alt="A boat"
)


def rendered(*texts: str, title: str = "Harbour news", **more: Any) -> Rendering:
    parts = tuple(DraftPart(text=text) for text in texts)
    return render(Draft(title=title, parts=parts, **more), LIMITS, SETTINGS)


def codes(rendering: Rendering) -> list[str]:
    return [problem.code for problem in rendering.problems]


def test_a_thread_keeps_its_title_its_words_and_its_category() -> None:
    rendering = rendered("Open **now**", "And tomorrow")

    edition = rendering.edition
    assert rendering.problems == ()
    assert (edition.platform, edition.title) == ("misago", "Harbour news")
    assert [(part.text, part.length) for part in edition.parts] == [
        ("Open **now**", 12),
        ("And tomorrow", 12),
    ]
    assert edition.fields == {"category": "3"}
    assert PLATFORM.kind is Kind.FORUM


def test_a_text_may_choose_another_category() -> None:
    assert rendered("Words", settings={"category": 7}).edition.fields == {"category": "7"}
    assert codes(rendered("Words", settings={"category": 0})) == ["SETTING_INVALID"]
    assert codes(rendered("Words", settings={"colour": "red"})) == ["SETTING_INVALID"]


def test_the_link_is_written_below_the_first_part_once() -> None:
    link = "https://example.org/a"

    assert rendered("Words", "More", link=link).edition.parts[0].text == f"Words\n\n{link}"
    assert rendered(f"See {link} now", link=link).edition.parts[0].text == f"See {link} now"
    assert rendered("Words", "More", link=link).edition.parts[1].text == "More"


def test_tags_are_left_out_with_a_warning() -> None:
    (problem,) = rendered("Words", tags=("a",)).problems

    assert (problem.code, problem.severity, problem.field) == ("TAGS_IGNORED", "WARNING", "tags")


def test_a_reply_needs_no_title_and_gets_nothing_added() -> None:
    rendering = rendered(
        "At nine.", title="", link="https://example.org", tags=("a",), in_reply_to="posts/1"
    )

    assert rendering.problems == ()
    assert rendering.edition.title == ""
    assert rendering.edition.fields == {}
    assert rendering.edition.parts[0].text == "At nine."


@pytest.mark.parametrize(
    ("title", "code", "limit", "actual"),
    [
        ("", "TITLE_MISSING", None, None),
        (" \n ", "TITLE_MISSING", None, None),
        ("News", "TITLE_TOO_SHORT", 5, 4),
        ("x" * 91, "TITLE_TOO_LONG", 90, 91),
        ("#####", "TITLE_UNREADABLE", None, None),
    ],
)
def test_a_title_that_would_be_refused_is_a_problem(
    title: str, code: str, limit: int | None, actual: int | None
) -> None:
    (problem,) = rendered("Words", title=title).problems

    assert (problem.code, problem.limit, problem.actual) == (code, limit, actual)
    assert problem.field == "title"


@pytest.mark.parametrize("title", ["Newss", "x" * 90, "Été à la mer", "\u6d77\u8fb9\u65b0\u95fb!"])
def test_a_title_within_the_limits_is_none(title: str) -> None:
    assert rendered("Words", title=title).problems == ()


def test_a_post_has_five_to_sixty_thousand_characters() -> None:
    assert codes(rendered("x" * 5)) == []
    assert codes(rendered("x " * 29_999 + "xx")) == []
    short, long = rendered("x" * 4).problems + rendered("x " * 30_000 + "x").problems
    assert (short.code, short.limit, short.actual) == ("TEXT_TOO_SHORT", 5, 4)
    assert (long.code, long.limit, long.actual) == ("TEXT_TOO_LONG", 60_000, 60_001)
    assert codes(rendered(" ")) == ["TEXT_EMPTY"]
    assert codes(rendered()) == ["TEXT_EMPTY"]
    assert codes(rendered(*["Words"] * 21)) == ["TOO_MANY_PARTS"]


def test_a_word_that_would_stall_the_forum_is_a_problem_an_address_is_none() -> None:
    assert codes(rendered("x" * 300)) == []
    assert codes(rendered(f"See https://example.org/{'x' * 900} there")) == []
    (problem,) = rendered("Words", f"and {'x' * 301} more").problems
    assert (problem.code, problem.limit, problem.actual) == ("WORD_TOO_LONG", 300, 301)
    assert problem.field == "parts.1.text"


def test_the_markup_of_a_picture_counts() -> None:
    part = DraftPart(text="Look", media=(PICTURE, PICTURE))
    rendering = render(Draft(title="Harbour news", parts=(part,)), LIMITS, SETTINGS)

    assert rendering.problems == ()
    assert rendering.edition.parts[0].length == 4 + 2 * (PICTURE_MARKUP + 6)


def test_what_nobody_sees_and_what_a_database_refuses_is_gone_before_the_review() -> None:
    rendering = rendered("\ufeffa\x00b\r\nc\rd\ud800\te \x07", title=" Harbour\n\x00news ")

    assert rendering.edition.title == "Harbour news"
    assert rendering.edition.parts[0].text == "ab\nc\nd\te"


def test_hostile_texts_take_linear_time() -> None:
    began = time.process_time()

    for text in (
        "\x00" * 500_000,
        "http://" * 70_000,
        ("x" * 299 + "-") * 2_000,
        "![" * 250_000,
        " " * 500_000 + "x",
        "\r" * 500_000,
        "x" * 299 + " " * 9,
    ):
        rendered(text, title=text)

    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("3", "3"),
        (3, "3"),
        ("003", "3"),
        ("https://forum.example.org/c/first-category/3/", "3"),
        ("/c/first-category/12", "12"),
        ("first-category", "first-category"),
    ],
)
def test_a_category_is_a_number_an_address_or_a_short_name(given: object, kept: str) -> None:
    settings = MisagoSettings.model_validate(
        {"base_url": "https://forum.example.org/", "category": given}
    )

    assert settings.category == kept
    assert settings.base_url == "https://forum.example.org"


@pytest.mark.parametrize("category", ["", "First category", "-3", True, None, "c/x/", "a--b"])
def test_anything_else_is_no_category(category: object) -> None:
    with pytest.raises(ValidationError):
        MisagoSettings.model_validate({"base_url": "https://a.example", "category": category})


@pytest.mark.parametrize(
    "address",
    [
        "http://forum.example.org",
        "ftp://forum.example.org",
        "forum.example.org",
        "https://user:secret@forum.example.org",
        "https://forum.example.org/community",
        "https://forum.example.org/?a=b",
        "https://",
    ],
)
def test_an_address_that_cannot_be_called_safely_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        MisagoSettings(base_url=address, category="3")


def test_a_loopback_forum_may_do_without_encryption() -> None:
    assert MisagoSettings(base_url="http://127.0.0.1:8000", category="3").category == "3"


def test_a_password_is_kept_as_it_is_and_never_repeated() -> None:
    secret = " not-to-be-seen "
    credentials = MisagoCredentials(username="hub", password=secret)

    assert credentials.password == secret
    assert secret not in repr(credentials)
    with pytest.raises(ValidationError) as refused:
        MisagoCredentials.model_validate({"username": "hub", "password": [secret]})
    assert secret not in str(refused.value)
