"""Identifiers: version 7, unique, and in the order they were made."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

from hub.kernel.ids import new_id


def test_an_id_has_the_form_of_version_7_and_carries_the_time() -> None:
    before = time.time_ns() // 1_000_000

    made = new_id()

    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= made.int >> 80 <= after + 1


def test_ids_of_one_process_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == 20_000
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {RFC_4122}


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [
            one
            for part in threads.map(lambda _: [new_id() for _ in range(2_000)], range(8))
            for one in part
        ]

    assert len(set(made)) == 16_000


def test_ids_cannot_be_guessed_from_each_other() -> None:
    one, other = new_id(), new_id()

    assert other.int - one.int > 1 << 8
