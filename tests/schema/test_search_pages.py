"""Pages of what is found by words: they stop early, and are those of the whole all the same."""

from collections.abc import Callable
from itertools import product

from hub.kernel.ids import new_id
from schema.content.queries import ContentItemFilter
from tests.bench.search import statement
from tests.conftest import Database
from tests.schema.conftest import Client
from tests.schema.library import Library
from tests.schema.test_search import a_text, connected

_FIRST = "SELECT hub_search_page($1, $2, 50, $3, NULL, NULL)"


async def test_no_page_of_a_search_has_another_workspaces_rows(
    library: Library, other: Library, database: Database
) -> None:
    for number in range(30):
        await a_text(library, f"Mine {number}", "secret partagé")
        await a_text(other, f"Theirs {number}", "secret partagé")
    mine, theirs = library.caller.workspace_id, other.caller.workspace_id

    async with connected(database.owner_url) as owner:
        ids = {
            workspace: await owner.fetchval(
                "SELECT array_agg(id ORDER BY id) FROM content_items WHERE workspace_id = $1",
                workspace,
            )
            for workspace in (mine, theirs)
        }
    async with connected(database.database_url) as app:
        assert await app.fetchval(_FIRST, "content_items", ["+secret"], True) == []
        for setting, found in (("", []), (str(new_id()), []), (str(mine), ids[mine])):
            await app.execute("SELECT set_config('hub.workspace_id', $1, false)", setting)
            for terms in (["+secret"], ["+secret", "-unheard"], ["-unheard"]):
                for newest in (True, False):
                    page = await app.fetchval(_FIRST, "content_items", terms, newest)
                    assert page == (found[::-1] if newest else found), (setting, terms)
        for terms in (["+a | secret"], ["*"], ["+') | ('secret"], ["x", "+secret"]):
            page = await app.fetchval(_FIRST, "content_items", terms, True)
            assert set(page) <= set(ids[mine]), terms
        assert await app.fetchval(_FIRST, "assets", ["+secret"], True) == []
        assert await app.fetchval(_FIRST, "content_items", [], True) == []


#: Words by how they lie among 400 documents, the oldest first.
_LYING: dict[str, Callable[[int], bool]] = {
    "partout": lambda number: number >= 0,
    "moitie": lambda number: number % 2 == 0,
    "sixieme": lambda number: number % 6 == 0,
    "rare": lambda number: number in (3, 199, 398),
    "jadis": lambda number: number < 200,
    "recent": lambda number: number >= 370,
    "bords": lambda number: number < 12 or number >= 388,
    "jamais": lambda number: number < 0,
}


async def test_a_page_of_a_search_is_a_part_of_its_whole(
    library: Library, database: Database
) -> None:
    """However a word lies among the rows, and wherever a page begins and ends."""
    workspace = library.caller.workspace_id
    ids = [new_id() for _ in range(400)]
    async with connected(database.admin_url) as admin:
        await admin.execute("SET session_replication_role = replica")
        await admin.executemany(
            "INSERT INTO search_documents (id, workspace_id, kind, words) "
            "VALUES ($1, $2, $3, hub_words('fr', $4))",
            [
                row
                for number, one in enumerate(ids)
                for row in (
                    (one, workspace, "content_items", _lying(number)),
                    # Other kinds of rows lie in between, and have all the words.
                    (new_id(), workspace, "assets", " ".join(_LYING)),
                )
            ],
        )
    terms: dict[str, Callable[[int], bool]] = {
        **{f"+{word}": fits for word, fits in _LYING.items()},
        "*parto": _LYING["partout"],
        "=partout moitie": _LYING["moitie"],
        "-partout": _LYING["jamais"],
        "-moitie": lambda number: number % 2 == 1,
        "-rare": lambda number: not _LYING["rare"](number),
        "!partout moitie": lambda number: number % 2 == 1,
    }
    ends = (None, ids[0], ids[190], ids[385], ids[399])
    async with connected(database.database_url) as app:
        await app.execute("SELECT set_config('hub.workspace_id', $1, false)", str(workspace))
        for term, fits in terms.items():
            whole = [one for number, one in enumerate(ids) if fits(number)]
            every = await app.fetchval("SELECT hub_search('content_items', $1)", [term])
            assert sorted(every) == whole, term
            for newest, above, below in product((True, False), ends, ends):
                wanted = [
                    one
                    for one in (whole[::-1] if newest else whole)
                    if (above is None or one > above) and (below is None or one < below)
                ]
                page = await app.fetchval(
                    "SELECT hub_search_page('content_items', $1, 20, $2, $3, $4)",
                    [term],
                    newest,
                    above,
                    below,
                )
                # What the index finds comes whole; the statement takes what it needs of it.
                assert set(page) <= set(whole), term
                assert [one for one in wanted if one in page][:20] == wanted[:20], (
                    term,
                    newest,
                    above,
                    below,
                )
                if term in ("+partout", "+moitie", "-rare"):
                    assert page == wanted[:20], (term, newest, above, below)


