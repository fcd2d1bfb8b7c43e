"""Rows of one workspace, made in memory: people, brands, channels, pictures, contents."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hub.access.models import Member, Role
from hub.channels.models import Channel, ChannelState
from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import (
    EditionContent,
    EditionPart,
    Guarantee,
    MediaFacts,
    Problem,
)
from hub.content.models import (
    Asset,
    AssetState,
    AssetUpload,
    ContentAudience,
    ContentItem,
    Edition,
    EditionOrigin,
    Rendition,
    Revision,
    Variant,
)
from hub.kernel.model import Base
from hub.strategy.models import (
    Audience,
    Brand,
    Campaign,
    Goal,
    GoalMetric,
    Pillar,
    PlanEntry,
    VoiceGuide,
)
from tests.schema.compiled.values import Values

LOCALES = ("en", "fr", "fr-CA", "de")
PLATFORM_KEYS = tuple(PLATFORMS)


class Contents:
    """Makes what is there before anything goes out."""

    def __init__(self, values: Values, *, slug: str, items: int) -> None:
        self.values = values
        self.slug = slug
        self.items = items
        self.workspace = values.id()
        self.rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)

    def ids(self, model: type[Base]) -> list[UUID]:
        """Return the ids of the rows of a model, in the order they were made."""
        return [row["id"] for row in self._all(model)]

    def _all(self, model: type[Base]) -> list[dict[str, Any]]:
        return self.rows[model.__table__]

    def _add(self, model: type[Base], **given: Any) -> dict[str, Any]:
        table: Any = model.__table__
        row = {"id": self.values.id(), "workspace_id": self.workspace, **given}
        for name in ("created_at", "updated_at"):
            if name in table.c:
                row.setdefault(name, self.values.time())
        if "version" in table.c:
            row.setdefault("version", self.values.random.randint(1, 9))
        self.rows[table].append(row)
        return row

    def _reference(self) -> str | None:
        return self.values.maybe(f"ref-{self.values.word()}", 0.4)

    def _people(self) -> None:
        for number, role in enumerate((*Role, Role.EDITOR, Role.VIEWER)):
            self._add(
                Member,
                name=self.values.text("Ada"),
                email=f"m{number}@{self.slug}.example",
                role=role,
                locale=self.values.one(LOCALES),
                email_notices=self.values.chance(0.7),
                removed_at=self.values.time() if number >= len(Role) else None,
            )

    def _strategy(self) -> None:
        for number in range(4):
            self._add(
                Brand,
                slug=f"brand-{number}",
                name=self.values.text("Brand"),
                description=self.values.text(),
                locales=([], ["en"], ["fr", "en"], ["fr-CA", "de"])[number],
                own_domains=([], ["x.example"], [], ["y.example", "é"])[number],
            )
            self._voices()
        for _ in range(7):
            days = sorted((self.values.day(), self.values.day()))
            self._add(
                Campaign,
                brand_id=self.values.one(self.ids(Brand)),
                name=self.values.text("Campaign"),
                objective=self.values.text(),
                brief=self.values.text(),
                locale=self.values.one(LOCALES),
                starts_on=self.values.maybe(days[0]),
                ends_on=self.values.maybe(days[1]),
                external_reference=self._reference(),
                paid=self.values.chance(0.5),
                utm=self.values.maybe({"source": self.values.text("s"), "term": "{channel}"}),
            )
        for _ in range(5):
            self._add(
                Pillar,
                brand_id=self.values.one(self.ids(Brand)),
                name=self.values.text("Pillar"),
                description=self.values.text(),
                target_share=self.values.maybe(self.values.random.randrange(100)),
            )
            self._add(
                Audience,
                brand_id=self.values.one(self.ids(Brand)),
                name=self.values.text("Audience"),
                description=self.values.text(),
                needs=self.values.text(),
                locales=self.values.some(LOCALES, 2),
            )
        for _ in range(8):
            days = sorted((self.values.day(), self.values.day()))
            self._add(
                Goal,
                brand_id=self.values.one(self.ids(Brand)),
                campaign_id=self.values.maybe(self.values.one(self.ids(Campaign))),
                name=self.values.text("Goal"),
                metric=self.values.one(GoalMetric),
                target=self.values.random.randint(1, 40),
                starts_on=days[0],
                deadline=days[1],
            )

    def _voices(self) -> None:
        severity = self.values.one(("BLOCKING", "ADVISING"))
        for locale in self.values.some(LOCALES, 2):
            self._add(
                VoiceGuide,
                brand_id=self.ids(Brand)[-1],
                locale=locale,
                tone_do=[self.values.text("Do")],
                tone_dont=self.values.some(("shout", "“ironise”"), 2),
                banned_words=[
                    {
                        "phrase": self.values.text("word"),
                        "suggestion": "",
                        "reason": self.values.text(),
                        "severity": severity,
                    }
                ],
                required_disclosures=[
                    {
                        "alternatives": ["#ad", self.values.text("pub")],
                        "when": self.values.one(("ALWAYS", "TAGGED", "PAID")),
                        "tag": self.values.text(),
                        "severity": severity,
                    }
                ],
                preferred_spellings=[{"wrong": "mail", "right": "e-mail", "severity": severity}],
                hashtags=self.values.maybe({"least": None, "most": 3, "severity": severity}),
                emoji=self.values.maybe({"least": 1, "most": None, "severity": severity}),
            )

    def _plans(self) -> None:
        for position in range(12):
            days = sorted((self.values.day(), self.values.day()))
            channel = self.values.one(self.ids(Channel)) if position % 2 else None
            self._add(
                PlanEntry,
                campaign_id=self.values.one(self.ids(Campaign)),
                position=position,
                planned=self.values.random.randint(1, 5),
                # Neither, sometimes: anywhere will do.
                platform=None if position % 4 else PLATFORM_KEYS[position % len(PLATFORM_KEYS)],
                channel_id=channel,
                pillar_id=self.values.maybe(self.values.one(self.ids(Pillar)), 0.3),
                starts_on=days[0],
                ends_on=days[1],
            )

    def _channels(self) -> None:
        for number in range(9):
            key = PLATFORM_KEYS[number % len(PLATFORM_KEYS)]
            known = PLATFORMS[key]
            self._add(
                Channel,
                brand_id=self.values.one(self.ids(Brand)),
                platform=key,
                name=self.values.text("Channel"),
                timezone=self.values.one(("Europe/Paris", "UTC", "America/St_Johns")),
                settings={"base_url": "https://x.example", "url": "https://h.example/a?b=c"}
                | self.values.json(),
                enabled=self.values.chance(0.8),
                state=self.values.one(ChannelState),
                state_message=self.values.text(),
                checked_at=self.values.maybe(self.values.time()),
                remote_id=self.values.word(),
                handle=self.values.text("@brand"),
                url=self.values.text("https://x.example"),
                dialect="",
                guarantee=self.values.one(Guarantee),
                capabilities=self.values.some(sorted(known.capabilities), 9),
                limits=known.limits.to_json(),
                basis="basis",
                public_key=self.values.word(),
                rate_held_until=self.values.maybe(self.values.time(), 0.3),
                external_reference=self._reference(),
            )

    def _assets(self) -> None:
        for number in range(10):
            ready = number % 3 != 0
            asset = self._add(
                Asset,
                brand_id=self.values.maybe(self.values.one(self.ids(Brand))),
                filename=self.values.text("cat.png"),
                state=AssetState.READY
                if ready
                else self.values.one((AssetState.PROCESSING, AssetState.REFUSED)),
                refusal=None if ready else self.values.maybe("NOT_A_PICTURE"),
                refusal_message=None if ready else self.values.maybe(self.values.text()),
                mime="image/png" if ready else None,
                size=self.values.random.randrange(2**31) if ready else None,
                width=4 if ready else None,
                height=3 if ready else None,
                duration_ms=number * 1_000 if ready else None,
                codecs=f"avc1, mp4a.{number}" if ready else None,
                sha256=self.values.hex() if ready else None,
                storage_key=f"{self.workspace}/{self.values.text()}{number}" if ready else None,
                alt=self.values.one(({}, {"fr": "Un « chat »", "en": self.values.text()})),
            )
            for name in self.values.some(("thumbnail", "small", "large"), 3) if ready else ():
                self._add(
                    Rendition,
                    asset_id=asset["id"],
                    name=name,
                    mime="image/webp",
                    size=number,
                    width=2,
                    height=2,
                    sha256=self.values.hex(),
                    storage_key=f"{self.workspace}/{self.values.word()}",
                )
        self._add(
            AssetUpload,
            filename=self.values.text(),
            mime="image/png",
            size=10,
            storage_key="uploads/1",
            expires_at=self.values.time(),
            received_at=None,
            asset_id=None,
            member_id=self.ids(Member)[0],
        )

    def _parts(self) -> list[dict[str, Any]]:
        media = [str(one) for one in self.ids(Asset)]
        return [
            # A picture that is no more, and the same one twice, are shown as far as they can be.
            {
                "text": self.values.text("Part"),
                "media": [*self.values.some([*media, str(UUID(int=1))], 3)],
            }
            for _ in range(self.values.random.randint(0, 3))
        ]

    def _contents(self) -> None:
        for number in range(self.items):
            item = self._add(
                ContentItem,
                brand_id=self.values.one(self.ids(Brand)),
                campaign_id=self.values.maybe(self.values.one(self.ids(Campaign))),
                pillar_id=self.values.maybe(self.values.one(self.ids(Pillar))),
                title=self.values.text("Item"),
                locale=self.values.one(LOCALES),
                current_revision_id=None,
                archived=self.values.chance(0.2),
                external_reference=self._reference(),
                voice_problems=self.values.maybe(
                    [Problem(code="VOICE_SPELLING", message="x", start=1, end=2).to_json()], 0.3
                )
                or [],
            )
            for audience in self.values.some(self.ids(Audience), 2):
                self._add(ContentAudience, item_id=item["id"], audience_id=audience)
            for count in range(1, self.values.random.randint(1, 3) + 1):
                slug = self.values.one(("", f"slug-{number % 7}"))
                item["current_revision_id"] = self._revision(item, count, slug)

    def _revision(self, item: Mapping[str, Any], number: int, slug: str) -> UUID:
        revision: UUID = self._add(
            Revision,
            item_id=item["id"],
            number=number,
            title=self.values.text("Revision"),
            summary=self.values.text(),
            parts=self._parts(),
            link=self.values.text("https://x.example"),
            tags=self.values.some(("news", "été", 'a "tag"', "x\\y"), 3),
            slug=slug,
            locale=self.values.one(LOCALES),
            shortens_links=len(self._all(Revision)) % 3 == 0,
            hash=self.values.hex(),
            author_id=self.values.maybe(self.values.one(self.ids(Member))),
        )["id"]
        for key in self.values.some(PLATFORM_KEYS, 2):
            self._variant(revision, platform=key, channel_id=None)
        for channel in self.values.some(self.ids(Channel), 1):
            self._variant(revision, platform=None, channel_id=channel)
        for channel in self.values.some(self.ids(Channel), 2):
            self._edition(channel, revision)
        return revision

    def _variant(self, revision: UUID, **place: Any) -> None:
        self._add(
            Variant,
            revision_id=revision,
            **place,
            title=self.values.maybe(self.values.text(), 0.4),
            summary=self.values.maybe(self.values.text(), 0.3),
            parts=self.values.maybe(self._parts(), 0.4),
            link=self.values.maybe(self.values.text(), 0.3),
            tags=self.values.maybe(["other"], 0.3),
            settings=self.values.json(),
        )

    def _edition(self, channel: UUID, revision: UUID | None) -> dict[str, Any]:
        content = EditionContent(
            platform=next(row["platform"] for row in self._all(Channel) if row["id"] == channel),
            title=self.values.text("Out"),
            parts=tuple(
                EditionPart(text=self.values.text("Said"), length=count, media=self._media())
                for count in range(self.values.random.randint(1, 3))
            ),
            fields=self._fields(),
        )
        body = content.to_bytes().decode()
        edition: dict[str, Any] = self._add(
            Edition,
            revision_id=revision,
            channel_id=channel,
            origin=EditionOrigin.REPLY if revision is None else EditionOrigin.CONTENT,
            body=body,
            hash=hashlib.sha256(body.encode()).hexdigest(),
            basis="",
            problems=self._problems(),
        )
        return edition

    def _fields(self) -> dict[str, Any]:
        known = {
            "visibility": self.values.one(("public", "private", "direct", "unlisted")),
            "html": self.values.one(("<p>a & b</p>", "", 7)),
            "tags": self.values.one((["news"], [], ["été", "news"])),
            "summary": self.values.text(),
            "link": self.values.text(),
        }
        more: dict[str, Any] = self.values.one(({}, {}, self.values.json()))
        return {name: known[name] for name in self.values.some(known, 5)} | more

    def _media(self) -> tuple[MediaFacts, ...]:
        assets = [row for row in self._all(Asset) if row["sha256"]]
        return tuple(
            MediaFacts(
                asset_id=str(row["id"]),
                sha256=row["sha256"],
                mime=row["mime"],
                size=row["size"],
                width=4,
                height=3,
                alt=self.values.text("A cat"),
                duration_ms=row["duration_ms"],
            )
            for row in self.values.some(assets, 2)
        )

    def _problems(self) -> list[dict[str, Any]]:
        return [
            {
                "code": "TEXT_TOO_LONG",
                "message": self.values.text(),
                "severity": self.values.one(("ERROR", "WARNING")),
                "field": self.values.one(("", "parts.0.text")),
                "limit": self.values.maybe(500),
                "actual": self.values.maybe(501),
            }
            for _ in range(self.values.one((0, 0, 1, 2)))
        ]
