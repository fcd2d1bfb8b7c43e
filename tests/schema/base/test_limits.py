import time
from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, get_introspection_query, parse

from schema.base.limits import Cost, Limits, measure
from schema.base.refusals import Refusal, code_of
from tests.schema.base.provocations import fan_out

SCHEMA = build_schema(
    """
    type Query { a: Int, me: Person, people(first: Int, last: Int): PersonConnection
                 nodes(ids: [ID!]!): [Person], top(first: Int): [Person] }
    type Mutation { one: Int, two: Int }
    type Person { name: String, friend: Person, posts: [Post]
                  people(first: Int): PersonConnection }
    type Post { text: String, author: Person }
    type PersonEdge { cursor: String, node: Person }
    type PageInfo { hasNextPage: Boolean }
    type PersonConnection { totalCount: Int, pageInfo: PageInfo, edges: [PersonEdge!]! }
    """
)


def measured(
    query: str, variables: dict[str, Any] | None = None, limits: Limits | None = None
) -> Cost:
    document = parse(query)
    operation = next(
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    )
    cost, _ = measure(
        schema=SCHEMA,
        document=document,
        operation=operation,
        variables=variables or {},
        limits=limits or Limits(),
    )
    return cost


def refused(query: str, variables: dict[str, Any] | None = None, **limits: int) -> str:
    with pytest.raises(Refusal) as refusal:
        measured(query, variables, Limits(**limits))
    return code_of(refusal.value.errors[0])


def test_an_object_costs_one_and_ten_values_cost_one() -> None:
    cost = measured("{me{name}}")

    assert (cost.requested, cost.nodes, cost.depth, cost.root_fields) == (2, 1, 2, 1)
    assert measured("{" + "a " * 10 + "}").requested == 1


@pytest.mark.parametrize(
    ("arguments", "nodes"),
    [
        ("(first:3)", 1 + 3 * 2),
        ("(last:4)", 1 + 4 * 2),
        ("(first:3,last:4)", 1 + 4 * 2),
        ("(first:0)", 1),
        ("(first:-3)", 1),
        ("", 1 + 20 * 2),
        ("(first:null)", 1 + 20 * 2),
    ],
)
def test_a_connection_counts_its_items_as_often_as_they_come(arguments: str, nodes: int) -> None:
    assert measured(f"{{people{arguments}{{totalCount edges{{node{{name}}}}}}}}").nodes == nodes


def test_what_a_connection_says_once_is_counted_once() -> None:
    cost = measured("{people(first:100){totalCount pageInfo{hasNextPage}}}")

    assert (cost.nodes, cost.requested) == (2, 3)


def test_connections_inside_connections_multiply() -> None:
    inner = "people(first:5){edges{node{name}}}"

    cost = measured(f"{{people(first:10){{edges{{node{{{inner}}}}}}}}}")

    assert cost.nodes == 1 + 10 * (2 + 1 + 5 * 2)


def test_page_sizes_come_from_variables_and_their_defaults() -> None:
    query = "query($n:Int=7){people(first:$n){edges{cursor}}}"

    assert measured(query).nodes == 1 + 7
    assert measured(query, {"n": 9}).nodes == 1 + 9
    assert measured(query, {"n": None}).nodes == 1 + 20


def test_a_size_that_is_written_with_a_point_is_that_size() -> None:
    query = "query($n:Int){people(first:$n){edges{node{people(first:$n){edges{node{name}}}}}}}"
    whole = measured(query, {"n": 30})

    assert measured(query, {"n": 30.0}) == whole
    assert measured(query, {"n": 3e1}) == whole
    # These are no sizes at all: nothing will run with them.
    assert measured(query, {"n": 1.5}) == measured(query, {"n": "100"}) == measured(query)
    assert refused(query, {"n": 1e300}) == "PAGE_TOO_LARGE"


def test_plain_lists_have_a_size_too() -> None:
    assert measured("{me{posts{text}}}").nodes == 1 + 5
    assert measured("{nodes(ids:[1,2,3]){name}}").nodes == 3
    assert measured("query($i:[ID!]!){nodes(ids:$i){name}}", {"i": ["1", "2"]}).nodes == 2
    assert measured("{top(first:30){name}}").nodes == 30
    assert measured("{top{name}}").nodes == 20


