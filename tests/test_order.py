"""The order of the tests in a run: nothing is lost, the long ones begin, places are real."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.order import LONG, arranged, place_of


@dataclass(frozen=True, kw_only=True)
class _Item:
    nodeid: str


def _items(files: dict[str, int]) -> list[Any]:
    return [_Item(nodeid=f"{file}::{n}") for file, count in files.items() for n in range(count)]


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_no_test_is_lost_or_doubled(workers: int, count: int) -> None:
    items = _items({"tests/a.py": count, **dict.fromkeys(LONG, 3), "tests/b.py": count})

    assert Counter(arranged(items, workers=workers)) == Counter(items)
    assert arranged(items, workers=workers) == arranged(items, workers=workers)


def test_each_worker_begins_with_long_ones_and_ends_with_others() -> None:
    items = _items({"tests/a.py": 300, **dict.fromkeys(LONG, 2)})
    found = arranged(items, workers=2)
    share = len(items) // 2

    for begin in range(0, len(items), share):
        mine = [place_of(item.nodeid) is not None for item in found[begin : begin + share]]
        assert mine[0]
        assert mine == sorted(mine, reverse=True)
        assert not mine[-1]


def test_what_shares_something_stays_together_and_the_rest_in_its_order() -> None:
    items = _items({"tests/story/a.py": 2, "tests/x.py": 90, "tests/story/b.py": 2})
    found = arranged(items, workers=2)

    assert {item.nodeid.split("::")[0] for item in found[:4]} == {
        "tests/story/a.py",
        "tests/story/b.py",
    }
    assert found[4:] == [item for item in items if item.nodeid.startswith("tests/x.py")]


def test_a_file_counts_before_the_folder_it_is_in() -> None:
    assert place_of("tests/schema/compiled/test_indexes.py::test_it") == (
        "tests/schema/compiled/test_indexes.py"
    )
    assert place_of("tests/schema/compiled/test_memory.py::test_it") == "tests/schema/compiled/"
    assert place_of("tests/test_docs.py::test_it") is None


def test_every_long_place_exists() -> None:
    assert [place for place in LONG if not (ROOT / place).exists()] == []
