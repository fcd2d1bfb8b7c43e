"""Clicks on short links: who asks, how they are kept, and how they become a metric."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.analytics.operations import record
from hub.analytics.series import CLICKS
from hub.content.shortening import CODE_LENGTH
from hub.kernel.work import UnitOfWork

_CODE = re.compile(f"[0-9A-Za-z]{{{CODE_LENGTH}}}")
#: What programs call themselves: crawlers, makers of previews, scanners of mail, libraries. After
#: the names in https://github.com/monperrus/crawler-user-agents (MIT), cut to what they share.
_PROGRAMS = re.compile(
    r"bot\b|bot[/-]|crawl|spider|slurp|preview|scan|fetch|monitor|check|validator|archive|"
    r"facebookexternalhit|facebookcatalog|whatsapp|mastodon|pleroma|misskey|akkoma|gotosocial|"
    r"lemmy|embedly|iframely|bitly|pinterest/|skype|slack|vkshare|w3c_|headless|phantom|"
    r"lighthouse|python|httpx|aiohttp|curl|wget|java/|go-http|okhttp|axios|node|ruby|perl|php|"
    r"libwww|scrapy|http[-_ ]?client|feed|rss",
    re.IGNORECASE,
)
#: Headers of browsers that look ahead: nobody has seen the page yet.
_AHEAD = ("purpose", "sec-purpose", "x-moz", "x-purpose")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a code leads."""

    link_id: UUID
    address: str


@dataclass(slots=True)
class Clicks:
    """Clicks on one link that are not written yet."""

    people: int = 0
    programs: int = 0


def is_code(given: str) -> bool:
    """Say whether something has the form of a code: nothing else is looked up."""
    return _CODE.fullmatch(given) is not None


def is_program(user_agent: str, headers: Mapping[str, str]) -> bool:
    """Say whether a program asks, as far as it says so: its name, or none, or that it looks ahead.

    Who hides being a program is counted among people.
    """
    if not user_agent.strip() or _PROGRAMS.search(user_agent):
        return True
    said = " ".join(headers.get(name, "") for name in _AHEAD).lower()
    return "prefetch" in said or "preview" in said or "prerender" in said


async def target(session: AsyncSession, *, code: str) -> Target | None:
    """Return where a code leads; None where there is none."""
    row = (
        await session.execute(text("SELECT * FROM hub_short_link(:code)"), {"code": code})
    ).one_or_none()
    return Target(link_id=row.link_id, address=row.address) if row else None


async def count(session: AsyncSession, clicks: Mapping[UUID, Clicks]) -> None:
    """Add clicks to those of this hour, of all links and workspaces in one statement."""
    given = [
        {"link": str(link), "people": one.people, "programs": one.programs}
        for link, one in clicks.items()
    ]
    await session.execute(
        text("SELECT hub_count_clicks(CAST(:given AS jsonb))"),
        {"given": orjson.dumps(given).decode()},
    )


async def clicked_workspaces(session: AsyncSession, *, since: datetime) -> Sequence[UUID]:
    """Return the workspaces whose links were followed since then."""
    found = await session.execute(
        text("SELECT * FROM hub_clicked_workspaces(:since)"), {"since": since}
    )
    return found.scalars().all()


# All clicks of what was followed lately, at the publication that showed it last.
_COUNTED = """
SELECT out.id, sum(c.people)::bigint AS clicks
FROM (
    SELECT DISTINCT l.revision_id, l.channel_id
    FROM click_hours AS h JOIN short_links AS l ON l.workspace_id = $1 AND l.id = h.short_link_id
    WHERE h.workspace_id = $1 AND h.hour >= $2
) AS followed
JOIN LATERAL (
    SELECT p.id FROM publications AS p
    WHERE p.workspace_id = $1 AND p.revision_id = followed.revision_id
        AND p.channel_id = followed.channel_id AND p.state = 'PUBLISHED' AND p.origin = 'CONTENT'
    ORDER BY p.published_at DESC LIMIT 1
) AS out ON true
JOIN short_links AS l ON l.workspace_id = $1 AND l.revision_id = followed.revision_id
    AND l.channel_id = followed.channel_id
JOIN click_hours AS c ON c.workspace_id = $1 AND c.short_link_id = l.id
GROUP BY out.id
ORDER BY out.id
"""
#: How long the relay may stand still without losing clicks from the metric.
LATELY = timedelta(hours=26)


async def measure_clicks(work: UnitOfWork, *, publication_id: UUID | None = None) -> int:
    """Keep the clicks of people as the metric CLICKS of publications; return how many changed.

    With `publication_id` only its own are kept.
    """
    rows = await work.rows(_COUNTED, work.caller.workspace_id, work.now - LATELY)
    changed = 0
    for row in rows:
        shown_by, clicks = tuple(row)
        if publication_id not in {None, shown_by}:
            continue
        if await record(
            work, publication_id=shown_by, counters={CLICKS: clicks}, approximate=False
        ):
            changed += 1
    return changed
