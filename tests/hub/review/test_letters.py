"""The words of notices: both languages, one line where there must be one, nothing that runs."""

from datetime import UTC, datetime

import pytest

from hub.review.letters import Facts, letter
from hub.review.models import NoticeKind

FACTS = Facts(
    title="Été",
    brand="Café",
    who="Ada",
    step="Relecture",
    due_at=datetime(2030, 1, 31, 9, tzinfo=UTC),
    words="Deux\nlignes",
    quote="un mot",
    link="https://desk.example/reviews/1?a=b&c=d",
)


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("locale", ["fr", "en"])
def test_every_notice_speaks_both_languages(kind: NoticeKind, locale: str) -> None:
    made = letter(kind, locale, FACTS)

    assert "Été" in made.subject
    assert "Café" in made.text
    assert ("Échéance : 2030-01-31 09:00 UTC" in made.text) is (locale == "fr")
    assert ("Due: 2030-01-31 09:00 UTC" in made.text) is (locale == "en")
    assert FACTS.link in made.text
    assert 'href="https://desk.example/reviews/1?a=b&amp;c=d"' in made.html
    assert f'lang="{locale}"' in made.html


def test_any_french_is_french_and_all_others_are_english() -> None:
    found = {
        locale: letter(NoticeKind.APPROVED, locale, FACTS).subject
        for locale in ("fr-CA", "de", "frr")
    }

    assert found == {"fr-CA": "Approuvé : Été", "de": "Approved: Été", "frr": "Approved: Été"}


def test_what_others_wrote_is_only_text() -> None:
    facts = Facts(
        title="<b>{who}\r\nBcc: x",
        brand="{0}",
        who="<script>",
        words="<img src=x>\x1b[2J",
        quote="a\nb",
    )

    made = letter(NoticeKind.REMARK_ADDED, "en", facts)

    assert made.subject == "New remark on: <b>{who} Bcc: x"
    assert "<script>" not in made.html
    assert "<img" not in made.html
    assert "\x1b" not in made.text
    assert "About: “a b”" in made.text
    assert "Open it" not in made.html


def test_a_long_title_does_not_make_a_long_subject() -> None:
    made = letter(NoticeKind.OVERDUE, "en", Facts(title="x" * 300, brand="B"))

    assert len(made.subject) == 151
    assert "x" * 300 in made.text
    assert "Somebody" in letter(NoticeKind.CHANGES_REQUESTED, "en", Facts(title="", brand="")).text
