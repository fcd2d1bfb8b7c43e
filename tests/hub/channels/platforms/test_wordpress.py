"""What a WordPress site is sent, and what is wrong with it before it is."""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from hub.channels.platforms.base import Capability, Draft, DraftPart, MediaFacts, Rendering
from hub.channels.platforms.wordpress import (
    LIMITS,
    PLACEHOLDER,
    PLATFORM,
    REPLY_BYTES_MAX,
    WordPressCredentials,
    WordPressSettings,
    render,
    slug_of,
)

SETTINGS = WordPressSettings(base_url="https://blog.example", categories=("News",))


def a_picture(alt: str = "A lighthouse", **more: Any) -> MediaFacts:
    facts: dict[str, Any] = {
        "asset_id": "a",
        "sha256": "0" * 64,
        "mime": "image/png",
        "size": 10,
        "width": 30,
        "height": 20,
        "alt": alt,
    }
    return MediaFacts(**{**facts, **more})


def rendered(*texts: str, **more: Any) -> Rendering:
    given: dict[str, Any] = {
        "title": "Harbour news",
        "parts": tuple(DraftPart(text=text) for text in texts),
        **more,
    }
    return render(Draft(**given), LIMITS, SETTINGS)


def told(rendering: Rendering) -> list[tuple[str, str, int | None, int | None]]:
    return [(one.code, one.field, one.limit, one.actual) for one in rendering.problems]


def test_an_article_is_rendered_whole_before_anybody_approves_it() -> None:
    rendering = rendered(
        "Open **now** & <b>here</b>.",
        "Second part.",
        title="Rock & <roll>",
        summary="In short: a < b",
        tags=("#harbour", "Été", "harbour", " "),
        link="https://example.org/more",
    )

    assert rendering.problems == ()
    assert rendering.edition.title == "Rock & <roll>"
    assert [part.text for part in rendering.edition.parts] == [
        "Open **now** & <b>here</b>.\n\nSecond part."
    ]
    assert dict(rendering.edition.fields) == {
        "title": "Rock &amp; &lt;roll&gt;",
        "content": "<p>Open <strong>now</strong> &amp; &lt;b&gt;here&lt;/b&gt;.</p>\n\n"
        "<p>Second part.</p>\n\n"
        '<p><a href="https://example.org/more" rel="noopener">https://example.org/more</a></p>',
        "excerpt": "In short: a &lt; b",
        "slug": "rock-roll",
        "categories": ["News"],
        "tags": ["harbour", "Été"],
        "comment_status": "open",
    }


def test_the_first_picture_is_featured_and_the_others_stand_where_they_belong() -> None:
    rendering = rendered(
        parts=(
            DraftPart(text="One", media=(a_picture("First"), a_picture('The "second"'))),
            DraftPart(text="Two", media=(a_picture("Third"),)),
        )
    )

    assert rendering.problems == ()
    assert rendering.edition.fields["content"] == (
        "<p>One</p>\n\n"
        '<figure class="wp-block-image"><img src="hub-media:1" '
        'alt="The &quot;second&quot;" width="30" height="20" /></figure>\n\n'
        "<p>Two</p>\n\n"
        '<figure class="wp-block-image"><img src="hub-media:2" alt="Third" '
        'width="30" height="20" /></figure>'
    )
    assert [media.alt for media in rendering.edition.parts[0].media] == [
        "First",
        'The "second"',
        "Third",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '<img src="hub-media:1" alt="">',
        '![x](hub-media:1 "y")',
        '[x](https://a.example "<img src=hub-media:1")',
        "[x](https://a.example '<img src=\"hub-media:1\"')",
        '`<img src="hub-media:1"`',
        '    <img src="hub-media:1"',
        '&lt;img src="hub-media:1"',
        '<https://a.example/?<img src="hub-media:1">',
        '![<img src="hub-media:1"](https://a.example/x.png)',
    ],
)
def test_no_text_can_forge_the_place_of_a_picture(text: str) -> None:
    assert PLACEHOLDER.findall(rendered(text).edition.fields["content"]) == []


def test_nothing_of_the_text_runs_as_a_script() -> None:
    content = rendered(
        "<script>alert(1)</script> [x](javascript:alert(1)) <p onclick='x()'>",
        link="javascript:alert(1)",
    ).edition.fields["content"]

    assert "<script" not in content
    assert 'href="javascript' not in content
    assert "<p onclick" not in content


def test_control_characters_do_not_reach_the_site() -> None:
    edition = rendered("a\x00b\x07\tc\nd", title="x\x00\ny", summary="s\x1b").edition

    assert edition.title == "x y"
    assert edition.fields["content"] == "<p>ab\tc\nd</p>"
    assert edition.fields["excerpt"] == "s"
    assert edition.parts[0].text == "ab\tc\nd"


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("Été à la mer!", "ete-a-la-mer"),
        ("  --A__b  c--  ", "a-b-c"),
        ("日本", "post"),
        ("", "post"),
        ("x" * 200, "x" * 80),
        (f"{'y' * 79} z", "y" * 79),
        ("../../etc/passwd?x=1#y", "etc-passwd-x-1-y"),
    ],
)
def test_an_address_is_made_of_the_title(words: str, slug: str) -> None:
    assert slug_of(words) == slug
    assert rendered("Hi", title="x", slug=words).edition.fields["slug"] == (slug if words else "x")


