"""What must hold once something is out, through the API, written once for every party."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from tests.targets import names
from tests.targets.campaign import Case, Said
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Refused, Text, expect, until
from tests.targets.proxy import Proxy

Stage = TypeVar("Stage")
Channel = TypeVar("Channel")
#: A method and a path, with wildcards.
Call = tuple[str, str]


class Outlet(Protocol):
    """A channel of the hub, and what can be seen and done at its server without the hub."""

    @property
    def edit_call(self) -> Call:
        """What puts other words in the place of a post."""

    @property
    def withdraw_call(self) -> Call:
        """What takes a post down."""

    @property
    def news(self) -> Newsroom:
        """The people at the hub."""

    @property
    def proxy(self) -> Proxy:
        """What stands before the server."""

    @property
    def channel_id(self) -> str:
        """The hub's channel, which is ready."""

    def found(self, words: str) -> list[str]:
        """Return the ids of all posts of the hub's account that are out and say this."""

    def title(self, publication: Json) -> str | None:
        """Return the title something is out with; None where posts have none."""

    @property
    def meddling(self) -> Sequence[tuple[str, Callable[[Json], None]]]:
        """What others can do to a publication at the server, and how it then stands, in order."""


class Moderated(Outlet, Protocol):
    """A channel whose account can hide what others have answered."""

    def answer(self, publication: Json, words: str) -> str:
        """Let the reader answer; return the id of the answer when the server shows it."""

    def is_hidden(self, publication: Json, message: Json) -> bool:
        """Say whether others find an answer hidden."""


def a_thread(words: str) -> Text:
    """Return a text of two parts with a title, that nothing else is out with."""
    return Text(title=a_text(f"{words} Title."), parts=[a_text(f"{words} {n}.") for n in (1, 2)])


def is_out(outlet: Outlet, publication: Json, text: Text) -> None:
    """Expect that a text is out once, as it was approved, where the hub says it is."""
    found = [outlet.found(part) for part in text.parts]
    expect("how often each part is out", [len(ids) for ids in found], [1] * len(found))
    known = [post["remoteId"] for post in publication["posts"]]
    # A blog makes one article of all parts.
    expect("the ids the hub knows", known, list(dict.fromkeys(ids[0] for ids in found)))
    expect("the state", publication["state"], "PUBLISHED")
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    if (title := outlet.title(publication)) is not None:
        expect("the title", title, text.title)


def is_not_out(outlet: Outlet, text: Text) -> None:
    """Expect that no part of a text is to be found."""
    expect("what is out", [outlet.found(part) for part in text.parts], [[] for _ in text.parts])


def published(outlet: Outlet, words: str) -> tuple[str, Text, Json]:
    """Publish a text; return its item, the text and the publication."""
    text = a_thread(words)
    item = outlet.news.approved(text, [outlet.channel_id])
    publication = outlet.news.settled(outlet.news.schedule(item, outlet.channel_id))
    is_out(outlet, publication, text)
    return item, text, publication


def _approved_anew(outlet: Outlet, item: str, words: str) -> Text:
    text = a_thread(words)
    outlet.news.revised(item, text)
    outlet.news.approve(item, [outlet.channel_id])
    return text


def tries(publication: Json) -> str:
    """Return what was asked for and how often it was tried."""
    return ", ".join(
        f"{one['kind']} after {one['attempts']} tries" for one in publication["amendments"]
    )


def amended(outlet: Outlet) -> None:
    """Every part says something else where it was, and the hub has proof that it was approved."""
    item, former, before = published(outlet, "As it was approved first.")
    text = _approved_anew(outlet, item, "As it was approved later.")
    outlet.news.edit(before["id"])
    publication = outlet.news.amended(before["id"])
    is_out(outlet, publication, text)
    is_not_out(outlet, former)
    expect("the posts", publication["posts"], before["posts"])
    expect("another hash", publication["sentHash"] != before["sentHash"], wanted=True)
    expect("when", publication["editedAt"] is not None, wanted=True)
    (done,) = publication["amendments"]
    expect("the amendment", (done["kind"], done["hash"]), ("EDIT", publication["approvedHash"]))
    outlet.news.seen_as(publication["id"], "STANDS")


def unchangeable(outlet: Outlet) -> None:
    """The hub says so before anything is asked of the server."""
    item, former, before = published(outlet, "Written in stone.")
    text = _approved_anew(outlet, item, "Second thoughts.")
    # The hub may look at what is out at any time, by itself: only changes count.
    calls = len(outlet.proxy.seen(*outlet.edit_call))
    expect("the codes", _codes(lambda: outlet.news.edit(before["id"])), ["UNSUPPORTED"])
    expect("calls", len(outlet.proxy.seen(*outlet.edit_call)) - calls, 0)
    publication = outlet.news.publication(before["id"])
    expect("what was asked for", publication["amendments"], [])
    is_out(outlet, publication, former)
    is_not_out(outlet, text)


def _codes(act: Callable[[], None]) -> list[str]:
    try:
        act()
    except Refused as error:
        return error.codes
    raise Broken("It was not refused.")


def lost_edit(outlet: Outlet) -> str:
    """The proxy swallows the answer to the edit; it is done again, and nothing is doubled."""
    item, former, before = published(outlet, "Before the answer was lost.")
    text = _approved_anew(outlet, item, "After the answer was lost.")
    outlet.proxy.cut(*outlet.edit_call)
    outlet.news.edit(before["id"])
    publication = outlet.news.amended(before["id"])
    is_out(outlet, publication, text)
    is_not_out(outlet, former)
    expect("the posts", publication["posts"], before["posts"])
    expect("tried again", publication["amendments"][0]["attempts"] > 1, wanted=True)
    return tries(publication)


