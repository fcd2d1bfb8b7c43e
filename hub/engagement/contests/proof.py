"""The proof of a draw: one JSON document with all that is public, and how anybody checks it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.engagement.contests.draw import ALGORITHM, SEED_BYTES, commitment_to, list_hash, ranked

FORMAT = "content-hub.contest-proof"
VERSION = 1

_ENTRANT = re.compile(r"[0-9a-f]{32}")

Proof = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing a proof must satisfy, whether it does, and what was found."""

    name: str
    holds: bool
    found: str


def digest_of(proof: Proof) -> str:
    """Return SHA-256 (hex) of everything in a proof but its `digest`, as canonical JSON.

    Keys in order, no spaces, UTF-8: the same for whoever writes the document anew.
    """
    rest = {name: value for name, value in proof.items() if name != "digest"}
    written = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def completed(facts: Proof) -> dict[str, Any]:
    """Return the proof of these facts, with its format and its digest."""
    proof = {**facts, "format": FORMAT, "version": VERSION, "algorithm": ALGORITHM}
    return {**proof, "digest": digest_of(proof)}


def verify(
    proof: Any, *, commitment: str | None = None, digest: str | None = None
) -> Sequence[Check]:
    """Check a proof in every way there is.

    `commitment` and `digest` are what the hub had told the public before, where somebody kept them:
    without the commitment of before the close, a whole proof may have been made up afterwards.
    """
    checks: list[tuple[str, Callable[[Proof], str | None]]] = [
        ("format", _format),
        ("digest", _digest),
        ("list", _list),
        ("list hash", _hash),
        ("commitment", _commitment),
        ("public value", _entropy),
        ("draw", _draw),
        ("replacements", _replacements),
    ]
    if commitment is not None:
        checks.append(("published commitment", _as_told("commitment", commitment)))
    if digest is not None:
        checks.append(("published digest", _as_told("digest", digest)))
    return [_checked(name, check, proof) for name, check in checks]


def _checked(name: str, check: Callable[[Proof], str | None], proof: Any) -> Check:
    if not isinstance(proof, Mapping):
        return Check(name=name, holds=False, found="This is not a JSON object.")
    try:
        fault = check(proof)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        fault = f"Something is missing or has another form: {type(error).__name__} {error}."
    return Check(name=name, holds=fault is None, found=fault or "holds")


def _format(proof: Proof) -> str | None:
    told = (proof["format"], proof["version"], proof["algorithm"])
    if told == (FORMAT, VERSION, ALGORITHM):
        return None
    return f"This is {told}; known is {(FORMAT, VERSION, ALGORITHM)}."


def _digest(proof: Proof) -> str | None:
    return _same("The digest of the rest", digest_of(proof), proof["digest"])


def _list(proof: Proof) -> str | None:
    lines = proof["entrants"]
    if not lines:
        return "Nobody is in the list."
    for line in lines:
        if line.count("\t") != 2 or not _ENTRANT.fullmatch(line.partition("\t")[0]):
            return f"This is no line of a list: {line!r}."
        if "\n" in line:
            return f"A line is broken: {line!r}."
    if list(lines) != sorted(lines, key=str.encode):
        return "The lines are not in order."
    names = [line.partition("\t")[0] for line in lines]
    return None if len(set(names)) == len(names) else "Somebody is in the list twice."


def _text(proof: Proof) -> str:
    return "".join(f"{line}\n" for line in proof["entrants"])


def _hash(proof: Proof) -> str | None:
    return _same("The hash of the list", list_hash(_text(proof)), proof["listHash"])


def _seed(proof: Proof) -> bytes:
    seed = bytes.fromhex(proof["seed"])
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed has {SEED_BYTES} bytes")
    return seed


def _commitment(proof: Proof) -> str | None:
    if proof["seed"] is None:
        return "The seed is not revealed yet."
    return _same("SHA-256 of the seed", commitment_to(_seed(proof)), proof["commitment"])


def _entropy(proof: Proof) -> str | None:
    given = proof["entropy"]
    if bool(given["source"]) == bool(given["value"]):
        return None
    return "A public value was named and is not there, or is there and was never named."


def _draw(proof: Proof) -> str | None:
    if proof["seed"] is None:
        return "Nobody is drawn yet."
    handles = {line.split("\t")[0]: line.split("\t")[2] for line in proof["entrants"]}
    order = ranked(
        list(handles),
        seed=_seed(proof),
        hash_of_list=proof["listHash"],
        entropy=proof["entropy"]["value"] or "",
    )
    places = proof["winnerCount"] + proof["alternateCount"]
    wanted = [
        {"rank": rank, "entrant": name, "handle": handles[name]}
        for rank, name in enumerate(order[:places], start=1)
    ]
    for expected, told in zip(wanted, proof["drawn"], strict=False):
        if expected != told:
            return f"Drawn is {expected}, told is {told}."
    return _same("The number of those drawn", len(wanted), len(proof["drawn"]))


def _replacements(proof: Proof) -> str | None:
    drawn, replaced = proof["drawn"], proof["replacements"]
    standing = _Standing(drawn, proof["winnerCount"])
    for one in replaced:
        if one["entrant"] not in standing.winners:
            return f"{one['entrant']} was replaced without being a winner."
        if one["replacedBy"] != standing.replace(one["entrant"]):
            return f"{one['replacedBy']} was not next to replace {one['entrant']}."
        if not one["reason"]:
            return f"Nothing is said about why {one['entrant']} was replaced."
    by_name = {one["entrant"]: one for one in drawn}
    for role, names in (("winners", standing.winners), ("alternates", standing.alternates)):
        fault = _same(f"The {role}", [by_name[name] for name in names], proof[role])
        if fault:
            return fault
    return None


class _Standing:
    """Who has won and who waits, as winners are replaced one after the other."""

    def __init__(self, drawn: Sequence[Mapping[str, Any]], winners: int) -> None:
        names: list[str] = [one["entrant"] for one in drawn]
        self.winners, self.alternates = names[:winners], names[winners:]

    def replace(self, name: str) -> str | None:
        """Put the first alternate in a winner's place; return who that is, if anybody is left."""
        self.winners.remove(name)
        if not self.alternates:
            return None
        self.winners.append(self.alternates.pop(0))
        return self.winners[-1]


def _same(what: str, expected: Any, told: Any) -> str | None:
    same = bool(expected == told)
    return None if same else f"{what} is {expected}, told is {told}."


def _as_told(name: str, before: str) -> Callable[[Proof], str | None]:
    def check(proof: Proof) -> str | None:
        told: str = proof[name]
        return _same(f"What was published as {name}", before.strip().lower(), told)

    return check


def failures(checks: Sequence[Check]) -> Iterator[Check]:
    """Yield what does not hold."""
    return (check for check in checks if not check.holds)
