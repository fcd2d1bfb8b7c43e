"""Numbers, days and names of figures as people write them, in English and French."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

LANGUAGES = ("en", "fr")

_NARROW = "\u202f"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "LIKES": "Likes",
        "SHARES": "Shares",
        "REPLIES": "Replies",
        "QUOTES": "Quotes",
        "VIEWS": "Views",
        "CLICKS": "Clicks",
        "FOLLOWERS": "Followers",
        "FOLLOWING": "Following",
        "POSTS": "Posts",
        "ENGAGEMENT": "Engagement",
        "PUBLICATIONS": "Publications",
        "report": "Campaign report",
        "period": "Period",
        "compared": "compared with",
        "span": "{first} to {last}",
        "figures": "Figures",
        "before": "Before",
        "change": "Change",
        "by_day": "{metric} by day",
        "by_channel": "{metric} by channel",
        "this_period": "This period",
        "previous_period": "Period before",
        "channel": "Channel",
        "top": "What was answered most",
        "title": "Title",
        "published": "Published",
        "nothing": "Nothing was measured in these days.",
        "best_times": "When people answer: typical engagement by weekday and hour",
        "not_enough": "Not enough posts to name a best time: {posts} of at least {least}.",
        "no_clear": "No hour is better than the others beyond luck.",
        "clear": "Better than the others beyond luck: {slots}.",
        "made": "Made on {day}",
        "highest": "highest {value} on {day}",
        "total": "total {value}",
        "rate": "Engagement per publication",
        "goals": "Goals",
        "goal": "Goal",
        "counted": "What counts",
        "state": "State",
        "so_far": "So far",
        "expected": "Expected by now",
        "target": "Target",
        "NOT_STARTED": "Not begun",
        "ON_TRACK": "On track",
        "BEHIND": "Behind",
        "REACHED": "Reached",
        "MISSED": "Missed",
    },
    "fr": {
        "LIKES": "J\u2019aime",
        "SHARES": "Partages",
        "REPLIES": "Réponses",
        "QUOTES": "Citations",
        "VIEWS": "Vues",
        "CLICKS": "Clics",
        "FOLLOWERS": "Abonnés",
        "FOLLOWING": "Abonnements",
        "POSTS": "Messages",
        "ENGAGEMENT": "Engagement",
        "PUBLICATIONS": "Publications",
        "report": "Rapport de campagne",
        "period": "Période",
        "compared": "comparée à celle",
        "span": "du {first} au {last}",
        "figures": "Chiffres",
        "before": "Avant",
        "change": "Évolution",
        "by_day": "{metric} par jour",
        "by_channel": "{metric} par canal",
        "this_period": "Cette période",
        "previous_period": "Période précédente",
        "channel": "Canal",
        "top": "Ce qui a suscité le plus de réactions",
        "title": "Titre",
        "published": "Publié le",
        "nothing": "Rien n\u2019a été mesuré pendant ces jours.",
        "best_times": "Quand on vous répond : engagement habituel par jour et par heure",
        "not_enough": "Trop peu de publications pour désigner un meilleur moment : {posts} sur "
        "au moins {least}.",
        "no_clear": "Aucune heure n\u2019est meilleure que les autres au-delà du hasard.",
        "clear": "Mieux que les autres au-delà du hasard : {slots}.",
        "made": "Établi le {day}",
        "highest": "maximum {value} le {day}",
        "total": "total {value}",
        "rate": "Engagement par publication",
        "goals": "Objectifs",
        "goal": "Objectif",
        "counted": "Ce qui compte",
        "state": "État",
        "so_far": "À ce jour",
        "expected": "Attendu à ce jour",
        "target": "Cible",
        "NOT_STARTED": "Pas commencé",
        "ON_TRACK": "En bonne voie",
        "BEHIND": "En retard",
        "REACHED": "Atteint",
        "MISSED": "Manqué",
    },
}
_WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
}
_MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": (
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
        *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ),
    "fr": (
        *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
        *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
    ),
}


class Wording:
    """Words and numbers of one language; any other language than French is shown in English."""

    def __init__(self, locale: str) -> None:
        language = locale.partition("-")[0].lower()
        self.language = language if language in LANGUAGES else "en"
        self._words = _WORDS[self.language]

    def word(self, name: str, **values: str) -> str:
        """Return a phrase; a metric nobody has words for is shown by its own name."""
        known = self._words.get(name)
        if known is None:
            return name.replace("_", " ").capitalize()
        return known.format(**values) if values else known

    def number(self, value: float, *, digits: int = 0) -> str:
        """Return a number with its thousands apart: 12,345.6 or 12 345,6."""
        written = f"{value:,.{digits}f}"
        if written.startswith("-"):
            written = f"\u2212{written[1:]}"
        if self.language == "fr":
            return written.replace(",", _NARROW).replace(".", ",")
        return written

    def percent(self, value: float | None) -> str:
        """Return a change in percent with its sign; a dash where there is none."""
        if value is None:
            return "\u2013"
        return f"{'+' if value > 0 else ''}{self.share(value)}"

    def share(self, value: float) -> str:
        """Return a part of a whole, given in percent."""
        space = _NARROW if self.language == "fr" else ""
        return f"{self.number(value, digits=1)}{space}%"

    def day(self, day: date, *, year: bool = False) -> str:
        """Return a day: "Mar 5" or "5 mars", with its year where that is wanted."""
        month = _MONTHS[self.language][day.month - 1]
        if self.language == "fr":
            first = "1er" if day.day == 1 else str(day.day)
            return f"{first} {month} {day.year}" if year else f"{first} {month}"
        return f"{month} {day.day}, {day.year}" if year else f"{month} {day.day}"

    def weekday(self, number: int) -> str:
        """Return a weekday in short; 1 is Monday."""
        return _WEEKDAYS[self.language][number - 1]

    def hour(self, hour: int) -> str:
        """Return an hour of the day: "9:00" or "9 h"."""
        return f"{hour}{_NARROW}h" if self.language == "fr" else f"{hour}:00"

    def instant(self, at: datetime, zone: ZoneInfo) -> str:
        """Return the day an instant lies in, in a zone."""
        return self.day(at.astimezone(zone).date(), year=True)
