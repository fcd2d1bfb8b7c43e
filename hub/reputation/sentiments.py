"""In which language a mention is written, and how it sounds."""

from dataclasses import dataclass

from hub.engagement.models import SentimentLabel
from hub.kernel.locales import language_of
from hub.language import detection
from hub.language.sentiment import sentiment_of


@dataclass(frozen=True, kw_only=True)
class Rated:
    """What is known of a text: how it sounds between -100 and 100; None where nobody can tell."""

    language: str | None
    sentiment: int | None = None
    label: SentimentLabel | None = None


def rated(text: str, *, language: str) -> Rated:
    """Rate a text; `language` is what its source says of it, empty where it says nothing.

    What the words say goes before what the source says: networks put the author's usual language.
    """
    detected = detection.language_of(text)
    said = language_of(language) if language else None
    known = detected.code if detected is not None else said
    sentiment = sentiment_of(text, known)
    if sentiment is None:
        return Rated(language=known)
    return Rated(
        language=known,
        sentiment=round(sentiment.score * 100),
        label=SentimentLabel(sentiment.mood.name),
    )
