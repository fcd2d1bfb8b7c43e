"""Who takes part in a contest, and what may follow what: pure decisions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.engagement.contests.models import ContestState, EntryReason, Ruling
from hub.engagement.contests.rules import (
    OVERRULABLE,
    TEMPLATES,
    TRANSITIONS,
    Comment,
    Conditions,
    Judgement,
    Terms,
    Who,
    filled,
    judge,
    read_again,
    require_conditions,
    require_counts,
    require_window,
    template_for,
    together,
    window_end,
)
from hub.kernel.errors import Invalid

R = EntryReason
OPENS = datetime(2030, 5, 1, 8, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=7)
TERMS = Terms(opens_at=OPENS, ends_at=CLOSES, conditions=Conditions())


def who(number: int = 1, **more: Any) -> Who:
    facts = {"handle": f"@p{number}", "own": False, "known_since": OPENS - timedelta(days=100)}
    return Who(id=UUID(int=number), **{**facts, **more})


def comment(number: int = 1, text: str = "Moi !", **more: Any) -> Comment:
    facts = {"who": who(), "written_at": OPENS + timedelta(hours=number), "hidden": False}
    return Comment(message_id=UUID(int=number), text=text, **{**facts, **more})


def reasons(one: Comment, terms: Terms = TERMS, ruling: Ruling | None = None) -> list[str]:
    rulings = {one.message_id: ruling} if ruling else {}
    (found,) = judge([one], terms=terms, rulings=rulings)
    return [reason.value for reason in found.reasons]


def asking(**conditions: Any) -> Terms:
    return replace(TERMS, conditions=require_conditions(Conditions(**conditions)))


def test_every_state_is_reached_and_only_three_ways_lead_out_of_the_line() -> None:
    reached, edge = {ContestState.DRAFT}, {ContestState.DRAFT}
    while edge := {after for state in edge for after in TRANSITIONS[state]} - reached:
        reached |= edge

    assert reached == set(TRANSITIONS) == set(ContestState)
    assert {state for state in ContestState if "CANCELLED" in TRANSITIONS[state]} == {
        *("DRAFT", "OPEN", "CLOSED", "FROZEN")
    }
    assert TRANSITIONS[ContestState.DRAWN] == {"ANNOUNCED"}
    assert TRANSITIONS[ContestState.ANNOUNCED] == {"DRAWN"}
    assert TRANSITIONS[ContestState.CANCELLED] == set()


@pytest.mark.parametrize(
    ("written_at", "found"),
    [
        (OPENS, []),
        (CLOSES - timedelta(microseconds=1), []),
        (OPENS - timedelta(microseconds=1), ["OUT_OF_WINDOW"]),
        (CLOSES, ["OUT_OF_WINDOW"]),
    ],
)
def test_the_window_has_its_first_instant_and_not_its_last(
    written_at: datetime, found: list[str]
) -> None:
    assert reasons(comment(written_at=written_at)) == found


def test_a_window_ends_when_somebody_closes_it_and_never_later_than_announced() -> None:
    assert window_end(CLOSES, None) == CLOSES
    assert window_end(CLOSES, CLOSES + timedelta(hours=1)) == CLOSES
    assert window_end(CLOSES, OPENS) == OPENS


@pytest.mark.parametrize(
    ("text", "takes_part"),
    [
        ("Je participe ! #ÉtéÀVélo", True),
        ("JE  PARTICIPE\n#eteavelo", True),
        ("je participe #étéàvélo2030", False),
        ("je participerais #étéàvélo", False),
        ("j'en suis: me voilà #EteAVelo", True),
        ("#étéàvélo", False),
        ("je participe", False),
        ("je participe, étéàvélo", False),
    ],
)
def test_one_phrase_and_one_hashtag_must_stand_in_it_as_whole_words(
    text: str, takes_part: bool
) -> None:
    terms = asking(phrases=("Je participe", "me voila"), hashtags=("#étéàvélo",))

    assert reasons(comment(text=text), terms) == ([] if takes_part else ["CONDITION_MISSING"])


@pytest.mark.parametrize(
    ("text", "takes_part"),
    [
        ("In 1987, I think", True),
        ("1987", True),
        ("19876", False),
        ("l\u2019Étoile du Nord", True),
        ("L'ETOILE DU NORD!", True),
        ("étoiles du nord", False),
    ],
)
def test_an_answer_is_right_in_any_spelling_and_only_as_a_whole(
    text: str, takes_part: bool
) -> None:
    terms = asking(answers=("1987", "L'étoile du nord"))

    assert reasons(comment(text=text), terms) == ([] if takes_part else ["WRONG_ANSWER"])


@pytest.mark.parametrize(
    ("text", "takes_part"),
    [
        ("@brand avec @ann et @bob", True),
        ("@brand avec @ann et @ann@social.example", False),
        ("@brand avec @ann et moi, @p1", False),
        ("@ann @Ann. @ANN", False),
        ("@ann.b. @ann.c", True),
        ("mail me: x@ann.example, y@bob.example", False),
        ("https://social.example/@ann https://social.example/@bob", False),
    ],
)
def test_mentions_are_different_accounts_but_for_the_writers_and_the_brands(
    text: str, takes_part: bool
) -> None:
    terms = replace(asking(mentions=2), own_handles=frozenset({"@brand@social.example"}))

    assert reasons(comment(text=text), terms) == ([] if takes_part else ["TOO_FEW_MENTIONS"])


@pytest.mark.parametrize(
    ("person", "found"),
    [
        (None, ["PERSON_UNKNOWN"]),
        (who(own=True), ["EXCLUDED_PERSON"]),
        (who(handle="Team.Lead"), ["EXCLUDED_PERSON"]),
        (who(2), ["EXCLUDED_PERSON"]),
        (who(known_since=OPENS - timedelta(days=29)), ["PERSON_TOO_NEW"]),
        (who(known_since=OPENS + timedelta(days=29)), ["PERSON_TOO_NEW"]),
        (who(known_since=OPENS - timedelta(days=30)), []),
    ],
)
def test_some_persons_cannot_take_part(person: Who | None, found: list[str]) -> None:
    terms = replace(
        asking(known_days=30, excluded_handles=("@team.lead",)),
        excluded=frozenset({UUID(int=2)}),
    )

    assert reasons(comment(who=person), terms) == found


def test_whom_the_hub_has_first_seen_by_this_comment_takes_part_unless_days_are_asked_for() -> None:
    newcomer = comment(who=who(known_since=CLOSES))

    assert reasons(newcomer) == []
    assert reasons(newcomer, asking(known_days=1)) == ["PERSON_TOO_NEW"]


def test_every_fault_is_told() -> None:
    late = comment(text="no", written_at=CLOSES, hidden=True, who=who(own=True))

    assert reasons(late, asking(phrases=("yes",), mentions=1, answers=("42",))) == [
        "OUT_OF_WINDOW",
        "HIDDEN",
        "EXCLUDED_PERSON",
        "CONDITION_MISSING",
        "TOO_FEW_MENTIONS",
        "WRONG_ANSWER",
    ]


def test_of_a_person_the_first_comment_without_a_fault_takes_part() -> None:
    terms = asking(phrases=("moi",))
    given = [comment(4), comment(1, text="?"), comment(3), comment(2), comment(5, who=who(2))]

    assert judge(given, terms=terms, rulings={}) == [
        Judgement(message_id=UUID(int=1), reasons=(R.CONDITION_MISSING,)),
        Judgement(message_id=UUID(int=2), reasons=()),
        Judgement(message_id=UUID(int=3), reasons=(R.DUPLICATE_PERSON,)),
        Judgement(message_id=UUID(int=4), reasons=(R.DUPLICATE_PERSON,)),
        Judgement(message_id=UUID(int=5), reasons=()),
    ]


def test_accounts_linked_as_one_human_have_one_entry_and_are_excluded_together() -> None:
    human = UUID(int=99)
    network, forum = who(1, group=human), who(2, group=human)
    given = [comment(1, who=network), comment(2, who=forum), comment(3, who=who(3))]

    assert [one.reasons for one in judge(given, terms=TERMS, rulings={})] == [
        *((), (R.DUPLICATE_PERSON,), ())
    ]
    barred = replace(TERMS, excluded=frozenset({human}))
    assert [one.reasons for one in judge(given, terms=barred, rulings={})] == [
        *((R.EXCLUDED_PERSON,), (R.EXCLUDED_PERSON,), ())
    ]


@pytest.mark.parametrize(
    ("edited_at", "found"),
    [(None, []), (CLOSES - timedelta(seconds=1), []), (CLOSES, ["EDITED_LATE"])],
)
def test_words_that_were_changed_after_the_close_do_not_count(
    edited_at: datetime | None, found: list[str]
) -> None:
    changed = comment(edited_at=edited_at)

    assert reasons(changed) == found
    assert reasons(changed, ruling=Ruling.READMITTED) == []


def test_what_its_writer_took_down_does_not_take_part_and_the_next_one_does() -> None:
    found = judge([comment(1, deleted=True), comment(2)], terms=TERMS, rulings={})

    assert [one.reasons for one in found] == [(R.DELETED,), ()]
    assert reasons(comment(deleted=True), ruling=Ruling.READMITTED) == ["DELETED"]


def test_when_the_first_is_taken_out_by_hand_the_next_takes_part() -> None:
    found = judge([comment(1), comment(2)], terms=TERMS, rulings={UUID(int=1): Ruling.DISQUALIFIED})

    assert [one.reasons for one in found] == [(R.BY_HAND,), ()]


def test_a_member_overlooks_what_is_strict_and_nothing_else() -> None:
    terms = replace(asking(phrases=("yes",), known_days=500), ends_at=CLOSES)
    meant = comment(text="yess")

    assert reasons(meant, terms, Ruling.READMITTED) == []
    assert reasons(replace(meant, hidden=True), terms, Ruling.READMITTED) == ["HIDDEN"]
    assert reasons(replace(meant, written_at=CLOSES), terms, Ruling.READMITTED) == ["OUT_OF_WINDOW"]
    assert set(R) - OVERRULABLE == {
        *("OUT_OF_WINDOW", "PERSON_UNKNOWN", "EXCLUDED_PERSON", "HIDDEN", "DELETED"),
        "DUPLICATE_PERSON",
    }


def test_whoever_is_readmitted_still_has_one_entry() -> None:
    found = judge(
        [comment(1), comment(2, text="?")],
        terms=asking(phrases=("moi",)),
        rulings={UUID(int=2): Ruling.READMITTED},
    )

    assert [one.reasons for one in found] == [(), (R.DUPLICATE_PERSON,)]


@pytest.mark.parametrize(
    ("conditions", "path"),
    [
        ({"mentions": 11}, ("mentions",)),
        ({"mentions": -1}, ("mentions",)),
        ({"known_days": -1}, ("knownDays",)),
        ({"phrases": ("x",) * 21}, ("phrases",)),
        ({"phrases": ("x", "  ")}, ("phrases", "1")),
        ({"phrases": ("\u0301",)}, ("phrases", "0")),
        ({"answers": ("x" * 201,)}, ("answers", "0")),
        ({"hashtags": ("ok", "two words")}, ("hashtags", "1")),
        ({"hashtags": ("#",)}, ("hashtags", "0")),
        ({"excluded_handles": ("x",) * 101}, ("excludedHandles",)),
        ({"phrases": ("a\x00b",)}, ("phrases", "0")),
    ],
)
def test_conditions_nobody_could_meet_or_nothing_can_hold_are_refused(
    conditions: dict[str, Any], path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        require_conditions(Conditions(**conditions))

    assert refused.value.path == ("input", "conditions", *path)


def test_conditions_are_kept_as_they_are_compared() -> None:
    clean = require_conditions(Conditions(phrases=("  Je\n participe ",), hashtags=("#Été",)))

    assert (clean.phrases, clean.hashtags) == (("Je participe",), ("Été",))
    assert Conditions.from_json(clean.to_json()) == clean


@pytest.mark.parametrize(
    ("opens_at", "closes_at", "name"),
    [
        (OPENS, OPENS, "closesAt"),
        (CLOSES, OPENS, "closesAt"),
        (OPENS.replace(tzinfo=None), CLOSES, "opensAt"),
        (OPENS, CLOSES.replace(tzinfo=None), "closesAt"),
    ],
)
def test_a_window_opens_before_it_closes(
    opens_at: datetime, closes_at: datetime, name: str
) -> None:
    with pytest.raises(Invalid) as refused:
        require_window(opens_at, closes_at)

    assert refused.value.path == ("input", name)


@pytest.mark.parametrize(
    ("winners", "alternates", "name"),
    [(0, 1, "winnerCount"), (1, -1, "alternateCount"), (60, 41, "alternateCount")],
)
def test_so_many_places_cannot_be_drawn(winners: int, alternates: int, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_counts(winners, alternates)

    assert refused.value.path == ("input", name)


def test_what_cannot_be_read_is_tried_again_ever_more_slowly() -> None:
    waits = [
        read_again(since=OPENS, now=OPENS + timedelta(hours=hours)) - OPENS
        for hours in (0, 1, 2, 100)
    ]

    assert waits == [
        timedelta(minutes=2),
        timedelta(hours=1, minutes=15),
        timedelta(hours=2, minutes=30),
        timedelta(hours=101),
    ]


@pytest.mark.parametrize(
    ("locale", "names", "told"),
    [
        ("fr", ["@ann"], "@ann"),
        ("fr", ["@ann", "@bob"], "@ann et @bob"),
        ("fr-CA", ["@a", "@b", "@c"], "@a, @b et @c"),
        ("en-GB", ["@a", "@b", "@c"], "@a, @b and @c"),
        ("nl", ["@a", "@b"], "@a, @b"),
        ("en", [], ""),
    ],
)
def test_names_are_listed_as_their_language_does(locale: str, names: list[str], told: str) -> None:
    assert together(names, locale=locale) == told


def test_a_template_is_filled_once_and_an_unknown_variable_is_refused() -> None:
    values = {"winners": "{contest}", "contest": "Été"}

    assert filled("{contest}: {winners}!", values, path=("x",)) == "Été: {contest}!"
    for template, name in (("{winer}", "winer"), ("{}", "")):
        with pytest.raises(Invalid, match=f"There is no {{{name}}}; there are {{contest}}"):
            filled(template, values, path=("x",))


def test_the_hub_has_words_of_its_own_in_french_and_english() -> None:
    assert set(TEMPLATES) == {"en", "fr"}
    assert template_for("fr-CA", None, path=("x",)) == TEMPLATES["fr"]
    assert template_for("nl", "Hoera {winners}", path=("x",)) == "Hoera {winners}"
    with pytest.raises(Invalid, match="there is none in nl"):
        template_for("nl", None, path=("x",))
