"""Who counts at a step and when it is done; which workflow is taken; where a remark stands."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.models import Role
from hub.kernel.errors import Invalid
from hub.kernel.ids import new_id
from hub.review.anchors import Anchor, anchored, found_again
from hub.review.models import StepMode, WorkflowStep
from hub.review.rules import (
    DECIDING_ROLES,
    Place,
    Seat,
    StepWords,
    can_be_done,
    candidates,
    deciders,
    defaults_for,
    is_done,
    require_steps,
)

ADA, BOB, CAT, DAN = (UUID(int=number) for number in range(1, 5))
SEATS = (
    Seat(member_id=ADA, role=Role.APPROVER),
    Seat(member_id=BOB, role=Role.APPROVER),
    Seat(member_id=CAT, role=Role.MANAGER),
    Seat(member_id=DAN, role=Role.EDITOR),
)


def a_step(mode: StepMode = StepMode.ANY, **more: Any) -> WorkflowStep:
    given: dict[str, Any] = {"needed": None, "four_eyes": True, "roles": [], "member_ids": []}
    return WorkflowStep(mode=mode, **{**given, **more})


@pytest.mark.parametrize(
    ("roles", "members", "asked"),
    [
        ([], [], {ADA, BOB, CAT}),
        (["MANAGER"], [], {CAT}),
        ([], [ADA], {ADA}),
        (["MANAGER"], [ADA], {ADA, CAT}),
        # Who may not decide at all is not asked, whatever a step says.
        (["EDITOR"], [DAN], set()),
        ([], [new_id()], set()),
    ],
)
def test_a_step_asks_the_roles_and_members_it_names_or_all(
    roles: list[str], members: list[UUID], asked: set[UUID]
) -> None:
    step = a_step(roles=roles, member_ids=[str(one) for one in members])

    assert candidates(step, SEATS) == asked


def test_four_eyes_are_not_those_of_authors_and_submitter() -> None:
    own = {ADA, None}

    assert deciders(a_step(), SEATS, own=own) == {BOB, CAT}
    assert deciders(a_step(four_eyes=False), SEATS, own=own) == {ADA, BOB, CAT}


@pytest.mark.parametrize(
    ("mode", "needed", "approved", "done"),
    [
        (StepMode.ANY, None, set(), False),
        (StepMode.ANY, None, {ADA}, True),
        (StepMode.ALL, None, {ADA, BOB}, False),
        (StepMode.ALL, None, {ADA, BOB, CAT}, True),
        (StepMode.N_OF_M, 2, {ADA}, False),
        (StepMode.N_OF_M, 2, {ADA, CAT}, True),
        # Whoever has left, or lost the role, counts no more.
        (StepMode.N_OF_M, 2, {ADA, DAN, new_id()}, False),
        (StepMode.ALL, None, {ADA, BOB, CAT, DAN}, True),
    ],
)
def test_a_step_is_done_when_enough_of_those_who_count_have_approved(
    mode: StepMode, needed: int | None, approved: set[UUID], done: bool
) -> None:
    step = a_step(mode, needed=needed)

    assert is_done(step, candidates(step, SEATS), frozenset(approved)) is done


@given(st.sampled_from(StepMode), st.integers(1, 4), st.sets(st.sampled_from([ADA, BOB, CAT])))
def test_what_can_be_done_is_done_when_all_approve_and_nobody_never_approves(
    mode: StepMode, needed: int, able: set[UUID]
) -> None:
    step = a_step(mode, needed=needed if mode is StepMode.N_OF_M else None)

    assert can_be_done(step, able) is is_done(step, frozenset(able), frozenset(able))
    assert not is_done(step, frozenset(able), frozenset())
    assert not is_done(step, frozenset(), frozenset({ADA, BOB, CAT, DAN}))


def test_those_who_decide_are_the_three_roles_that_may() -> None:
    assert set(DECIDING_ROLES) == {Role.ADMIN, Role.MANAGER, Role.APPROVER}


def _where(*steps: StepWords) -> tuple[str, ...]:
    with pytest.raises(Invalid) as caught:
        require_steps(steps, SEATS)
    return caught.value.path[1:]


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ({"roles": (Role.EDITOR,)}, ("roles", "0")),
        ({"member_ids": (DAN,)}, ("memberIds", "0")),
        ({"member_ids": (ADA, ADA)}, ("memberIds", "1")),
        ({"needed": 1}, ("needed",)),
        ({"mode": StepMode.N_OF_M}, ("needed",)),
        ({"mode": StepMode.N_OF_M, "needed": 0}, ("needed",)),
        ({"mode": StepMode.N_OF_M, "needed": 3, "member_ids": (ADA, BOB)}, ("needed",)),
        ({"due_hours": 0}, ("dueHours",)),
        ({"reminders": (1,)}, ("dueHours",)),
        ({"due_hours": 4, "reminders": (-4,)}, ("reminders", "0")),
        ({"due_hours": 4, "reminders": (1, 1)}, ("reminders",)),
        ({"due_hours": 4, "reminders": (1, 2, 3, 4, 5, 6)}, ("reminders",)),
    ],
)
def test_a_step_that_cannot_be_is_refused_where_it_is_wrong(
    step: dict[str, Any], path: tuple[str, ...]
) -> None:
    assert _where(StepWords(), StepWords(**step)) == ("steps", "1", *path)


def test_a_workflow_has_one_to_ten_steps() -> None:
    assert _where() == _where(*[StepWords()] * 11) == ("steps",)
    require_steps([StepWords()] * 10, SEATS)
    require_steps([StepWords(due_hours=4, reminders=(-3, 0, 8))], SEATS)


BRAND, FEED, BOTH, ALL = (UUID(int=number) for number in range(11, 15))
PLACES = (
    Place(workflow_id=ALL, brand_id=None, platform=None),
    Place(workflow_id=FEED, brand_id=None, platform="feed"),
    Place(workflow_id=BRAND, brand_id=UUID(int=1), platform=None),
    Place(workflow_id=BOTH, brand_id=UUID(int=1), platform="feed"),
)


@pytest.mark.parametrize(
    ("places", "platforms", "found"),
    [
        ((), ["feed"], {None}),
        (PLACES, ["feed"], {BOTH}),
        (PLACES, ["mastodon"], {BRAND}),
        (PLACES[:3], ["feed"], {BRAND}),
        (PLACES[:2], ["feed"], {FEED}),
        (PLACES[:2], ["feed", "mastodon"], {FEED, ALL}),
        (PLACES[1:2], ["feed", "mastodon"], {FEED, None}),
        (PLACES, ["mastodon", "bluesky"], {BRAND}),
    ],
)
def test_the_most_particular_default_is_taken(
    places: tuple[Place, ...], platforms: list[str], found: set[UUID | None]
) -> None:
    assert defaults_for(places, platforms) == found


def words(*parts: str, title: str = "") -> dict[str, Any]:
    return {"title": title, "summary": "", "link": "", "parts": [{"text": one} for one in parts]}


def test_a_span_counts_code_points_and_keeps_what_it_holds() -> None:
    found = anchored(words("Été 👩‍👧 ici"), field="parts.0.text", start=4, end=7, path=())

    assert found == Anchor(field="parts.0.text", start=4, end=7, quote="👩‍👧")
    assert anchored(words(), field=None, start=None, end=None, path=()) is None
    whole = anchored(words(title="x"), field="title", start=None, end=None, path=())
    assert whole == Anchor(field="title")


@pytest.mark.parametrize(
    ("field", "start", "end", "path"),
    [
        ("parts.1.text", None, None, "field"),
        ("parts.x.text", None, None, "field"),
        ("nothing", None, None, "field"),
        (None, 0, 1, "field"),
        ("title", 0, None, "start"),
        ("title", 0, 6, "start"),
        ("title", 3, 3, "start"),
        ("title", -1, 2, "start"),
    ],
)
def test_a_place_that_is_not_there_is_refused(
    field: str | None, start: int | None, end: int | None, path: str
) -> None:
    with pytest.raises(Invalid) as caught:
        anchored(words("x", title="Title"), field=field, start=start, end=end, path=("input",))

    assert caught.value.path == ("input", path)


@pytest.mark.parametrize(
    ("now", "field", "start"),
    [
        (words("A cat sat"), "parts.0.text", 2),
        (words("Once a cat sat"), "parts.0.text", 7),
        # The nearest of several, the earlier of two as near.
        (words("cat, cat"), "parts.0.text", 0),
        (words("-----cat---cat"), "parts.0.text", 5),
        (words("cat-cat"), "parts.0.text", 0),
        # In another field, where it is there once.
        (words("A dog", "One cat"), "parts.1.text", 4),
        (words("A dog", title="cat"), "title", 0),
    ],
)
def test_a_quote_is_found_again(now: dict[str, Any], field: str, start: int) -> None:
    made = Anchor(field="parts.0.text", start=2, end=5, quote="cat")

    assert found_again(made, now) == Anchor(field=field, start=start, end=start + 3, quote="cat")


@pytest.mark.parametrize("now", [words("A dog"), words(), words("A dog", "cat", title="cat")])
def test_a_quote_that_is_gone_or_in_doubt_is_outdated(now: dict[str, Any]) -> None:
    made = Anchor(field="parts.0.text", start=2, end=5, quote="cat")

    assert found_again(made, now) == Anchor(
        field="parts.0.text", start=2, end=5, quote="cat", outdated=True
    )


def test_a_whole_field_is_outdated_when_it_is_gone() -> None:
    made = Anchor(field="parts.1.text")

    assert not found_again(made, words("a", "b")).outdated
    assert found_again(made, words("a")).outdated


@given(st.text(min_size=1), st.data())
def test_whatever_stayed_the_same_is_found_where_it_was(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    made = anchored(words(text), field="parts.0.text", start=start, end=end, path=())

    assert made is not None
    assert found_again(made, words(text)) == made
