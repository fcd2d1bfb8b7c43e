"""Rows as tools write them: JSON and CSV, names instead of ids, and where what is wrong stands."""

from typing import Any

import pytest

from hub.automation.rows import place_in_row, read_csv, read_row
from hub.content.rules import Part
from hub.kernel.errors import HubError


def test_a_csv_file_is_the_same_as_rows() -> None:
    rows = read_csv(
        "\ufeffexternalReference,brand,title,text,tags,channels,scheduledFor,text@mastodon,"
        "text@blog-fr\r\n"
        'r1,marché,Bonjour,"Un, deux\ntrois",a | b,masto|blog-fr,2030-01-31T09:00:00+01:00,'
        "Court,Long\r\n"
        "\r\n"
        "r2,,,Hello,,,,,\r\n"
    )

    assert rows == [
        {
            "externalReference": "r1",
            "brand": "marché",
            "title": "Bonjour",
            "text": "Un, deux\ntrois",
            "tags": ["a", "b"],
            "channels": ["masto", "blog-fr"],
            "scheduledFor": "2030-01-31T09:00:00+01:00",
            "variants": [
                {"platform": "mastodon", "text": "Court"},
                {"channel": "blog-fr", "text": "Long"},
            ],
        },
        {"externalReference": "r2", "text": "Hello"},
    ]
    assert read_row(rows[0]).words().parts == (Part(text="Un, deux\ntrois"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "externalReference"),
        ("title\nx", "externalReference"),
        ("externalReference,tilte\na,b", "There is no column tilte."),
        ("externalReference,slug@mastodon\na,b", "There is no column slug@mastodon."),
        ("externalReference,text@\na,b", "There is no column text@."),
        ("externalReference,title,title\na,b,c", "The column title is there twice."),
        ("externalReference,title\na", "Row 1 has 1 cells; there are 2 columns."),
        ('externalReference,title\na,"b', "This is no CSV"),
        (f"externalReference,title\na,{'x' * 200_000}", "This is no CSV"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(HubError) as caught:
        read_csv(text)

    assert caught.value.code == "INVALID"
    assert caught.value.path == ("input", "csv")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, ("externalReference",)),
        ({"externalReference": ""}, ("externalReference",)),
        ({"externalReference": "x" * 201}, ("externalReference",)),
        ({"externalReference": "r", "scheduledFor": 5}, ("scheduledFor",)),
        ({"externalReference": "r", "scheduledFor": "2030-01-01T00:00:00"}, ("scheduledFor",)),
        ({"externalReference": "r", "text": "x", "parts": []}, ()),
        ({"externalReference": "r", "media": ["x"]}, ()),
        ({"externalReference": "r", "channels": []}, ("channels",)),
        (
            {"externalReference": "r", "variants": [{"plattform": "x"}]},
            ("variants", "0", "plattform"),
        ),
        ({"externalReference": "r", "title": "\0"}, ("title",)),
    ],
)
def test_a_row_that_is_wrong_names_its_field(given: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(HubError) as caught:
        read_row(given)

    assert (caught.value.code, caught.value.path) == ("INVALID", path)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("input", "parts", "0", "text"), ["text"]),
        (("input", "parts", "0", "media", "1"), ["media", "1"]),
        (("input", "brandId"), ["brand"]),
        (("input", "targets", "2", "channelId"), ["channels", "2"]),
        (("input", "targets", "0", "scheduledFor"), ["scheduledFor"]),
        (("input", "variants", "1", "channelId"), ["variants", "1", "channel"]),
        (("channels", "0"), ["channels", "0"]),
    ],
)
def test_an_operations_input_is_named_as_the_row_does(
    path: tuple[str, ...], place: list[str]
) -> None:
    row = read_row({"externalReference": "r", "text": "x"})

    assert place_in_row(row, path) == place


def test_words_keep_their_spaces() -> None:
    row = read_row({"externalReference": "r", "text": "  - a\n  - b\n"})

    assert row.words().parts == (Part(text="  - a\n  - b\n"),)
