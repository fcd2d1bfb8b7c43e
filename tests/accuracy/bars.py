"""What must be reached, on texts that the rules were not made with."""

from dataclasses import dataclass

from tests.accuracy import judging
from tests.accuracy.judging import Judged

SENTIMENT = 0.75
LANGUAGE = 0.97
WRONG_CLAIMS = 0.05
# Lists find what is on them. What nobody has listed yet is for people, so recall is a floor
# against breaking something; precision is what must not annoy honest people.
PRECISION, RECALL = 0.85, 0.30


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure beside what it has to be."""

    name: str
    figure: float
    bar: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.figure <= self.bar if self.at_most else self.figure >= self.bar


def bars(judged: Judged, baseline: float | None = None) -> list[Bar]:
    """Return the bars of a set; `baseline` is what VADER reaches on the same texts."""
    answers = judged.part("held-out")
    kind = judged.name.split()[0]
    if kind == "moderation":
        found = judging.found(answers)
        return [
            Bar(f"{judged.name}: precision", found.precision, PRECISION),
            Bar(f"{judged.name}: recall", found.recall, RECALL),
        ]
    if judged.name == "language short":
        wrong = judging.wrongly_claimed(answers)
        return [Bar(f"{judged.name}: wrongly claimed", wrong, WRONG_CLAIMS, at_most=True)]
    accuracy = judging.accuracy(answers)
    least = LANGUAGE if kind == "language" else max(SENTIMENT, baseline or 0)
    return [Bar(f"{judged.name}: accuracy", accuracy, least)]