def test_a_fragment_costs_what_it_holds_wherever_it_is_spread() -> None:
    plain = "{people(first:4){edges{node{name posts{text}}}}}"
    spread = """
        {people(first:4){...page}}
        fragment page on PersonConnection {edges{node{...person}}}
        fragment person on Person {name ...on Person{posts{text}}}
    """

    assert measured(spread) == measured(plain)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{people(first:101){totalCount}}", None),
        ("{people(last:1000000000){totalCount}}", None),
        ("{people(first:1" + "0" * 5_000 + "){totalCount}}", None),
        ("query($n:Int){people(first:$n){totalCount}}", {"n": 101}),
        ("query($n:Int=101){people(first:$n){totalCount}}", None),
        ("{nothing(first:101)}", None),
        ("{nodes(ids:[" + "1 " * 101 + "]){name}}", None),
    ],
)
def test_a_page_has_a_hundred_items_at_most(query: str, variables: dict[str, Any] | None) -> None:
    assert refused(query, variables) == "PAGE_TOO_LARGE"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{me{friend{friend{name}}}}", "QUERY_TOO_DEEP"),
        ("{me{...f}} fragment f on Person{friend{friend{name}}}", "QUERY_TOO_DEEP"),
        ("{a:a b:a c:a d:a}", "TOO_MANY_ALIASES"),
        ("{...f ...f ...f ...f} fragment f on Query{x:a}", "TOO_MANY_ALIASES"),
        ("{a @skip(if:false) @x @x @x}", "TOO_MANY_DIRECTIVES"),
        ("query @x @x {...f @x @x} fragment f on Query{a}", "TOO_MANY_DIRECTIVES"),
        ("{a a a a a}", "TOO_MANY_ROOT_FIELDS"),
        ("mutation{one two one}", "TOO_MANY_MUTATIONS"),
        ("mutation{...f ...f} fragment f on Mutation{one two}", "TOO_MANY_MUTATIONS"),
        ("{people(first:100){edges{cursor}}}", "TOO_COSTLY"),
        ("{...f} fragment f on Query{...f}", "FRAGMENT_CYCLE"),
        ("{me{...h}} fragment h on Person{friend{...i}} fragment i on Person{...h}",
         "FRAGMENT_CYCLE"),
        ("{__schema{types{fields{type{fields{name}}}}}}", "INTROSPECTION_TOO_DEEP"),
    ],
)  # fmt: skip
def test_each_limit_refuses_with_a_code_of_its_own(query: str, code: str) -> None:
    limits = Limits(depth=3, aliases=3, directives=3, root_fields=4, mutations=2, cost=100)

    with pytest.raises(Refusal) as refusal:
        measured(query, limits=limits)

    assert code_of(refusal.value.errors[0]) == code


def test_objects_are_limited_beside_cost() -> None:
    assert refused("{people(first:50){edges{node{name}}}}", nodes=100) == "TOO_MANY_NODES"


def test_exactly_at_the_limit_is_allowed() -> None:
    limits = Limits(depth=3, aliases=1, directives=1, root_fields=2)

    assert measured("{me{friend{name}} b:a @skip(if:false)}", limits=limits).depth == 3


@pytest.mark.parametrize("levels", [14, 20, 60, 110])
def test_fragments_that_double_are_measured_in_linear_time(levels: int) -> None:
    fragments = " ".join(
        f"fragment F{i} on Person{{x:friend{{...F{i + 1}}} friend{{...F{i + 1}}}}}"
        for i in range(levels)
    )
    query = f"{{me{{...F0}}}} {fragments} fragment F{levels} on Person{{name}}"
    started = time.process_time()

    code = refused(query, depth=1_000, aliases=10**40, root_fields=10**40)

    assert code in {"TOO_MANY_NODES", "QUERY_TOO_DEEP"}
    # Visiting every spread would take minutes at 2^20, and longer than the sun lasts at 2^60.
    # A collection of the whole test process may fall into it.
    assert time.process_time() - started < 5


def test_fragments_that_double_without_nesting_are_refused_too() -> None:
    assert refused(fan_out(20, field_name="me")) == "TOO_MANY_ROOT_FIELDS"


def test_nesting_beyond_reason_is_refused_before_it_can_exhaust_the_stack() -> None:
    chain = "".join(f"fragment F{i} on Query{{...F{i + 1}}} " for i in range(300))

    assert refused("{...F0}" + chain, depth=10_000) == "QUERY_TOO_DEEP"
    assert refused("{me" + "{friend" * 190 + "}" * 190 + "}", depth=10_000) == "QUERY_TOO_DEEP"


def test_the_whole_schema_can_be_asked_for_but_not_again_and_again() -> None:
    whole = get_introspection_query()

    cost = measured(whole, limits=Limits(depth=3))

    assert 1_000 < cost.requested < 2_500
    body = whole[whole.index("{") + 1 : whole.index("fragment")].rstrip()[:-1]
    rest = whole[whole.index("fragment") :]
    assert refused("{" + body * 4 + "}" + rest) == "TOO_COSTLY"


def test_the_cost_names_the_variables_it_depends_on() -> None:
    document = parse("query($n:Int,$t:Int){people(first:$n){edges{cursor}} a(x:$t)}")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    _, names = measure(
        schema=SCHEMA,
        document=document,
        operation=operation,
        variables={"n": 3},
        limits=Limits(),
    )

    assert names == {"n"}
