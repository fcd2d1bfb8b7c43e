"""What is said of every text, and how often that is right."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hub.language.detection import language_of, telling_words
from hub.language.sentiment import sentiment_of
from hub.language.starters import Screen
from tests.accuracy.sets import SPOKEN, Labelled, labelled, languages

KNOWN = ("fr", "en", "es", "de", "it", "pt", "nl")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a text, and why."""

    text: Labelled
    got: str
    why: str

    @property
    def right(self) -> bool:
        return self.got == self.text.label


@dataclass(frozen=True, slots=True)
class Judged:
    """A set with all answers and how long one took, in microseconds."""

    name: str
    answers: list[Answer]
    microseconds: float

    def part(self, name: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.text.part == name]


@dataclass(frozen=True, slots=True)
class Score:
    """How precise and how complete the answers with one label are."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / ((self.precision + self.recall) or 1)


def accuracy(answers: list[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)


def scores(answers: list[Answer]) -> dict[str, Score]:
    """Return the score of every label that a person gave."""
    pairs = Counter((answer.text.label, answer.got) for answer in answers)
    labels = sorted({label for label, _ in pairs})
    return {
        label: Score(
            _share(pairs[label, label], sum(n for (_, got), n in pairs.items() if got == label)),
            _share(pairs[label, label], sum(n for (was, _), n in pairs.items() if was == label)),
        )
        for label in labels
    }


def macro_f1(answers: list[Answer]) -> float:
    of_labels = scores(answers)
    return sum(score.f1 for score in of_labels.values()) / len(of_labels)


def found(answers: list[Answer]) -> Score:
    """Return how many of the messages named bad are of that kind, and how many are named."""
    named = [answer for answer in answers if answer.got != "none"]
    bad = [answer for answer in answers if answer.text.label != "none"]
    right = sum(answer.right for answer in named)
    return Score(_share(right, len(named)), _share(right, len(bad)))


def wrongly_claimed(answers: list[Answer]) -> float:
    """Return the share of texts of which a wrong language was claimed; silence is no claim."""
    return sum(not answer.right and answer.got != "unknown" for answer in answers) / len(answers)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def sentiment(language: str) -> Judged:
    return _judge(f"sentiment {language}", labelled(f"sentiment-{language}"), _mood)


def moderation(language: str) -> Judged:
    screen = Screen(language)

    def read(text: Labelled) -> tuple[str, str]:
        hit = screen.read(text.text)
        return (hit[0], f"“{hit[1].phrase}”") if hit else ("none", "nothing found")

    return _judge(f"moderation {language}", labelled(f"moderation-{language}"), read)


def language() -> list[Judged]:
    """Return texts of three words and more by language, and the shorter ones together."""
    texts = languages()
    long = [
        text for text in texts if len(telling_words(text.text)) >= 3 and text.label != "unknown"
    ]
    groups = {
        **{code: [text for text in long if text.label == code] for code in SPOKEN},
        "others": [text for text in long if text.label not in SPOKEN],
        "short": [text for text in texts if text not in set(long)],
    }
    return [_judge(f"language {name}", group, _code) for name, group in groups.items()]


def _mood(text: Labelled) -> tuple[str, str]:
    told = sentiment_of(text.text)
    if told is None:
        return "neutral", "no words or emoji that are known"
    reasons = ", ".join(
        f"{text.text[reason.start : reason.end]} {reason.weight:+g}" for reason in told.reasons
    )
    return told.mood.value, reasons or "no words that are known"


def _code(text: Labelled) -> tuple[str, str]:
    told = language_of(text.text)
    if told is None:
        return "unknown", "too little, or unclear"
    got = "other" if text.label == "other" and told.code not in KNOWN else told.code
    return got, f"{told.code}, ahead by {told.confidence}"


def _judge(
    name: str, texts: Iterable[Labelled], say: Callable[[Labelled], tuple[str, str]]
) -> Judged:
    texts = list(texts)
    say(texts[0])  # what is loaded at first is not counted
    start = time.perf_counter()
    said = [say(text) for text in texts]
    taken = (time.perf_counter() - start) / len(texts) * 1e6
    answers = [Answer(text, got, why) for text, (got, why) in zip(texts, said, strict=True)]
    return Judged(name, answers, taken)
