"""The documents say what is true: commands, folders and settings in them exist."""

import re
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from hub.kernel.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()


def test_every_make_command_the_documents_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"make ([a-z]+)", README + OPERATING))

    assert {"demo", "test"} <= named
    assert named <= targets


def test_every_folder_and_file_of_the_tree_exists() -> None:
    tree = README.partition("## What is where")[2].partition("```")[2].partition("```")[0]
    missing = []
    top = ""
    for line in tree.strip().splitlines():
        name = line.split()[0]
        inside = line.startswith("  ")
        top = top if inside else name
        if not (ROOT / top / name if inside else ROOT / name).exists():
            missing.append(line)

    assert missing == []


def test_every_document_that_is_linked_exists() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_explained(name: str) -> None:
    field = Settings.model_fields[name]

    assert field.description
    assert f"| `HUB_{name.upper()}` |" in OPERATING
    assert field.description in OPERATING


def test_every_test_that_a_decision_names_exists() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        for path in re.findall(r"`(tests/[^`]*|hub/[^`]*)`", page.read_text()):
            assert (ROOT / path).exists(), f"{page.name} names {path}"


def test_nothing_points_outside_the_repository() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        assert "../shared" not in page.read_text()


@pytest.mark.parametrize(
    ("page", "document"),
    [
        pytest.param(page.name, block, id=f"{page.stem}-{number}")
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        for number, block in enumerate(
            re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL), start=1
        )
    ],
)
def test_every_graphql_example_fits_the_contract(page: str, document: str) -> None:
    assert validate(_contract(), parse(document)) == []


@cache
def _contract() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "schema.graphql").read_text())
