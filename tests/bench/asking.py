"""What is asked: the queries of the bench, and the bodies that ask them of the hub."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from hub.kernel.ids import global_id
from tests.bench.data import BIG

QUERIES = Path(__file__).parent / "queries"
LOCALES = ("en", "fr", "de")
FLAT = 500
#: How many different contents and pages are asked for in turn.
_DIFFERENT = 16

#: Stands where every request needs a text of its own, of this very length.
UNIQUE = "@@@@@@@@@@@@"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the variables are made of: rows of the big workspace as every server names them.

    `places` are ids deep in the list, newest first: the page after each is asked for.
    """

    workspace: str
    brand: str
    campaign: str
    items: Sequence[str]
    places: Sequence[str]
    ranks: Sequence[int]
    flat: int


async def facts_of(connection: asyncpg.Connection, contents: int, *, flat: int = FLAT) -> Facts:
    """Look up what the variables need, by SQL; half of the contents are the big workspace's."""
    workspace = await connection.fetchval("SELECT id FROM workspaces WHERE slug = $1", BIG)
    brand = await connection.fetchval("SELECT id FROM brands WHERE workspace_id = $1", workspace)
    campaign = await connection.fetchval(
        "SELECT id FROM campaigns WHERE workspace_id = $1 ORDER BY id LIMIT 1", workspace
    )
    total = contents // 2
    first, step = _DIFFERENT // 2, 2 * _DIFFERENT
    ranks = [total * (first + number) // step for number in range(_DIFFERENT)]
    found = await connection.fetch(
        "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS rank "
        "FROM content_items WHERE workspace_id = $1) AS ranked "
        "WHERE rank = ANY ($2::int[]) ORDER BY rank",
        workspace,
        ranks,
    )
    deep = [str(row["id"]) for row in found]
    return Facts(
        workspace=str(workspace),
        brand=str(brand),
        campaign=str(campaign),
        items=deep,
        places=deep,
        ranks=ranks,
        flat=flat,
    )


def document(name: str) -> str:
    """Return the text of a query for the hub."""
    return (QUERIES / f"{name}.graphql").read_text()


def body(name: str, variables: Mapping[str, Any], *, text: str | None = None) -> bytes:
    """Return the body of a request."""
    asked = {
        "query": document(name) if text is None else text,
        "operationName": name,
        "variables": variables,
    }
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()


def hub_bodies(facts: Facts, cursors: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
    """Return the bodies of every query, for the hub and what answers in its place."""
    ids = [{"id": global_id("ContentItem", item)} for item in facts.items]
    locales = [{"locales": [locale]} for locale in LOCALES]
    variables: Mapping[str, Sequence[Mapping[str, Any]]] = {
        "Q1": ids,
        "Q1u": ids,
        "Q2": locales,
        "Q2p": locales,
        "Q3": [{"first": facts.flat}],
        "Q4": [{"after": cursor} for cursor in cursors],
        "Q4f": [{"first": 50}],
        "P": [{"first": 50}],
        "M1": [{"input": new_item(facts)}],
    }
    return {name: [body(name, one) for one in each] for name, each in variables.items()}


def new_item(facts: Facts) -> dict[str, Any]:
    """Return the input of M1: an item with three variants."""
    return {
        "brandId": global_id("Brand", facts.brand),
        "campaignId": global_id("Campaign", facts.campaign),
        "title": f"What will grow here next year {UNIQUE}",
        "locale": "en",
        "slug": f"next-year-{UNIQUE}".replace("@", "0"),
        "tags": ["garden"],
        "parts": [{"text": "We are planning the beds of next year. " * 25, "media": []}],
        "variants": [
            {
                "platform": platform,
                "title": f"Next year, for {platform}",
                "parts": [{"text": "Tell us what you miss. " * 8, "media": []}],
            }
            for platform in ("mastodon", "misago", "wordpress")
        ],
    }


def hub_cursors(url: str, token: str, ranks: Sequence[int]) -> list[str]:
    """Walk the hub's list page by page and return the cursors after these places of it."""
    query = (
        "query Walk($n: Int!, $after: String) { contentItems(first: $n, after: $after) "
        "{ pageInfo { endCursor } } }"
    )
    cursors: list[str] = []
    after, at, page = None, 0, FLAT
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
        for rank in ranks:
            while at < rank:
                size = min(page, rank - at)
                said = client.post(
                    "/graphql", json={"query": query, "variables": {"n": size, "after": after}}
                ).json()
                if said.get("errors") and page > 100:
                    page = 100  # A hub that does not know HUB_PAGE_MAX.
                    continue
                after = said["data"]["contentItems"]["pageInfo"]["endCursor"]
                at += size
            assert after is not None
            cursors.append(after)
    return cursors


def plain_cursor(row_id: str) -> str:
    """Return what the limit takes for a cursor: like the hub's, without its signature."""
    raw = b"\0" * 9 + json.dumps([None, row_id], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