def not_approved(outlet: Outlet) -> str:
    """Neither words nobody has seen, nor words that somebody rewrote before they were there."""
    item, former, before = published(outlet, "Seen by two.")
    rash = a_thread("Seen by nobody.")
    outlet.news.revised(item, rash)
    expect("the codes", _codes(lambda: outlet.news.edit(before["id"])), ["NOT_APPROVED"])
    overtaken = _approved_anew(outlet, item, "Seen by two, and then rewritten.")
    with outlet.proxy.away():
        outlet.news.edit(before["id"])
        until(
            "it was tried",
            lambda: outlet.news.publication(before["id"])["amendments"][-1],
            lambda found: found["attempts"] and found["problem"],
        )
        outlet.news.revised(item, rash)
    publication = outlet.news.amended(before["id"], wanted="FAILED")
    is_out(outlet, publication, former)
    is_not_out(outlet, rash)
    is_not_out(outlet, overtaken)
    expect("the hash", publication["sentHash"], before["sentHash"])
    return str(publication["amendments"][-1]["problem"])


def taken_back(outlet: Outlet) -> None:
    """It is gone for everybody; the same approved words may go out again, once."""
    item, text, before = published(outlet, "Not for ever.")
    outlet.news.withdraw(before["id"])
    publication = outlet.news.amended(before["id"])
    expect("the state", publication["state"], "WITHDRAWN")
    is_not_out(outlet, text)
    again = outlet.news.settled(outlet.news.schedule(item, outlet.channel_id))
    is_out(outlet, again, text)
    expect("the first one", outlet.news.publication(before["id"])["state"], "WITHDRAWN")


def lost_withdrawal(outlet: Outlet) -> str:
    """It is gone at the server and nobody was told: asked again, it is gone once."""
    _, text, before = published(outlet, "Gone, and nobody was told.")
    _, neighbour, other = published(outlet, "This stays.")
    outlet.proxy.cut(*outlet.withdraw_call)
    outlet.news.withdraw(before["id"])
    publication = outlet.news.amended(before["id"])
    expect("the state", publication["state"], "WITHDRAWN")
    expect("tried again", publication["amendments"][0]["attempts"] > 1, wanted=True)
    is_not_out(outlet, text)
    is_out(outlet, other, neighbour)
    return tries(publication)


def noticed(outlet: Outlet) -> str:
    """The hub looks, and says what it sees; what it sent stays on record."""
    _, _, before = published(outlet, "Somebody touches this.")
    outlet.news.seen_as(before["id"], "STANDS")
    for standing, act in outlet.meddling:
        act(before)
        publication = outlet.news.seen_as(before["id"], standing)
        expect("the state", publication["state"], "PUBLISHED")
        expect("the hash", publication["sentHash"], before["sentHash"])
        expect("whether people are told", bool(publication["problems"]), wanted=True)
    return ", ".join(["STANDS", *(standing for standing, _ in outlet.meddling)])


def hidden(outlet: Moderated) -> None:
    """Others cannot read it while it is hidden, and can again; asked twice, the hub says so."""
    _, _, publication = published(outlet, "Be kind.")
    outlet.answer(publication, a_text("You are wrong."))
    outlet.news.collect(publication["id"])
    message = until("the answer has come", lambda: _answer(outlet, publication), bool)
    for hide in (True, False):
        _turn(outlet, publication, message, hide=hide)
    expect("the answer", _answer(outlet, publication)["text"], message["text"])


def _turn(outlet: Moderated, publication: Json, message: Json, *, hide: bool) -> None:
    outlet.news.hide(message["id"], hidden=hide)
    outlet.news.amended(publication["id"])
    for who, look in {
        "the hub": lambda: bool(_answer(outlet, publication)["hidden"]),
        "the server": lambda: outlet.is_hidden(publication, message),
    }.items():
        until(f"{who} says that it is hidden: {hide}", look, lambda seen: seen is hide)
    codes = _codes(lambda: outlet.news.hide(message["id"], hidden=hide))
    expect("the codes, asked twice", codes, ["WRONG_STATE"])


def _answer(outlet: Outlet, publication: Json) -> Json:
    thread = outlet.news.publication(publication["id"])["thread"]
    nodes = thread["messages"]["nodes"] if thread else []
    return next((dict(one) for one in nodes if one["direction"] == "INBOUND"), {})


_EDITING = {
    names.AMENDED: amended,
    names.LOST_EDIT: lost_edit,
    names.NOT_APPROVED: not_approved,
}
_EVERYWHERE = {
    names.TAKEN_BACK: taken_back,
    names.LOST_WITHDRAWAL: lost_withdrawal,
    names.NOTICED: noticed,
}


def amendments(
    party: str, of: Callable[[Stage], Outlet], *, editing: bool = True
) -> list[Case[Stage]]:
    """Return the cases of what is out, for a party; `editing` says whether it can change words."""
    plays = {**(_EDITING if editing else {names.UNCHANGEABLE: unchangeable}), **_EVERYWHERE}
    return [_case(name, party, of, play) for name, play in plays.items()]


def moderation(party: str, of: Callable[[Stage], Moderated]) -> list[Case[Stage]]:
    """Return the case of what others have answered, for a party that lets answers be hidden."""
    return [_case(names.HIDDEN, party, of, hidden)]


def _case(
    name: str,
    party: str,
    of: Callable[[Stage], Channel],
    play: Callable[[Channel], Said],
) -> Case[Stage]:
    return Case(name=name, party=party, play=lambda stage: play(of(stage)))
