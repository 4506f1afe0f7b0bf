"""The stand-alone verifier of a proof folder: one file, Python's standard library and `cryptography`.

    python verify.py PROOF_DIR --policy FILE

It reads every file of the folder, and checks, in this order: that the manifest is signed by the log key of the policy and
names exactly the files that are there, to the byte; that every statement is signed by the same key; that every ledger
entry is in the tree whose head the log signed; that entries, statements and certificate speak of the same run, in the
right order, and that every check of the destruction passed. It opens no network and writes nothing.

Exit codes: 0 proven against the given policy; 91 something does not hold; 92 consistent with itself, but without a policy
(unanchored); 93 the folder cannot be read or is built to hurt.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_FILES, MAX_FILE_BYTES, MAX_TOTAL_BYTES, MAX_PROOF = 200, 20 << 20, 64 << 20, 64
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENTS = {"urn:reprise:authorisation-check/v1", "urn:reprise:run/v1", "urn:reprise:destruction/v1"}
SIGNED = {
    "handwritten": "No electronic signature: a page signed by hand, attested by two operators; not checkable here."
}
CHECKS = ("keyAbsent", "decryptFails", "filesAbsent", "processEnded")


class Fault(Exception):
    """Something does not hold; the code says what."""

    def __init__(self, code: str, exit_code: int = 91) -> None:
        super().__init__(code)
        self.code, self.exit_code = code, exit_code


def refuse_if(fault: bool, code: str, exit_code: int = 91) -> None:
    """Raise the fault if there is one."""
    if fault:
        raise Fault(code, exit_code)


def strict_b64(text: str) -> bytes:
    """Canonical base64 only."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Fault("base64_malformed") from None
    refuse_if(base64.b64encode(data).decode() != text, "base64_not_canonical")
    return data


def _ordered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name.encode("utf-16-be") for name, _ in pairs]  # the order of RFC 8785
    if names != sorted(set(names)):
        raise ValueError
    return dict(pairs)


def _whole(text: str) -> int:
    if len(text) > 17 or not text.lstrip("-").isdigit() or abs(int(text)) >= 1 << 53:
        raise ValueError
    return int(text)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_ordered, parse_int=_whole, parse_float=_whole, parse_constant=_whole
)


def canonical(data: bytes) -> dict[str, Any]:
    """Parse JSON that is byte for byte what a canonical writer makes (sorted keys, no blanks, no floats)."""
    try:
        value = _STRICT.decode(data.decode("utf-8"))
        again = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Fault("json_malformed") from None
    refuse_if(again != data or not isinstance(value, dict), "json_not_canonical")
    return dict(value)


LOG, WITNESS = 1, 4


