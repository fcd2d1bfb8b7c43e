"""What a message says about itself: its language and its mood."""

from dataclasses import dataclass

from hub.engagement.models import SentimentLabel


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read out of a text: its language, and how it sounds between -100 and 100."""

    language: str | None
    sentiment: int | None
    label: SentimentLabel | None


def read_of(text: str) -> Reading | None:  # noqa: ARG001 - every reader of texts takes the text
    """Return what can be read out of a text; None where nobody can tell.

    This build has no reader of languages or moods: what the platform says of a language is kept.
    """
    return None
