"""Who is told what by mail, once, in their language, and not when it is over."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from hub.access import operations as access
from hub.access.models import Role
from hub.kernel.ids import global_id
from hub.kernel.settings import Settings
from hub.review import mailing, remarks, workflows
from hub.review import operations as review
from hub.review.models import Notice, NoticeKind, StepMode, Verdict
from hub.review.operations import Target
from hub.review.rules import StepWords
from hub.runtime import open_hub
from tests.conftest import Database
from tests.factories import World, a_channel, a_world, an_item
from tests.mailbox import Mailbox, a_mailbox
from tests.working import a_toolbox, jobs_left, move_clock, work_off
from workers.handling import Toolbox

LINK = "https://desk.example/reviews/{review}"


@dataclass(kw_only=True)
class Office:
    """A workspace whose hub sends mail, the mail that came, and a worker."""

    world: World
    box: Mailbox
    tools: Toolbox
    database: Database

    async def later(self, **by: float) -> None:
        """Let the time pass and do what is due."""
        await move_clock(self.world.hub, self.database.owner_url, timedelta(**by))
        await work_off(self.tools)

    def told(self) -> list[tuple[str, str]]:
        """Return who got which subject, in the order of their addresses, and forget it."""
        found = sorted((to.partition("@")[0], str(mail["Subject"])) for to, mail in self.box.mails)
        self.box.mails.clear()
        return found

    async def notices(self) -> list[tuple[str, str, str | None]]:
        """Return kind, state and failure of every notice."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            rows = await work.all(select(Notice).order_by(Notice.id))
        return [(row.kind, row.state, row.failure) for row in rows]

    async def submit(self, steps: Sequence[StepWords]) -> UUID:
        """Submit a text as the editor, to these steps, and prepare it."""
        channel, item = await a_channel(self.world), await an_item(self.world, title="Été")
        async with self.world.hub.unit_of_work(self.world.manager) as work:
            workflow = await workflows.create(work, name="W", steps=steps)
        async with self.world.hub.unit_of_work(self.world.editor) as work:
            begun = await review.submit(
                work,
                item_id=item,
                targets=[Target(channel_id=channel)],
                note="Vite !",
                workflow_id=workflow.id,
            )
        await work_off(self.tools)
        return begun.id

    async def decide(self, role: Role, review_id: UUID, verdict: Verdict, said: str = "") -> None:
        async with self.world.hub.unit_of_work(self.world.callers[role]) as work:
            await review.decide(work, review_id=review_id, verdict=verdict, remark=said)
        await work_off(self.tools)


@pytest.fixture
async def office(settings: Settings, database: Database) -> AsyncIterator[Office]:
    async with a_mailbox() as box:
        mailing = settings.model_copy(
            update={
                "smtp_url": SecretStr(f"smtp://127.0.0.1:{box.port}"),
                "mail_from": "Hub <hub@acme.example>",
                "frontend_url": LINK,
            }
        )
        async with open_hub(mailing) as hub, a_toolbox(hub) as tools:
            yield Office(world=await a_world(hub), box=box, tools=tools, database=database)


BOTH = (Role.APPROVER, Role.MANAGER)
TWO = (
    StepWords(name="Texte", roles=BOTH, mode=StepMode.ALL, due_hours=48, reminders=(-24, 24)),
    StepWords(name="Legal", roles=(Role.ADMIN,)),
)


async def test_those_who_must_decide_are_told_and_reminded_until_they_have(office: Office) -> None:
    async with office.world.hub.unit_of_work(office.world.approver) as work:
        await access.set_notices(work, changes={"locale": "fr-CA"})

    review_id = await office.submit(TWO)

    mails = dict(office.box.mails)
    words = mails["approver@acme.example"].get_body(("plain",))
    assert words is not None
    first = words.get_content().replace("\r\n", "\n").split("\n\n")
    assert first[:2] == [
        "Editor of acme vous demande de relire « Été » pour Brand.",
        "Étape : Texte",
    ]
    assert first[2].startswith("Échéance : ")
    link = LINK.replace("{review}", global_id("Review", review_id))
    assert "Vite !" in words.get_content()
    assert link in words.get_content()
    assert office.told() == [("approver", "À relire : Été"), ("manager", "To review: Été")]
    await office.decide(Role.MANAGER, review_id, Verdict.APPROVE)
    assert office.told() == []
    await office.later(hours=24)
    assert office.told() == [("approver", "Toujours à relire : Été")]
    await office.later(hours=24)
    assert office.told() == [("approver", "Relecture en retard : Été")]
    await office.decide(Role.APPROVER, review_id, Verdict.APPROVE)
    assert office.told() == [("admin", "To review: Été")]
    # The step is done: its last reminder is due, and says nothing.
    await office.later(hours=24)
    assert office.told() == []
    await office.decide(Role.ADMIN, review_id, Verdict.APPROVE)
    assert office.told() == [("editor", "Approved: Été")]
    assert await jobs_left(office.world.hub) == []


