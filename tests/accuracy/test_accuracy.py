"""The bars of `make accuracy` hold, and the sets are what the page says of them."""

from collections import Counter

import pytest

from tests.accuracy.__main__ import judge
from tests.accuracy.report import MARK, PAGE, as_json, summary
from tests.accuracy.sets import PARTS, labelled, languages


def test_every_bar_is_met() -> None:
    sets, bars = judge()
    assert [bar for bar in bars if not bar.met] == []
    assert summary(sets, bars).endswith("missed: none")
    assert '"failures"' in as_json(sets, bars)


@pytest.mark.parametrize("name", ["sentiment-fr", "sentiment-en", "moderation-fr", "moderation-en"])
def test_a_set_is_large_enough_balanced_and_forty_per_cent_held_out(name: str) -> None:
    texts = labelled(name)
    assert len(texts) >= 320
    assert len({text.text for text in texts}) == len(texts)
    assert {text.part for text in texts} == set(PARTS)
    held_out = [text for text in texts if text.part == "held-out"]
    assert len(held_out) >= 0.4 * len(texts)
    labels = Counter(text.label for text in held_out)
    assert len(labels) == 3
    assert max(labels.values()) < 1.2 * min(labels.values())


def test_the_texts_by_language_are_many_enough() -> None:
    labels = Counter(text.label for text in languages())
    assert labels["fr"] >= 320
    assert labels["en"] >= 320
    assert sum(labels[code] for code in ("es", "de", "it", "pt", "nl", "other")) >= 200


def test_the_page_names_every_set() -> None:
    written = PAGE.read_text(encoding="utf-8").partition(MARK)[2]
    for name in ("sentiment fr", "language short", "moderation en", "## Failures, held-out"):
        assert name in written
