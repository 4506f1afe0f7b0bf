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

from rfc8785 import IntegerDomainError

from fuzz import seeds
from fuzz.mutate import mutate_bytes, mutate_json
from vault.canonical_json import canonical_json
from vault.ledger.entries import commit
from vault.ledger.merkle import LeafList, leaf_hash, prove_consistency
from vault.ledger.notes import sign_note
from vault.proof.folder import seal_files
from vault.proof.statements import envelope
from vault.verify import CHECK, DESTRUCTION, RUN, Fault, derive_certificate, listing

SALT, INSTRUCTION, INVENTORY, EARLIER = b"s" * 32, b'{"nonce":"0"}', b'{"files":[]}', 3
SIGNERS = b'{"signers":[{"certificate_sha256":"00","numbers":[]}]}'
EVIDENCE = {"authorisation/instruction.json": INSTRUCTION, "authorisation/signers.json": SIGNERS}
OTHER_LAYOUT = b"Reprise layout 0000000000000000"


def split_input(data: bytes) -> tuple[str, bytes]:
    """Which piece, and its content."""
    name, _, content = data.partition(b"\n")
    return name.decode("utf-8", "replace"), content


def build(name: str, content: bytes) -> dict[str, bytes]:
    """The files of the folder."""
    made = seeds.parts(sha256(INVENTORY).hexdigest())
    payloads = {kind: canonical_json(body) for kind, body in made.statements.items()}
    if name.startswith("statement "):
        payloads[name.partition(" ")[2]] = content
    entries = _entries(made.entries, payloads)
    if name.startswith("entry ") and name[6:] in map(str, range(len(entries))):
        entries[int(name[6:])] = content
    head = seeds.head_of(entries)
    if name == "checkpoint":
        head = sign_note(content.decode("utf-8", "replace"), seeds.ORIGIN, seeds.KEY)
    files = {
        "policy.txt": seeds.POLICY.encode(),
        "checkpoint": head,
        "certificate.html": OTHER_LAYOUT,
        "certificate.pdf": OTHER_LAYOUT,
        "inventory.json": INVENTORY,
        **EVIDENCE,
        "authorisation/salt.b64": b64encode(SALT) + b"\n",
        **_growth(entries),
    }
    for index, entry in enumerate(entries):
        files[f"entries/{index}.json"] = entry
        files[f"proofs/{index}.tlog-proof"] = seeds.proof_of(entries, index, head)
    for kind, payload in payloads.items():
        files[f"statements/{kind}.dsse.json"] = envelope(payload, seeds.KEY, seeds.VKEY.split("+")[1])
    files["certificate.json"] = content if name == "certificate" else _certificate(payloads, entries, files)
    if name.startswith("file "):
        files[name[5:]] = content
    return _signed(files, name, content)


def _certificate(payloads: dict[str, bytes], entries: list[bytes], files: dict[str, bytes]) -> bytes:
    """What follows from the rest, as far as anything does."""
    try:
        stated = {kind: json.loads(payload)["predicate"] for kind, payload in payloads.items()}
        bodies = [(index, json.loads(entry)) for index, entry in enumerate(entries)]
        facts = stated[RUN]["facts"]
        return canonical_json(derive_certificate(facts, stated[CHECK], stated[DESTRUCTION], bodies, files))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, Fault):
        return b"{}"


def _growth(entries: list[bytes]) -> dict[str, bytes]:
    """A head that was handed out before, and the proof that the log grew from it."""
    hashes = prove_consistency(EARLIER, LeafList([leaf_hash(entry) for entry in entries]))
    lines = b"".join(b64encode(one) + b"\n" for one in hashes)
    head = seeds.head_of(entries[:EARLIER])
    return {f"heads/{EARLIER}.checkpoint": head, f"consistency/{EARLIER}-{len(entries)}.txt": lines}


def _entries(story: list[dict[str, Any]], payloads: dict[str, bytes]) -> list[bytes]:
    """The entries: the first commits to the instruction and to what was checked with it, the last to the statements."""
    checked = "authorisation.checked"
    story[0]["c"]["authorisation"] = commit(SALT, checked, "instruction", INSTRUCTION)
    story[0]["c"]["evidence"] = commit(SALT, checked, "evidence", listing(EVIDENCE, list(EVIDENCE)))
    for field, kind in (("statement", DESTRUCTION), ("run", RUN), ("check", CHECK)):
        story[-1]["c"][field] = b64encode(sha256(payloads[kind]).digest()).decode()
    return [canonical_json(body) for body in story]


def _signed(files: dict[str, bytes], name: str, content: bytes) -> dict[str, bytes]:
    files.setdefault(
        "README.txt", b""
    )  # the writer would read the certificate for it, and this one may be anything
    sealed = seal_files(files, origin=seeds.ORIGIN, key=seeds.KEY)
    if name in ("manifest", "signed"):
        manifest = content if name == "manifest" else sealed["manifest.json"]
        text = f"reprise-proof-manifest v1\n{sha256(manifest).hexdigest()}\n"
        text = content.decode("utf-8", "replace") if name == "signed" else text
        note = sign_note(text, seeds.ORIGIN, seeds.KEY)
        return {**sealed, "manifest.json": manifest, "manifest.sig": note}
    return {**sealed, name[4:]: content} if name.startswith("raw ") else sealed


@cache
def good() -> dict[str, bytes]:
    """The folder with nothing changed."""
    return build("", b"")


@cache
def inputs() -> list[bytes]:
    """One input for every piece, each of the folder that is accepted."""
    made, files = seeds.parts(sha256(INVENTORY).hexdigest()), good()
    payloads = {kind: canonical_json(body) for kind, body in made.statements.items()}
    pieces = [("certificate", files["certificate.json"]), ("manifest", files["manifest.json"])]
    pieces += [("checkpoint", files["checkpoint"].rpartition(b"\n\n")[0] + b"\n")]
    pieces += [(f"entry {n}", entry) for n, entry in enumerate(_entries(made.entries, payloads))]
    pieces += [(f"statement {kind}", payload) for kind, payload in payloads.items()]
    pieces += [("signed", files["manifest.sig"].rpartition(b"\n\n")[0] + b"\n")]
    pieces += [(f"raw {file}", data) for file, data in files.items()]
    unsigned = ("proofs", "statements", "heads", "consistency", "authorisation", "inventory")
    pieces += [(f"file {file}", data) for file, data in files.items() if file.startswith(unsigned)]
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
    """Whether a canonical writer (RFC 8785) would have made these bytes. Numbers beyond a double are let pass."""
    try:
        value = json.loads(data)
        return canonical_json(value) == data
    except IntegerDomainError:
        return True
    except ValueError:
        return False
