"""Links are found in words as the platforms they go to find them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import Draft, DraftPart, Kind
from hub.content.links import tracked
from hub.strategy.utm import Tracking

BY = Tracking(parameters=(("utm_source", "s"),), own_domains=("a.example",))
Q = "?utm_source=s"


def text_of(text: str, kind: Kind, link: str = "") -> str:
    return (
        tracked(Draft(title="T", parts=(DraftPart(text=text),), link=link), kind, BY).parts[0].text
    )


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Voir https://a.example/x.", f"Voir https://a.example/x{Q}."),
        ("(https://a.example/x_(y)), là", f"(https://a.example/x_(y){Q}), là"),
        ("« https://a.example/x »", f"« https://a.example/x{Q} »"),
        ("https://a.example/x#f https://b.example", f"https://a.example/x{Q}#f https://b.example"),
        ("https://a.example/?b=1&c=2!", "https://a.example/?b=1&c=2&utm_source=s!"),
        ("a.example @me@a.example", "a.example @me@a.example"),
        ("HTTPS://A.example/", f"HTTPS://A.example/{Q}"),
        ("no link", "no link"),
    ],
)
def test_a_network_finds_addresses_as_they_are_written(text: str, after: str) -> None:
    assert text_of(text, Kind.NETWORK) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("[ici](https://a.example/x)", f"[ici](https://a.example/x{Q})"),
        (
            '[a](https://a.example/x "t")[b](https://a.example/y_(z))',
            f'[a](https://a.example/x{Q} "t")[b](https://a.example/y_(z){Q})',
        ),
        ("<https://a.example/é>", f"<https://a.example/é{Q}>"),
        ("[a]: https://a.example/x\n\n[a]", f"[a]: https://a.example/x{Q}\n\n[a]"),
        ("https://a.example/bare", "https://a.example/bare"),
        ("`https://a.example/code`", "`https://a.example/code`"),
        ("[b](https://b.example)", "[b](https://b.example)"),
        ("![p](https://a.example/p.png)", "![p](https://a.example/p.png)"),
    ],
)
def test_a_blog_finds_what_markdown_makes_links_of(text: str, after: str) -> None:
    assert text_of(text, Kind.BLOG) == text_of(text, Kind.FEED) == after


def test_a_forum_finds_both() -> None:
    assert text_of("[a](https://a.example/x) https://a.example/y.", Kind.FORUM) == (
        f"[a](https://a.example/x{Q}) https://a.example/y{Q}."
    )


def test_the_address_of_an_item_is_tagged_and_recognised_where_it_is_written() -> None:
    draft = Draft(
        title="T",
        parts=(DraftPart(text="Lire : https://a.example/x"),),
        link="https://a.example/x",
    )
    for key in ("mastodon", "bluesky", "wordpress", "misago"):
        kind = PLATFORMS[key]
        shown = tracked(draft, kind.kind, BY)
        assert shown.link == f"https://a.example/x{Q}"
        settings = kind.settings.model_construct()
        body = kind.render(shown, kind.limits, settings).edition.to_bytes().decode()
        # Once in the text; a blog has it as its HTML beside.
        text = kind.render(shown, kind.limits, settings).edition.parts[0].text
        assert text.count("https://a.example/x") == 1, key
        assert f"https://a.example/x{Q}" in body


def test_parameters_are_in_what_is_counted_and_in_html() -> None:
    draft = Draft(title="T", parts=(DraftPart(text="[a](https://a.example/x?b=1)"),))
    feed, bluesky = PLATFORMS["feed"], PLATFORMS["bluesky"]

    shown = feed.render(
        tracked(draft, Kind.FEED, BY), feed.limits, feed.settings.model_construct()
    ).edition
    assert 'href="https://a.example/x?b=1&amp;utm_source=s"' in shown.fields["html"]

    plain = Draft(title="T", parts=(DraftPart(text="https://a.example/x"),))
    counted = bluesky.render(
        tracked(plain, Kind.NETWORK, BY), bluesky.limits, bluesky.settings.model_construct()
    ).edition.parts[0]
    assert counted.length == len("https://a.example/x" + Q)


@pytest.mark.parametrize(
    "text", ["https://a.example/" + ")" * 90_000, "[a](https://a.example/x)" * 2_000]
)
def test_hostile_text_takes_no_time(text: str) -> None:
    assert len(text_of(text, Kind.FORUM)) >= len(text)


_PIECES = st.lists(
    st.sampled_from(
        [
            *("https://a.example/x", "https://b.example/?y", "https://a.example?k=v#f", "http://"),
            *("(", ")", "[t](", "<", ">", " ", ".", "`", "\n", "é", '"', "*"),
        ]
    ),
    max_size=12,
).map("".join)


@given(text=_PIECES, kind=st.sampled_from(Kind))
def test_nothing_but_parameters_is_added_and_only_once(text: str, kind: Kind) -> None:
    after = text_of(text, kind)

    assert re.sub(r"[?&]utm_source=s", "", after) == text
    assert text_of(after, kind) == after