async def test_a_reminder_that_is_run_twice_tells_nobody_twice(office: Office) -> None:
    await office.submit([StepWords(name="S", roles=(Role.APPROVER,), due_hours=1)])
    await office.later(hours=1)
    assert [subject for _, subject in office.told()] == ["Overdue review: Été", "To review: Été"]
    async with office.world.hub.unit_of_work(office.world.system) as work:
        notice = await work.one(select(Notice).where(Notice.kind == NoticeKind.OVERDUE))
        assert notice is not None
        assert notice.step_id is not None
        await mailing.remind(work, step_id=notice.step_id, hours=0)

    await work_off(office.tools)

    assert office.told() == []


async def test_who_asks_for_changes_is_quoted_to_who_submitted(office: Office) -> None:
    review_id = await office.submit([StepWords(name="S", roles=(Role.APPROVER,))])
    office.told()

    await office.decide(Role.APPROVER, review_id, Verdict.REQUEST_CHANGES, "Shorter <b>\nplease")

    ((to, mail),) = office.box.mails
    rich = mail.get_body(("html",))
    assert rich is not None
    assert to == "editor@acme.example"
    assert mail["Subject"] == "Changes requested: Été"
    assert "Shorter &lt;b&gt;<br>please" in rich.get_content()


async def test_authors_hear_of_remarks_and_those_who_made_them_of_answers(office: Office) -> None:
    item = await an_item(office.world, title="A\r\nBcc: eve@evil.example")
    async with office.world.hub.unit_of_work(office.world.approver) as work:
        first = await remarks.add(
            work, item_id=item, text="Hm", field="parts.0.text", start=0, end=5
        )
    await work_off(office.tools)
    ((to, mail),) = office.box.mails
    words = mail.get_body(("plain",))
    assert words is not None
    assert (to, mail["Bcc"]) == ("editor@acme.example", None)
    assert mail["Subject"] == "New remark on: A Bcc: eve@evil.example"
    assert "About: “Hello”" in words.get_content()
    office.told()

    async with office.world.hub.unit_of_work(office.world.editor) as work:
        await remarks.add(work, item_id=item, text="Done", parent_id=first.id)
    await work_off(office.tools)

    assert [to for to, _ in office.told()] == ["approver"]


async def test_who_takes_no_mail_or_has_left_gets_none(office: Office) -> None:
    async with office.world.hub.unit_of_work(office.world.manager) as work:
        await access.set_notices(work, changes={"email_notices": False})
    office.box.answers["RCPT"] = "451 later"
    await office.submit([StepWords(name="S", roles=(Role.APPROVER, Role.MANAGER))])
    assert await office.notices() == [("STEP_OPENED", "PENDING", "UNREACHABLE")]
    async with office.world.hub.unit_of_work(office.world.system) as work:
        assert office.world.approver.member_id is not None
        await access.remove_member(work, member_id=office.world.approver.member_id)
    office.box.answers.clear()

    await office.later(minutes=2)

    assert office.told() == []
    assert await office.notices() == [("STEP_OPENED", "SKIPPED", "UNREACHABLE")]


async def test_a_server_that_is_away_is_asked_again_and_the_mail_is_the_same(
    office: Office,
) -> None:
    office.box.drop = True
    await office.submit([StepWords(name="S", roles=(Role.APPROVER,))])
    office.box.drop = False
    assert await office.notices() == [("STEP_OPENED", "PENDING", "UNREACHABLE")]

    await office.later(minutes=1)

    # It was taken before the line broke: the server, and whoever reads it, see the same id twice.
    first, second = (mail["Message-ID"] for _, mail in office.box.mails)
    assert first == second
    assert await office.notices() == [("STEP_OPENED", "SENT", None)]


async def test_a_refusal_is_final_and_silence_ends(office: Office) -> None:
    office.box.answers["RCPT"] = "550 no such box ada@acme.example"
    await office.submit([StepWords(name="S", roles=(Role.APPROVER,))])
    assert await office.notices() == [("STEP_OPENED", "FAILED", "REFUSED")]
    office.box.answers["RCPT"] = "451 later"
    await office.submit([StepWords(name="S", roles=(Role.APPROVER,))])
    for _ in range(6):
        await office.later(hours=9)

    assert (await office.notices())[1] == ("STEP_OPENED", "FAILED", "UNREACHABLE")
    assert await jobs_left(office.world.hub) == []
    assert office.told() == []
