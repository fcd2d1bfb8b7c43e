"""What must hold when a network goes wrong: always exactly one post, and the hub knows it."""

import time
from collections.abc import Callable

from tests.pictures import a_drawing
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.mock_server import NAME, Person
from tests.targets.network_cases import (
    ALT,
    POSTS,
    SIZE,
    Network,
    a_text,
    an_answer,
    in_order,
    one_post,
    reply,
)
from tests.targets.newsroom import Broken, Json, Text, expect, until
from tests.targets.proxy import Call

#: Longer than a commit may last (8 s).
LATE_MS = 9_500
#: How long the server holds what it calls a timeout, and then does it after all.
TIMEOUT_SECONDS = 30
RETRY_AFTER_SECONDS = 4

cases: Cases[Network] = Cases(party=NAME)
slow_cases: Cases[Network] = Cases(party=NAME)


def outcomes(publication: Json) -> str:
    """Return what the tries came to, oldest first: the evidence the hub keeps."""
    return " → ".join(str(attempt["outcome"]) for attempt in publication["attempts"])


def sent_once(stage: Network, prepare: Callable[[], None], *, least: int = 2) -> str:
    """Let something go wrong, send a text, and expect one post after at least so many tries."""
    text = a_text("Whatever happens, once.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    prepare()
    publication = stage.news.settled(stage.news.schedule(item, stage.channel_id))
    one_post(stage.account, publication, text)
    if len(publication["attempts"]) < least:
        raise Broken(f"Nothing went wrong: {outcomes(publication)}")
    expect("faults left over", stage.server.faults(), [])
    return outcomes(publication)


@cases.case(names.LOST)
def lost(stage: Network) -> str:
    """The proxy swallows the answer to a post the server has stored."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", POSTS))


@cases.case(names.TORN)
def torn(stage: Network) -> str:
    """Three quarters of the answer arrive: not enough to know the id."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", POSTS, share=0.75))


@cases.case(names.LOST_PART)
def lost_part(stage: Network) -> str:
    """The first of three parts is stored and its answer lost; the others follow it all the same."""
    texts = [a_text(f"Part {number}, and an answer is lost.") for number in (1, 2, 3)]
    item = stage.news.approved(Text(parts=texts), [stage.channel_id])
    stage.proxy.cut("POST", POSTS)
    publication = stage.news.settled(stage.news.schedule(item, stage.channel_id))
    in_order(stage.account, publication, texts)
    return outcomes(publication)


@cases.case(names.LOST_REPLY)
def lost_reply(stage: Network) -> str:
    """A reply is sent by the same engine, so it is not doubled either."""
    _, message = an_answer(stage)
    text = a_text("Said once.")
    stage.proxy.cut("POST", POSTS)
    publication = reply(stage, message, text)
    one_post(stage.account, publication, text)
    return outcomes(publication)


@cases.case(names.ERROR_500)
def error_500(stage: Network) -> str:
    """It may have been stored or not: the hub repeats it with the same key."""
    return sent_once(stage, lambda: stage.server.fault("status", status=500))


@cases.case(names.ERROR_503)
def error_503(stage: Network) -> str:
    """The same, with the status of a server that is overloaded."""
    return sent_once(stage, lambda: stage.server.fault("status", status=503))


@cases.case(names.MALFORMED)
def malformed(stage: Network) -> str:
    """A success that cannot be read is not believed."""
    return sent_once(stage, lambda: stage.server.fault("malformed"))


@cases.case(names.UPLOAD_500)
def upload_500(stage: Network) -> str:
    """A picture may be sent again; nothing was in doubt."""
    text = a_text("The picture came at the second try.")
    shown = stage.news.picture(a_drawing(SIZE), mime="image/png", alt=ALT)
    item = stage.news.approved(Text(parts=[text], pictures=[shown]), [stage.channel_id])
    stage.server.fault("status", path="/api/v2/media", status=500)
    publication = stage.news.settled(stage.news.schedule(item, stage.channel_id))
    post = one_post(stage.account, publication, text)
    expect("pictures", [media["description"] for media in post["media_attachments"]], [ALT])
    return outcomes(publication)


