"""Variables in saved replies are filled in, and what cannot be is said."""

import pytest

from hub.engagement.templates import VARIABLES, fill, unknown_in

VALUES = {name: name.upper() for name in VARIABLES}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Bonjour {person} !", "Bonjour PERSON !"),
        ("{handle}{handle} {member}", "HANDLEHANDLE MEMBER"),
        ("{ brand }", "BRAND"),
        ("{{person}} a } b { c", "{person} a } b { c"),
        ("no variable", "no variable"),
    ],
)
def test_known_variables_are_filled_in(text: str, filled: str) -> None:
    assert fill(text, VALUES).text == filled


def test_an_unknown_variable_stays_and_is_an_error() -> None:
    found = fill("Cher {prénom}, {prénom}", VALUES)

    assert found.text == "Cher {prénom}, {prénom}"
    assert [(one.code, one.severity.value) for one in found.problems] == [
        ("VARIABLE_UNKNOWN", "ERROR")
    ]
    assert unknown_in("{a} {person} {{b}} {a} {}") == ["a"]


def test_a_variable_without_a_value_is_left_empty_and_deserves_a_look() -> None:
    found = fill("About {publication}.", {**VALUES, "publication": ""})

    assert found.text == "About ."
    assert [(one.code, one.severity.value) for one in found.problems] == [
        ("VARIABLE_EMPTY", "WARNING")
    ]


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    assert fill("{person}", {**VALUES, "person": "{member}"}).text == "{member}"
