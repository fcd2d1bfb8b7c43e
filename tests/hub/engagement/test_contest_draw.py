"""The draw: exact, unbiased, and recomputed by the command and by the script of the documents."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.engagement.contests import draw
from hub.engagement.contests.draw import Entrant
from hub.engagement.contests.proof import completed, digest_of, failures, verify
from tests.conftest import ROOT

SCRIPT = ROOT / "docs" / "examples" / "verify_draw.py"
SEED = bytes(range(32))
NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


def entrants(count: int) -> list[Entrant]:
    return [
        Entrant(
            entrant=draw.entrant_name(contest_id=UUID(int=7), person_id=UUID(int=number)),
            written_at=NOON + timedelta(seconds=number),
            handle=f"@person{number}",
        )
        for number in range(count)
    ]


def a_proof(count: int = 6, *, entropy: str | None = None, replaced: bool = True) -> dict[str, Any]:
    """Make the proof of a draw of two winners and two alternates, one of whom stepped in."""
    known = entrants(count)
    listing = draw.listed(known)
    handles = {one.entrant: one.handle for one in known}
    order = draw.ranked(
        list(handles), seed=SEED, hash_of_list=draw.list_hash(listing), entropy=entropy or ""
    )
    drawn = [
        {"rank": rank, "entrant": name, "handle": handles[name]}
        for rank, name in enumerate(order[:4], start=1)
    ]
    standing = [drawn[1], drawn[2]] if replaced else drawn[:2]
    return completed(
        {
            "contest": {"name": "Été", "rules": {"fr": "Commentez."}, "closesAt": "2030"},
            "publications": [{"url": "https://social.example/1", "readAt": "2030"}],
            "unreadReason": "",
            "commitment": draw.commitment_to(SEED),
            "seed": SEED.hex(),
            "entropy": {"source": "drand round 9" if entropy else "", "value": entropy},
            "winnerCount": 2,
            "alternateCount": 2,
            "entrants": listing.split("\n")[:-1],
            "listHash": draw.list_hash(listing),
            "disqualified": [{"entrant": None, "reasons": [{"code": "HIDDEN", "text": ""}]}],
            "readmitted": [],
            "drawn": drawn,
            "winners": standing,
            "alternates": drawn[3:] if replaced else drawn[2:],
            "replacements": [
                {
                    "entrant": drawn[0]["entrant"],
                    "replacedBy": drawn[2]["entrant"],
                    "reason": "No answer.",
                    "at": "2030",
                }
            ]
            if replaced
            else [],
        }
    )


def broken(proof: Any, **told: str) -> set[str]:
    return {check.name for check in failures(verify(proof, **told))}


def test_the_list_has_one_form() -> None:
    two = [
        Entrant(entrant="b" * 32, written_at=NOON, handle="@b\tob\n"),
        Entrant(
            entrant="a" * 32,
            written_at=NOON.astimezone(timezone(timedelta(hours=2))),
            handle="@été",
        ),
    ]

    text = draw.listed(two)

    assert text == (
        f"{'a' * 32}\t2030-05-01T12:00:00.000000+00:00\t@été\n"
        f"{'b' * 32}\t2030-05-01T12:00:00.000000+00:00\t@b ob \n"
    )
    assert draw.listed(reversed(two)) == text
    assert draw.names_in(text) == ["a" * 32, "b" * 32]
    assert draw.list_hash(text) == draw.list_hash(text)
    assert draw.list_hash(text) != draw.list_hash(text[:-1])


def test_a_draw_of_before_is_the_same_for_ever() -> None:
    names = [one.entrant for one in entrants(5)]

    order = draw.ranked(names, seed=SEED, hash_of_list="0" * 64, entropy="")

    assert draw.commitment_to(SEED) == (
        "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    )
    assert [names.index(name) for name in order] == [3, 4, 2, 1, 0]


def test_seed_list_and_public_value_each_decide_alone() -> None:
    names = [one.entrant for one in entrants(30)]
    given: dict[str, Any] = {"seed": SEED, "hash_of_list": "0" * 64, "entropy": ""}
    order = draw.ranked(names, **given)

    assert draw.ranked(names[::-1], **given) == order
    others: list[dict[str, Any]] = [
        {"seed": b"\x01" * 32},
        {"hash_of_list": "1" * 64},
        {"entropy": "x"},
    ]
    for other in others:
        assert draw.ranked(names, **{**given, **other}) != order


def test_everybody_wins_as_often_as_everybody_else() -> None:
    names = [one.entrant for one in entrants(10)]
    wins = Counter(
        draw.ranked(names, seed=number.to_bytes(32, "big"), hash_of_list="", entropy="")[0]
        for number in range(10_000)
    )

    # Chi-squared with nine degrees of freedom: more than 27.9 happens once in a thousand.
    assert sum((count - 1_000) ** 2 / 1_000 for count in wins.values()) < 27.9
    assert len(wins) == 10


def test_a_person_has_another_name_in_every_contest() -> None:
    names = {
        draw.entrant_name(contest_id=UUID(int=contest), person_id=UUID(int=person))
        for contest in range(3)
        for person in range(3)
    }

    assert len(names) == 9
    assert all(len(name) == 32 for name in names)


@pytest.mark.parametrize("entropy", [None, "9f86d081"])
@pytest.mark.parametrize("replaced", [True, False])
def test_a_true_proof_holds(entropy: str | None, replaced: bool) -> None:
    proof = a_proof(entropy=entropy, replaced=replaced)

    assert broken(proof) == set()
    assert broken(json.loads(json.dumps(proof))) == set()
    assert broken(proof, commitment=f" {proof['commitment'].upper()}\n") == set()
    assert broken(proof, digest=proof["digest"]) == set()


def test_of_few_entrants_all_are_drawn() -> None:
    assert broken(a_proof(4)) == set()
    assert len(a_proof(3, replaced=False)["drawn"]) == 3
    assert broken(a_proof(3, replaced=False)) == set()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value in a document."""
    inner: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    if path:
        yield path
    for key, one in inner:
        yield from leaves(one, (*path, key))


