"""What must hold when the network of Bluesky goes wrong: always one post, and the hub knows it."""

from typing import Any

from tests.targets import names
from tests.targets.bluesky_cases import PUT, Sky, an_answer, in_order, one_post, reply
from tests.targets.bluesky_server import NAME
from tests.targets.campaign import Cases
from tests.targets.fault_cases import outcomes
from tests.targets.killing import killed_after_storing
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Text, expect, until

cases: Cases[Sky] = Cases(party=NAME)


@cases.case(names.WRONG_SECRET)
def wrong_password(sky: Sky) -> str:
    """A password nobody issued is noticed before anything is sent with it."""
    channel = sky.connect(sky.account, app_password="aaaa-bbbb-cccc-dddd", name="Wrong")
    expect("the state", channel["state"], "NEEDS_AUTH")
    expect("the secret is not repeated", "aaaa" in channel["stateMessage"], wanted=False)
    return str(channel["stateMessage"])


def sent_once(sky: Sky, **cut: Any) -> str:
    """Lose the answer to a post, and expect it once after a second look."""
    text = a_text("Whatever happens, once.")
    item = sky.news.approved(Text(parts=[text]), [sky.channel_id])
    sky.proxy.cut("POST", PUT, **cut)
    publication = sky.news.settled(sky.news.schedule(item, sky.channel_id))
    one_post(sky, publication, text)
    said = outcomes(publication)
    expect("what the tries came to", said, "UNKNOWN → PUBLISHED")
    return said


@cases.case(names.LOST)
def lost(sky: Sky) -> str:
    """The proxy swallows the answer to a post the server has stored."""
    return sent_once(sky)


@cases.case(names.TORN)
def torn(sky: Sky) -> str:
    """Three quarters of the answer arrive: not enough to believe it."""
    return sent_once(sky, share=0.75)


@cases.case(names.LOST_PART)
def lost_part(sky: Sky) -> str:
    """The first of three parts is stored and its answer lost; the others follow it all the same."""
    texts = [a_text(f"Part {number}, and an answer is lost.") for number in (1, 2, 3)]
    item = sky.news.approved(Text(parts=texts), [sky.channel_id])
    sky.proxy.cut("POST", PUT)
    publication = sky.news.settled(sky.news.schedule(item, sky.channel_id))
    in_order(sky, publication, texts)
    return outcomes(publication)


@cases.case(names.LOST_REPLY)
def lost_reply(sky: Sky) -> str:
    """A reply is sent by the same engine, so it is not doubled either."""
    _, _, message = an_answer(sky)
    text = a_text("Said once.")
    sky.proxy.cut("POST", PUT)
    publication = reply(sky, message, text)
    one_post(sky, publication, text)
    return outcomes(publication)


@cases.case(names.AWAY)
def away(sky: Sky) -> str:
    """A refused connection is certainly nothing sent."""
    text = a_text("Nobody was at home at first.")
    item = sky.news.approved(Text(parts=[text]), [sky.channel_id])
    with sky.proxy.away():
        made = sky.news.schedule(item, sky.channel_id)
        until(
            "it was tried",
            lambda: sky.news.publication(made),
            lambda found: any(attempt["outcome"] for attempt in found["attempts"]),
        )
    publication = sky.news.settled(made)
    one_post(sky, publication, text)
    return outcomes(publication)


@cases.case(names.KILLED)
def killed(sky: Sky) -> str:
    """The worker never hears of what it did; the one after it looks, and finds it."""
    text = a_text("Whoever dies, once.")
    publication = killed_after_storing(
        sky.proxy,
        platform="bluesky",
        settings=sky.settings,
        credentials={
            "identifier": sky.account.handle,
            "app_password": sky.account.app_password,
        },
        text=Text(parts=[text]),
        path=PUT,
    )
    one_post(sky, publication, text)
    return outcomes(publication)
