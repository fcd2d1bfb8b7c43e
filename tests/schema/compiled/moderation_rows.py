"""Rows of rules, of what they did, and of sanctions."""

from hub.access.models import Member
from hub.channels.models import Channel
from hub.engagement.models import Message, Person
from hub.engagement.moderation.models import (
    ActionKind,
    ActionState,
    ModerationAction,
    ModerationRule,
    NoticeWay,
    RuleMatch,
    Sanction,
    SanctionKind,
    SanctionPlace,
    SanctionState,
)
from hub.publishing.models import Publication
from hub.strategy.models import Brand
from tests.schema.compiled.contest_rows import Contests

_CONDITIONS = (
    {"kind": "WORDS", "negate": False, "phrases": ["arnaque"], "strength": "HARD"},
    {"kind": "LINKS", "negate": True, "at_least": 2, "domains": [], "allowed_domains": ["a.fr"]},
    {"kind": "SENTIMENT", "negate": False, "at_most": -40},
    {"kind": "RATE", "negate": False, "messages": 5, "minutes": 10},
)
_ACTIONS = (
    {"kind": "HIDE"},
    {"kind": "TAG", "tags": ["spam"]},
    {"kind": "PRIORITY", "priority": "LOW"},
    {"kind": "REPLY", "saved_reply_id": "00000000-0000-7000-8000-000000000001"},
)


class Moderation(Contests):
    """Makes rules, actions and sanctions, after all they are about."""

    def _moderation(self) -> None:
        for number, brand in enumerate(self.ids(Brand) * 3):
            channels = [row["id"] for row in self._all(Channel) if row["brand_id"] == brand]
            self._add(
                ModerationRule,
                brand_id=brand,
                name=self.values.text("Rule"),
                position=number + 1,
                enabled=self.values.maybe(True) is not None,
                channel_ids=[str(one) for one in self.values.some(channels, 2)],
                thread_kinds=self.values.some(["COMMENTS", "DIRECT"], 2),
                match=self.values.one(RuleMatch),
                conditions=[dict(one) for one in self.values.some(_CONDITIONS, 3)],
                actions=[dict(one) for one in self.values.some(_ACTIONS, 3)],
                stop=self.values.maybe(True) is not None,
            )
        members, publications = self.ids(Member), self.ids(Publication)
        for person in self._all(Person)[:9]:
            self._add(
                Sanction,
                person_id=person["id"],
                channel_id=person["channel_id"],
                kind=self.values.one(SanctionKind),
                place=self.values.one(SanctionPlace),
                reason=self.values.text("Because"),
                notice=self.values.text(),
                told=self.values.maybe(self.values.one(NoticeWay)),
                publication_id=self.values.maybe(self.values.one(publications)),
                until=self.values.maybe(self.values.time()),
                state=self.values.one(SanctionState),
                problem=self.values.text(),
                tries=0,
                imposed_by=self.values.maybe(self.values.one(members)),
                in_force_at=self.values.maybe(self.values.time()),
                lifted_by=self.values.maybe(self.values.one(members)),
                lift_reason=self.values.text(),
                lifted_at=self.values.maybe(self.values.time()),
            )
        states = [*ActionState] * 4
        for message, state in zip(self._all(Message)[: len(states)], states, strict=False):
            given = self.values.one(_ACTIONS)
            self._add(
                ModerationAction,
                message_id=message["id"],
                channel_id=message["channel_id"],
                person_id=message["person_id"],
                rule_id=self.values.maybe(self.values.one(self.ids(ModerationRule))),
                rule_name=self.values.text("Rule"),
                rule_version=self.values.maybe(2),
                member_id=self.values.maybe(self.values.one(members)),
                sanction_id=self.values.maybe(self.values.one(self.ids(Sanction))),
                kind=ActionKind(given["kind"]),
                reason=self.values.text("It has"),
                spans=[{"start": 0, "end": 3, "text": "été"}],
                given=dict(given),
                before={},
                state=state,
                problem=self.values.text(),
                tries=0,
                publication_id=self.values.maybe(self.values.one(publications)),
                undone_by=self.values.maybe(self.values.one(members)),
                undone_at=self.values.time() if state is ActionState.UNDONE else None,
            )
