"""Links get the parameters of a campaign, and keep all else they have."""

import pytest

from hub.kernel.errors import Invalid
from hub.strategy.utm import (
    Tracking,
    digest,
    require_domains,
    require_template,
    tagged,
    tracking,
)

BY = Tracking(
    parameters=(("utm_source", "mastodon"), ("utm_campaign", "la semaine & co")),
    own_domains=("atelier.example", "xn--caf-dma.example"),
)
ADDED = "utm_source=mastodon&utm_campaign=la%20semaine%20%26%20co"


@pytest.mark.parametrize(
    ("url", "after"),
    [
        ("https://atelier.example", f"https://atelier.example?{ADDED}"),
        ("https://ATELIER.example:8443/a", f"https://ATELIER.example:8443/a?{ADDED}"),
        ("https://blog.atelier.example/?x=1", f"https://blog.atelier.example/?x=1&{ADDED}"),
        ("https://atelier.example/?", f"https://atelier.example/?{ADDED}"),
        (
            "https://atelier.example/?x=%C3%A9&#part",
            f"https://atelier.example/?x=%C3%A9&{ADDED}#part",
        ),
        (
            "https://atelier.example/?utm_source=mine",
            "https://atelier.example/?utm_source=mine&utm_campaign=la%20semaine%20%26%20co",
        ),
        (
            "https://atelier.example/?UTM_Source=a&utm_campaign=b#utm",
            "https://atelier.example/?UTM_Source=a&utm_campaign=b#utm",
        ),
        ("https://café.example/é", f"https://café.example/é?{ADDED}"),
        ("https://notatelier.example/", "https://notatelier.example/"),
        ("https://atelier.example.evil.example/", "https://atelier.example.evil.example/"),
        ("https://[broken/", "https://[broken/"),
        ("mailto:a@atelier.example", "mailto:a@atelier.example"),
    ],
)
def test_an_address_gets_what_it_does_not_have(url: str, after: str) -> None:
    assert tagged(url, BY) == after
    assert tagged(after, BY) == after


def test_without_domains_every_link_is_ours() -> None:
    assert tagged("https://x.example/", Tracking(parameters=(("utm_source", "a"),))) == (
        "https://x.example/?utm_source=a"
    )
    assert tagged("https://x.example/", Tracking(parameters=())) == "https://x.example/"


def test_a_template_is_filled_in_and_what_becomes_empty_is_left_out() -> None:
    template = {"source": "{platform}", "content": "{content}-{locale}", "term": "{channel}"}

    by = tracking(
        template, ["a.example"], facts={"platform": "bluesky", "content": "velo", "locale": "fr"}
    )

    assert by.parameters == (("utm_source", "bluesky"), ("utm_content", "velo-fr"))
    assert by.own_domains == ("a.example",)


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"source": ""}, "source"),
        ({"source": " ", "medium": "x"}, "source"),
        ({"source": "{nobody}"}, "source"),
        ({"source": "x", "term": "{channel"}, "term"),
        ({"source": "x", "term": "}"}, "term"),
        ({"source": "x", "content": "y" * 201}, "content"),
        ({"source": "\x00"}, "source"),
    ],
)
def test_a_template_that_cannot_be_is_refused(given: dict[str, str], at: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_template(given, path=("input", "utm"))
    assert refused.value.path == ("input", "utm", at)


def test_a_template_is_kept_without_its_empty_values() -> None:
    given = {"content": "", "source": " {platform} ", "medium": "social"}

    assert require_template(given, path=()) == {"source": "{platform}", "medium": "social"}


def test_domains_are_kept_as_they_are_compared() -> None:
    given = ["Atelier.example", "café.example", "atelier.example"]

    assert require_domains(given, path=()) == ["atelier.example", "xn--caf-dma.example"]
    for wrong in ("https://a.example", "a.example/x", "localhost", "", "a..example", "-a.example"):
        with pytest.raises(Invalid) as refused:
            require_domains(["ok.example", wrong], path=("input", "ownDomains"))
        assert refused.value.path == ("input", "ownDomains", "1")
    with pytest.raises(Invalid):
        require_domains([f"a{number}.example" for number in range(51)], path=())


def test_another_template_or_domain_has_another_digest() -> None:
    template = {"source": "a"}

    assert digest(None, ["a.example"]) == digest({}, []) == ""
    assert len({digest(template, []), digest({"source": "b"}, []), digest(template, ["a"])}) == 3
    assert digest(template, ["a", "b"]) == digest(template, ["b", "a"])
