"""Values that find mistakes: awkward texts, times of every fineness, JSON of every kind."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

#: What the hub may hold as text: everything but NUL and half characters.
TEXTS = (
    "",
    " ",
    "Spring",
    "spring sale",
    'She said "no"',
    "back\\slash \\n \\u0041",
    "a\tb\nc\r\nd",
    "\x01\x08\x0c\x1f\x7f\x85",
    '"title":null',
    '{"id":"x","rows":[null]}',
    '2026-03-01T12:00:00+00:00"',
    '+00:00"',
    "null",
    "100 % of_it",
    "</script><!-- & -->",
    "Été à Besançon",
    "日本語のタイトル",
    "שלום עולם",
    "👩‍👩‍👧 🏳️‍🌈 e\u0301",
    "\u2028\u2029\ufeff",
    "'; DROP TABLE brands; --",
    "${x} $1 :v0 %s %(v0)s",
)
#: Fractions of a second that are written in different ways.
_MICROSECONDS = (0, 0, 1, 10, 120_000, 123_456, 500_000, 999_999, 100)
_JSON: tuple[Any, ...] = (
    {},
    {"visibility": "public"},
    {"a": None, "b": [], "c": {}, "d": [1, 2.5, -0.125, "x", None, True]},
    {"z": 1, "aa": 2, "text": '"}]\\', "": "empty key", "long": 9_007_199_254_740_993},
    {"ключ": "значение", "nested": {"deeper": [{"deepest": False}]}},
    {"tiny": 1e-7, "huge": 1e20, "whole": 3.0},
)

Some = TypeVar("Some")


class Values:
    """Draws values; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._made = 0

    def id(self) -> UUID:
        """Return a new id; later ones are greater, as real ones are."""
        self._made += 1
        return UUID(int=(self._made << 80) | self.random.getrandbits(80))

    def text(self, plain: str = "") -> str:
        """Return an awkward text, or half of the time a plain one with some number."""
        if plain and self.random.random() < 0.5:
            return f"{plain} {self.random.randrange(30)}"
        return self.random.choice(TEXTS)

    def word(self) -> str:
        """Return a text that nothing else has."""
        return f"{self.random.getrandbits(60):015x}"

    def maybe(self, value: Some, share: float = 0.6) -> Some | None:
        """Return the value, or null."""
        return value if self.random.random() < share else None

    def one(self, several: Any) -> Any:
        """Return one of several."""
        return self.random.choice(list(several))

    def some(self, several: Any, most: int) -> list[Any]:
        """Return a few of several, perhaps none."""
        known = list(several)
        return self.random.sample(known, min(len(known), self.random.randint(0, most)))

    def chance(self, share: float) -> bool:
        """Return whether it happens."""
        return self.random.random() < share

    def time(self) -> datetime:
        """Return an instant; many are equal, so that orders need their last resort."""
        days = self.random.choice((0, 0, 1, -1, 7, 30, -400, 3_000))
        return NOON + timedelta(
            days=days,
            hours=self.random.randrange(3),
            microseconds=self.random.choice(_MICROSECONDS),
        )

    def day(self) -> date:
        """Return a day."""
        return NOON.date() + timedelta(days=self.random.randint(-20, 20))

    def json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return dict(self.random.choice(_JSON))

    def hex(self) -> str:
        """Return what looks like a SHA-256."""
        return f"{self.random.getrandbits(256):064x}"
