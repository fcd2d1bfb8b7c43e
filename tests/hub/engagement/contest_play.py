"""A contest under a publication, played step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from hub.engagement.contests import announcing, drawing, entries, operations
from hub.engagement.contests.models import Contest, ContestEntry, ContestPlace
from hub.engagement.models import Direction, Message, Person, Thread
from hub.engagement.operations import Received
from hub.kernel.ids import new_id
from hub.publishing.models import Publication
from schema.base.node import row_id
from tests.conftest import Database
from tests.factories import World
from tests.hub.engagement.test_operations import published, receive
from tests.working import move_clock

HOUR = timedelta(hours=1)


@dataclass(kw_only=True)
class Play:
    """A contest that opened an hour ago and closes in an hour, and who plays it."""

    world: World
    database: Database
    publication: Publication
    now: datetime
    contest_id: UUID = field(default_factory=new_id)
    _count: int = 0

    async def create(self, **more: Any) -> Contest:
        """Prepare it."""
        given: dict[str, Any] = {
            "brand_id": self.world.brand_id,
            "name": "Le vélo de l'été",
            "locale": "fr",
            "rules": [("fr", "Commentez avant dimanche."), ("en", "Comment before Sunday.")],
            "publication_ids": [self.publication.id],
            "opens_at": self.now - HOUR,
            "closes_at": self.now + HOUR,
            "winner_count": 2,
            "alternate_count": 1,
        }
        async with self.world.hub.unit_of_work(self.world.editor) as work:
            made = await operations.create(work, **{**given, **more})
        self.contest_id = made.id
        return made

    async def open(self, **more: Any) -> Contest:
        """Prepare and open it."""
        await self.create(**more)
        made: Contest = await self.act(operations.open_contest)
        return made

    async def act(self, operation: Any, **more: Any) -> Any:
        """Do something to it as the editor."""
        async with self.world.hub.unit_of_work(self.world.editor) as work:
            return await operation(work, contest_id=self.contest_id, **more)

    async def say(self, person: str, text: str = "Moi !", *, minutes: int = 0) -> UUID:
        """Let somebody comment, so many minutes from now; return the message."""
        self._count += 1
        given = Received(
            remote_id=f"c{self._count}",
            parent_remote_id="root",
            person_remote_id=person,
            person_handle=f"@{person}",
            person_name=person.title(),
            person_url="",
            text=text,
            html="",
            url="",
            written_at=self.now + timedelta(minutes=minutes, seconds=-1, milliseconds=self._count),
        )
        await receive(self.world, self.publication.id, given)
        async with self.world.hub.unit_of_work(self.world.system) as work:
            found = await work.one(select(Message.id).where(Message.remote_id == given.remote_id))
        assert found is not None
        return found

    async def crowd(self, count: int) -> None:
        """Let so many persons comment at once."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            thread = Thread(
                id=new_id(),
                workspace_id=self.world.workspace_id,
                channel_id=self.publication.channel_id,
                publication_id=self.publication.id,
                cursor="",
            )
            await work.add(thread)
            mine = {
                "workspace_id": self.world.workspace_id,
                "channel_id": self.publication.channel_id,
            }
            persons = [
                {
                    **mine,
                    "id": new_id(),
                    "remote_id": f"r{number}",
                    "handle": f"@r{number}",
                    "name": "",
                    "url": "",
                }
                for number in range(count)
            ]
            await work.session.execute(insert(Person), persons)
            await work.session.execute(
                insert(Message),
                [
                    {
                        **mine,
                        "id": new_id(),
                        "thread_id": thread.id,
                        "person_id": person["id"],
                        "direction": Direction.INBOUND,
                        "remote_id": f"m{number}",
                        **dict.fromkeys(("parent_remote_id", "text", "html", "url"), ""),
                        "written_at": self.now - timedelta(milliseconds=number),
                    }
                    for number, person in enumerate(persons)
                ],
            )

    async def judge(self) -> dict[UUID, list[str]]:
        """Judge as the job does; return the codes of every comment."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            await entries.judge_all(work, contest_id=self.contest_id)
        return {
            entry.message_id: [one["code"] for one in entry.reasons]
            for entry in await self.entries()
        }

    async def entries(self) -> Sequence[ContestEntry]:
        """Return its entries, oldest first."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            return await work.all(
                select(ContestEntry)
                .where(ContestEntry.contest_id == self.contest_id)
                .order_by(ContestEntry.written_at)
            )

    async def places(self) -> Sequence[ContestPlace]:
        """Return whom it drew, in that order."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            return await work.all(select(ContestPlace).order_by(ContestPlace.rank))

    async def later(self, by: timedelta) -> None:
        """Let time pass on the hub's clock."""
        await move_clock(self.world.hub, self.database.owner_url, by)

    async def read(self) -> None:
        """Tell that all comments were read just now."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            await entries.note_read(work, publication_id=self.publication.id, began_at=work.now)

    async def close(self) -> None:
        """Let its time pass, close it as the job does, and have the comments read after it."""
        await self.later(HOUR)
        async with self.world.hub.unit_of_work(self.world.system) as work:
            assert await operations.close_when_due(work, contest_id=self.contest_id) is None
        await self.later(timedelta(minutes=2))
        await self.read()

    async def drawn(self, *persons: str, **more: Any) -> Contest:
        """Play until it is drawn, with a comment of each person."""
        await self.open(**more)
        for person in persons:
            await self.say(person)
        await self.close()
        await self.act(drawing.freeze)
        made: Contest = await self.act(drawing.draw_winners)
        return made

    async def announce(self, **more: Any) -> Contest:
        """Write the text about the winners."""
        made: Contest = await self.act(announcing.announce, **more)
        return made

    async def contest_of(self, global_id: str) -> Contest:
        """Return a contest by the id that clients know."""
        self.contest_id = row_id(global_id, "Contest")
        return await self.contest()

    async def contest(self) -> Contest:
        """Return it as it is now."""
        async with self.world.hub.unit_of_work(self.world.system) as work:
            found = await work.one(select(Contest).where(Contest.id == self.contest_id))
        assert found is not None
        return found


async def a_play(world: World, database: Database) -> Play:
    """Publish something that people comment on."""
    row = await published(world, database)
    return Play(world=world, database=database, publication=row, now=await world.hub.now())
