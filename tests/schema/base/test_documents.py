from typing import Any

from tests.schema.base.toy import a_door


def test_valid_documents_are_remembered_and_others_are_not() -> None:
    documents = a_door()._documents
    good = documents.read("{greeting}", operation_name=None, variables={})
    documents.check(good, suggestions=False)

    again = documents.read("{greeting}", operation_name=None, variables={})
    bad = documents.read("{nope}", operation_name=None, variables={})

    assert again.document is good.document
    assert list(documents._remembered) == ["{greeting}"]
    assert bad.known.valid is False


def test_the_memory_of_documents_is_bounded() -> None:
    documents = a_door()._documents
    for number in range(600):
        draft = documents.read(f"query q{number}{{greeting}}", operation_name=None, variables={})
        documents.check(draft, suggestions=False)
    long = documents.read("{greeting}" + " " * 20_000, operation_name=None, variables={})
    documents.check(long, suggestions=False)

    assert len(documents._remembered) == 512
    assert long.query not in documents._remembered
    assert documents._characters == sum(len(query) for query in documents._remembered)


def test_the_memory_of_documents_is_bounded_by_their_length_too() -> None:
    documents = a_door()._documents
    for number in range(30):
        query = f"query q{number}{{greeting}}".ljust(10_000)
        documents.check(documents.read(query, operation_name=None, variables={}), suggestions=False)

    assert len(documents._remembered) == 15
    assert documents._characters == 150_000


def test_a_remembered_document_costs_what_its_variables_say() -> None:
    documents = a_door()._documents
    query = "query($n:Int=3){items(first:$n){edges{cursor}}}"

    def nodes(variables: dict[str, Any]) -> int:
        draft = documents.read(query, operation_name=None, variables=variables)
        documents.check(draft, suggestions=False)
        return draft.cost.nodes

    costs = [nodes(each) for each in ({}, {"n": -1}, {}, {"n": 50}, {"n": None}, {"n": 50})]

    assert costs == [4, 1, 4, 51, 21, 51]
