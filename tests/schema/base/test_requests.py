import pytest

from schema.base.refusals import Refusal, code_of
from schema.base.requests import (
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
