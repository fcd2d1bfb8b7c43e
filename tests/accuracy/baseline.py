"""VADER on the same texts: English as it is made for, French only to compare."""

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from tests.accuracy.judging import Answer, Judged


def vader(judged: Judged) -> Judged:
    """Return VADER's answers, with the thresholds its authors advise."""
    analyser = SentimentIntensityAnalyzer()
    answers = []
    for answer in judged.answers:
        compound = analyser.polarity_scores(answer.text.text)["compound"]
        mood = "positive" if compound >= 0.05 else "negative" if compound <= -0.05 else "neutral"
        answers.append(Answer(answer.text, mood, str(compound)))
    return Judged(f"{judged.name}, VADER", answers, 0)
