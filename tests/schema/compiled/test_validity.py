"""What the quick walk calls valid, no rule of graphql-core has anything against."""

from collections.abc import Iterator
from random import Random
from uuid import UUID

import pytest
from graphql import (
    DocumentNode,
    GraphQLError,
    Lexer,
    Source,
    TokenKind,
    parse,
    validate,
)

from schema.base.documents import RULES
from schema.base.fields import SOURCES
from schema.base.validity import is_certainly_valid
from tests.bench.asking import QUERIES
from tests.schema.compiled.arguments import Pool
from tests.schema.compiled.comparing import the_schema
from tests.schema.compiled.data import Workspaceful
from tests.schema.compiled.documents import Writer

DOCUMENTS = 200
MUTANTS = 30

#: What is put in the place of something else, or between two tokens.
_ODD = (
    "@skip(if: true)",
    "@include(if: $claim)",
    "@skip(if: 1)",
    "@skip",
    "@nope(if: true)",
    "@skip(if: true) @skip(if: false)",
    "null",
    "1",
    "-5",
    "2.5",
    "99999999999",
    '"text"',
    '"2026-03-01T12:00:00Z"',
    "[1]",
    "[]",
    "{}",
    "{ id: 1 }",
    "ASC",
    "true",
    "$id",
    "$nobody",
    "!",
    "__typename",
    "__schema { types { name } }",
    "__type(name: 1) { name }",
    "... on Brand { id }",
    "... on Node { id }",
    "... on Nothing { id }",
    "... { id }",
    "...Nobody",
    "x: id",
    "id: name",
    "{ id }",
)
_AROUND = (
    "{0} fragment Unused on Brand {{ id }}",
    "{0} query Another {{ __typename }}",
    "{0} {{ __typename }}",
    "{0} type Brand {{ id: ID }}",
    "{0} fragment A on Brand {{ ...B }} fragment B on Brand {{ ...A }}",
    "{0} {0}",
)


def _workspace(random: Random) -> Workspaceful:
    ids = {kind: [UUID(int=random.getrandbits(128)) for _ in range(3)] for kind in SOURCES}
    return Workspaceful(id=UUID(int=1), slug="some", ids=ids)


def _documents() -> Iterator[str]:
    yield from (path.read_text() for path in sorted(QUERIES.glob("*.graphql")))
    for number in range(DOCUMENTS):
        random = Random(number)
        here, there = _workspace(random), _workspace(random)
        writer = Writer(the_schema(), random, here=here, there=there, pool=Pool())
        yield writer.write().query


def _names() -> list[str]:
    found: set[str] = {*the_schema().type_map}
    for kind in the_schema().type_map.values():
        for name, field in getattr(kind, "fields", {}).items():
            found |= {name, *getattr(field, "args", {})}
    return sorted(name for name in found if not name.startswith("__"))


def _tokens(text: str) -> list[tuple[TokenKind, str]]:
    lexer = Lexer(Source(text))
    tokens: list[tuple[TokenKind, str]] = []
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        tokens.append((token.kind, text[token.start : token.end]))
    return tokens


def _mutants(text: str, random: Random, names: list[str]) -> Iterator[str]:
    tokens = _tokens(text)
    words = [written for _, written in tokens]
    own = [written for kind, written in tokens if kind is TokenKind.NAME]
    for _ in range(MUTANTS):
        changed = list(words)
        for _ in range(random.choice((1, 1, 1, 2))):
            place = random.randrange(len(changed))
            match random.randrange(7):
                case 0:
                    del changed[place]
                case 1:
                    changed.insert(place, random.choice(words))
                case 2:
                    changed[place] = random.choice(words)
                case 3:
                    changed[place] = random.choice(_ODD)
                case 4:
                    changed.insert(place, random.choice(_ODD))
                case 5:
                    changed[place] = random.choice(own)
                case _:
                    changed[place] = random.choice(names)
        yield " ".join(changed)
    yield random.choice(_AROUND).format(text)


def _parsed(text: str) -> DocumentNode | None:
    try:
        return parse(text, max_tokens=2_000)
    except GraphQLError:
        return None


def _faults(document: DocumentNode) -> list[GraphQLError]:
    return validate(the_schema(), document, RULES, 20)


def test_nothing_that_a_rule_forbids_is_called_valid() -> None:
    names = _names()
    certain = doubted = 0
    for number, text in enumerate(_documents()):
        for mutant in _mutants(text, Random(number), names):
            document = _parsed(mutant)
            if document is None:
                continue
            if is_certainly_valid(the_schema(), document):
                certain += 1
                assert _faults(document) == [], mutant
            else:
                doubted += 1
    # Mutants of both kinds, or this would say little.
    assert certain > 150
    assert doubted > 1_000


