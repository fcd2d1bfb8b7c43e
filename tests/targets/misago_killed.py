"""A worker that dies over a thread of the real forum, beside everything else that goes on there."""

from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.fault_cases import outcomes
from tests.targets.killing import killed_after_storing
from tests.targets.misago_cases import THREADS, Board, a_topic, one_thread
from tests.targets.misago_server import NAME, READER

cases: Cases[Board] = Cases(party=NAME)


@cases.case(names.KILLED)
def killed(board: Board) -> str:
    """The worker never hears of the thread it opened; the one after it looks, and finds it.

    It writes as the reader, because others count what the publisher has written meanwhile.
    """
    text = a_topic("A worker dies over this.")
    publication = killed_after_storing(
        board.proxy,
        platform="misago",
        settings=board.settings,
        credentials={"username": READER, "password": board.forum.password},
        text=text,
        path=THREADS,
    )
    one_thread(board, publication, text, board.reader)
    return outcomes(publication)
