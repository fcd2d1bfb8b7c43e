"""Addresses are exchanged for codes: the right letters, and no others."""

from uuid import UUID

import pytest

from hub.channels.platforms.base import Draft, DraftPart
from hub.content.shortening import code_of, shortened
from hub.kernel.secrets import Vault
from hub.strategy.utm import Tracking

BASE = "https://hub.example/l"
VAULT = Vault("k" * 32)
ONE, OTHER = UUID(int=1), UUID(int=2)


def exchanged(text: str, *, link: str = "") -> tuple[str, str, dict[str, str]]:
    draft = Draft(title="https://title.example", parts=(DraftPart(text=text),), link=link)
    found = shortened(draft, code=lambda address: f"<{address}>", base=BASE)
    assert found.draft.title == "https://title.example"
    return found.draft.parts[0].text, found.draft.link, dict(found.links)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See https://a.example/x.", f"See {BASE}/<https://a.example/x>."),
        ("(https://a.example/x)", f"({BASE}/<https://a.example/x>)"),
        (
            "https://fr.wikipedia.org/wiki/Vis_(m%C3%A9canique)",
            f"{BASE}/<https://fr.wikipedia.org/wiki/Vis_(m%C3%A9canique)>",
        ),
        (
            "[ici](https://a.example/été?q=1&b=2) !",
            f"[ici]({BASE}/<https://a.example/été?q=1&b=2>) !",
        ),
        ("<https://a.example>", f"<{BASE}/<https://a.example>>"),
        ("Lisez « https://a.example/ » vite", f"Lisez « {BASE}/<https://a.example/> » vite"),
        ("**https://a.example**", f"**{BASE}/<https://a.example>**"),
        ("http://", "http://"),
        ("no address, a@b.example, ftp://x.example", "no address, a@b.example, ftp://x.example"),
    ],
)
def test_an_address_is_exchanged_and_what_stands_around_it_stays(text: str, shown: str) -> None:
    assert exchanged(text)[0] == shown


def test_what_is_short_already_stays() -> None:
    text = f"{BASE}/0123456789 and https://hub.example/lost"

    assert exchanged(text)[0] == f"{BASE}/0123456789 and {BASE}/<https://hub.example/lost>"


def test_the_link_is_exchanged_too_and_the_same_address_has_one_code() -> None:
    text, link, links = exchanged("https://a.example https://a.example", link="https://a.example")

    short = f"{BASE}/<https://a.example>"
    assert (text, link) == (f"{short} {short}", short)
    assert links == {"<https://a.example>": "https://a.example"}


def test_codes_differ_by_words_place_and_address_and_stay_the_same() -> None:
    def code(vault: Vault, revision: UUID, channel: UUID, address: str) -> str:
        return code_of(vault, revision_id=revision, channel_id=channel, address=address)

    codes = [
        code(VAULT, ONE, ONE, "https://a.example"),
        code(VAULT, OTHER, ONE, "https://a.example"),
        code(VAULT, ONE, OTHER, "https://a.example"),
        code(VAULT, ONE, ONE, "https://b.example"),
        code(Vault("x" * 32), ONE, ONE, "https://a.example"),
    ]

    assert len(set(codes)) == 5
    assert all(len(one) == 10 and one.isalnum() for one in codes)
    assert code(VAULT, ONE, ONE, "https://a.example") == codes[0]


def test_an_address_that_was_only_words_leads_to_one_with_the_parameters() -> None:
    by = Tracking(parameters=(("utm_source", "blog"),), own_domains=("a.example",))
    draft = Draft(title="", parts=(DraftPart(text="https://a.example/x https://b.example"),))

    found = shortened(draft, code=lambda address: f"<{address}>", base=BASE, by=by)

    assert list(found.links.values()) == [
        "https://a.example/x?utm_source=blog",
        "https://b.example",
    ]
    assert found.draft.parts[0].text == (
        f"{BASE}/<https://a.example/x?utm_source=blog> {BASE}/<https://b.example>"
    )
