"""Decisions about channels."""

from dataclasses import replace
from typing import Any

import pytest

from hub.channels.platforms import PLATFORMS, platform
from hub.channels.platforms.base import Capability, Limits
from hub.channels.platforms.mastodon import MastodonCredentials, MastodonSettings
from hub.channels.platforms.webhook import WebhookCredentials
from hub.channels.rules import basis, capability_names, read, require_timezone
from hub.kernel.errors import Invalid

PATH = ("input", "settings")
LIMITS = Limits(counter="codepoint", text_max=10)
FACTS: dict[str, Any] = {
    "platform": "mastodon",
    "settings": {"base_url": "https://a.example"},
    "remote_id": "1",
    "limits": LIMITS,
    "dialect": "",
}


def test_settings_are_read_by_the_platforms_own_schema() -> None:
    found = read(MastodonSettings, {"base_url": " https://A.example/ "}, path=PATH)

    assert found.model_dump(mode="json") == {
        "base_url": "https://a.example",
        "visibility": "public",
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "base_url"),
        ({"base_url": "https://a.example", "colour": "red"}, "colour"),
        ({"base_url": "https://a.example", "visibility": "secret"}, "visibility"),
        ({"base_url": "http://a.example"}, "base_url"),
        ({"base_url": 1}, "base_url"),
        ({"base_url": "https://a.example\x00"}, "base_url"),
        ({"base_url": ["\x00"]}, "base_url"),
    ],
)
def test_the_error_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(MastodonSettings, given, path=PATH)

    assert refused.value.path[:3] == (*PATH, field)


def test_an_unknown_field_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"Known fields: base_url, visibility\."):
        read(MastodonSettings, {"base_url": "https://a.example", "x": 1}, path=PATH)


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (MastodonCredentials, {"access_token": "hush hush"}),
        (MastodonCredentials, {"access_token": "hush-hush", "extra": "hush-hush"}),
        (MastodonCredentials, {"access_token": ["hush-hush"]}),
        (MastodonCredentials, {"access_token": "hush\x00hush"}),
        (WebhookCredentials, {"secret": "hush-hush"}),
        (WebhookCredentials, {"secret": "whsec_hush-hush"}),
        (WebhookCredentials, {"secret": "whsec_aHVzaC1odXNo"}),
    ],
)
def test_an_error_about_a_secret_never_repeats_it(model: Any, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        read(model, given, path=("input", "credentials"))

    said = f"{refused.value!r} {refused.value.__cause__!r} {refused.value.path}"
    assert "hush" not in said
    assert "aHVzaC1odXNo" not in said
    assert refused.value.path[:2] == ("input", "credentials")


@pytest.mark.parametrize("name", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires"])
def test_time_zones_are_iana_names(name: str) -> None:
    assert require_timezone(name, path=PATH) == name


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "a\x00", "x" * 5000]
)
def test_other_names_are_no_time_zones(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_timezone(name, path=PATH)

    assert refused.value.path == PATH


@pytest.mark.parametrize(
    "change",
    [
        {"platform": "other"},
        {"settings": {"base_url": "https://b.example"}},
        {"remote_id": "2"},
        {"limits": replace(LIMITS, text_max=11)},
        {"dialect": "gotosocial"},
    ],
)
def test_whatever_an_edition_depends_on_changes_the_basis(change: dict[str, Any]) -> None:
    assert basis(**FACTS) == basis(**FACTS)
    assert basis(**{**FACTS, **change}) != basis(**FACTS)


def test_limits_read_back_give_the_same_basis() -> None:
    for known in PLATFORMS.values():
        stored = Limits.from_json(known.limits.to_json())

        assert stored == known.limits
        assert basis(**{**FACTS, "limits": stored}) == basis(**{**FACTS, "limits": known.limits})


def test_capabilities_are_stored_as_sorted_names() -> None:
    assert capability_names(frozenset({Capability.REPLY, Capability.EDIT})) == ["EDIT", "REPLY"]


def test_an_unknown_platform_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match="the hub knows " + ", ".join(sorted(PLATFORMS))) as refused:
        platform("myspace", path=("input", "platform"))

    assert refused.value.path == ("input", "platform")
