"""Rows of contests in every state, with their comments and whom they drew."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.access.models import Member
from hub.content.models import ContentItem
from hub.engagement.contests import draw
from hub.engagement.contests.models import (
    Contest,
    ContestEntry,
    ContestPlace,
    ContestSource,
    ContestState,
    EntryReason,
    EntryState,
    PlaceStanding,
    Ruling,
)
from hub.engagement.contests.rules import Conditions
from hub.engagement.models import Message, Person
from hub.publishing.models import Publication
from hub.strategy.models import Brand
from tests.schema.compiled.contents import LOCALES
from tests.schema.compiled.outgoing import Outgoing

_FROZEN = {ContestState.FROZEN, ContestState.DRAWN, ContestState.ANNOUNCED}
_DRAWN = {ContestState.DRAWN, ContestState.ANNOUNCED}
_SECRET = {ContestState.DRAFT, ContestState.CANCELLED}


class Contests(Outgoing):
    """Makes contests, after all they are about."""

    def _contests(self) -> None:
        for state in (*ContestState, *ContestState):
            made = self._contest(state)
            contest = made["id"]
            # Where comments are from is fixed when a contest opens.
            publications = [] if made["opened_at"] else self.ids(Publication)
            for publication in (*publications[:1], *self.values.some(publications[1:], 2)):
                self._add(
                    ContestSource,
                    contest_id=contest,
                    publication_id=publication,
                    read_at=self.values.maybe(self.values.time()),
                )
            # No comment can be added to a list that is frozen.
            if state not in _FROZEN:
                self._entries(contest)
        for row in self._all(Contest):
            if row["state"] in _DRAWN:
                self._places(row["id"])

    def _contest(self, state: ContestState) -> dict[str, Any]:
        seed = self.values.random.randbytes(draw.SEED_BYTES)
        listed = f"{self.values.text('list')}\n"
        opens_at = self.values.time()
        frozen, drawn, opened = state in _FROZEN, state in _DRAWN, state not in _SECRET
        made: dict[str, Any] = self._add(
            Contest,
            brand_id=self.values.one(self.ids(Brand)),
            name=self.values.text("Contest"),
            locale=self.values.one(LOCALES),
            rules=self.values.one(({}, {"fr": "Commentez.", "en": 'Say "me".'}, {"en": "x"})),
            conditions=self.values.one(
                (
                    Conditions(),
                    Conditions(hashtags=("été",), mentions=2, excluded_handles=("@x",)),
                    Conditions(phrases=('"moi"',), answers=("1987",), known_days=3),
                )
            ).to_json(),
            excluded_person_ids=[str(one) for one in self.values.some(self.ids(Person), 3)],
            opens_at=opens_at,
            closes_at=opens_at + timedelta(hours=self.values.random.randint(1, 99)),
            winner_count=self.values.random.randint(1, 5),
            alternate_count=self.values.random.randint(0, 5),
            state=state,
            entropy_source=self.values.text("drand round"),
            entropy_value=self.values.maybe(self.values.text()) if drawn else None,
            commitment=draw.commitment_to(seed) if opened else None,
            key_id="1" if opened else None,
            sealed=b"\x00" if opened else None,
            seed=seed.hex() if drawn else None,
            entrant_list=listed if frozen else None,
            list_hash=hashlib.sha256(listed.encode()).hexdigest() if frozen else None,
            proof=self.values.json() if frozen else None,
            close_reason=self.values.text(),
            unread_reason=self.values.text(),
            cancel_reason=self.values.text(),
            item_id=self.values.maybe(self.values.one(self.ids(ContentItem))) if drawn else None,
            **{
                f"{name}_at": self.values.maybe(self.values.time())
                for name in ("opened", "closed", "frozen", "drawn", "announced", "cancelled")
                if name != "frozen" or frozen
            }
            | ({} if frozen else {"frozen_at": None}),
        )
        return made

    def _entries(self, contest: UUID) -> None:
        taking_part = set()
        for message in self.values.some(self._all(Message), 12):
            person = message["person_id"]
            codes = self.values.some(EntryReason, 2)
            if person is None or person in taking_part:
                codes = codes or [EntryReason.DUPLICATE_PERSON]
            if not codes:
                taking_part.add(person)
            self._add(
                ContestEntry,
                contest_id=contest,
                message_id=message["id"],
                person_id=person,
                entrant=person and draw.entrant_name(contest_id=contest, person_id=person),
                written_at=message["written_at"],
                state=EntryState.DISQUALIFIED if codes else EntryState.ELIGIBLE,
                reasons=[{"code": code.value, "text": self.values.text()} for code in codes],
                ruling=self.values.maybe(self.values.one(Ruling)),
                ruling_reason=self.values.text(),
                ruled_by=self.values.maybe(self.values.one(self.ids(Member))),
            )

    def _places(self, contest: UUID) -> None:
        before: UUID | None = None
        for rank, entry in enumerate(self.values.some(self._all(ContestEntry), 9), start=1):
            standing = self.values.one(PlaceStanding)
            replaced = standing is PlaceStanding.REPLACED
            before = self._add(
                ContestPlace,
                contest_id=contest,
                entry_id=entry["id"],
                rank=rank,
                entrant=self.values.hex()[:32],
                handle=self.values.text("@someone"),
                standing=standing,
                replaced_at=self.values.time() if replaced else None,
                replaced_reason=self.values.text(),
                replaces_id=self.values.maybe(before, 0.3),
            )["id"]
