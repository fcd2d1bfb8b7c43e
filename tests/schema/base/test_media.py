import pytest

from schema.base.media import MediaType, choose_media, require_json, wants_page
from schema.base.refusals import Refusal


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ([], MediaType.JSON),
        (["*/*"], MediaType.JSON),
        (["application/*"], MediaType.JSON),
        (["application/json"], MediaType.JSON),
        (["application/graphql-response+json"], MediaType.GRAPHQL),
        (["application/graphql-response+json", "application/json"], MediaType.GRAPHQL),
        (["application/json, application/graphql-response+json"], MediaType.GRAPHQL),
        (["application/graphql-response+json;q=0.5, application/json"], MediaType.JSON),
        (["application/graphql-response+json;q=0.9, */*;q=0.1"], MediaType.GRAPHQL),
        (["application/json; charset=utf-8"], MediaType.JSON),
        (["text/html, */*;q=0.8"], MediaType.JSON),
        (["application/json;q=0, */*"], MediaType.GRAPHQL),
        (["application/json; charset=utf-16"], None),
        (["text/html"], None),
        (["application/json;q=0"], None),
        (["application/json;q=many"], None),
        (["application/json;q=7"], None),
    ],
)
def test_the_answer_has_the_type_the_client_likes_best(
    accept: list[str], chosen: MediaType | None
) -> None:
    assert choose_media(accept) is chosen


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
    ],
)
def test_json_in_utf_8_is_read(content_type: str) -> None:
    require_json([content_type], None)


@pytest.mark.parametrize(
    "content_type",
    [
        [],
        [""],
        ["text/plain"],
        ["text/plain, application/json"],
        ["application/json, text/plain"],
        ["text/plain; application/json"],
        ["application/json", "application/json"],
        ["application/json; charset=utf-16"],
        ["application/json; profile=x"],
        ["multipart/form-data; boundary=x"],
        ["application/x-www-form-urlencoded"],
    ],
)
def test_everything_a_browser_sends_without_asking_is_refused(content_type: list[str]) -> None:
    with pytest.raises(Refusal) as refusal:
        require_json(content_type, None)

    assert refusal.value.status == 415


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        require_json(["application/json"], "gzip")

    assert refusal.value.status == 415


def test_only_a_browser_asks_for_a_page() -> None:
    assert wants_page(["text/html,application/xhtml+xml,*/*;q=0.8"])
    assert not wants_page(["*/*"])
    assert not wants_page(["application/json"])
    assert not wants_page(["text/html;q=0"])
