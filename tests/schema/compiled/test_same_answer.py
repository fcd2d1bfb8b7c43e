"""Compiled reads answer as graphql-core does: thousands of random documents, no difference."""

import pytest

from tests.schema.compiled.comparing import walk
from tests.schema.compiled.doors import Pair

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHUNKS = 20
DOCUMENTS = 105


@pytest.mark.parametrize("chunk", range(CHUNKS))
async def test_random_documents_are_answered_as_graphql_core_answers_them(
    pair: Pair, chunk: int
) -> None:
    tally = await walk(pair, seed=chunk, count=DOCUMENTS)
    print(tally)
    assert tally.documents == DOCUMENTS
