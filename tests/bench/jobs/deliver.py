"""The hub's own way: a kind of job on the path of every other, known only to who asks for it."""

from dataclasses import dataclass
from typing import ClassVar

from hub.kernel.jobs import Job
from tests.bench.jobs.sink import BODY
from workers.handling import Toolbox


@dataclass(frozen=True, kw_only=True)
class Deliver(Job):
    """Send one kilobyte to the sink."""

    name: ClassVar[str] = "bench.deliver"
    queue: ClassVar[str] = "webhooks"

    url: str


async def deliver(job: Deliver, tools: Toolbox) -> None:
    """Send it through the guarded client, a connection for each as ever."""
    answer = await tools.http.send("POST", job.url, content=BODY)
    if not answer.ok:
        raise RuntimeError(f"The sink answered {answer.status}.")