def test_a_variant_sets_its_own_categories_and_comments() -> None:
    own = rendered("Hi", settings={"categories": ["Events", "events"], "comment_status": "closed"})
    none = rendered("Hi", settings={"categories": []})
    wrong = rendered("Hi", settings={"comment_status": "maybe", "colour": "red"})

    assert own.problems == ()
    assert own.edition.fields["categories"] == ["Events"]
    assert own.edition.fields["comment_status"] == "closed"
    assert none.edition.fields["categories"] == []
    assert {(one.code, one.field) for one in wrong.problems} == {
        ("SETTING_INVALID", "settings.comment_status"),
        ("SETTING_INVALID", "settings.colour"),
    }
    assert wrong.edition.fields["categories"] == ["News"]


def test_what_is_missing_or_too_much_is_named() -> None:
    assert told(rendered("Hi", title=" ")) == [("TITLE_MISSING", "title", None, None)]
    assert told(rendered("Hi", title="t" * 501)) == [("TITLE_TOO_LONG", "title", 500, 501)]
    assert told(rendered()) == [("TEXT_EMPTY", "parts", None, None)]
    assert told(rendered(" ")) == [("TEXT_EMPTY", "parts.0.text", None, None)]
    assert told(rendered("Hi", tags=("ok", "t" * 201))) == [("TAG_TOO_LONG", "tags.1", 200, 201)]
    assert told(rendered("x" * 100_000)) == []
    assert told(rendered("x" * 100_001)) == [("TEXT_TOO_LONG", "parts.0.text", 100_000, 100_001)]
    assert told(rendered("x" * 60_000, "y" * 40_000)) == [
        ("TEXT_TOO_LONG", "parts.0.text", 100_000, 100_002)
    ]
    second = DraftPart(text="Two", media=(a_picture(mime="image/tiff"), a_picture(alt="")))
    assert told(rendered(parts=(DraftPart(text="One"), second))) == [
        ("MEDIA_TYPE", "parts.1.media.0", None, None),
        ("ALT_MISSING", "parts.1.media.1.alt", None, None),
    ]


def test_a_reply_is_plain_text_without_title_link_or_tags() -> None:
    rendering = rendered(
        "a < b & c\n<b>bold</b> **stars**",
        title="",
        link="https://example.org",
        tags=("x",),
        in_reply_to="comments/7",
    )

    assert rendering.problems == ()
    assert dict(rendering.edition.fields) == {
        "content": "a &lt; b &amp; c\n&lt;b&gt;bold&lt;/b&gt; **stars**"
    }
    assert rendering.edition.parts[0].text == "a < b & c\n<b>bold</b> **stars**"


def test_a_reply_fits_into_the_column_of_a_comment() -> None:
    half = REPLY_BYTES_MAX // 2

    assert told(rendered("é" * half, in_reply_to="comments/7")) == []
    assert told(rendered("é" * (half + 1), in_reply_to="comments/7")) == [
        ("TEXT_TOO_LONG", "parts.0.text", REPLY_BYTES_MAX, REPLY_BYTES_MAX + 1)
    ]
    assert told(rendered(" ", in_reply_to="comments/7")) == [
        ("TEXT_EMPTY", "parts.0.text", None, None)
    ]


@pytest.mark.parametrize(
    "text",
    ["<" * 100_000, "&" * 100_000, "[" * 100_000, "*a" * 50_000, "> " * 50_000, "\x00" * 100_000],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    began = time.monotonic()
    rendered(text, title=text, summary=text, slug=text, tags=(text,))

    assert time.monotonic() - began < 20


def test_the_same_draft_gives_the_same_bytes() -> None:
    first, second = rendered("Hi", tags=("b", "a")), rendered("Hi", tags=("b", "a"))

    assert first.edition.digest() == second.edition.digest()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Blog.Example/", "https://blog.example"),
        ("https://example.org/Blog/", "https://example.org/Blog"),
        ("http://127.0.0.1:8080/blog", "http://127.0.0.1:8080/blog"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_the_address_of_a_site_may_have_a_path(given: str, kept: str) -> None:
    assert WordPressSettings(base_url=given).base_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://blog.example",
        "blog.example",
        "https://user@blog.example",
        "https://blog.example/?p=1",
        "https://blog.example/#x",
        "https://blog.example/wp-admin/",
        "https://blog.example/blog/wp-json/wp/v2",
        "https://blog.example/wp-login.php",
        "javascript:alert(1)",
    ],
)
def test_another_address_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        WordPressSettings(base_url=given)


def test_an_application_password_keeps_its_spaces_and_is_not_shown() -> None:
    given = WordPressCredentials(username="édith", application_password="abcd efgh ijkl")

    assert given.application_password == "abcd efgh ijkl"
    assert "efgh" not in repr(given)


@pytest.mark.parametrize(
    ("username", "password"), [("", "x"), ("a:b", "x"), ("a", ""), ("a", "tab\tbed"), ("a\nb", "x")]
)
def test_credentials_that_cannot_be_any_are_refused_without_repeating_them(
    username: str, password: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        WordPressCredentials(username=username, application_password=password)

    assert "tab\tbed" not in str(refused.value)


def test_a_blog_makes_an_article_of_a_thread_and_can_do_all_else() -> None:
    assert PLATFORM.capabilities == frozenset(Capability) - {
        Capability.THREAD,
        Capability.NOTIFICATIONS,
        Capability.DIRECT_MESSAGES,
        Capability.LIKE,
        Capability.SEARCH_MENTIONS,
        Capability.MUTE,
        Capability.BLOCK,
    }