def altered(proof: dict[str, Any], path: tuple[Any, ...], *, drop: bool) -> dict[str, Any]:
    other: dict[str, Any] = json.loads(json.dumps(proof))
    holder: Any = other
    for key in path[:-1]:
        holder = holder[key]
    if drop:
        del holder[path[-1]]
        return other
    value = holder[path[-1]]
    holder[path[-1]] = value + 1 if isinstance(value, int) else f"{value}x"
    return other


@pytest.mark.parametrize("drop", [False, True])
def test_whatever_is_altered_is_found(drop: bool) -> None:
    proof = a_proof(entropy="9f86d081")
    ways = list(leaves(proof))

    found = {path: broken(altered(proof, path, drop=drop)) for path in ways}

    assert len(ways) > 60
    assert [path for path, names in found.items() if not names] == []


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        (("seed",), "00" * 32, {"commitment", "draw"}),
        (("seed",), "00" * 31, {"commitment", "draw"}),
        (("seed",), None, {"commitment", "draw"}),
        (("commitment",), "0" * 64, {"commitment"}),
        (("entropy", "value"), "1", {"draw"}),
        (("entropy", "value"), None, {"public value", "draw"}),
        (("listHash",), "0" * 64, {"list hash", "draw"}),
        (("entrants", 0), "x", {"list", "list hash", "draw"}),
        (("winnerCount",), 3, {"draw", "replacements"}),
        (("drawn", 0, "handle"), "@me", {"draw"}),
        (("winners", 0, "handle"), "@me", {"replacements"}),
        (("alternates",), [], {"replacements"}),
        (("replacements", 0, "reason"), "", {"replacements"}),
        (("replacements", 0, "replacedBy"), None, {"replacements"}),
        (("replacements",), [], {"replacements"}),
        (("algorithm",), "coin", {"format"}),
        (("version",), 2, {"format"}),
    ],
)
def test_a_forger_who_mends_the_digest_is_found_too(
    path: tuple[Any, ...], value: Any, names: set[str]
) -> None:
    other = json.loads(json.dumps(a_proof(entropy="9f86d081")))
    holder: Any = other
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    other["digest"] = digest_of(other)

    assert broken(other) == names


