import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.base.refusals import Refusal, code_of
from schema.base.requests import (
    from_object,
    read_body,
    read_idempotency_key,
    read_json,
    read_parameters,
)


def refused_with(refusal: pytest.ExceptionInfo[Refusal]) -> tuple[int, str]:
    return refusal.value.status, code_of(refusal.value.errors[0])


def test_a_request_is_read_with_all_its_parts() -> None:
    asked = read_body(
        b'{"query":"query A{a}","variables":{"n":1},"operationName":"A","extensions":{}}'
    )

    assert (asked.query, asked.variables, asked.operation_name) == ("query A{a}", {"n": 1}, "A")


def test_null_and_absent_parts_are_the_same() -> None:
    sparse = read_body(b'{"query":"{a}"}')
    spelt = read_body(b'{"query":"{a}","variables":null,"operationName":null,"extensions":null}')

    assert sparse == spelt


def test_names_that_mean_nothing_are_ignored() -> None:
    assert read_body(b'{"query":"{a}","id":7}').query == "{a}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"{a}"',
        b"{}",
        b'{"query":1}',
        b'{"query":""}',
        b'{"query":"{a}","variables":[]}',
        b'{"query":"{a}","operationName":[]}',
        b'{"query":"{a}","extensions":1}',
        b'{"query":"\xff"}',
        b'{"query":"{a}"',
        b'{"query":"{a}","query":"{b}"}',
        b'{"query":"{a}","variables":{"a":NaN}}',
        b'{"query":"{a}","variables":{"a":1e999}}',
        b'{"query":"{a}","variables":{"a":9223372036854775808}}',
        b'{"query":"{a}","variables":{"a":' + b"9" * 6_000 + b"}}",
        b'{"query":"{a}","variables":{"a":' + b"[" * 64 + b"]" * 64 + b"}}",
        b"[" * 200_000,
        b'{"query":"{a}","variables":{"a":[' + b"0," * 20_000 + b"0]}}",
    ],
)
def test_a_malformed_body_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        read_body(body)

    assert refused_with(refusal) == (400, "BAD_REQUEST")


def test_the_largest_and_deepest_allowed_values_pass() -> None:
    assert read_json("9223372036854775807") == 2**63 - 1
    assert read_json("-9223372036854775808") == -(2**63)
    assert read_json("[" * 64 + "]" * 64)


def test_a_batch_is_refused_by_name() -> None:
    with pytest.raises(Refusal) as refusal:
        read_body(b'[{"query":"{a}"}]')

    assert refused_with(refusal) == (400, "BATCHING_REFUSED")


@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"{a}","variables":{"a":"\\u0000"}}',
        b'{"query":"{a}","variables":{"\\u0000":1}}',
        b'{"query":"{a}","variables":{"a":["\\udc00"]}}',
        b'{"query":"{a\\u0000}"}',
    ],
)
def test_text_that_no_column_can_hold_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        read_body(body)

    assert refused_with(refusal) == (400, "INVALID_TEXT")


def test_a_surrogate_pair_is_a_character() -> None:
    body = b'{"query":"{a}","variables":{"a":"\\ud83d\\ude00"}}'

    assert read_body(body).variables == {"a": "😀"}


def test_parameters_of_an_address_are_a_request() -> None:
    asked = read_parameters(b"query=%7Ba%7D&variables=%7B%22n%22%3A1%7D&operationName=&extensions=")

    assert (asked.query, asked.variables, asked.operation_name) == ("{a}", {"n": 1}, None)


@pytest.mark.parametrize(
    "query_string",
    [
        b"",
        b"query=",
        b"query={a}&query={b}",
        b"query=%FF",
        b"query={a}&variables=[]",
        b"query={a}&variables={",
        b"&".join(b"a%d=1" % number for number in range(30)),
        "query={ä}".encode("latin-1"),
    ],
)
def test_parameters_that_cannot_be_read_are_a_bad_request(query_string: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        read_parameters(query_string)

    assert refused_with(refusal) == (400, "BAD_REQUEST")


def test_an_idempotency_key_is_visible_ascii_and_comes_once() -> None:
    assert read_idempotency_key([]) is None
    assert read_idempotency_key(["k" * 255]) == "k" * 255
    for values in ([""], ["a b"], ["k" * 256], ["é"], ["a", "a"]):
        with pytest.raises(Refusal) as refusal:
            read_idempotency_key(values)
        assert refused_with(refusal) == (400, "INVALID_IDEMPOTENCY_KEY")


# What JSON may look like, and the texts where a quick reader and an exact one differ.
_TEXTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(
        [
            *("a", "query", '"', '":', '" :', "\\", "\\u0000", "\x00"),
            *("\ud800", "\\ud800", "é", '{a:"1"}'),
        ]
    ),
)
_NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**30, 1e19, -0.0, 5e-324]),
    st.floats(allow_nan=True, allow_infinity=True),
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(st.tuples(_TEXTS, inner), max_size=4).map(dict),
    ),
    max_leaves=12,
)


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(["query", "variables", "extensions", "x"]), _VALUES | _TEXTS),
        max_size=5,
    ),
    exact=st.booleans(),
    spaces=st.sampled_from(["", " ", "\n\t "]),
)
def test_a_body_is_read_quickly_exactly_as_it_is_read_closely(
    pairs: list[tuple[str, Any]], exact: bool, spaces: str
) -> None:
    inner = ",".join(
        f"{json.dumps(name)}{spaces}:{spaces}{json.dumps(value, ensure_ascii=exact)}"
        for name, value in pairs
    )
    body = f"{{{inner}}}".encode("utf-8", "surrogatepass")

    def outcome(read: Any) -> Any:
        try:
            return repr(read())
        except Refusal as refusal:
            return str(refusal)

    def closely() -> Any:
        try:
            return from_object(read_json(body.decode()))
        except UnicodeDecodeError:
            return read_body(body)

    assert outcome(lambda: read_body(body)) == outcome(closely)


@pytest.mark.parametrize(
    "variables",
    [
        '{"a":1,"a":2}',
        '{"a" :1,"a":2}',
        '{"a":1,"\\u0061":2}',
        '{"b":"\\":","a":1,"a":2}',
        '{"b":[{"a":1},{"a" :1,"a"\n:2}]}',
    ],
)
def test_a_key_given_twice_is_found_wherever_it_hides(variables: str) -> None:
    with pytest.raises(Refusal, match="a key twice"):
        read_body(f'{{"query":"{{a}}","variables":{variables}}}'.encode())


def test_text_that_looks_like_the_end_of_a_key_is_text() -> None:
    body = b'{"query":"{a(b:\\"\\":\\")}","variables":{"a":"\\" :"}}'

    asked = read_body(body)

    assert (asked.query, asked.variables) == ('{a(b:"":")}', {"a": '" :'})