class Key:
    """A verifier key `name+hash+base64(kind, public)`: of a log (kind 1) or of a witness (kind 4)."""

    def __init__(self, vkey: str, kind: int = LOG) -> None:
        name, _, rest = vkey.partition("+")
        short, _, key = rest.partition("+")
        raw = strict_b64(key)
        self.name, self.vkey, self.public = name, vkey, raw[1:]
        self.id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if not name or raw[:1] != bytes([kind]) or len(raw) != 33 or self.id.hex() != short:
            raise Fault("vkey_malformed")

    def verify(self, signature: bytes, message: bytes) -> None:
        """Refuse a signature that is not this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Fault("signature_invalid") from None


class Policy:
    """A C2SP tlog-policy: one log, the witnesses it knows, and how many of which must have seen a head."""

    def __init__(self, text: str) -> None:
        logs: list[Key] = []
        quorums: list[str] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        lines = [line.split() for line in text.splitlines()]
        lines = [words for words in lines if words and not words[0].startswith("#")]
        for words in lines[:257]:
            known = {*self.witnesses, *self.groups}  # a line names what stands above it: no circles
            match words:
                case ["log", vkey, *rest] if len(rest) < 2:
                    logs.append(Key(vkey))
                case ["witness", name, vkey, *rest] if len(rest) < 2 and name not in {*known, "none"}:
                    self.witnesses[name] = Key(vkey, WITNESS)
                case ["group", name, count, *some] if name not in {*known, "none"} and set(some) <= known:
                    number = {"any": "1", "all": str(len(some))}.get(count, count)
                    if not re.fullmatch("[1-9][0-9]{0,2}", number) or not int(number) <= len(
                        set(some)
                    ) == len(some):
                        raise Fault("policy_malformed")
                    self.groups[name] = (int(number), some)
                case ["quorum", name] if name in {*known, "none"}:
                    quorums.append(name)
                case _:
                    raise Fault("policy_malformed")
        refuse_if((len(logs), len(quorums)) != (1, 1) or len(lines) > 256, "policy_malformed")
        self.log, self.quorum = logs[0], quorums[0]

    def holds(self, seen: list[str]) -> bool:
        """Whether enough witnesses have seen a head. Each group once: nested ones would double the time a line."""
        met = {"none", *seen}
        for name, (needed, members) in self.groups.items():
            if len(met.intersection(members)) >= needed:
                met.add(name)
        return self.quorum in met


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and name and blob (key id, signature) of each signature line."""
    text, blank, lines = note.decode("utf-8").rpartition("\n\n")
    if not blank or not lines.endswith("\n") or any(c < " " and c != "\n" for c in text + lines):
        raise Fault("note_malformed")
    refuse_if(lines.count("\n") > MAX_PROOF, "proof_too_long", 93)
    return text + "\n", [signature_line(line) for line in lines[:-1].split("\n")]


def open_note(note: bytes, key: Key) -> str:
    """The text of a signed note; every signature line of this key holds, and there is one."""
    text, lines = split_note(note)
    ours = [blob for name, blob in lines if (name, blob[:4]) == (key.name, key.id)]
    refuse_if(not ours, "signed_by_another_key")
    for blob in ours:
        key.verify(blob[4:], text.encode())
    return text


def signature_line(line: str) -> tuple[str, bytes]:
    """Name and blob (key id, signature) of a line."""
    words = line.split(" ")
    blob = strict_b64(words[2]) if len(words) == 3 else b""
    if len(blob) < 5 or words[0] != "—" or words[1].split() != [words[1]] or "+" in words[1]:
        raise Fault("note_malformed")
    return words[1], blob


def check_witnesses(checkpoint: bytes, policy: Policy) -> list[str]:
    """The witnesses that cosigned the head (C2SP tlog-cosignature); a false line of a known one is refused."""
    text, lines = split_note(checkpoint)
    seen = []
    for witness, key in policy.witnesses.items():
        for blob in (blob for name, blob in lines if (name, blob[:4]) == (key.name, key.id)):
            time = int.from_bytes(blob[4:12], "big")
            key.verify(blob[12:], f"cosignature/v1\ntime {time}\n{text}".encode())
            seen.append(witness)
    refuse_if(not policy.holds(seen), "quorum_not_met")
    return list(dict.fromkeys(seen))


def _unreadable(error: OSError) -> None:
    raise error


def read_folder(folder: Path) -> dict[str, bytes]:
    """All files below the folder by relative name; links and anything unusual are refused."""
    found: dict[str, bytes] = {}
    total = 0
    for root, folders, names in os.walk(folder, onerror=_unreadable):
        refuse_if(len(folders) + len(names) > MAX_FILES, "folder_too_large", 93)
        refuse_if(any((Path(root) / name).is_symlink() for name in [*folders, *names]), "link_in_folder", 93)
        for name in names:
            path = Path(root) / name
            size = path.lstat().st_size
            total += size
            if (
                not path.is_file()
                or size > MAX_FILE_BYTES
                or total > MAX_TOTAL_BYTES
                or len(found) >= MAX_FILES
            ):
                raise Fault("folder_too_large", 93)
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
        refuse_if(not names and not folders, "empty_folder_inside")
    refuse_if("manifest.json" not in found or "manifest.sig" not in found, "no_manifest", 93)
    return found


