"""The words of notices, in English and French: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape

from hub.kernel.locales import language_of
from hub.kernel.texts import storable
from hub.review.models import NoticeKind

_SUBJECT = 150


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a letter can speak of; empty where there is nothing to say."""

    title: str
    brand: str
    who: str = ""
    step: str = ""
    due_at: datetime | None = None
    words: str = ""
    quote: str = ""
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail: its subject on one line, and its body as text and as HTML."""

    subject: str
    text: str
    html: str


_SUBJECTS: Mapping[str, Mapping[NoticeKind, str]] = {
    "en": {
        NoticeKind.STEP_OPENED: "To review: {title}",
        NoticeKind.DUE_SOON: "Still to review: {title}",
        NoticeKind.OVERDUE: "Overdue review: {title}",
        NoticeKind.CHANGES_REQUESTED: "Changes requested: {title}",
        NoticeKind.APPROVED: "Approved: {title}",
        NoticeKind.REMARK_ADDED: "New remark on: {title}",
        NoticeKind.REMARK_ANSWERED: "Answer to your remark on: {title}",
    },
    "fr": {
        NoticeKind.STEP_OPENED: "À relire : {title}",
        NoticeKind.DUE_SOON: "Toujours à relire : {title}",
        NoticeKind.OVERDUE: "Relecture en retard : {title}",
        NoticeKind.CHANGES_REQUESTED: "Modifications demandées : {title}",
        NoticeKind.APPROVED: "Approuvé : {title}",
        NoticeKind.REMARK_ADDED: "Nouvelle remarque sur : {title}",
        NoticeKind.REMARK_ANSWERED: "Réponse à votre remarque sur : {title}",
    },
}
_FIRST: Mapping[str, Mapping[NoticeKind, str]] = {
    "en": {
        NoticeKind.STEP_OPENED: "{who} asks you to review “{title}” for {brand}.",
        NoticeKind.DUE_SOON: "“{title}” for {brand} is waiting for your decision.",
        NoticeKind.OVERDUE: "The review of “{title}” for {brand} is overdue.",
        NoticeKind.CHANGES_REQUESTED: "{who} asks for changes to “{title}” for {brand}.",
        NoticeKind.APPROVED: "“{title}” for {brand} is approved.",
        NoticeKind.REMARK_ADDED: "{who} made a remark on “{title}” for {brand}.",
        NoticeKind.REMARK_ANSWERED: "{who} answered your remark on “{title}” for {brand}.",
    },
    "fr": {
        NoticeKind.STEP_OPENED: "{who} vous demande de relire « {title} » pour {brand}.",
        NoticeKind.DUE_SOON: "« {title} » pour {brand} attend votre décision.",
        NoticeKind.OVERDUE: "La relecture de « {title} » pour {brand} est en retard.",
        NoticeKind.CHANGES_REQUESTED: "{who} demande de modifier « {title} » pour {brand}.",
        NoticeKind.APPROVED: "« {title} » pour {brand} est approuvé.",
        NoticeKind.REMARK_ADDED: "{who} a fait une remarque sur « {title} » ({brand}).",
        NoticeKind.REMARK_ANSWERED: "{who} a répondu à votre remarque sur « {title} » ({brand}).",
    },
}
_MORE: Mapping[str, Mapping[str, str]] = {
    "en": {
        "step": "Step: {}",
        "due": "Due: {}",
        "quote": "About: “{}”",
        "link": "Open it",
        "somebody": "Somebody",
        "end": "You get this because you take notices by mail in the content hub.",
    },
    "fr": {
        "step": "Étape : {}",
        "due": "Échéance : {}",
        "quote": "À propos de : « {} »",
        "link": "Ouvrir",
        "somebody": "Une personne de l'équipe",
        "end": "Vous recevez ce message car vous avez choisi les avis par courriel.",
    },
}


def letter(kind: NoticeKind, locale: str, facts: Facts) -> Letter:
    """Return a notice in the language of the locale: French, or English for all others."""
    language = "fr" if language_of(locale) == "fr" else "en"
    more = _MORE[language]
    known = {
        "title": _line(facts.title),
        "brand": _line(facts.brand),
        "who": _line(facts.who) or more["somebody"],
    }
    subject = _SUBJECTS[language][kind].format(**known)
    paragraphs = [_FIRST[language][kind].format(**known)]
    if facts.step:
        paragraphs.append(more["step"].format(_line(facts.step)))
    if facts.due_at is not None:
        paragraphs.append(more["due"].format(facts.due_at.strftime("%Y-%m-%d %H:%M UTC")))
    if facts.quote:
        paragraphs.append(more["quote"].format(_line(facts.quote)))
    if facts.words:
        paragraphs.append("\n".join(storable(line) for line in facts.words.splitlines()))
    return Letter(
        subject=subject if len(subject) <= _SUBJECT else f"{subject[:_SUBJECT]}…",
        text="\n\n".join(
            [*paragraphs, *([facts.link] if facts.link else []), f"-- \n{more['end']}"]
        ),
        html=_html(language, paragraphs, facts.link, more),
    )


def _line(text: str) -> str:
    """Return a text without line breaks and what no mail should show."""
    return storable(" ".join(text.split()))


def _html(language: str, paragraphs: list[str], link: str, more: Mapping[str, str]) -> str:
    body = "".join(f"<p>{_broken(one)}</p>" for one in paragraphs)
    if link:
        body += f'<p><a href="{escape(link)}">{more["link"]}</a></p>'
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"></head><body>'
        f"{body}<hr><p><small>{more['end']}</small></p></body></html>"
    )


def _broken(paragraph: str) -> str:
    return escape(paragraph).replace("\n", "<br>")
