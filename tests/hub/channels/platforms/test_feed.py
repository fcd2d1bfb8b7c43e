"""What an item of a feed holds."""

from typing import Any

import pytest
from pydantic import ValidationError

from hub.channels.platforms.base import Draft, DraftPart, Rendering
from hub.channels.platforms.feed import LIMITS, FeedSettings, render

SETTINGS = FeedSettings(title="News")


def rendered(title: str, *texts: str, **more: Any) -> Rendering:
    parts = tuple(DraftPart(text=text) for text in texts)
    return render(Draft(title=title, parts=parts, **more), LIMITS, SETTINGS)


def test_an_item_holds_markdown_and_clean_html() -> None:
    rendering = rendered("Harbour", "# Open", "Now, <b onclick=x>really</b>.", summary="Short")

    fields = rendering.edition.fields
    assert rendering.problems == ()
    assert rendering.edition.parts[0].text == "# Open"
    assert "<h1>Open</h1>" in fields["html"]
    assert "<b" not in fields["html"]
    assert fields["summary"] == "Short"


@pytest.mark.parametrize("title", ["", "  "])
def test_an_item_needs_a_title(title: str) -> None:
    assert [one.code for one in rendered(title, "Text").problems] == ["TITLE_MISSING"]


def test_a_title_has_an_end() -> None:
    assert rendered("x" * 300, "Text").problems == ()
    (problem,) = rendered("x" * 301, "Text").problems
    assert (problem.code, problem.limit, problem.actual) == ("TITLE_TOO_LONG", 300, 301)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"title": ""},
        {"title": "News", "language": "english!"},
        {"title": "News", "site_url": "javascript:alert(1)"},
        {"title": "News", "colour": "red"},
    ],
)
def test_settings_that_make_no_feed_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FeedSettings.model_validate(settings)
