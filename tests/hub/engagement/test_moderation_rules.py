"""What moderation rules find: exact reasons and places, and the same for every message."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engagement.models import Priority, ThreadKind
from hub.engagement.moderation.forms import require_acts, require_conditions
from hub.engagement.moderation.links import links_in, links_of
from hub.engagement.moderation.models import (
    ActionKind,
    ConditionKind,
    RuleMatch,
    SanctionKind,
    WordStrength,
)
from hub.engagement.moderation.rules import (
    FIELDS,
    Act,
    Condition,
    Facts,
    Rule,
    evaluate,
    is_broad,
    quoted,
)
from hub.kernel.errors import Invalid

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)
CHANNEL = UUID(int=1)
PATH = ("input", "conditions")


def facts(text: str = "", **more: Any) -> Facts:
    known: dict[str, Any] = {
        "channel_id": CHANNEL,
        "thread_kind": ThreadKind.COMMENTS,
        "written_at": NOON,
    }
    return Facts(text=text, **{**known, **more})


def rule(*conditions: Condition, number: int = 1, **more: Any) -> Rule:
    known: dict[str, Any] = {
        "id": UUID(int=number),
        "name": f"Rule {number}",
        "version": 1,
        "channel_ids": frozenset(),
        "thread_kinds": frozenset(),
        "match": RuleMatch.ALL,
        "acts": (Act(kind=ActionKind.HIDE),),
        "stop": False,
    }
    return Rule(conditions=conditions, **{**known, **more})


def words(*phrases: str, **more: Any) -> Condition:
    return Condition(kind=ConditionKind.WORDS, phrases=phrases, **more)


def found(condition: Condition, known: Facts) -> tuple[str, list[str]] | None:
    """Return why a condition holds, and the words it is about; None where it does not."""
    verdicts = evaluate([rule(condition)], known)
    if not verdicts:
        return None
    return verdicts[0].reason, [one["text"] for one in quoted(known.text, verdicts[0].spans)]


@pytest.mark.parametrize(
    ("condition", "known", "expected"),
    [
        pytest.param(
            words("arnaque"),
            facts("C'est une ARN4QUE !"),
            ("It has the words “arnaque”.", ["ARN4QUE"]),
            id="a disguised word",
        ),
        pytest.param(
            words("arnaque", strength=WordStrength.PLAIN),
            facts("C'est une ARN4QUE !"),
            None,
            id="a disguise is not looked through",
        ),
        pytest.param(words("con"), facts("Le concours est ouvert."), None, id="part of a word"),
        pytest.param(
            words("arnaque", negate=True),
            facts("Merci !"),
            ("It has none of the words.", []),
            id="no such word",
        ),
        pytest.param(
            Condition(kind=ConditionKind.PATTERN, pattern=r"\b\d{2}( \d{2}){4}\b"),
            facts("Appelez le 06 12 34 56 78 vite"),
            (r"It matches the pattern \b\d{2}( \d{2}){4}\b.", ["06 12 34 56 78"]),
            id="a pattern",
        ),
        pytest.param(
            Condition(kind=ConditionKind.LINKS),
            facts("Voir https://www.Promo.example/x?y=1, et voilà."),
            ("It has a link to “promo.example”.", ["https://www.Promo.example/x?y=1"]),
            id="a link",
        ),
        pytest.param(
            Condition(kind=ConditionKind.LINKS, allowed_domains=("brand.example",)),
            facts("https://blog.brand.example/a"),
            None,
            id="an allowed site",
        ),
        pytest.param(
            Condition(kind=ConditionKind.LINKS, domains=("bit.ly",)),
            facts("click bit.ly/abc now"),
            ("It has a link to “bit.ly”.", ["bit.ly/abc"]),
            id="a bare link to a named site",
        ),
        pytest.param(
            Condition(kind=ConditionKind.LINKS, at_least=2),
            facts("https://a.example"),
            None,
            id="too few links",
        ),
        pytest.param(
            Condition(kind=ConditionKind.LANGUAGE, languages=("ru",)),
            facts("Привет", language="ru-RU"),
            ("It is written in the language ru.", []),
            id="a language",
        ),
        pytest.param(
            Condition(kind=ConditionKind.LANGUAGE, languages=("fr", "en"), negate=True),
            facts("Hallo", language="de"),
            ("It is written in the language de.", []),
            id="none of the languages",
        ),
        pytest.param(
            Condition(kind=ConditionKind.LANGUAGE, languages=("fr",), negate=True),
            facts("ok"),
            None,
            id="an unknown language is no other language",
        ),
        pytest.param(
            Condition(kind=ConditionKind.SENTIMENT, at_most=-50),
            facts("Nul", sentiment=-70),
            ("It sounds like -70 of 100.", []),
            id="a bad mood",
        ),
        pytest.param(
            Condition(kind=ConditionKind.SENTIMENT, at_most=-50, negate=True),
            facts("?"),
            None,
            id="an unknown mood is no mood",
        ),
        pytest.param(
            Condition(kind=ConditionKind.AUTHOR, handles=("@Ann",)),
            facts(handle="ann"),
            ("ann wrote it.", []),
            id="an account",
        ),
        pytest.param(
            Condition(kind=ConditionKind.AUTHOR, first_message=True, person_tags=("vip",)),
            facts(first_message=True),
            None,
            id="all that is said of the author must hold",
        ),
        pytest.param(
            Condition(kind=ConditionKind.AUTHOR, sanctions=(SanctionKind.WARN,)),
            facts(sanctions=frozenset({SanctionKind.WARN})),
            ("Its writer is sanctioned: WARN.", []),
            id="a warned author",
        ),
        pytest.param(
            Condition(kind=ConditionKind.RATE, messages=3, minutes=10),
            facts(times=[NOON - timedelta(minutes=at) for at in (9, 3, 0)]),
            ("It is message 3 of its writer within 10 minutes.", []),
            id="the third in ten minutes",
        ),
        pytest.param(
            Condition(kind=ConditionKind.RATE, messages=3, minutes=10),
            facts(times=[NOON - timedelta(minutes=at) for at in (10, 3, 0)]),
            None,
            id="the first was ten minutes ago",
        ),
    ],
)
def test_a_condition_says_why_and_where(
    condition: Condition, known: Facts, expected: tuple[str, list[str]] | None
) -> None:
    assert found(condition, known) == expected


def test_two_sentences_without_a_space_are_no_link() -> None:
    assert links_in("C'est fini.Bonjour à tous, v1.2 et 3.5 fois") == []


def test_a_link_behind_words_is_found_where_the_words_stand() -> None:
    condition = Condition(kind=ConditionKind.LINKS, allowed_domains=("brand.example",))
    html = (
        '<p>See <a href="https://Promo.example/x?a=1&amp;b=2" rel="noopener">this page</a>, '
        '<a href="https://brand.example/">ours</a></p>'
    )

    assert found(condition, facts("See this page, ours", html=html)) == (
        "It has a link to “promo.example”.",
        ["this page"],
    )


@pytest.mark.parametrize(
    ("text", "html", "expected"),
    [
        pytest.param(
            "shop.example/soup",
            '<a href="https://shop.example/soup">shop.example/soup</a>',
            [("shop.example", "shop.example/soup")],
            id="shown without its scheme",
        ),
        pytest.param(
            "https://shop.example/soup",
            '<a href="https://shop.example/soup"><span>https://</span>shop.example/soup</a>',
            [("shop.example", "https://shop.example/soup")],
            id="shown whole is one link",
        ),
        pytest.param(
            "https://bank.example",
            '<a href="https://thief.example/">https://bank.example</a>',
            [("bank.example", "https://bank.example"), ("thief.example", "https://bank.example")],
            id="one that pretends to lead elsewhere",
        ),
        pytest.param(
            "here and here",
            '<a href="https://a.example">here</a> and <a href="https://b.example">here</a>',
            [("a.example", "here"), ("b.example", "here")],
            id="the same words twice",
        ),
        pytest.param(
            "A picture",
            'A picture<a href="https://a.example"><img src="x"></a>',
            [("a.example", "")],
            id="a picture that leads somewhere",
        ),
        pytest.param(
            "@ann @bob@b.example #Été",
            '<a href="https://a.example/@ann">@<span>ann</span></a> '
            '<a href="https://b.example/@bob">@bob@b.example</a> '
            '<a href="https://a.example/tags/%C3%A9t%C3%A9">#Été</a>',
            [],
            id="names of people and of subjects",
        ),
        pytest.param(
            "@win",
            '<a href="https://win.example/now">@win</a>',
            [("win.example", "@win")],
            id="one that pretends to be a name",
        ),
        pytest.param("@ann", '<a href="/u/ann/">@ann</a>', [], id="a page of the place itself"),
    ],
)
def test_links_are_found_in_what_is_shown_and_behind_it(
    text: str, html: str, expected: list[tuple[str, str]]
) -> None:
    assert [(host, text[at.start : at.end]) for host, at in links_of(text, html)] == expected


def test_links_of_a_long_message_are_found_quickly() -> None:
    many = '<a href="https://a.example/x">a</a>' * 2_000
    opened = '<a href="https://a.example/x">' * 20_000

    assert len(links_of("a" * 2_000, many)) == 2_000
    assert links_of("", opened) == []


def test_an_address_of_mail_is_no_link() -> None:
    assert links_in("ann@example.com") == []


def test_any_takes_one_condition_and_all_takes_every_one() -> None:
    both = (words("spam"), Condition(kind=ConditionKind.LINKS))
    known = facts("spam")

    assert evaluate([rule(*both)], known) == []
    (verdict,) = evaluate([rule(*both, match=RuleMatch.ANY)], known)
    assert verdict.reason == "It has the words “spam”."


def test_rules_are_tried_in_their_order_until_one_stops() -> None:
    rules = [
        rule(words("other"), number=1, stop=True),
        rule(words("spam"), number=2),
        rule(words("spam"), number=3, stop=True),
        rule(words("spam"), number=4),
    ]

    verdicts = evaluate(rules, facts("spam"))

    assert [verdict.rule.name for verdict in verdicts] == ["Rule 2", "Rule 3"]


def test_a_rule_keeps_to_its_channels_and_conversations() -> None:
    spam = words("spam")
    elsewhere = rule(spam, channel_ids=frozenset({UUID(int=2)}))
    private = rule(spam, thread_kinds=frozenset({ThreadKind.DIRECT}))

    assert evaluate([elsewhere, private], facts("spam")) == []
    assert evaluate([private], facts("spam", thread_kind=ThreadKind.DIRECT))


def test_what_cannot_be_compiled_any_more_finds_nothing() -> None:
    broken = (Condition(kind=ConditionKind.PATTERN, pattern="(?=a)"), words("*"))

    assert all(found(condition, facts("a")) is None for condition in broken)


@pytest.mark.parametrize(
    ("matched", "looked_at", "broad"),
    [(9, 9, False), (5, 10, True), (4, 10, False), (0, 0, False)],
)
def test_half_of_ten_is_nearly_everything(matched: int, looked_at: int, *, broad: bool) -> None:
    assert is_broad(matched, looked_at) is broad


@pytest.mark.parametrize(
    ("given_", "path", "said"),
    [
        ([], (), "1 to 10 conditions"),
        ([{"kind": "WORDS"}], ("0", "phrases"), "at least one word"),
        ([{"kind": "WORDS", "phrases": ["a"] * 501}], ("0", "phrases"), "500 at most"),
        ([{"kind": "WORDS", "phrases": ["ok", "…"]}], ("0", "phrases", "1"), "no letter"),
        ([{"kind": "WORDS", "phrases": ["ok", "xxx*"]}], ("0", "phrases", "1"), "read as one"),
        ([{"kind": "WORDS", "phrases": ["a"], "pattern": "b"}], ("0", "pattern"), "says nothing"),
        ([{"kind": "PATTERN", "pattern": "(a)\\1"}], ("0", "pattern"), "refer back"),
        ([{"kind": "PATTERN", "pattern": "a*"}], ("0", "pattern"), "match nothing at all"),
        ([{"kind": "LINKS", "at_least": 0}], ("0", "atLeast"), "from 1 to 50"),
        ([{"kind": "LINKS", "domains": ["a b"]}], ("0", "domains", "0"), "site's name"),
        ([{"kind": "LANGUAGE"}], ("0", "languages"), "one language"),
        ([{"kind": "LANGUAGE", "languages": ["!"]}], ("0", "languages", "0"), "language tag"),
        ([{"kind": "SENTIMENT", "at_most": 101}], ("0", "atMost"), "from -100 to 100"),
        ([{"kind": "AUTHOR"}], ("0",), "Say something"),
        ([{"kind": "RATE", "messages": 3}], ("0", "minutes"), "needs minutes"),
        ([{"kind": "RATE", "messages": 1, "minutes": 1}], ("0", "messages"), "from 2 to 100"),
    ],
)
def test_a_condition_that_says_nothing_or_too_much_is_refused_by_its_path(
    given_: list[dict[str, Any]], path: tuple[str, ...], said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        require_conditions(given_, path=PATH)

    assert refused.value.path == (*PATH, *path)
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("given_", "path"),
    [
        ([], ()),
        ([{"kind": "TAG"}], ("0", "tags")),
        ([{"kind": "HIDE", "tags": ["a"]}], ("0", "tags")),
        ([{"kind": "HIDE"}, {"kind": "HIDE"}], ("1", "kind")),
        ([{"kind": "ASSIGN"}], ("0", "assigneeId")),
        ([{"kind": "REPLY"}], ("0", "savedReplyId")),
    ],
)
def test_an_action_that_lacks_something_is_refused_by_its_path(
    given_: list[dict[str, Any]], path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        require_acts(given_, path=("input", "actions"))

    assert refused.value.path == ("input", "actions", *path)


def test_a_pattern_that_would_run_away_elsewhere_is_harmless() -> None:
    (condition,) = require_conditions([{"kind": "PATTERN", "pattern": "(a+)+$"}], path=PATH)

    assert found(condition, facts("a" * 20_000 + "!")) is None


def test_acts_and_conditions_are_the_same_after_they_were_stored() -> None:
    act = Act(kind=ActionKind.PRIORITY, priority=Priority.HIGH)
    assigned = Act(kind=ActionKind.ASSIGN, assignee_id=UUID(int=7))
    author = Condition(kind=ConditionKind.AUTHOR, sanctions=(SanctionKind.MUTE,), handles=("a",))

    assert [Act.from_json(one.to_json()) for one in (act, assigned)] == [act, assigned]
    assert Condition.from_json(author.to_json()) == author


# --- whatever the rules and the message ----------------------------------------------------------

_WORDS = st.text(alphabet="abcé 1@.\u0410\U0001f600", min_size=1, max_size=6)
_CONDITIONS = st.builds(
    Condition,
    kind=st.sampled_from(ConditionKind),
    negate=st.booleans(),
    phrases=st.tuples(_WORDS),
    strength=st.sampled_from(WordStrength),
    pattern=st.sampled_from(["a+", "[ab]c", "(?=x)", "é", "."]),
    at_least=st.integers(1, 3),
    languages=st.tuples(st.sampled_from(["fr", "en"])),
    at_most=st.integers(-100, 100),
    first_message=st.booleans(),
    messages=st.integers(2, 5),
    minutes=st.integers(1, 60),
)
_RULES = st.lists(
    st.builds(
        rule,
        _CONDITIONS,
        _CONDITIONS,
        match=st.sampled_from(RuleMatch),
        stop=st.booleans(),
    ),
    max_size=4,
)
_TEXTS = st.one_of(
    st.text(max_size=60), st.text(alphabet="abcé 1@./:htps\u0410\U0001f600", max_size=60)
)


@given(rules=_RULES, text=_TEXTS, language=st.none() | st.just("fr"), mood=st.none() | st.just(-9))
def test_every_message_is_judged_the_same_and_spans_are_inside_its_text(
    rules: list[Rule], text: str, language: str | None, mood: int | None
) -> None:
    first = evaluate(rules, facts(text, language=language, sentiment=mood))
    again = evaluate(rules, facts(text, language=language, sentiment=mood))

    assert first == again
    for verdict in first:
        assert verdict.reason
        assert all(0 <= span.start < span.end <= len(text) for span in verdict.spans)
    assert all(not verdict.rule.stop for verdict in first[:-1])


@given(condition=_CONDITIONS)
def test_what_is_stored_of_a_condition_is_all_that_it_says(condition: Condition) -> None:
    read = Condition.from_json(condition.to_json())

    assert read.to_json() == condition.to_json()
    assert set(read.to_json()) == {"kind", "negate", *FIELDS[condition.kind]}
