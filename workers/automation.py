"""Calling endpoints: one call after the other for each, many endpoints at once."""

import time
from contextlib import nullcontext

from hub.automation import delivering, rules
from hub.automation.delivering import Call, Came, Turn
from hub.automation.jobs import DeliverEvents
from hub.automation.models import AttemptOutcome
from workers.connectors.errors import NotSent, OutcomeUnknown, PlatformError
from workers.connectors.http import Answer, Http, scrub
from workers.handling import Again, Toolbox, handles

#: An endpoint with more to hear than this takes gives its place to another and comes back.
TURN_SECONDS = 20.0
_EXCERPT_BYTES = 300


@handles(DeliverEvents, apart=True)
async def deliver(job: DeliverEvents, tools: Toolbox) -> Again | None:
    """Call an endpoint with all that is due, in order."""
    async with tools.apart.place() if tools.apart else nullcontext():
        return await _deliver(job, tools)


async def _deliver(job: DeliverEvents, tools: Toolbox) -> Again | None:
    ends = time.monotonic() + TURN_SECONDS
    done: tuple[Call, Came] | None = None
    while True:
        is_over = time.monotonic() > ends
        async with tools.unit_of_work(job.workspace_id) as work:
            if done is not None:
                call, came = done
                await delivering.settle(work, endpoint_id=job.endpoint_id, call=call, came=came)
            turn = Turn() if is_over else await delivering.begin(work, endpoint_id=job.endpoint_id)
        if is_over:
            return Again(due_at=None)
        done = None
        if turn.call is not None:
            await tools.passed("delivery_begun")
            done = (turn.call, await _called(turn.call, tools.http))
            await tools.passed("delivery_sent")
        elif not turn.more:
            return Again(due_at=turn.due_at) if turn.due_at else None


async def _called(call: Call, http: Http) -> Came:
    try:
        answer = await http.send(
            "POST", call.url, headers=call.headers, content=call.body, secrets=call.secrets
        )
    except (NotSent, OutcomeUnknown) as error:
        return Came(outcome=AttemptOutcome.UNREACHABLE, message=error.message)
    except PlatformError as error:
        # A redirect, or an address that may not be called.
        return Came(outcome=AttemptOutcome.REFUSED, status=error.status, message=error.message)
    return Came(
        outcome=rules.outcome_of(answer.status),
        status=answer.status,
        message=_excerpt(answer),
        wait=answer.wait(),
    )


def _excerpt(answer: Answer) -> str:
    said = answer.body[:_EXCERPT_BYTES].decode(errors="replace")
    return scrub(said, answer.secrets)