@cases.case(names.AWAY)
def away(stage: Network) -> str:
    """A refused connection is certainly nothing sent."""
    text = a_text("Nobody was at home at first.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    with stage.proxy.away():
        made = stage.news.schedule(item, stage.channel_id)
        until(
            "it was tried",
            lambda: stage.news.publication(made),
            lambda found: any(attempt["outcome"] for attempt in found["attempts"]),
        )
    publication = stage.news.settled(made)
    one_post(stage.account, publication, text)
    return outcomes(publication)


@cases.case(names.RATE_LIMIT)
def rate_limit(stage: Network) -> str:
    """The server says when to come back, and the hub comes back then."""
    person, channel_id = stage.another("hasty")
    publication = _limited(stage, person, channel_id, meanwhile=lambda: None)
    refused, again = stage.proxy.seen("POST", POSTS, token=person.token)
    _waited(refused, again)
    return f"sent again after {again.at - refused.at:.1f} s; {outcomes(publication)}"


@cases.case(names.RATE_READING)
def rate_reading(stage: Network) -> str:
    """The limit is the account's: whoever asks for answers and counters must wait as well."""
    person, channel_id = stage.another("curious")
    first = stage.news.published(Text(parts=[a_text("Before the limit.")]), channel_id)
    _limited(stage, person, channel_id, meanwhile=lambda: stage.news.collect(first["id"]))
    calls = stage.proxy.by(person.token)
    (refused,) = [number for number, call in enumerate(calls) if call.status == 429]
    _waited(calls[refused], calls[refused + 1])
    return f"next call after {calls[refused + 1].at - calls[refused].at:.1f} s"


def _limited(
    stage: Network, person: Person, channel_id: str, *, meanwhile: Callable[[], None]
) -> Json:
    """Have a post refused with 429, do something as soon as the hub has seen it, and go on."""
    text = a_text("After the limit.")
    item = stage.news.approved(Text(parts=[text]), [channel_id])
    stage.server.fault("ratelimit", headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    made = stage.news.schedule(item, channel_id)
    until(
        "the account is held",
        lambda: stage.news.channel(channel_id),
        lambda channel: channel["rateHeldUntil"] is not None,
    )
    meanwhile()
    publication = stage.news.settled(made)
    one_post(person, publication, text)
    return publication


def _waited(refused: Call, following: Call) -> None:
    waited = following.at - refused.at
    if waited < RETRY_AFTER_SECONDS - 0.1:
        raise Broken(
            f"{following.method} {following.path} came {waited:.1f} s after the 429, "
            f"which asked for {RETRY_AFTER_SECONDS} s."
        )


@slow_cases.case(names.LATE)
def late(stage: Network) -> str:
    """The hub has stopped waiting when the server stores the post."""
    return _slow(stage, lambda: stage.server.fault("latency", delay_ms=LATE_MS), LATE_MS / 1000)


@slow_cases.case(names.TIMEOUT)
def timeout(stage: Network) -> str:
    """The repeat with the same key comes before the server wakes up and stores the first."""
    return _slow(stage, lambda: stage.server.fault("timeout"), TIMEOUT_SECONDS)


def _slow(stage: Network, prepare: Callable[[], None], seconds: float) -> str:
    text = a_text("Slowly, and once.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    prepare()
    started = time.monotonic()
    publication = stage.news.settled(stage.news.schedule(item, stage.channel_id))
    # Only now has the server done what it was first asked to do.
    (first, *others) = stage.proxy.seen("POST", POSTS)[-len(publication["attempts"]) :]
    until("the first request is answered", lambda: first.status, bool)
    expect("repeats", len(others), 1)
    if time.monotonic() - started < seconds:
        raise Broken("The server was not slow.")
    one_post(stage.account, publication, text)
    return outcomes(publication)