def check_manifest(files: dict[str, bytes], key: Key) -> None:
    """Every file, no more and no fewer, as the signed manifest says."""
    manifest = files["manifest.json"]
    text = open_note(files["manifest.sig"], key)
    if files["manifest.sig"].count(b"\n") != 4:  # further lines would be nobody's
        raise Fault("manifest_altered")
    if text != f"reprise-proof-manifest v1\n{hashlib.sha256(manifest).hexdigest()}\n":
        raise Fault("manifest_altered")
    rows = {row["name"]: row for row in canonical(manifest)["files"]}
    refuse_if(set(rows) != set(files) - {"manifest.json", "manifest.sig"}, "files_added_or_missing")
    for name, row in rows.items():
        data = files[name]
        if row["bytes"] != len(data) or row["sha256"] != hashlib.sha256(data).hexdigest():
            raise Fault("file_altered")


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def included(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < size or any(len(h) != 32 for h in (leaf, root, *proof)):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = hashlib.sha256(b"\x01" + sibling + found).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + sibling).digest()
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def check_entry(index: int, entry: bytes, proof: bytes, checkpoint: bytes, key: Key) -> dict[str, Any]:
    """One entry is in the log under the signed head."""
    head, blank, note = proof.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    if not blank or note != checkpoint or lines[:2] != ["c2sp.org/tlog-proof@v1", f"index {index}"]:
        raise Fault("proof_malformed")
    refuse_if(len(lines) > MAX_PROOF + 2, "proof_too_long", 93)
    origin, size, root = open_note(checkpoint, key).split("\n")[:3]
    hashes = [strict_b64(line) for line in lines[2:] if line]
    if origin != key.name or not included(index, int(size), leaf_hash(entry), hashes, strict_b64(root)):
        raise Fault("entry_not_in_log")
    return canonical(entry)


def check_entries(files: dict[str, bytes], key: Key) -> list[tuple[int, dict[str, Any]]]:
    """All entries of the folder."""
    found = []
    for name in sorted(n for n in files if n.startswith("entries/")):
        stem = name[len("entries/") : -len(".json")]
        refuse_if(not name.endswith(".json") or not stem.isdigit(), "entry_misnamed")
        proof = files.get(f"proofs/{stem}.tlog-proof", b"")
        found.append((int(stem), check_entry(int(stem), files[name], proof, files["checkpoint"], key)))
    return sorted(found, key=lambda pair: pair[0])


def check_statements(files: dict[str, bytes], key: Key) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """DSSE envelopes signed by the log key."""
    found = {}
    for name, data in files.items():
        if not name.startswith("statements/"):
            continue
        body = canonical(data)
        payload = strict_b64(body["payload"])
        pae = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        refuse_if(body["payloadType"] != PAYLOAD_TYPE or len(body["signatures"]) != 1, "statement_malformed")
        key.verify(strict_b64(body["signatures"][0]["sig"]), pae)
        statement = canonical(payload)
        found[str(statement["predicateType"])] = (payload, statement)
    return found


