"""What must hold when a WordPress site or its network goes wrong: one post, and no second draft."""

from collections.abc import Callable

from tests.pictures import a_drawing
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.fault_cases import outcomes
from tests.targets.killing import killed_after_storing
from tests.targets.network_cases import SIZE, a_text
from tests.targets.newsroom import Broken, Text, expect, until
from tests.targets.wordpress_cases import (
    COMMENTS,
    POSTS,
    Blog,
    a_question,
    one_comment,
    one_post,
    reply,
)
from tests.targets.wordpress_server import API, NAME

ONE_POST, MEDIA = f"{API}/posts/*", f"{API}/media"

cases: Cases[Blog] = Cases(party=NAME)


def sent_once(stage: Blog, prepare: Callable[[], None], *, least: int = 2) -> str:
    """Let something go wrong, send a text with a picture, and expect one post."""
    text = a_text("Whatever happens, once.")
    alt = a_text("A blue field.")
    shown = stage.news.picture(a_drawing(SIZE), mime="image/png", alt=alt)
    item = stage.news.approved(Text(parts=[text], pictures=[shown]), [stage.channel_id])
    prepare()
    publication = stage.news.settled(stage.news.schedule(item, stage.channel_id))
    post = one_post(stage.account, publication, text)
    if len(publication["attempts"]) < least:
        raise Broken(f"Nothing went wrong: {outcomes(publication)}")
    listed = stage.server.admin.ask("GET", "media", params={"per_page": 100})
    found = [media["id"] for media in listed if media["alt_text"] == alt]
    expect("the pictures", found, [post["featured_media"]])
    return outcomes(publication)


@cases.case(names.LOST)
def lost(stage: Blog) -> str:
    """The proxy swallows the answer to publishing the draft."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", ONE_POST))


@cases.case(names.TORN)
def torn(stage: Blog) -> str:
    """Three quarters of the answer arrive."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", ONE_POST, share=0.75))


@cases.case(names.LOST_DRAFT)
def lost_draft(stage: Blog) -> str:
    """The draft is made and nobody told: it is found again by its address."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", POSTS))


@cases.case(names.LOST_UPLOAD)
def lost_upload(stage: Blog) -> str:
    """The picture is stored and nobody told: it is found again by its name."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", MEDIA))


@cases.case(names.LOST_REPLY)
def lost_reply(stage: Blog) -> str:
    """A reply is sent by the same engine, so it is not doubled either."""
    _, message = a_question(stage)
    text = a_text("Said once.")
    stage.proxy.cut("POST", COMMENTS)
    publication = reply(stage, message, text)
    one_comment(stage.account, publication, text)
    return outcomes(publication)


@cases.case(names.MAINTENANCE)
def maintenance(stage: Blog) -> str:
    """A page with 503 is no answer: the hub comes back when the site is open again."""
    text = a_text("When the site is open again.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    with stage.server.maintenance():
        made = stage.news.schedule(item, stage.channel_id)
        _tried(stage, made)
    publication = stage.news.settled(made)
    one_post(stage.account, publication, text)
    return outcomes(publication)


@cases.case(names.AWAY)
def away(stage: Blog) -> str:
    """A refused connection is certainly nothing sent."""
    text = a_text("Nobody was at home at first.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    with stage.proxy.away():
        made = stage.news.schedule(item, stage.channel_id)
        _tried(stage, made)
    publication = stage.news.settled(made)
    one_post(stage.account, publication, text)
    return outcomes(publication)


def _tried(stage: Blog, made: str) -> None:
    until(
        "it was tried",
        lambda: stage.news.publication(made),
        lambda found: any(attempt["outcome"] for attempt in found["attempts"]),
    )


@cases.case(names.KILLED)
def killed(stage: Blog) -> str:
    """The worker never hears the site's yes; the one after it looks, and finds the post."""
    text = a_text("The worker did not live to hear it.")
    publication = killed_after_storing(
        stage.proxy,
        platform="wordpress",
        settings=stage.settings,
        credentials=stage.account.credentials,
        text=Text(parts=[text]),
        path=ONE_POST,
    )
    one_post(stage.account, publication, text)
    return outcomes(publication)
