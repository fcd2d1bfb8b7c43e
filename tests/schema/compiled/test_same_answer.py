"""Compiled reads answer as graphql-core does: thousands of random documents, no difference."""

from collections import Counter

import pytest

from tests.schema.compiled.comparing import SHARE, alone, compiled_share, difference, walk
from tests.schema.compiled.doors import Pair, Reply

CHUNKS = 20
DOCUMENTS = 100


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("chunk", range(CHUNKS))
async def test_random_documents_are_answered_as_graphql_core_answers_them(
    pair: Pair, chunk: int
) -> None:
    before = Counter(pair.compiled.counts() or {})

    tally = await walk(pair, seed=chunk, count=DOCUMENTS)

    ran = Counter(pair.compiled.counts() or {})
    ran.subtract(before)
    share = compiled_share(ran)
    assert tally.documents == DOCUMENTS
    assert tally.with_data > DOCUMENTS * 0.5
    assert tally.refused < DOCUMENTS * 0.15
    assert ran["an unexpected error"] == 0
    assert share is not None
    assert share >= SHARE, ran


def _reply(**body: object) -> Reply:
    return Reply(status=200, body=body)


@pytest.mark.parametrize(
    ("compiled", "where"),
    [
        ({"a": 1, "b": [None, "x"]}, None),
        ({"b": [None, "x"], "a": 1}, "$.data: keys ['b', 'a'] instead of ['a', 'b']"),
        ({"a": True, "b": [None, "x"]}, "$.data.a: True instead of 1"),
        ({"a": 1.0, "b": [None, "x"]}, "$.data.a: 1.0 instead of 1"),
        ({"a": 1, "b": [None, "y"]}, "$.data.b[1]: 'y' instead of 'x'"),
        ({"a": 1, "b": [None]}, "$.data.b: 1 items instead of 2"),
        ({"a": 1, "b": None}, "$.data.b: None instead of [None, 'x']"),
    ],
)
def test_a_difference_is_found_where_it_is(compiled: object, where: str | None) -> None:
    reference = {"a": 1, "b": [None, "x"]}
    assert difference(_reply(data=compiled), _reply(data=reference)) == where


def test_errors_may_stand_in_any_order_and_must_say_the_same() -> None:
    one = {"message": "no", "path": ["a"], "extensions": {"code": "FORBIDDEN"}}
    two = {"message": "no", "path": ["b"], "extensions": {"code": "FORBIDDEN"}}
    other = {"message": "no", "path": ["b", 0], "extensions": {"code": "FORBIDDEN"}}

    assert difference(_reply(errors=[one, two]), _reply(errors=[two, one])) is None
    assert difference(_reply(errors=[one, two]), _reply(errors=[one, other])) is not None
    assert difference(_reply(errors=[one]), _reply(errors=[one, one])) is not None


def test_ids_of_log_lines_are_no_part_of_the_answer() -> None:
    def failed(identity: str) -> Reply:
        error = {"message": f"Quote {identity}.", "extensions": {"code": "X", "id": identity}}
        return _reply(errors=[error])

    assert difference(failed("abc"), failed("def")) is None


def test_errors_beside_the_one_that_ended_the_answer_may_or_may_not_have_been_heard() -> None:
    first, second = ({"message": word, "path": [word]} for word in ("one", "other"))
    both = _reply(errors=[first, second], data=None)
    alone = _reply(errors=[first], data=None)
    assert difference(alone, both) is None
    assert difference(both, alone) is None
    assert difference(alone, _reply(errors=[second], data=None)) is not None
    # Where there is data, every error is part of the answer.
    whole = _reply(errors=[first, second], data={"a": None})
    assert difference(_reply(errors=[first], data={"a": None}), whole) is not None


def test_fields_that_fail_together_can_be_asked_alone() -> None:
    asked = "query ($v: Boolean!) { a: x(b: $v) @skip(if: $v) y ...F } fragment F on Query { z }"

    assert " ".join(alone(asked, "y").split()) == (
        "query ($v: Boolean!) { a: x(b: $v) @skip(if: true) y ...F } fragment F on Query { z }"
    )
    assert " ".join(alone(asked, "a").split()) == (
        "query ($v: Boolean!) { a: x(b: $v) @skip(if: $v) y @skip(if: true) ...F } "
        "fragment F on Query { z }"
    )
