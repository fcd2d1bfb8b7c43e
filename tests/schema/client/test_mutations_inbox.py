"""The inbox, as a community manager's frontend uses it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.engagement import operations as engagement
from hub.engagement.models import Message, Person, Thread
from hub.engagement.operations import Received
from hub.kernel.ids import new_id
from tests.factories import a_channel
from tests.schema.client.api import Api, Desk, gid

THREAD = "thread{state priority tags assignee{name} notes{nodes{text author{name}}} version}"


async def wrote(desk: Desk, channel_id: UUID, person: str, text: str) -> None:
    """Let somebody write to the account in private."""
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        given = Received(
            remote_id=f"{person}-{text}",
            parent_remote_id="",
            person_remote_id=person,
            person_handle=person,
            person_name=person.title(),
            person_url="",
            text=text,
            html="",
            url="",
            written_at=work.now - timedelta(minutes=1),
            private=True,
            audience="direct",
            language="fr",
        )
        await engagement.receive_inbox(work, channel_id=channel_id, messages=[given], cursor="")


async def ids(desk: Desk, table: Any, kind: str) -> list[str]:
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        return [gid(kind, one) for one in await work.all(select(table.id).order_by(table.id))]


async def counted(api: Api) -> dict[str, int]:
    answer = await api.ask("{ inboxCounts { new open waiting done mine unassigned overdue } }")
    return dict(answer.data["inboxCounts"])


async def test_a_conversation_is_taken_noted_and_done(desk: Desk) -> None:
    await wrote(desk, await a_channel(desk.world), "ann", "Bonjour ?")
    (thread,) = await ids(desk, Thread, "Thread")
    me = gid("Member", desk.world.editor.member_id or "")
    assert await counted(desk.editor) == {
        **dict.fromkeys(("open", "waiting", "done", "mine", "overdue"), 0),
        "new": 1,
        "unassigned": 1,
    }

    await desk.editor.do("threadNoteAdd", "note{id}", threadId=thread, text="Cliente fidèle")
    await desk.editor.do("threadAssign", THREAD, id=thread, assigneeId=me)
    changed = await desk.editor.do(
        "threadUpdate", THREAD, id=thread, priority="HIGH", tags=["Billets", "billets"]
    )

    assert changed.payload["thread"] == {
        "state": "OPEN",
        "priority": "HIGH",
        "tags": ["billets"],
        "assignee": {"name": "Editor of acme"},
        "notes": {"nodes": [{"text": "Cliente fidèle", "author": {"name": "Editor of acme"}}]},
        "version": 4,
    }
    assert (await counted(desk.editor))["mine"] == 1
    assert (await counted(desk.manager))["mine"] == 0
    found = await desk.editor.ask(
        """{ mine: threads(filter: {mine: true, tag: "billets", kindIn: [DIRECT]}) {
               nodes { person { name } availableActions messages { nodes { text language } } } }
             others: threads(filter: {unassigned: true}) { totalCount }
             french: threads(filter: {languageIn: ["fr"], search: "bonjour"}) { totalCount } }"""
    )
    assert found.data == {
        "mine": {
            "nodes": [
                {
                    "person": {"name": "Ann"},
                    "availableActions": ["THREAD_UPDATE", "THREAD_SNOOZE", "THREAD_NOTE_ADD"],
                    "messages": {"nodes": [{"text": "Bonjour ?", "language": "fr"}]},
                }
            ]
        },
        "others": {"totalCount": 0},
        "french": {"totalCount": 1},
    }
    stale = await desk.editor.do("threadUpdate", THREAD, id=thread, state="DONE", expectedVersion=1)
    assert stale.refusal == {
        "code": "CONFLICT",
        "path": ["input", "expectedVersion"],
        "currentVersion": 4,
    }


async def test_several_answer_one_by_one_and_a_repeat_says_the_same(desk: Desk) -> None:
    channel_id = await a_channel(desk.world)
    for person in ("ann", "bob"):
        await wrote(desk, channel_id, person, "?")
    one, two = await ids(desk, Thread, "Thread")
    given = {"ids": [two, gid("Thread", new_id()), "nonsense", one], "state": "DONE"}
    selection = "threads{id state} refused{index code path}"

    refused = await desk.editor.do("threadsUpdate", "threads{id}", **given)
    keyed = desk.editor.sending(idempotency_key="bulk-1")
    answers = [
        (await keyed.do("threadsUpdate", selection, **given, policy="REJECT_FAILED")).payload
        for _ in range(2)
    ]

    assert refused.refusal == {"code": "NOT_FOUND", "path": ["input", "ids", "1"]}
    assert answers[0] == answers[1]
    assert answers[0]["threads"] == [{"id": two, "state": "DONE"}, {"id": one, "state": "DONE"}]
    assert answers[0]["refused"] == [
        {"index": index, "code": "NOT_FOUND", "path": ["input", "ids", str(index)]}
        for index in (1, 2)
    ]
    assert (await counted(desk.editor))["done"] == 2


async def test_one_human_being_has_one_history(desk: Desk) -> None:
    first, second = await a_channel(desk.world), await a_channel(desk.world, name="Other")
    await wrote(desk, first, "ann", "ici")
    await wrote(desk, second, "ann.b", "là")
    await wrote(desk, second, "cid", "ailleurs")
    ann, other, _ = await ids(desk, Person, "Person")

    linked = await desk.editor.do(
        "personLink",
        "person{accounts{handle} history(first:1){totalCount nodes{text} pageInfo{hasNextPage}} "
        "messages{totalCount} availableActions}",
        personId=ann,
        otherId=other,
    )
    alone = await desk.editor.do(
        "personUnlink", "person{accounts{handle} history{totalCount}}", id=other
    )

    person = linked.payload["person"]
    assert [one["handle"] for one in person["accounts"]] == ["ann", "ann.b"]
    assert person["history"]["totalCount"] == 2
    assert person["history"]["nodes"] == [{"text": "là"}]
    assert person["history"]["pageInfo"] == {"hasNextPage": True}
    assert person["messages"] == {"totalCount": 1}
    assert "PERSON_UNLINK" in person["availableActions"]
    assert alone.payload["person"] == {
        "accounts": [{"handle": "ann.b"}],
        "history": {"totalCount": 1},
    }


async def test_a_saved_reply_is_rendered_for_whom_it_answers(desk: Desk) -> None:
    await wrote(desk, await a_channel(desk.world), "ann", "?")
    (message,) = await ids(desk, Message, "Message")
    made = await desk.editor.do(
        "savedReplyCreate",
        "savedReply{id usedCount brand{name}}",
        brandId=desk.brand,
        locale="fr",
        name="Merci",
        text="Merci {person} ! À propos de {publication}.",
    )
    saved = made.payload["savedReply"]["id"]

    shown = await desk.editor.ask(
        "query($id:ID!,$m:ID!){savedReplyRender(id:$id,messageId:$m){text problems{code}}}",
        id=saved,
        m=message,
    )
    await desk.editor.do(
        "messageReply", "publication{state}", messageId=message, text="Merci !", savedReplyId=saved
    )
    listed = await desk.editor.ask("{ savedReplies { nodes { name usedCount } } }")
    nowhere = await desk.editor.ask(
        "query($id:ID!){savedReplyRender(id:$id){text}}", id=gid("SavedReply", new_id())
    )

    assert shown.data["savedReplyRender"] == {
        "text": "Merci Ann ! À propos de .",
        "problems": [{"code": "VARIABLE_EMPTY"}],
    }
    assert listed.data["savedReplies"]["nodes"] == [{"name": "Merci", "usedCount": 1}]
    assert nowhere.codes == ["NOT_FOUND"]


async def test_a_target_is_the_managers_and_is_read_as_it_was_set(desk: Desk) -> None:
    given: dict[str, Any] = {
        "brandId": desk.brand,
        "timeZone": "Europe/Paris",
        "firstReplyMinutes": [{"priority": "URGENT", "minutes": 15}],
        "hours": [{"weekday": "MONDAY", "opensAt": "09:00", "closesAt": "17:30"}],
        "holidays": ["2026-12-25"],
    }
    shown = (
        "serviceTarget{timeZone firstReplyMinutes{priority minutes} holidays "
        "hours{weekday opensAt closesAt} channel{name} version}"
    )

    forbidden = await desk.editor.do("serviceTargetSet", shown, **given)
    first = await desk.manager.do("serviceTargetSet", shown, **given)
    again = await desk.manager.do("serviceTargetSet", shown, **{**given, "holidays": []})
    listed = await desk.editor.ask("{ serviceTargets { totalCount } }")

    assert forbidden.refusal["code"] == "FORBIDDEN"
    assert first.payload["serviceTarget"] == {
        "timeZone": "Europe/Paris",
        "firstReplyMinutes": [{"priority": "URGENT", "minutes": 15}],
        "holidays": ["2026-12-25"],
        "hours": [{"weekday": "MONDAY", "opensAt": "09:00", "closesAt": "17:30"}],
        "channel": None,
        "version": 1,
    }
    assert again.payload["serviceTarget"]["version"] == 2
    assert listed.data == {"serviceTargets": {"totalCount": 1}}


async def test_a_like_is_under_way_until_it_is_given(desk: Desk) -> None:
    await wrote(desk, await a_channel(desk.world), "ann", "?")
    (message,) = await ids(desk, Message, "Message")
    shown = "message{liked likeUnderWay likeProblem availableActions}"

    liked = await desk.editor.do("messageLike", shown, messageId=message)
    twice = await desk.editor.do("messageLike", shown, messageId=message)
    back = await desk.editor.do("messageUnlike", shown, messageId=message)

    assert liked.payload["message"] == {
        "liked": False,
        "likeUnderWay": True,
        "likeProblem": "",
        "availableActions": ["MESSAGE_REPLY", "MESSAGE_UNLIKE"],
    }
    assert twice.refusal == {"code": "WRONG_STATE", "path": ["input", "messageId"]}
    assert back.payload["message"]["availableActions"] == ["MESSAGE_REPLY", "MESSAGE_LIKE"]