def _lying(number: int) -> str:
    return " ".join(word for word, fits in _LYING.items() if fits(number))


async def test_pages_of_a_search_follow_each_other_both_ways(
    client: Client, library: Library
) -> None:
    for number in range(9):
        await a_text(library, f"{number}", "partout impair" if number % 2 else "partout")
    query = """query($s: String!, $order: [ContentItemOrder!], $first: Int, $after: String,
        $last: Int, $before: String) {
      contentItems(filter: {search: $s}, orderBy: $order, first: $first, after: $after,
          last: $last, before: $before) {
        totalCount nodes { title }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

    for order, titles_of in (
        (None, {"partout": "876543210", "impair": "7531"}),
        (["CREATED_AT_ASC"], {"partout": "012345678", "impair": "1357"}),
        (["TITLE_DESC"], {"partout": "876543210", "impair": "7531"}),
    ):
        for words, whole in titles_of.items():
            for size, there, back in (("first", "after", "end"), ("last", "before", "start")):
                seen, cursor, more = "", None, True
                while more:
                    given = {size: 2, there: cursor, "s": words, "order": order}
                    page = (await client.data(query, **given))["contentItems"]
                    assert page["totalCount"] == len(whole)
                    shown = "".join(node["title"] for node in page["nodes"])
                    seen = seen + shown if size == "first" else shown + seen
                    cursor = page["pageInfo"][f"{back}Cursor"]
                    more = page["pageInfo"]["hasNextPage" if size == "first" else "hasPreviousPage"]
                assert seen == whole, (order, words, size)


async def test_another_condition_beside_a_search_loses_no_row(
    client: Client, library: Library
) -> None:
    for number in range(8):
        await a_text(library, f"{number}", "partout", archived=number >= 3)
    query = """query($f: ContentItemFilter!) {
      contentItems(first: 2, filter: $f) {
        totalCount nodes { title } pageInfo { hasNextPage } } }"""

    for given in (
        {"search": "partout", "archived": False},
        {"and": [{"search": "partout"}, {"archived": False}]},
        {"search": "partout", "not": {"archived": True}},
    ):
        page = (await client.data(query, f=given))["contentItems"]
        assert [node["title"] for node in page["nodes"]] == ["2", "1"], given
        assert page["totalCount"] == 3
        assert page["pageInfo"] == {"hasNextPage": True}
    none = (await client.data(query, f={"not": {"search": "partout"}}))["contentItems"]
    assert none == {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False}}


def test_only_a_search_alone_stops_where_its_page_ends() -> None:
    workspace = new_id()

    for more, alone in (
        ({}, True),
        ({"and_": [ContentItemFilter(search="plage")]}, False),
        ({"archived": False}, False),
        ({"not_": ContentItemFilter(archived=True)}, False),
    ):
        sql, _ = statement(workspace, "mer", **more)
        assert ("hub_search_page(" in sql) is alone, more
        assert ("hub_search(" in sql) is not alone, more
