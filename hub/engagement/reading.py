"""What a message says about itself: its language and its mood."""

from dataclasses import dataclass

from hub.engagement.models import SentimentLabel
from hub.language.detection import language_of
from hub.language.sentiment import Mood, sentiment_of

_LABELS = {
    Mood.POSITIVE: SentimentLabel.POSITIVE,
    Mood.NEUTRAL: SentimentLabel.NEUTRAL,
    Mood.NEGATIVE: SentimentLabel.NEGATIVE,
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read out of a text: its language, and how it sounds between -100 and 100."""

    language: str | None
    sentiment: int | None
    label: SentimentLabel | None


def read_of(text: str, language: str | None = None) -> Reading:
    """Return what can be read out of a text; None stands for what nobody can tell.

    The language is what the platform says, where the words do not tell it themselves.
    """
    found = language_of(text)
    known = found.code if found else language
    # Of a locale such as fr-CA the language alone says how to read.
    mood = sentiment_of(text, known.partition("-")[0].lower() if known else None)
    return Reading(
        language=known,
        sentiment=round(mood.score * 100) if mood else None,
        label=_LABELS[mood.mood] if mood else None,
    )
