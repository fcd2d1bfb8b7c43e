"""Whoever does whatever in whatever order: nothing is approved but by all steps, on these bytes."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from sqlalchemy import select

from hub.access import operations as access
from hub.access.models import Role
from hub.access.rules import granted
from hub.content import operations as content
from hub.content.models import Edition
from hub.content.rules import Part, Words
from hub.kernel.caller import ActorKind, Caller
from hub.kernel.errors import HubError
from hub.kernel.work import Hub, UnitOfWork
from hub.review import operations as review
from hub.review import remarks, workflows
from hub.review.models import (
    Approval,
    Decision,
    Remark,
    Review,
    ReviewStep,
    ReviewTarget,
    StepMode,
    StepState,
    Verdict,
)
from hub.review.operations import Target
from hub.review.queries import approver_ids, candidate_ids, waits_for_me
from hub.review.rules import StepWords
from tests.factories import World, a_channel, a_world, an_item

ACTS = 40
SEEDS = range(3)
DECIDING = (Role.ADMIN, Role.MANAGER, Role.APPROVER)


@dataclass(kw_only=True)
class Known:
    """What an onlooker remembers of one review: who may decide, and who said yes."""

    steps: list[StepWords]
    own: set[UUID | None]
    yes: list[set[UUID]]
    done: int = 0
    approved: bool = False
    seen: bool = False


@dataclass(kw_only=True)
class Walk:
    """A content, people who come and go, and an onlooker with rules of their own."""

    world: World
    random: Random
    channel: UUID
    item: UUID
    staff: dict[UUID, Caller] = field(default_factory=dict)
    roles: dict[UUID, Role] = field(default_factory=dict)
    writers: list[UUID | None] = field(default_factory=list)
    revision_of: dict[UUID, int] = field(default_factory=dict)
    known: dict[UUID, Known] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    last: tuple[list[StepWords], UUID] = field(init=False)

    async def hire(self, role: Role) -> None:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            number = self.happened["hired"]
            member = await access.add_member(
                work, name=f"M{number}", email=f"m{number}@x.example", role=role
            )
        self.happened["hired"] += 1
        self.roles[member.id] = role
        self.staff[member.id] = Caller(
            workspace_id=self.world.workspace_id,
            kind=ActorKind.MEMBER,
            member_id=member.id,
            permissions=granted(role, ()),
        )

    def somebody(self) -> Caller:
        return self.random.choice(list(self.staff.values()))

    def able(self, known: Known, number: int) -> set[UUID]:
        """Say, without asking the hub, whose approvals count."""
        step = known.steps[number]
        free = not step.roles and not step.member_ids
        return {
            one
            for one, role in self.roles.items()
            if role in DECIDING
            and (free or role in step.roles or one in step.member_ids)
            and not (step.four_eyes and one in known.own)
        }

    def enough(self, known: Known, number: int, yes: set[UUID]) -> bool:
        step, able = known.steps[number], self.able(known, number)
        wanted = {"ANY": 1, "ALL": max(1, len(able)), "N_OF_M": step.needed}[step.mode]
        assert wanted is not None
        return len(yes & able) >= wanted

    def a_step(self) -> StepWords:
        mode = self.random.choice([*StepMode, StepMode.N_OF_M])
        people = tuple(self.random.sample(sorted(self.staff), self.random.randint(0, 3)))
        able = tuple(one for one in people if self.roles[one] in DECIDING)
        roles = tuple(self.random.sample(DECIDING, self.random.randint(0, 2)))
        most = len(able) if able and not roles else 3
        return StepWords(
            name="Step",
            mode=mode,
            needed=self.random.randint(1, most) if mode is StepMode.N_OF_M else None,
            four_eyes=self.random.random() < 0.6,
            roles=roles,
            member_ids=able,
        )

    async def submit(self) -> None:
        """Submit anew, or go on where the last review asked for changes."""
        rounds = self.happened["workflow"]
        resume = bool(self.known) and await self.state() == "CHANGES_REQUESTED"
        resume = resume and self.random.random() < 0.8
        if resume:
            steps, workflow = self.last
        else:
            steps = [self.a_step() for _ in range(self.random.choice((1, 2, 3, 3)))]
            async with self.world.hub.unit_of_work(self.world.manager) as work:
                made = await workflows.create(
                    work, name=f"W{rounds}", steps=steps, keeps_approvals=True
                )
            workflow = made.id
            self.happened["workflow"] += 1
        caller = self.somebody()
        async with self.world.hub.unit_of_work(caller) as work:
            begun = await review.submit(
                work,
                item_id=self.item,
                targets=[Target(channel_id=self.channel)],
                workflow_id=workflow,
                resume=resume,
            )
        self.last = steps, workflow
        known = Known(
            steps=steps,
            own={caller.member_id, *await self.authors(begun.id)},
            yes=[set() for _ in steps],
        )
        self.known[begun.id] = known
        self.revision_of[begun.id] = len(self.writers)
        async with self.world.hub.unit_of_work(self.world.system) as work:
            await review.prepare(work, review_id=begun.id)
        self.happened["submitted"] += 1
        if resume:
            self.happened["resumed"] += 1
            await self.note_carried(begun.id, known)

    async def authors(self, but_for: UUID) -> list[UUID | None]:
        """Return who has written since the words that are approved."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            approved = await work.all(
                select(Review.id).where(Review.state == "APPROVED", Review.id != but_for)
            )
        return self.writers[max((self.revision_of[one] for one in approved), default=0) :]

    async def note_carried(self, review_id: UUID, known: Known) -> None:
        """Check what an earlier review has left, and remember it."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            rows = await work.all(select(Decision).where(Decision.review_id == review_id))
            steps = {
                step.id: step.number - 1
                for step in await work.all(
                    select(ReviewStep).where(ReviewStep.review_id == review_id)
                )
            }
        for row in rows:
            assert row.carried_from is not None
            known.yes[steps[row.step_id]].add(row.member_id)
        while known.yes[known.done] and known.done < len(known.steps) - 1:
            assert self.enough(known, known.done, known.yes[known.done])
            known.done += 1
            self.happened["carried"] += 1
        # The last step is decided on what will go out, and an open one begins with nobody.
        assert not any(known.yes[known.done :])

    async def decide(self) -> None:
        known = self.known.get(await self.open_review())
        caller = self.somebody()
        if known is not None and known.done < len(known.steps) and self.random.random() < 0.7:
            asked = sorted(self.able(known, known.done) - known.yes[known.done])
            caller = self.staff[self.random.choice(asked)] if asked else caller
        verdict = Verdict.APPROVE if self.random.random() < 0.8 else Verdict.REQUEST_CHANGES
        async with self.world.hub.unit_of_work(caller) as work:
            await review.decide(work, review_id=await self.open_review(), verdict=verdict)
        assert known is not None
        assert caller.member_id is not None
        if verdict is Verdict.APPROVE:
            assert caller.member_id in self.able(known, known.done)
            assert caller.member_id not in known.yes[known.done]
            known.yes[known.done].add(caller.member_id)
            self.go_on(known)

    def go_on(self, known: Known) -> None:
        if self.enough(known, known.done, known.yes[known.done]):
            known.done += 1
            known.approved = known.done == len(known.steps)

    async def open_review(self) -> UUID:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            found = await work.one(
                select(Review.id)
                .where(Review.item_id == self.item)
                .order_by(Review.id.desc())
                .limit(1)
            )
        assert found is not None
        return found

    async def leave(self) -> None:
        """Somebody leaves; a step may have waited for nobody else."""
        if len(self.staff) < 4:
            return
        open_review = self.known.get(await self.open_review())
        one = self.random.choice(sorted(self.staff))
        if open_review is not None and open_review.done < len(open_review.steps):
            said_yes = sorted(open_review.yes[open_review.done] & self.staff.keys())
            one = self.random.choice(said_yes) if said_yes else one
        before = await self.blocked()
        del self.staff[one], self.roles[one]
        async with self.world.hub.unit_of_work(self.world.system) as work:
            await access.remove_member(work, member_id=one)
        if open_review is None or await self.state() in {"CHANGES_REQUESTED", "SUPERSEDED"}:
            return
        if open_review.done < len(open_review.steps) and not before:
            step = open_review.steps[open_review.done]
            left = self.able(open_review, open_review.done) & open_review.yes[open_review.done]
            if step.mode is StepMode.ALL and left:
                self.go_on(open_review)

    async def come(self) -> None:
        await self.hire(self.random.choice([*DECIDING, Role.EDITOR]))

    async def revise(self) -> None:
        caller = self.somebody()
        async with self.world.hub.unit_of_work(caller) as work:
            text = f"Text {self.happened['revised']}"
            await content.revise_item(
                work, item_id=self.item, words=Words(parts=(Part(text=text),))
            )
        self.happened["revised"] += 1
        self.writers.append(caller.member_id)

    async def remark(self) -> None:
        async with self.world.hub.unit_of_work(self.somebody()) as work:
            await remarks.add(work, item_id=self.item, text="Wait", blocking=True)

    async def resolve(self) -> None:
        async with self.world.hub.unit_of_work(self.somebody()) as work:
            for row in await work.all(select(Remark).where(Remark.resolved_at.is_(None))):
                await remarks.resolve(work, remark_id=row.id)

    async def blocked(self) -> bool:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            rows = await work.all(
                select(Remark.id).where(Remark.blocking, Remark.resolved_at.is_(None))
            )
        return bool(rows)

    async def state(self) -> str:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            found = await work.one(select(Review).where(Review.id == await self.open_review()))
        assert found is not None
        return found.state

    async def check(self, act: str, *, blocked: bool) -> None:
        """Compare the newest review with what the onlooker thinks of it."""
        review_id = await self.open_review()
        known = self.known.get(review_id)
        if known is None:
            return
        async with self.world.hub.unit_of_work(self.world.system) as work:
            row = await work.one(select(Review).where(Review.id == review_id))
            steps = await work.all(
                select(ReviewStep)
                .where(ReviewStep.review_id == review_id)
                .order_by(ReviewStep.number)
            )
            editions = await work.all(
                select(Edition)
                .join(ReviewTarget, ReviewTarget.edition_id == Edition.id)
                .where(ReviewTarget.review_id == review_id)
            )
            approvals = await work.all(select(Approval).where(Approval.review_id == review_id))
            decisions = await work.all(
                select(Decision).where(
                    Decision.review_id == review_id, Decision.carried_from.is_(None)
                )
            )
            await self.check_queue(work, review_id)
        assert row is not None
        assert [step.state for step in steps].count(StepState.DONE) == known.done, act
        assert [step.state for step in steps].count(StepState.OPEN) == (row.state == "IN_REVIEW")
        hashes = {str(edition.id): edition.hash for edition in editions}
        assert all(one.editions == hashes for one in decisions)
        live = {str(one.edition_id): one.hash for one in approvals if one.revoked_at is None}
        if row.state == "APPROVED":
            assert known.approved
            assert live == hashes
            # The last word was said on these bytes, in this review, with nothing in its way.
            assert {one.step_id for one in decisions} >= {steps[-1].id}
            # Later remarks change nothing about what was approved before them.
            assert known.seen or not blocked
            self.happened["approved"] += not known.seen
            known.seen = True
        else:
            assert not live

    async def check_queue(self, work: UnitOfWork, review_id: UUID) -> None:
        """Compare what the database says of who is waited for with what the onlooker thinks."""
        table = Review.__table__
        known, one = self.known[review_id], self.random.choice(sorted(self.staff))
        found = await work.session.execute(
            select(table.c.state, waits_for_me(table), candidate_ids(table), approver_ids(table))
            .select_from(table)
            .where(table.c.id == review_id),
            {"workspace": self.world.workspace_id, "member": one},
        )
        state, waits, asked, approved = found.one()
        if state != "IN_REVIEW":
            assert (waits, asked, approved) == (False, [], [])
            return
        able, yes = self.able(known, known.done), known.yes[known.done]
        assert waits is (one in able - yes)
        assert {UUID(one) for one in approved} == yes
        assert {UUID(one) for one in asked} >= able
        assert not {UUID(one) for one in asked} - able - known.own


async def a_walk(hub: Hub, seed: int) -> Walk:
    world = await a_world(hub, slug=f"walk-{seed}")
    walk = Walk(
        world=world,
        random=Random(seed),
        channel=await a_channel(world),
        item=await an_item(world),
        writers=[world.editor.member_id],
    )
    # Those who made the world take no part, but may decide as everybody may.
    for role in (Role.ADMIN, Role.MANAGER, Role.APPROVER):
        member = world.callers[role].member_id
        assert member is not None
        walk.roles[member] = role
        walk.staff[member] = world.callers[role]
    for role in (Role.APPROVER, Role.APPROVER, Role.MANAGER):
        await walk.hire(role)
    while not walk.known:
        # What is drawn may ask for more people than there are.
        with suppress(HubError):
            await walk.submit()
    return walk


async def test_nothing_is_approved_but_by_every_step_and_on_exactly_these_bytes(
    hub: Hub,
) -> None:
    acts = [
        *("decide",) * 12,
        "submit",
        *("revise", "leave", "leave", "come", "come", "remark", "resolve", "resolve"),
    ]
    happened: Counter[str] = Counter()

    for seed in SEEDS:
        walk = await a_walk(hub, seed)
        for _ in range(ACTS):
            act = walk.random.choice(acts)
            if act == "decide" and await walk.state() != "IN_REVIEW":
                act = walk.random.choice(("decide", "submit", "submit"))
            blocked = await walk.blocked()
            try:
                await getattr(walk, act)()
            except HubError as error:
                walk.happened[f"{act} {error.code}"] += 1
            await walk.check(act, blocked=blocked)
        happened += walk.happened

    ways = {"approved", "carried", "decide FOUR_EYES", "decide FORBIDDEN", "decide REMARKS_OPEN"}
    assert not {one for one in ways if not happened[one]}, happened