def check_story(
    files: dict[str, bytes], entries: list[tuple[int, dict[str, Any]]], statements: dict[str, Any]
) -> dict[str, Any]:
    """Entries, statements and certificate tell of one run, in order, with every check of the destruction passed."""
    types = [entry["type"] for _, entry in entries]
    order = ["authorisation.checked", "run.started", "destruction.started", "destruction.completed"]
    places = [types.index(t) if t in types else -1 for t in order]
    refuse_if(-1 in places or places != sorted(places), "story_incomplete_or_out_of_order")
    if any(types.count(t) != 1 for t in ("authorisation.checked", "run.started", "destruction.completed")):
        raise Fault("story_told_twice")
    refuse_if(types[-1] != "destruction.completed", "story_goes_on_after_its_end")
    if set(statements) != STATEMENTS or "certificate.html" not in files:
        raise Fault("statement_missing_or_unknown")
    if statements["urn:reprise:authorisation-check/v1"][1]["predicate"]["result"] != "PASSED":
        raise Fault("authorisation_not_passed")
    certificate = canonical(files["certificate.json"])
    run = certificate["run"]
    refuse_if({entry["runId"] for _, entry in entries} != {run}, "another_run")
    if any(statement["subject"][0]["name"] != f"run/{run}" for _, statement in statements.values()):
        raise Fault("another_run")
    destruction = statements["urn:reprise:destruction/v1"][1]["predicate"]
    if any(destruction["verification"].get(check) is not True for check in CHECKS):
        raise Fault("destruction_not_verified")
    last = next(entry for _, entry in entries if entry["type"] == "destruction.completed")
    payload, _ = statements["urn:reprise:destruction/v1"]
    if last["c"]["statement"] != base64.b64encode(hashlib.sha256(payload).digest()).decode():
        raise Fault("statement_not_the_recorded_one")
    refuse_if(certificate["destruction"] != destruction, "certificate_tells_another_destruction")
    return certificate


def verify(folder: Path, policy: str | None) -> tuple[int, list[str]]:
    """The exit code and what was checked, in words."""
    try:
        files = read_folder(folder)
    except Fault as fault:
        return fault.exit_code, [f"REFUSED: {fault.code}"]
    except (OSError, ValueError, RecursionError):
        return 93, ["REFUSED: folder_unreadable"]
    return judge(files, policy)


def judge(files: dict[str, bytes], policy: str | None) -> tuple[int, list[str]]:
    """`verify` of files that were read already, by relative name."""
    try:
        trusted = Policy(policy if policy is not None else files["policy.txt"].decode("utf-8"))
        key = trusted.log
        check_manifest(files, key)
        witnesses = check_witnesses(files["checkpoint"], trusted)
        statements = check_statements(files, key)
        entries = check_entries(files, key)
        certificate = check_story(files, entries, statements)
        signing = str(statements["urn:reprise:authorisation-check/v1"][1]["predicate"].get("signature"))
    except Fault as fault:
        return fault.exit_code, [f"REFUSED: {fault.code}"]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError):
        return 93, ["REFUSED: folder_malformed"]
    words = [
        f"Run {_shown(certificate['run'])}: {_shown(certificate['outcome'])}.",
        f"Checked: {len(files)} files against the signed manifest; {len(entries)} ledger entries are in the signed log;",
        f"  {len(statements)} statements are signed; authorisation came before the run, destruction after it;",
        "  key absent, reading fails, files absent, process ended: all recorded as true.",
        f"  Witnesses that cosigned the head: {_shown(', '.join(witnesses)) or 'none'}.",
        SIGNED.get(
            signing,
            "Not checked here: the doctor's signature is recorded as checked. Check it yourself: README.txt.",
        ),
        "Not provable: that no other copy exists.",
    ]
    if policy is None:
        return 92, [*words, "UNANCHORED: consistent with itself; give --policy FILE, obtained elsewhere."]
    return 0, [*words, "ACCEPTED against the given policy."]


def _shown(text: object) -> str:
    """What a folder says of itself, fit for a terminal: it may not draw, nor write a verdict on a line of its own."""
    return "".join(c if " " <= c <= "~" else "?" for c in str(text)[:200])


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Verify a proof folder of Reprise offline.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--policy", type=Path)
    arguments = parser.parse_args()
    try:
        policy = arguments.policy.read_text(encoding="utf-8") if arguments.policy else None
    except (OSError, UnicodeDecodeError):
        sys.stdout.write("REFUSED: policy_unreadable\n")
        return 93
    code, words = verify(arguments.folder, policy)
    sys.stdout.write("\n".join(words) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
