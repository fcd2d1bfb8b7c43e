"""What a webhook delivery may hold."""

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from hub.channels.platforms.base import Draft, DraftPart, Rendering
from hub.channels.platforms.webhook import (
    LIMITS,
    PAYLOAD_BYTES,
    WebhookCredentials,
    WebhookSettings,
    render,
)

SETTINGS = WebhookSettings(url="https://example.org/hook")


def rendered(*texts: str, **more: Any) -> Rendering:
    parts = tuple(DraftPart(text=text) for text in texts)
    return render(Draft(title="Title", parts=parts, **more), LIMITS, SETTINGS)


def a_secret(size: int) -> str:
    return "whsec_" + base64.b64encode(b"k" * size).decode()


def test_a_receiver_gets_the_text_and_clean_html_of_it() -> None:
    rendering = rendered("Open **now** <script>alert(1)</script>", tags=("a",), locale="fr")

    fields = rendering.edition.fields
    assert rendering.problems == ()
    assert "<strong>now</strong>" in fields["html"]
    assert "<script" not in fields["html"]
    assert (fields["tags"], fields["language"]) == (["a"], "fr")
    assert rendering.edition.parts[0].text.startswith("Open **now** <script>")


def test_a_delivery_stays_under_twenty_kilobytes() -> None:
    small, large = rendered("x" * 9_000), rendered("x" * 10_000)

    assert small.problems == ()
    (problem,) = large.problems
    assert (problem.code, problem.limit) == ("PAYLOAD_TOO_LARGE", PAYLOAD_BYTES)
    assert problem.actual is not None
    assert problem.actual > PAYLOAD_BYTES


def test_an_empty_delivery_is_a_problem() -> None:
    assert [one.code for one in rendered().problems] == ["TEXT_EMPTY"]
    assert [one.code for one in rendered(" ").problems] == ["TEXT_EMPTY"]


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_the_right_size_is_taken(size: int) -> None:
    both = WebhookCredentials(secret=a_secret(size), previous_secret=a_secret(size))

    assert a_secret(size) not in repr(both)


@pytest.mark.parametrize(
    "secret", [a_secret(23), a_secret(65), "whsec_", "whsec_not base64", a_secret(32)[6:], ""]
)
def test_another_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        WebhookCredentials(secret=secret)

    assert len(secret) < 10 or secret not in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "https://example.org/a?b=c"])
def test_an_address_is_kept_as_given(url: str) -> None:
    assert WebhookSettings(url=url).url == url


@pytest.mark.parametrize(
    "url", ["http://example.org", "https://u:p@example.org", "https://e.org/#x", "file:///x", ""]
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings(url=url)
