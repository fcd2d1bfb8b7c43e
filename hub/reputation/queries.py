"""Reads that are no lists of rows: mentions counted by day, and a query tried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, cast, func, select

from hub.engagement.models import SentimentLabel
from hub.kernel.caller import Caller, Permission
from hub.kernel.errors import Invalid
from hub.kernel.reading import Reader
from hub.reputation.models import Mention, MentionMatch, MentionState
from hub.reputation.rules import Query, Text, found_in, require_query
from hub.reputation.sentiments import rated

DAYS_MAX = 366
TRIED_MAX = 200
TEXT_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Mentions of one day, by how they sound; `unrated` are those nobody could tell."""

    day: date
    total: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0

    @property
    def unrated(self) -> int:
        """How many nobody could tell of."""
        return self.total - self.negative - self.neutral - self.positive


async def counted(
    reader: Reader,
    caller: Caller,
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    monitor_ids: Sequence[UUID] = (),
    brand_ids: Sequence[UUID] = (),
) -> list[Counted]:
    """Return mentions that are not ignored, by the day of a zone, days without any left out.

    All of it is one statement, whatever is asked for.
    """
    caller.require(Permission.REPUTATION_READ)
    if not timedelta() < until - since <= timedelta(days=DAYS_MAX):
        raise Invalid(f"Ask for one to {DAYS_MAX} days.", path=("until",))
    day = cast(func.timezone(zone.key, Mention.published_at), Date).label("day")
    statement = select(
        day,
        func.count().label("total"),
        *(
            func.count().filter(Mention.sentiment_label == label).label(label.name.lower())
            for label in SentimentLabel
        ),
    ).where(
        Mention.workspace_id == caller.workspace_id,
        Mention.published_at >= since,
        Mention.published_at < until,
        Mention.state != MentionState.IGNORED,
    )
    if monitor_ids or brand_ids:
        found = select(MentionMatch.id).where(
            MentionMatch.workspace_id == caller.workspace_id,
            MentionMatch.mention_id == Mention.id,
        )
        if monitor_ids:
            found = found.where(MentionMatch.monitor_id.in_(monitor_ids))
        if brand_ids:
            found = found.where(MentionMatch.brand_id.in_(brand_ids))
        statement = statement.where(found.exists())
    rows = await reader.rows(caller, statement.group_by(day).order_by(day))
    return [Counted(**row) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A text a query was tried on, and by which terms it would be found; None: it would not."""

    text: str
    mention_id: UUID | None
    language: str | None
    terms: tuple[str, ...] | None


async def tried(
    reader: Reader,
    caller: Caller,
    *,
    query: Query,
    texts: Sequence[str] = (),
    last_mentions: int = 0,
) -> list[Tried]:
    """Try a query on texts, and on what other monitors found last; nothing is kept."""
    caller.require(Permission.REPUTATION_READ)
    query = require_query(query, path=("query",))
    if len(texts) > TRIED_MAX or any(len(one) > TEXT_MAX for one in texts):
        raise Invalid(
            f"{TRIED_MAX} texts of {TEXT_MAX} characters at most.",
            path=("texts",),
        )
    if not 0 <= last_mentions <= TRIED_MAX:
        raise Invalid(f"From 0 to {TRIED_MAX}.", path=("lastMentions",))
    found = [_tried(query, text, None, rated(text, language="").language) for text in texts]
    if not last_mentions:
        return found
    rows = await reader.rows(
        caller,
        select(Mention.id, Mention.title, Mention.text, Mention.language)
        .where(Mention.workspace_id == caller.workspace_id)
        .order_by(Mention.published_at.desc(), Mention.id.desc())
        .limit(last_mentions),
    )
    return found + [
        _tried(query, f"{row['title']}\n{row['text']}".strip(), row["id"], row["language"])
        for row in rows
    ]


def _tried(query: Query, text: str, mention_id: UUID | None, language: str | None) -> Tried:
    return Tried(
        text=text,
        mention_id=mention_id,
        language=language,
        terms=found_in(query, Text(text=text, language=language or "")),
    )
