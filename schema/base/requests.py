"""Bytes in, a well-formed GraphQL request out, or a typed refusal."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson

from schema.base.refusals import DoorCode, Refusal, bad_request

_DEPTH = 64
_VALUES = 20_000
_INTEGER_BITS = 63
_EDGE = 1 << _INTEGER_BITS
# Half a pair of UTF-16 is no character, and PostgreSQL stores no NUL.
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID_CHARACTERS = 255
_REMEMBERED_BYTES = 4_000
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# Every key of an object ends like this; text may, too.
_KEY_ENDS = re.compile(rb'"[ \t\r\n]*:')


@dataclass(frozen=True, kw_only=True)
class GraphQLRequest:
    """A request whose parts have the types they must have; nothing is said of the document.

    `query` is empty where the document is only named: by its id on a list, or by its SHA-256.
    """

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None
    document_id: str | None = None
    sha256: str | None = None


def read_body(body: bytes) -> GraphQLRequest:
    """Read the JSON body of a POST. Raises Refusal."""
    # Most clients ask for the same again and again.
    if len(body) <= _REMEMBERED_BYTES:
        return _read_known_body(body)
    return _read_body(body)


def _read_body(body: bytes) -> GraphQLRequest:
    value = _read_plain(body)
    if value is not None:
        return from_object(value)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _malformed("The body is not valid UTF-8.") from None
    if not text.strip():
        raise _malformed("The body is empty; send a JSON object with a `query`.")
    return from_object(read_json(text))


_read_known_body = lru_cache(maxsize=256)(_read_body)


def read_parameters(query_string: bytes) -> GraphQLRequest:
    """Read the parameters of a GET: `query`, `operationName`, and JSON in the others."""
    # Whoever asks by GET asks for the same again.
    if len(query_string) <= _REMEMBERED_BYTES:
        return _read_known(query_string)
    return _read_parameters(query_string)


def _read_parameters(query_string: bytes) -> GraphQLRequest:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=20,
        )
    except ValueError:
        raise _malformed("The parameters of the address cannot be read.") from None
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) != len(pairs):
        raise _malformed("A parameter of the address appears twice.")
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = read_json(parameters[name])
        elif name in parameters:
            del parameters[name]
    _refuse_unusable(parameters)
    return from_object(parameters)


_read_known = lru_cache(maxsize=256)(_read_parameters)


def read_json(text: str) -> Any:
    """Read JSON that every system behind us can hold. Raises Refusal.

    Refused: more than 64 levels, integers beyond 64 bits, numbers that are none, keys given
    twice, NUL and half surrogates in text, and more than 20,000 values.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise _malformed(f"The JSON nests deeper than {_DEPTH} levels.") from None
    except json.JSONDecodeError as error:
        raise _malformed(
            f"This is not valid JSON: {error.msg} at character {error.pos + 1}."
        ) from None
    _refuse_unusable(value)
    return value


def _read_plain(body: bytes) -> dict[str, Any] | None:
    """Read an object in which nothing can be amiss, many times as fast; None: look closely.

    The quick reader keeps the last of equal keys and rounds huge integers. The first shows in
    there being more ends of keys than keys, the second in the size of a number.
    """
    if b"\\u0000" in body:
        return None
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    keys = _count_plain(value)
    return value if keys == len(_KEY_ENDS.findall(body)) else None


def _count_plain(value: dict[str, Any]) -> int:
    """Return how many keys there are; -1 where a limit is near."""
    keys = 0
    left = _VALUES
    level: list[Any] = [value]
    for _ in range(_DEPTH):
        inner: list[Any] = []
        for one in level:
            left -= len(one)
            if isinstance(one, dict):
                keys += len(one)
            for item in one.values() if isinstance(one, dict) else one:
                kind = type(item)
                if kind is dict or kind is list:
                    inner.append(item)
                elif (kind is int or kind is float) and not -_EDGE < item < _EDGE:
                    return -1
        if not inner:
            return keys if left > 0 else -1
        level = inner
    return -1


