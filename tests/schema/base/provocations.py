"""The requests themselves: named ones for every trick known, and generated ones by seed."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

JSON = {"content-type": "application/json"}
GRAPHQL = {**JSON, "accept": "application/graphql-response+json"}


@dataclass(frozen=True)
class Hostile:
    """One request. `megabytes` are streamed after the body, until the server refuses more."""

    name: str
    body: bytes = b""
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    query: str = ""
    megabytes: int = 0


def hostile_requests(seed: int, count: int) -> Iterator[Hostile]:
    """Yield every named request once, then generated ones up to `count`; the same per seed."""
    chance = random.Random(seed)
    named = list(_named())
    yield from named[:count]
    for number in range(len(named), count):
        yield _generated(chance, number)


def _asking(query: str, **more: Any) -> bytes:
    return json.dumps({"query": query, **more}).encode()


def fan_out(levels: int, *, field_name: str = "__schema") -> str:
    """A document whose fragments repeat each other: 2 to the `levels` selections."""
    fragments = (f"fragment F{i} on Query{{...F{i + 1} ...F{i + 1}}}" for i in range(levels))
    last = f"fragment F{levels} on Query{{{field_name}{{queryType{{name}}}}}}"
    return f"{{...F0}} {' '.join(fragments)} {last}"


def _documents() -> dict[str, str]:
    """Documents that are too much; they ask only for what every schema has."""
    return {
        "fragments fan out 2^10": fan_out(10),
        "fragments fan out 2^20": fan_out(20),
        "fragments fan out 2^60": fan_out(60),
        "fragments in a circle": "{...A} fragment A on Query{...B} fragment B on Query{...A}",
        "a fragment of itself": "{...A} fragment A on Query{__typename ...A}",
        "1,000 aliases": "{" + " ".join(f"a{i}:__typename" for i in range(1000)) + "}",
        "aliases in fragments": "{"
        + "...A " * 40
        + "} fragment A on Query{a:__typename b:__typename}",
        "10,000 directives": "{__typename " + "@skip(if:false)" * 10_000 + "}",
        "400 directives": "{__typename " + "@x" * 400 + "}",
        "overlapping inline fragments": "{" + "...on Query{__schema{queryType{name}}}" * 180 + "}",
        "one object 300 times": "{" + "__schema{description}" * 300 + "}",
        "one object 300 times, deeper": "{__schema{" + "queryType{fields{name}}" * 200 + "}}",
        "one leaf 1,900 times": "{" + "__typename " * 1900 + "}",
        "introspection of introspection": "{__schema{types{fields{type{fields{type{fields{type"
        "{fields{name}}}}}}}}}}",
        "many whole schemas": "{"
        + "".join(f"a{i}:__schema{{types{{fields{{name args{{name}}}}}}}}" for i in range(20))
        + "}",
        "nested 190 deep": "{a" * 190 + "}" * 190,
        "nested 5,000 deep": "{a" * 5_000 + "}" * 5_000,
        "a value nested 5,000 deep": "{a(b:" + "[" * 5_000 + "]" * 5_000 + ")}",
        "a chain of 300 fragments": "{...F0}"
        + "".join(f"fragment F{i} on Query{{...F{i + 1}}}" for i in range(300))
        + "fragment F300 on Query{__typename}",
        "150 fragments that do not fit": "{"
        + "".join(f"...F{i} " for i in range(150))
        + "}"
        + "".join(f"fragment F{i} on Nothing{{a b(c:$d)}}" for i in range(100)),
        "first=10^9": "{items(first:1000000000){edges{node{id}}}}",
        "first=10^5000": "{items(first:1" + "0" * 5_000 + "){edges{node{id}}}}",
        "first is negative": "{items(first:-5){edges{node{id}}}}",
        "900 unknown fields": "{" + " ".join(f"nope{i}" for i in range(900)) + "}",
        "90 kB of comments": "#comment\n" * 9_500 + "{__typename}",
        "90 kB of commas": "," * 90_000 + "{__typename}",
        "90 kB of text": '{__type(name:"' + "a" * 90_000 + '"){name}}',
        "90 kB of block text": '{__type(name:"""' + "  a\n" * 20_000 + '"""){name}}',
        "an escaped NUL": '{__type(name:"\\u0000"){name}}',
        "an escaped half surrogate": '{__type(name:"\\ud800"){name}}',
        "several operations": "query a{__typename} query b{__typename}",
        "150 operations": " ".join(f"query q{i}{{__typename}}" for i in range(150)),
        "only a fragment": "fragment A on Query{__typename}",
        "a schema instead of a query": "type Query{a:Int}",
        "a subscription over HTTP": "subscription{__typename}",
        "nothing but space": "   ",
        "300 variables": "query(" + "".join(f"$v{i}:Int=1 " for i in range(300)) + "){__typename}",
        "a byte order mark": "\ufeff{__typename}",
    }


def _bodies() -> dict[str, bytes]:
    many = json.dumps([{"query": "{__typename}"}] * 50).encode()
    return {
        "null": b"null",
        "a number": b"1",
        "text": b'"query"',
        "true": b"true",
        "an empty array": b"[]",
        "a batch": many,
        "an array of arrays": b"[[[[]]]]",
        "an empty body": b"",
        "only space": b"  \n ",
        "an empty object": b"{}",
        "query is null": b'{"query":null}',
        "query is an object": b'{"query":{"a":1}}',
        "query is a list": b'{"query":["{__typename}"]}',
        "query is empty": b'{"query":""}',
        "variables are a list": b'{"query":"{__typename}","variables":[]}',
        "variables are text": b'{"query":"{__typename}","variables":"{}"}',
        "operationName is a number": b'{"query":"{__typename}","operationName":1}',
        "extensions are text": b'{"query":"{__typename}","extensions":"a"}',
        "bad UTF-8": b'{"query":"{__typename}","variables":{"a":"\xff\xfe"}}',
        "overlong UTF-8": b'{"query":"\xc0\xaf"}',
        "UTF-16": '{"query":"{__typename}"}'.encode("utf-16"),
        "a BOM": b'\xef\xbb\xbf{"query":"{__typename}"}',
        "half a surrogate": b'{"query":"{__typename}","variables":{"a":"\\ud800"}}',
        "NUL in a variable": b'{"query":"{__typename}","variables":{"a":"\\u0000"}}',
        "NUL in a key": b'{"query":"{__typename}","variables":{"\\u0000":1}}',
        "NUL in the query": b'{"query":"{__typename}\\u0000"}',
        "5,000 digits": b'{"query":"{__typename}","variables":{"a":' + b"9" * 5_000 + b"}}",
        "65 bits": b'{"query":"{__typename}","variables":{"a":18446744073709551616}}',
        "NaN": b'{"query":"{__typename}","variables":{"a":NaN}}',
        "Infinity": b'{"query":"{__typename}","variables":{"a":-Infinity}}',
        "1e999": b'{"query":"{__typename}","variables":{"a":1e999}}',
        "query twice": b'{"query":"{a}","query":"{__typename}"}',
        "deep 65": b'{"query":"{__typename}","variables":{"a":' + b"[" * 65 + b"]" * 65 + b"}}",
        "deep 100,000": b"[" * 100_000,
        "deep objects": b'{"a":' * 50_000,
        "300,000 values": b'{"query":"{__typename}","variables":{"a":[' + b"0," * 300_000 + b"0]}}",
        "100,000 keys": b'{"query":"{__typename}","variables":{'
        + b",".join(b'"k%d":1' % i for i in range(60_000))
        + b"}}",
        "cut off": b'{"query":"{__typename}',
        "trailing bytes": b'{"query":"{__typename}"} {"query":"{__typename}"}',
        "a form": b"query=%7B__typename%7D",
        "a null byte": b"\x00",
        "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    }


def _shapes() -> Iterator[Hostile]:
    """Requests whose head is wrong: methods, media types, hosts, addresses."""
    good = _asking("{__typename}")
    types = (
        "text/plain",
        "text/plain, application/json",
        "application/json, text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json;charset",
        "application/graphql",
        "application/xml",
        "APPLICATION/JSON ; CHARSET=UTF-7",
        "",
    )
    for kind in types:
        yield Hostile(f"content type {kind!r}", good, headers={"content-type": kind})
    yield Hostile("no content type", good, headers={})
    for accept in ("text/html", "image/png", "application/json;q=0", "a/b;q=x", ",;,", "*/*;q=-1"):
        yield Hostile(f"accept {accept}", good, headers={**JSON, "accept": accept})
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        yield Hostile(f"method {method}", good, method=method)
    for host in (
        "x/graphql?",
        "evil.example",
        "@evil",
        "a b",
        "[::1",
        "127.0.0.1:99999",
        "x" * 300,
    ):
        yield Hostile(f"host {host[:20]}", good, headers={**JSON, "host": host})
    yield Hostile(
        "forwarded",
        good,
        headers={
            **JSON,
            "x-forwarded-for": "1.1.1.1",
            "x-forwarded-host": "evil",
            "forwarded": "x",
        },
    )
    yield Hostile("compressed", good, headers={**JSON, "content-encoding": "gzip"})
    yield Hostile("bad token", good, headers={**JSON, "authorization": "Bearer nonsense"})
    yield Hostile("odd token", good, headers={**JSON, "authorization": "\t"})
    yield Hostile("long header", good, headers={**JSON, "x-a": "a" * 30_000})
    for key in ("", "a b", "é", "k" * 256):
        yield Hostile(
            f"idempotency key {key[:5]!r}", good, headers={**JSON, "idempotency-key": key}
        )
    for query in (
        "",
        "?query=",
        "?query=mutation{__typename}",
        "?query=subscription{__typename}",
        "?query={__typename}&query={a}",
        "?query=%FF%FE",
        "?query={__typename}&variables=[]",
        "?query={__typename}&variables=%22a%22",
        "?query={__typename}&variables={",
        "?query={__typename}&extensions=1",
        "?query=%00",
        "?" + "&".join(f"a{i}=1" for i in range(500)),
        "?query=" + quote("{" + "a" * 20_000 + "}"),
    ):
        yield Hostile(f"GET {query[:40]}", method="GET", headers={}, query=query)
    yield Hostile("GET with a page", method="GET", headers={"accept": "text/html"})
    yield Hostile("a body of 3 MB of comments", _asking("#" * 3_000_000 + "\n{__typename}"))
    yield Hostile("a body of 100 MB", b'{"query":"', megabytes=100)
    yield Hostile(
        "a body that says it has 100 MB",
        b'{"query":"',
        headers={**JSON, "content-length": str(100 << 20)},
        megabytes=99,
    )


def _named() -> Iterator[Hostile]:
    for name, document in _documents().items():
        yield Hostile(name, _asking(document))
        yield Hostile(f"{name}, new media type", _asking(document), headers=dict(GRAPHQL))
    for name, body in _bodies().items():
        yield Hostile(name, body)
    for amount in ("1000000000", "-1", "null", '"many"', "true", "[]", "1.5"):
        variables = f'{{"n":{amount}}}'
        document = "query($n:Int){items(first:$n){edges{node{id}}}}"
        asked = f'{{"query":{json.dumps(document)},"variables":{variables}}}'
        yield Hostile(f"first={amount} by variable", asked.encode())
    yield Hostile(
        "an operation that is not there", _asking("query a{__typename}", operationName="b")
    )
    yield from _shapes()


_SEEDS = (
    "{__typename}",
    "query($a:Int!){__typename}",
    "{__schema{types{name fields{name type{name kind}}}}}",
    "query Q($n:String!){__type(name:$n){name}}",
    "mutation M{__typename}",
    "{items(first:10){edges{node{id title}}}}",
)


def _generated(chance: random.Random, number: int) -> Hostile:
    document = chance.choice(_SEEDS)
    changes: tuple[Callable[[random.Random, str], bytes], ...] = (
        _cut,
        _scrambled,
        _mistyped,
        _nested,
        _encoded,
        _repeated,
        _valued,
    )
    change = chance.choice(changes)
    headers = dict(chance.choice((JSON, GRAPHQL)))
    return Hostile(f"{change.__name__[1:]} {number}", change(chance, document), headers=headers)


def _cut(chance: random.Random, document: str) -> bytes:
    body = _asking(document, variables={"a": 1, "n": "Query"})
    return body[: chance.randrange(len(body))]


def _scrambled(chance: random.Random, document: str) -> bytes:
    body = bytearray(_asking(document))
    for _ in range(chance.randint(1, 6)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def _mistyped(chance: random.Random, document: str) -> bytes:
    values: tuple[Any, ...] = (None, 1, -1.5, True, "", "x", [], {}, [[]], {"a": {"b": []}}, 2**70)
    body: dict[str, Any] = {"query": document, "variables": {}, "operationName": None}
    for _ in range(chance.randint(1, 3)):
        body[chance.choice(("query", "variables", "operationName", "extensions", "x"))] = (
            chance.choice(values)
        )
    return json.dumps(body).encode()


def _nested(chance: random.Random, document: str) -> bytes:
    depth = chance.randint(1, 400)
    opening, closing = chance.choice((("{a", "}"), ("{...on Query", "}"), ("{a(b:[", "])}")))
    return _asking(opening * depth + document + closing * depth)


def _encoded(chance: random.Random, document: str) -> bytes:
    encoding = chance.choice(("utf-16", "utf-32", "utf-7", "cp500", "utf-8-sig"))
    return _asking(document).decode().encode(encoding)


def _repeated(chance: random.Random, document: str) -> bytes:
    part = chance.choice(
        ("__typename ", "__schema{description}", "...on Query{__typename}", "...{a{b}}", "a:b ")
    )
    times = chance.randint(2, 500)
    return _asking("{" + part * times + "}" + (document if chance.random() < 0.2 else ""))


def _valued(chance: random.Random, document: str) -> bytes:
    value: Any = chance.choice((0, 1.5, "text", None, True, 10 ** chance.randint(1, 18)))
    for _ in range(chance.randint(0, 80)):
        value = chance.choice(([value], {"k": value}, [value, value][:1]))
    return _asking(document, variables={"a": value, "n": value})
