"""Rows of reviews: workflows and their steps, decisions, remarks, and who was told."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.access.models import Member, Role
from hub.channels.models import Channel
from hub.content.models import ContentItem, Edition, Revision
from hub.review.models import (
    Approval,
    Decision,
    Notice,
    NoticeFailure,
    NoticeKind,
    NoticeState,
    Remark,
    Review,
    ReviewState,
    ReviewStep,
    ReviewTarget,
    StepMode,
    StepState,
    Verdict,
    Workflow,
    WorkflowStep,
)
from hub.strategy.models import Brand
from tests.schema.compiled.contents import Contents

_STATES = {
    ReviewState.PREPARING: (StepState.WAITING,),
    ReviewState.BLOCKED: (StepState.WAITING,),
    ReviewState.IN_REVIEW: (StepState.DONE, StepState.OPEN, StepState.WAITING),
    ReviewState.APPROVED: (StepState.DONE,),
}
_ENDED = (StepState.DONE, StepState.CLOSED)


class Reviewing(Contents):
    """Makes what is said about contents before they go out."""

    def _workflows(self) -> None:
        for number in range(5):
            workflow = self._add(
                Workflow,
                brand_id=self.values.maybe(self.values.one(self.ids(Brand))),
                platform=(None, "mastodon", "feed", None, None)[number],
                name=self.values.text("Workflow"),
                # One default for each place: these differ in their platforms.
                is_default=number < 3,
                keeps_approvals=self.values.chance(0.5),
                archived_at=self.values.time() if number == 4 else None,
            )["id"]
            for place in range(1, self.values.random.randint(1, 3) + 1):
                self._add(WorkflowStep, workflow_id=workflow, **self._rule(place))

    def _rule(self, number: int) -> dict[str, Any]:
        mode = self.values.one(StepMode)
        return {
            "number": number,
            "name": self.values.text("Step"),
            "mode": mode,
            "needed": self.values.random.randint(1, 3) if mode is StepMode.N_OF_M else None,
            "four_eyes": self.values.chance(0.5),
            "roles": self.values.some([role.value for role in Role], 2),
            "member_ids": [str(one) for one in self.values.some(self.ids(Member), 3)],
            "due_hours": self.values.maybe(self.values.random.randint(1, 72)),
            "reminders": self.values.some((-24, -1, 24), 2),
        }

    def _review_steps(self, review: UUID, state: ReviewState) -> list[dict[str, Any]]:
        states = _STATES.get(state, _ENDED)
        count = len(states) if state is ReviewState.IN_REVIEW else self.values.random.randint(1, 3)
        return [
            self._add(
                ReviewStep,
                review_id=review,
                **self._rule(number + 1),
                state=states[number % len(states)],
                opened_at=self.values.maybe(self.values.time()),
                due_at=self.values.maybe(self.values.time()),
                done_at=self.values.maybe(self.values.time()),
            )
            for number in range(count)
        ]

    def _decision(
        self,
        review: UUID,
        step: Mapping[str, Any],
        member: UUID,
        editions: Sequence[Mapping[str, Any]],
    ) -> None:
        self._add(
            Decision,
            review_id=review,
            step_id=step["id"],
            member_id=member,
            # Whoever asks for changes closes the step.
            verdict=Verdict.APPROVE if step["state"] == "OPEN" else self.values.one(Verdict),
            remark=self.values.text(),
            editions={str(one["id"]): one["hash"] for one in self.values.some(editions, 2)},
            carried_from=self.values.maybe(self.values.one(self.ids(Decision)), 0.3)
            if self.ids(Decision)
            else None,
        )

    def _remarks(self) -> None:
        for revision in self._all(Revision):
            if self.values.chance(0.5):
                first = self._remark(revision, None)
                for _ in range(self.values.random.randint(0, 2)):
                    self._remark(revision, first)

    def _remark(self, revision: Mapping[str, Any], parent: UUID | None) -> UUID:
        words = self.values.one((revision["title"], *(one["text"] for one in revision["parts"])))
        field = self.values.maybe(self.values.one(("title", "parts.0.text", "link")))
        spans = field is not None and bool(words) and parent is None
        resolved = self.values.maybe(self.values.time(), 0.4)
        made: UUID = self._add(
            Remark,
            item_id=revision["item_id"],
            revision_id=revision["id"],
            review_id=self.values.maybe(self.values.one(self.ids(Review))),
            parent_id=parent,
            author_id=self.values.one(self.ids(Member)),
            text=self.values.text("Hm"),
            field=field if parent is None else None,
            span_start=0 if spans else None,
            span_end=len(words) if spans else None,
            quote=words if spans else "",
            blocking=parent is None and self.values.chance(0.4),
            resolved_at=resolved,
            resolved_by=self.values.one(self.ids(Member)) if resolved else None,
        )["id"]
        return made

    def _notices(self) -> None:
        for review in self._all(Review):
            for kind in self.values.some(NoticeKind, 3):
                failure = self.values.maybe(self.values.one(NoticeFailure), 0.3)
                self._add(
                    Notice,
                    member_id=self.values.one(self.ids(Member)),
                    kind=kind,
                    item_id=review["item_id"],
                    review_id=self.values.maybe(review["id"], 0.8),
                    step_id=None,
                    remark_id=self.values.maybe(self.values.one(self.ids(Remark)), 0.4),
                    key=self.values.word(),
                    state=self.values.one(NoticeState),
                    tries=self.values.random.randint(0, 3),
                    failure=failure,
                    problem=self.values.text(),
                    sent_at=self.values.maybe(self.values.time()),
                )

    def _reviews(self) -> None:
        for item in self._all(ContentItem):
            is_open = False
            for _ in range(self.values.random.randint(0, 2)):
                state = self.values.one(ReviewState)
                opens = state in {"PREPARING", "IN_REVIEW", "BLOCKED"}
                if opens and is_open:
                    continue
                is_open = is_open or opens
                self._review(item, state)
        self._approved_once()

    def _approved_once(self) -> None:
        """Approve an edition that nothing else approves: whether it is approved hangs on this."""
        others = {row["edition_id"] for row in self._all(Approval)}
        edition = next(row for row in self._all(Edition) if row["id"] not in others)
        self._add(
            Approval,
            edition_id=edition["id"],
            hash=edition["hash"],
            review_id=self.ids(Review)[0],
            policy=None,
            member_id=None,
            revoked_at=None,
        )

    def _review(self, item: Mapping[str, Any], state: ReviewState) -> None:
        revisions = [row["id"] for row in self._all(Revision) if row["item_id"] == item["id"]]
        revision = self.values.one(revisions)
        review = self._add(
            Review,
            item_id=item["id"],
            revision_id=revision,
            state=state,
            four_eyes=self.values.chance(0.5),
            submitted_by=self.values.maybe(self.values.one(self.ids(Member))),
            note=self.values.text(),
            workflow_id=self.values.maybe(self.values.one(self.ids(Workflow))),
            workflow_version=1,
            keeps_approvals=self.values.chance(0.5),
            resumed_from=self.values.maybe(self.values.one(self.ids(Review)), 0.3)
            if self.ids(Review)
            else None,
            due_at=self.values.maybe(self.values.time()),
        )["id"]
        steps = self._review_steps(review, state)
        editions = [row for row in self._all(Edition) if row["revision_id"] == revision]
        for channel in self.values.some(self.ids(Channel), 3):
            self._add(
                ReviewTarget,
                review_id=review,
                channel_id=channel,
                scheduled_for=self.values.maybe(self.values.time()),
                edition_id=self.values.maybe(self.values.one([e["id"] for e in editions]))
                if editions
                else None,
            )
        for step in steps:
            for member in self.values.some(self.ids(Member), 2):
                self._decision(review, step, member, editions)
        for edition in self.values.some(editions, 2):
            self._add(
                Approval,
                edition_id=edition["id"],
                hash=self.values.one((edition["hash"], edition["hash"], "other")),
                review_id=review,
                policy=None,
                member_id=self.values.maybe(self.values.one(self.ids(Member))),
                revoked_at=self.values.maybe(self.values.time(), 0.2),
            )