def test_a_proof_made_up_afterwards_is_found_by_what_was_published_before() -> None:
    proof = a_proof()

    assert broken(proof, commitment="0" * 64, digest="1" * 64) == {
        "published commitment",
        "published digest",
    }


def test_a_frozen_list_is_no_draw_yet() -> None:
    facts = a_proof()
    frozen = completed(
        {
            **facts,
            **{name: [] for name in ("drawn", "winners", "alternates", "replacements")},
            "seed": None,
        }
    )

    assert broken(frozen) == {"commitment", "draw"}


@pytest.mark.parametrize("nonsense", [None, [], "x", 7, {}, {"entrants": 3}, {"entrants": [1]}])
def test_nonsense_is_no_proof_and_no_crash(nonsense: Any) -> None:
    assert "digest" in broken(nonsense)


def run_script(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path), *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def verified(path: Path, *more: str) -> Any:
    return CliRunner().invoke(app, ["contest", "verify", str(path), *more], env={"COLUMNS": "200"})


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(a_proof(1_000), ensure_ascii=False), encoding="utf-8")
    return path


def test_of_a_thousand_entrants_script_and_command_find_the_same(written: Path) -> None:
    proof = json.loads(written.read_text(encoding="utf-8"))

    script = run_script(written, proof["commitment"])
    command = verified(written, "--commitment", proof["commitment"], "--json")

    assert (script.returncode, script.stderr) == (0, "")
    assert script.stdout.splitlines() == [
        f"{place} {one['entrant']} {one['handle']}"
        for place, one in enumerate(proof["winners"], start=1)
    ]
    assert (command.exit_code, json.loads(command.stdout)["holds"]) == (0, True)


def test_the_script_is_short_and_needs_nothing_but_python() -> None:
    text = SCRIPT.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 40
    named = [line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))]
    assert set(named) <= sys.stdlib_module_names


def test_the_command_says_exactly_what_does_not_hold(written: Path) -> None:
    proof = json.loads(written.read_text(encoding="utf-8"))
    other = altered(proof, ("winners", 0, "handle"), drop=False)
    written.write_text(json.dumps(other), encoding="utf-8")

    told = verified(written)
    script = run_script(written)

    assert told.exit_code == 1
    rows = {line.split("  ")[0]: line for line in told.stdout.splitlines()}
    assert " NO " in rows["replacements"]
    assert " yes " in rows["draw"]
    assert "This does not hold: digest, replacements." in told.stderr
    assert script.returncode == 1
    assert "winners are others than the seed and the list say" in script.stderr


def test_what_a_stranger_wrote_is_shown_as_it_is(written: Path) -> None:
    proof = json.loads(written.read_text(encoding="utf-8"))
    proof["drawn"][0]["handle"] = "[/b][link=https://evil.example]"
    written.write_text(json.dumps(proof), encoding="utf-8")

    told = verified(written)

    assert told.exit_code == 1
    assert "[/b]" in told.stdout


@pytest.mark.parametrize("content", ["", "[", "{}"])
def test_what_is_no_proof_is_refused_by_the_command(tmp_path: Path, content: str) -> None:
    path = tmp_path / "proof.json"
    path.write_text(content, encoding="utf-8")

    assert verified(path).exit_code == 1
    assert verified(tmp_path / "nothing.json").exit_code == 1