def test_most_documents_need_no_second_look() -> None:
    doubted = []
    for number, text in enumerate(_documents()):
        document = parse(text)
        if not is_certainly_valid(the_schema(), document):
            doubted.append(text)
            assert number % 10 or _faults(document) == []
    assert len(doubted) < DOCUMENTS * 0.3


@pytest.mark.parametrize(
    "text",
    [
        "{ brands { nodes { id id x: id } nodes2: nodes { name } } }",
        "query($n: Int!) { brands(first: $n) { nodes { id } } }",
        "query($n: Int = 3) { brands(first: $n) { nodes { id @skip(if: true) } } }",
        "query($s: Boolean!) { brands { nodes { id @include(if: $s) @skip(if: $s) } } }",
        (
            "{ brands { ...A ...B } } fragment A on BrandConnection { nodes { ...C } } "
            "fragment B on BrandConnection { totalCount } fragment C on Brand { id ...D } "
            "fragment D on Node { id __typename }"
        ),
        '{ contentItems(filter: { localeIn: ["en"], not: { archived: true } }) { totalCount } }',
        '{ contentItems(filter: { localeIn: "en" }) { totalCount } }',
        "query($l: [String!]) { contentItems(filter: { localeIn: $l }) { totalCount } }",
        "query($l: String!) { contentItems(filter: { localeIn: [$l] }) { totalCount } }",
        '{ node(id: "a") { id ... on Brand { name } ... on Campaign { name } } }',
        (
            'mutation { brandCreate(input: { name: "a", slug: "b", locales: ["en"] }) '
            "{ brand { id } } }"
        ),
    ],
)
def test_a_plain_document_is_certainly_valid(text: str) -> None:
    document = parse(text)
    assert _faults(document) == []
    assert is_certainly_valid(the_schema(), document)


@pytest.mark.parametrize(
    "text",
    [
        "{ brands { nodes { x: id x: name } } }",
        "{ brands { nodes { id(a: 1) } } }",
        "{ brands { nodes } }",
        "{ brands { totalCount { a } } }",
        "{ brands(first: 1, first: 1) { totalCount } }",
        '{ brands(first: "1") { totalCount } }',
        "{ brands(first: 99999999999) { totalCount } }",
        "query($n: String) { brands(first: $n) { totalCount } }",
        "query($n: Int) { brands { totalCount } }",
        "query($n: Int, $n: Int) { brands(first: $n) { totalCount } }",
        "query($n: Brand) { brands { totalCount } }",
        'query($n: Int = "x") { brands(first: $n) { totalCount } }',
        "query($s: Boolean) { brands { totalCount @skip(if: $s) } }",
        "{ brands(first: $n) { totalCount } }",
        "{ node { id } }",
        "{ node(id: null) { id } }",
        '{ node(id: "a") { id ... on BrandConnection { totalCount } } }',
        '{ node(id: "a") { id ... on String { x } } }',
        '{ node(id: "a") { ... on Brand { x: name } ... on Campaign { x: archived } } }',
        "{ brands { ...A } } fragment A on BrandConnection { ...A }",
        "{ brands { ...A } } fragment A on BrandConnection { x } ",
        "{ brands { totalCount } } fragment A on BrandConnection { totalCount }",
        "query A { __typename } query A { __typename }",
        "query @skip(if: true) { __typename }",
        "{ contentItems(filter: { nope: 1 }) { totalCount } }",
        "{ contentItems(filter: { localeIn: [null] }) { totalCount } }",
        '{ contentItems(filter: { localeIn: ["a"], localeIn: ["b"] }) { totalCount } }',
        "{ contentItems(orderBy: SIDEWAYS) { totalCount } }",
        'mutation { brandCreate(input: { name: "a" }) { brand { id } } }',
        "subscription { a: publicationsChanged { id } b: publicationsChanged { id } }",
    ],
)
def test_what_is_wrong_is_left_to_the_rules(text: str) -> None:
    document = parse(text)
    assert _faults(document)
    assert not is_certainly_valid(the_schema(), document)


def test_many_repetitions_are_left_to_the_rule_that_bounds_them() -> None:
    twice = parse("{ brands { nodes { " + "id " * 15 + "} } }")
    often = parse("{ brands { nodes { " + "id " * 40 + "} } }")

    assert is_certainly_valid(the_schema(), twice)
    assert not is_certainly_valid(the_schema(), often)
