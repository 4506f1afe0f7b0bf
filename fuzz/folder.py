"""A proof folder with one piece changed and everything around it signed anew, as whoever holds the key can make it.

An input is the name of the piece, a newline and its content. `raw NAME` changes a file and signs nothing again.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from fuzz import seeds
from fuzz.mutate import mutate_bytes, mutate_json
from vault.canonical import canonical_json
from vault.notes import sign_note
from vault.statements import DESTRUCTION, envelope

FIRST = ("certificate", canonical_json(seeds.parts().certificate))


def split_input(data: bytes) -> tuple[str, bytes]:
    """Which piece, and its content."""
    name, _, content = data.partition(b"\n")
    return name.decode("utf-8", "replace"), content


def build(name: str, content: bytes) -> dict[str, bytes]:
    """The files of the folder."""
    made = seeds.parts()
    payloads = {kind: canonical_json(body) for kind, body in made.statements.items()}
    if name.startswith("statement "):
        payloads[name.partition(" ")[2]] = content
    entries = _entries(made.entries, payloads[DESTRUCTION])
    if name.startswith("entry ") and name[6:] in map(str, range(len(entries))):
        entries[int(name[6:])] = content
    head = seeds.head_of(entries)
    if name == "checkpoint":
        head = sign_note(content.decode("utf-8", "replace"), seeds.ORIGIN, seeds.KEY)
    files = {"policy.txt": seeds.POLICY.encode(), "checkpoint": head, "certificate.html": b"<p>"}
    for index, entry in enumerate(entries):
        files[f"entries/{index}.json"] = entry
        files[f"proofs/{index}.tlog-proof"] = seeds.proof_of(entries, index, head)
    for number, payload in enumerate(payloads.values()):
        files[f"statements/{number}.dsse.json"] = envelope(payload, seeds.KEY, "k")
    files["certificate.json"] = content if name == "certificate" else FIRST[1]
    if name.startswith("file "):
        files[name[5:]] = content
    return _signed(files, name, content)


def _entries(story: list[dict[str, Any]], destruction: bytes) -> list[bytes]:
    """The entries, of which the last names the statement about the destruction."""
    story[-1]["c"]["statement"] = b64encode(sha256(destruction).digest()).decode()
    return [canonical_json(body) for body in story]


def _signed(files: dict[str, bytes], name: str, content: bytes) -> dict[str, bytes]:
    rows = [{"name": n, "bytes": len(d), "sha256": sha256(d).hexdigest()} for n, d in sorted(files.items())]
    manifest = content if name == "manifest" else canonical_json({"version": 1, "files": rows})
    text = f"reprise-proof-manifest v1\n{sha256(manifest).hexdigest()}\n"
    if name == "signed":
        text = content.decode("utf-8", "replace")
    signed = {**files, "manifest.json": manifest, "manifest.sig": sign_note(text, seeds.ORIGIN, seeds.KEY)}
    return {**signed, name[4:]: content} if name.startswith("raw ") else signed


@cache
def inputs() -> list[bytes]:
    """One input for every piece, each of a folder that is accepted."""
    made, files = seeds.parts(), build(*FIRST)
    payloads = {kind: canonical_json(body) for kind, body in made.statements.items()}
    pieces = [
        FIRST,
        ("manifest", files["manifest.json"]),
        ("checkpoint", files["checkpoint"].rpartition(b"\n\n")[0] + b"\n"),
    ]
    pieces += [(f"entry {n}", entry) for n, entry in enumerate(_entries(made.entries, payloads[DESTRUCTION]))]
    pieces += [(f"statement {kind}", payload) for kind, payload in payloads.items()]
    pieces += [("signed", files["manifest.sig"].rpartition(b"\n\n")[0] + b"\n")]
    pieces += [(f"raw {file}", data) for file, data in files.items()]
    pieces += [
        (f"file {file}", data) for file, data in files.items() if file.startswith(("proofs", "statements"))
    ]
    return [name.encode() + b"\n" + content for name, content in pieces]


def mutate(data: bytes, chance: Random) -> bytes:
    """The piece changed: by its tree when it is JSON."""
    name, content = split_input(data)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict | list) and chance.random() < 0.8:
        changed = seeds.canonical_or_raw(mutate_json(value, chance))
    else:
        changed = mutate_bytes(content, chance)
    return name.encode() + b"\n" + changed


def is_canonical(data: bytes) -> bool:
    """Whether a canonical writer (RFC 8785) would have made these bytes."""
    try:
        return canonical_json(json.loads(data)) == data
    except ValueError:
        return False
