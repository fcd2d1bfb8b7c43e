"""`hub jobs`: what is promised, and what was parked for a person."""

from typing import Annotated, Literal
from uuid import UUID

import typer

from hub.cli.output import AsJson, console, print_json, print_rows, run, settings_from_environment
from hub.kernel.errors import NotFound

#: The names of `hub.kernel.jobs.JobState`; a test compares them.
StateName = Literal["WAITING", "RUNNING", "PARKED"]

jobs = typer.Typer(
    no_args_is_help=True,
    help="Jobs: work the hub has promised. Done jobs disappear; parked ones wait for you.",
)


@jobs.command("list")
def list_jobs(
    state: Annotated[StateName | None, typer.Option(help="Only jobs in this state.")] = None,
    most: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 100,
    as_json: AsJson = False,
) -> None:
    """List jobs, the longest due first.

    A job is PARKED when it went wrong again and again, or took its worker down three times;
    `last error` is the evidence. Nothing is lost: `hub jobs retry ID` runs it again.
    """

    async def find() -> list[dict[str, object]]:
        from hub.kernel import jobs as promised
        from hub.kernel.jobs import JobState
        from hub.runtime import open_hub

        wanted = JobState(state) if state else None
        async with open_hub(settings_from_environment(), pool=1) as hub, hub.unscoped() as session:
            return [
                {
                    "id": row.id,
                    "name": row.name,
                    "state": row.state.value,
                    "due": row.due_at,
                    "attempts": row.attempts,
                    "crashes": row.crashes,
                    "last_error": row.last_error,
                }
                for row in await promised.listed(session, state=wanted, most=most)
            ]

    print_rows(run(find()), as_json=as_json, empty="Nothing is promised: all work is done.")


@jobs.command("retry")
def retry_job(
    job_id: Annotated[UUID, typer.Argument(help="Its id, as `hub jobs list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Run a parked job again, from a clean count of errors and crashes."""

    async def retry() -> None:
        from hub.kernel import jobs as promised
        from hub.runtime import open_hub

        async with open_hub(settings_from_environment(), pool=1) as hub:
            async with hub.unscoped() as session:
                bell = await promised.unpark(session, job_id)
            if bell is None:
                raise NotFound("There is no parked job of that id. See: hub jobs list")
            await hub.queue.ring([bell])

    run(retry())
    if as_json:
        print_json({"id": job_id, "retried": True})
        return
    console.print(f"[green]✓[/green] {job_id} waits for a worker again.")