def from_object(value: Any) -> GraphQLRequest:
    """Check the parts of a request; names other than those of the specification are ignored."""
    if isinstance(value, list):
        raise bad_request(
            DoorCode.BATCHING_REFUSED, "Send one operation per request; batches are not executed."
        )
    if not isinstance(value, dict):
        raise _malformed("Send a JSON object with a `query`.")
    query = _part(value, "query", str, "text") or ""
    extensions = _part(value, "extensions", dict, "an object")
    sha256 = _persisted(extensions) if extensions else None
    document_id = _document_id(value, query)
    if not query and sha256 is None and document_id is None:
        raise _malformed("The request has no `query`.")
    return GraphQLRequest(
        query=query,
        variables=_part(value, "variables", dict, "an object") or {},
        operation_name=_part(value, "operationName", str, "text") or None,
        document_id=document_id,
        sha256=sha256,
    )


def is_sha256(text: str) -> bool:
    """Say whether it is a SHA-256 in lower-case hexadecimal."""
    return _SHA256.fullmatch(text) is not None


def _persisted(extensions: Mapping[str, Any]) -> str | None:
    given = _part(extensions, "persistedQuery", dict, "an object")
    if given is None:
        return None
    if given.get("version") != 1:
        raise bad_request(DoorCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
    sha256 = given.get("sha256Hash")
    if not isinstance(sha256, str) or not is_sha256(sha256):
        raise _malformed("`sha256Hash` is a SHA-256 in 64 lower-case hexadecimal digits.")
    return sha256


def _document_id(value: Mapping[str, Any], query: str) -> str | None:
    given: str | None = _part(value, "documentId", str, "text") or None
    if given is None:
        return None
    if query or len(given) > _ID_CHARACTERS:
        raise _malformed("`documentId` is a short id, sent in the place of a `query`.")
    return given.removeprefix("sha256:")


def read_idempotency_key(values: list[str]) -> str | None:
    """Read the `Idempotency-Key` headers of a request. Raises Refusal."""
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise bad_request(
            DoorCode.INVALID_IDEMPOTENCY_KEY,
            "An Idempotency-Key is 1 to 255 visible ASCII characters, sent once.",
        )
    return values[0]


def refuse_unusable_text(text: str) -> None:
    """Refuse text no column can hold: NUL, and half surrogates."""
    if _UNUSABLE.search(text):
        raise bad_request(
            DoorCode.INVALID_TEXT, "Text contains a NUL character or half a surrogate pair."
        )


def _part(value: Mapping[str, Any], name: str, kind: type, word: str) -> Any:
    part = value.get(name)
    if part is None or isinstance(part, kind):
        return part
    raise _malformed(f"`{name}` must be {word}.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _malformed("A JSON object has a key twice; which one would be meant?")
    return value


def _integer(digits: str) -> int:
    # At most a sign and 19 digits; the interpreter need not convert thousands of them first.
    value = int(digits) if len(digits) <= 20 else _EDGE
    if not -_EDGE <= value < _EDGE:
        raise _malformed("A whole number does not fit into 64 bits.")
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise _malformed("A number is too large.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is no JSON number.")


def _refuse_unusable(value: Any) -> None:
    seen = 1
    waiting = [(value, 1)]
    while waiting:
        current, depth = waiting.pop()
        if isinstance(current, str):
            refuse_unusable_text(current)
            continue
        if not isinstance(current, dict | list):
            continue
        seen += len(current)
        if seen > _VALUES:
            raise _malformed(f"The JSON has more than {_VALUES:,} values.")
        if depth > _DEPTH:
            raise _malformed(f"The JSON nests deeper than {_DEPTH} levels.")
        if isinstance(current, dict):
            for key in current:
                refuse_unusable_text(key)
            current = list(current.values())
        waiting.extend((item, depth + 1) for item in current)


def _malformed(message: str) -> Refusal:
    return bad_request(DoorCode.BAD_REQUEST, message)
