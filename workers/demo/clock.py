"""The time of the story: a week that is over, walked through in a minute or so.

The hub's clock and those of the places stand beside the real one by an offset. Whoever runs the
hub moves its clock, because only the owner of the tables may: the story asks through a socket.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from socket import socket
from zoneinfo import ZoneInfo

import httpx

from workers.demo.client import StoryFailed

ZONE = ZoneInfo("Europe/Paris")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Clock:
    """The hub's time and that of the places, moved together and never backwards."""

    def __init__(self, http: httpx.AsyncClient, *, door: socket, places: Sequence[str]) -> None:
        """Take the socket to whoever moves the hub's clock, and the places' control addresses."""
        self._http = http
        self._door = door
        self._places = places
        self._offset = timedelta()
        self._begun = False
        today = datetime.now(ZONE).date()
        #: The Monday of the last week that is over.
        self.monday = today - timedelta(days=today.weekday() + 7)

    def now(self) -> datetime:
        """Return the time of the story."""
        return datetime.now(UTC) + self._offset

    def moment(self, when: str) -> datetime:
        """Return the moment of a day and a time of Paris, as "tuesday 10:00"."""
        day, _, clock = when.partition(" ")
        date = self.monday + timedelta(days=DAYS.index(day))
        return datetime.combine(date, time.fromisoformat(clock), tzinfo=ZONE)

    async def to(self, moment: datetime) -> None:
        """Let it be that moment, everywhere."""
        offset = moment - datetime.now(UTC)
        # Where the machine is slow, it may be later already.
        self._offset = max(offset, self._offset) if self._begun else offset
        self._begun = True
        await self._set()

    async def elsewhere(self, moment: datetime) -> None:
        """Let it be that moment at the places alone: what happens there the hub learns later."""
        await self._set_places((moment - datetime.now(UTC)).total_seconds())

    async def later(self, minutes: float) -> None:
        """Let so many minutes pass, everywhere."""
        self._offset += timedelta(minutes=minutes)
        await self._set()

    async def back(self) -> None:
        """Let it be now again."""
        self._offset = timedelta()
        await self._set()

    async def _set(self) -> None:
        seconds = self._offset.total_seconds()
        # The places first: what the hub sends at the new time must find them there.
        await self._set_places(seconds)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._door, f"{seconds}\n".encode())
        if not (said := await loop.sock_recv(self._door, 100)).startswith(b"ok"):
            raise StoryFailed(f"The clock could not be moved: {said.decode() or 'nobody is there'}")

    async def _set_places(self, seconds: float) -> None:
        await asyncio.gather(
            *(
                self._http.post(f"{place}settings", json={"offset_seconds": seconds})
                for place in self._places
            )
        )
