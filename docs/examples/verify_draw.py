"""Recompute the winners of a contest from its proof: python verify_draw.py proof.json COMMITMENT."""
import hashlib
import hmac
import json
import sys

proof = json.load(open(sys.argv[1], encoding="utf-8"))
wrong = []
seed = bytes.fromhex(proof["seed"])
if hashlib.sha256(seed).hexdigest() != proof["commitment"]:
    wrong.append("the seed is not the one that was committed to")
if len(sys.argv) > 2 and sys.argv[2] != proof["commitment"]:
    wrong.append("another commitment was published before the close")

lines = proof["entrants"]
listing = "".join(line + "\n" for line in lines)
list_hash = hashlib.sha256(listing.encode()).hexdigest()
if list_hash != proof["listHash"] or lines != sorted(lines, key=str.encode):
    wrong.append("the list is not the one that was frozen")
handles = {line.split("\t")[0]: line.split("\t")[2] for line in lines}
if len(handles) != len(lines):
    wrong.append("somebody is in the list twice")

entropy = proof["entropy"]["value"] or ""
lot = lambda name: hmac.new(seed, f"{list_hash}\n{entropy}\n{name}".encode(), "sha256").digest()
order = sorted(handles, key=lambda name: (lot(name), name))
drawn = order[: proof["winnerCount"] + proof["alternateCount"]]
winners, alternates = drawn[: proof["winnerCount"]], drawn[proof["winnerCount"] :]
for one in proof["replacements"]:
    winners.remove(one["entrant"])
    winners += [alternates.pop(0)] if alternates else []
for name, computed in (("drawn", drawn), ("winners", winners), ("alternates", alternates)):
    if [(one["entrant"], one["handle"]) for one in proof[name]] != [(n, handles[n]) for n in computed]:
        wrong.append(f"{name} are others than the seed and the list say")

print("\n".join(f"{place} {name} {handles[name]}" for place, name in enumerate(winners, start=1)))
sys.exit("; ".join(wrong) or 0)
