"""The stand-alone verifier of a proof folder: one file, Python's standard library and `cryptography`.

    python verify.py PROOF_DIR --policy FILE

It reads every file of the folder and checks, in this order: that the manifest is signed by the log key of the policy and
names exactly the files that are there, to the byte; that every statement is signed by the same key; that every ledger
entry is in the tree whose head the log signed, and that the tree only grew from every head handed out before; that
entries, statements, inventory, certificate, instruction are of one run, in order, every check passed. Nothing is written.
Exit codes: 0 proven against the given policy; 91 something does not hold; 92 consistent with itself, but without a policy
(unanchored); 93 the folder cannot be read or is built to hurt.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_FILES, MAX_FILE_BYTES, MAX_TOTAL_BYTES, MAX_PROOF = 500, 20 << 20, 64 << 20, 64
PAYLOAD_TYPE = "application/vnd.in-toto+json"
CHECK, DESTRUCTION = "urn:reprise:authorisation-check/v1", "urn:reprise:destruction/v1"
AFTERWARDS, UNCONFIRMED = ("custody.", "import."), ("delivered_not_confirmed", "nothing_delivered")
CHECKS = ("keyAbsent", "decryptFails", "filesAbsent", "processEnded")
LOG, WITNESS = 1, 4  # kinds of keys
NEVER = "that no other copy exists: of the export or the package, in backups, in the old or the new system."
Files = dict[str, bytes]  # by relative name
Entries = list[tuple[int, dict[str, Any]]]  # by index in the log
Further = Callable[[Files, "Report"], None] | None
UNANCHORED = "UNANCHORED: consistent with itself; give --policy FILE, obtained elsewhere."
SIGNATURE = "the doctor's signature: recorded as checked. README.txt gives the line to check it yourself."
BY_HAND = "the signature: it is not electronic. A page was signed by hand, and two operators attest it."
ERASED = "who authorised: the signed instruction is no longer in this folder, or never was; its check stays recorded."


class Fault(Exception):
    """Something does not hold; the code says what."""

    def __init__(self, code: str, exit_code: int = 91) -> None:
        super().__init__(code)
        self.code, self.exit_code = code, exit_code


def demand(holds: object, code: str, exit_code: int = 91) -> None:
    """Refuse, with this code, what does not hold."""
    if not holds:
        raise Fault(code, exit_code)


def strict_b64(text: str) -> bytes:
    """Canonical base64 only. Raises Fault, ValueError."""
    data = base64.b64decode(text, validate=True)
    demand(base64.b64encode(data).decode() == text, "base64_not_canonical")
    return data


def canonical(data: bytes) -> dict[str, Any]:
    """Parse JSON that is byte for byte what a canonical writer makes (sorted keys, no blanks, no floats)."""
    value = json.loads(data.decode("utf-8"), parse_float=int, parse_constant=int)  # whole numbers only
    again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    demand(again == data and isinstance(value, dict), "json_not_canonical")
    return dict(value)


def sha256(*parts: bytes) -> bytes:
    """The digest of the parts, one behind the other."""
    return hashlib.sha256(b"".join(parts)).digest()


class Key:
    """A verifier key `name+hash+base64(kind, public)`: of a log (kind 1) or of a witness (kind 4)."""

    def __init__(self, vkey: str, kind: int = LOG) -> None:
        name, short, key = vkey.split("+", 2)
        raw = strict_b64(key)
        self.name, self.public = name, raw[1:]
        self.id = sha256(name.encode(), b"\n", raw)[:4]
        well = name and raw[:1] == bytes([kind]) and len(raw) == 33
        demand(well and self.id.hex() == short, "vkey_malformed")

    def verify(self, signature: bytes, message: bytes) -> None:
        """Refuse a signature that is not this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Fault("signature_invalid") from None


class Policy:
    """A C2SP tlog-policy: one log, the witnesses it knows, and how many of which must have seen a head."""

    def __init__(self, text: str) -> None:
        logs, quorums = list[Key](), list[str]()
        self.witnesses, self.groups = dict[str, Key](), dict[str, tuple[int, list[str]]]()
        lines = [words for words in map(str.split, text.splitlines()) if words and words[0][0] != "#"]
        for words in lines[:257]:
            known = {*self.witnesses, *self.groups}  # a group names what stands above it: no circles
            match words:
                case ["log", vkey, *rest] if len(rest) < 2:
                    logs.append(Key(vkey))
                case ["witness", name, vkey, *rest] if len(rest) < 2 and name not in {*known, "none"}:
                    self.witnesses[name] = Key(vkey, WITNESS)
                case ["group", name, needed, *some] if name not in {*known, "none"} and set(some) <= known:
                    count = {"any": "1", "all": str(len(some))}.get(needed, needed)
                    well = re.fullmatch("[0-9]{1,3}", count) and 1 <= int(count) <= len(set(some)) == len(
                        some
                    )
                    demand(well, "policy_malformed")
                    self.groups[name] = (int(count), some)
                case ["quorum", name] if name in {*known, "none"}:
                    quorums.append(name)
                case _:
                    raise Fault("policy_malformed")
        demand(len(logs) == len(quorums) == 1 and len(lines) <= 256, "policy_malformed")
        self.log, self.quorum = logs[0], quorums[0]

    def holds(self, seen: list[str]) -> bool:
        """Whether enough witnesses have seen a head. Each group once: from the quorum down, nested ones cost 2^lines."""
        met = {"none", *seen}
        for name, (needed, members) in self.groups.items():
            met |= {name} if len(met & set(members)) >= needed else set()
        return self.quorum in met


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and name and blob (key id, signature) of each signature line."""
    text, blank, lines = note.decode("utf-8").rpartition("\n\n")
    demand(lines.count("\n") <= MAX_PROOF, "proof_too_long", 93)
    odd = any(c < " " and c != "\n" for c in text + lines)
    demand(not odd and blank and re.fullmatch(r"(— [^\s+]+ [\w+/]{7,}={0,2}\n)+", lines), "note_malformed")
    return text + "\n", [(line.split()[1], strict_b64(line.split()[2])) for line in lines.splitlines()]


def open_note(note: bytes, key: Key) -> str:
    """The text of a signed note; each signature line of this key holds, and there is one."""
    text, lines = split_note(note)
    ours = [blob for name, blob in lines if (name, blob[:4]) == (key.name, key.id)]
    demand(ours, "signed_by_another_key")
    for blob in ours:
        key.verify(blob[4:], text.encode())
    return text


def check_witnesses(checkpoint: bytes, policy: Policy) -> list[str]:
    """The witnesses that cosigned the head (C2SP tlog-cosignature); a false line of a known one is refused."""
    text, lines = split_note(checkpoint)
    seen = []
    for witness, key in policy.witnesses.items():
        for blob in (blob for name, blob in lines if (name, blob[:4]) == (key.name, key.id)):
            message = f"cosignature/v1\ntime {int.from_bytes(blob[4:12], 'big')}\n{text}"
            key.verify(blob[12:], message.encode())
            seen.append(witness)
    demand(policy.holds(seen), "quorum_not_met")
    return list(dict.fromkeys(seen))


def read_folder(folder: Path) -> Files:
    """All files below the folder by relative name; links and anything unusual are refused."""
    found: Files = {}
    total = 0
    for root, folders, names in os.walk(folder):
        demand(not any((Path(root) / n).is_symlink() for n in [*folders, *names]), "link_in_folder", 93)
        demand(bool(names or folders), "empty_folder_inside")
        for path in (Path(root) / name for name in names):
            total += (size := path.lstat().st_size)
            fits = path.is_file() and size <= MAX_FILE_BYTES and total <= MAX_TOTAL_BYTES
            demand(fits and len(found) < MAX_FILES, "folder_too_large", 93)
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    demand({"manifest.json", "manifest.sig"} <= set(found), "no_manifest", 93)
    return found


def check_manifest(files: Files, key: Key) -> None:
    """Every file, no more and no fewer, as the signed manifest says."""
    text = open_note(files["manifest.sig"], key)
    demand(files["manifest.sig"].count(b"\n") == 4, "manifest_altered")  # further lines would be nobody's
    digest = sha256(files["manifest.json"]).hex()
    demand(text == f"reprise-proof-manifest v1\n{digest}\n", "manifest_altered")
    rows = {row["name"]: row for row in canonical(files["manifest.json"])["files"]}
    demand(set(rows) == set(files) - {"manifest.json", "manifest.sig"}, "files_added_or_missing")
    for name, row in rows.items():
        demand((row["bytes"], row["sha256"]) == (len(files[name]), sha256(files[name]).hex()), "file_altered")


def climb(node: int, last: int, path: list[bytes], first: bytes, second: bytes) -> tuple[bytes, bytes] | None:
    """RFC 9162, 2.1.3.2 and 2.1.4.2: from a node up to the roots of the old tree (`first`) and of the new (`second`)."""
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            first, second = sha256(b"\x01", sibling, first), sha256(b"\x01", sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = sha256(b"\x01", second, sibling)
        node, last = node >> 1, last >> 1
    return (first, second) if last == 0 else None


def included(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    """Whether the leaf is in the tree."""
    well = 0 <= index < size and all(len(h) == 32 for h in (leaf, root, *proof))
    return well and (climb(index, size - 1, proof, leaf, leaf) or [b""])[-1] == root


def extends(old: int, size: int, proof: list[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether the old tree is the beginning of the new one."""
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    well = 0 < old < size and path and all(len(h) == 32 for h in (old_root, root, *proof))
    node, last = old - 1, size - 1
    while well and node & 1:
        node, last = node >> 1, last >> 1
    return bool(well) and climb(node, last, path[1:], path[0], path[0]) == (old_root, root)


def open_head(note: bytes, key: Key) -> tuple[int, str]:
    """Size and root (base64) of a checkpoint that the log signed."""
    origin, size, root = open_note(note, key).split("\n")[:3]
    demand(origin == key.name and size.isdecimal() and len(size) < 20, "checkpoint_malformed")
    return int(size), root


def hash_lines(lines: list[str]) -> list[bytes]:
    """Hashes in base64, one a line."""
    demand(len(lines) <= MAX_PROOF, "proof_too_long", 93)
    return [strict_b64(line) for line in lines if line]


def check_entry(index: int, entry: bytes, proof: bytes, checkpoint: bytes, key: Key) -> dict[str, Any]:
    """One entry is in the log under the signed head."""
    head, blank, note = proof.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    ours = lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"] and note == checkpoint
    demand(blank and ours, "proof_malformed")
    size, root = open_head(checkpoint, key)
    found = included(index, size, sha256(b"\x00", entry), hash_lines(lines[2:]), strict_b64(root))
    demand(found, "entry_not_in_log")
    return canonical(entry)


def check_growth(files: Files, key: Key) -> list[str]:
    """From every head handed out before to the present one, the log only grew. A head without its proof is refused."""
    size, root = open_head(files["checkpoint"], key)
    earlier = sorted(open_head(note, key) for name, note in files.items() if name.startswith("heads/"))
    for old, old_root in earlier:
        lines = files.get(f"consistency/{old}-{size}.txt", b"").decode("ascii", "replace").split("\n")
        grew = extends(old, size, hash_lines(lines), strict_b64(old_root), strict_b64(root))
        demand(grew, "log_was_rewritten")
    proofs = {name for name in files if name.startswith("consistency/")}
    demand(proofs == {f"consistency/{old}-{size}.txt" for old, _ in earlier}, "consistency_of_no_head")
    return [f"The head grew from {old} entries (root {r}) to {size} without a rewrite." for old, r in earlier]


def check_stamps(files: Files) -> list[str]:
    """Each time stamp is over the file it lies beside. Whose stamp it is, is not checked here: the line to do so."""
    stamps = {name: name.removesuffix(".tsr") for name in sorted(files) if name.endswith(".tsr")}
    demand(all(sha256(files[of]) in files[name] for name, of in stamps.items()), "stamp_of_something_else")
    return [f"openssl ts -verify -data {of} -in {n} -CAfile TSA_ROOTS.pem" for n, of in stamps.items()]


def check_entries(files: Files, key: Key) -> Entries:
    """All entries of the folder."""
    found = []
    for name in (name for name in files if name.startswith("entries/")):
        index = name.removeprefix("entries/").removesuffix(".json")
        proof = files[f"proofs/{index}.tlog-proof"]
        found.append((int(index), check_entry(int(index), files[name], proof, files["checkpoint"], key)))
    return sorted(found, key=lambda pair: pair[0])


def check_statements(files: Files, key: Key, run: str) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """DSSE envelopes signed by the log key, about this run: payload and predicate, by type."""
    found = {}
    for data in (files[name] for name in files if name.startswith("statements/")):
        body = canonical(data)
        payload, (signature,) = strict_b64(body["payload"]), body["signatures"]
        pae = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        demand(body["payloadType"] == PAYLOAD_TYPE, "statement_malformed")
        key.verify(strict_b64(signature["sig"]), pae)
        statement = canonical(payload)
        demand(statement["subject"][0]["name"] == f"run/{run}", "statement_of_another_run")
        found[str(statement["predicateType"])] = (payload, statement["predicate"])
    return found


def check_instruction(files: Files, entries: Entries) -> bool:
    """The instruction in the folder opens the commitment of the ledger; False when the folder has none (any more)."""
    if not any(name.startswith("authorisation/") for name in files):
        return False
    salt = strict_b64(files["authorisation/salt.b64"].decode("ascii").rstrip("\n"))
    digest = sha256(files["authorisation/instruction.json"])
    opened = hmac.digest(salt, b"proof/v1/authorisation.checked/instruction\x00" + digest, "sha256")
    (checked,) = [entry for _, entry in entries if entry["type"] == "authorisation.checked"]
    demand(opened == strict_b64(checked["c"]["authorisation"]), "instruction_not_the_recorded_one")
    return True


def check_story(files: Files, entries: Entries, statements: Any, certificate: Any, key: Key) -> None:
    """Entries, statements, inventory, certificate tell of one run, in order, with every check of the destruction passed."""
    told = [entry for _, entry in entries if not entry["type"].startswith(AFTERWARDS)]
    imports = [entry["code"] for _, entry in entries if entry["type"] == "import.confirmed"]
    types = [entry["type"] for entry in told]
    order = ["authorisation.checked", "run.started", "destruction.started", "destruction.completed"]
    places = [types.index(t) if t in types else -1 for t in order]
    demand(-1 not in places and places == sorted(places), "story_incomplete_or_out_of_order")
    demand(all(types.count(t) == 1 for t in order if t != order[2]), "story_told_twice")
    demand(types[-1] == "destruction.completed", "story_goes_on_after_its_end")
    wanted = {CHECK, DESTRUCTION, "urn:reprise:run/v1", *(f"urn:reprise:import-{s}/v1" for s in imports)}
    demand(set(statements) == wanted, "statement_missing_or_unknown")
    demand(certificate["import_state"] in (imports[-1:] or UNCONFIRMED), "certificate_tells_another_import")
    demand({"certificate.html", "certificate.pdf"} <= set(files), "certificate_missing")
    demand(statements[CHECK][1]["result"] == "PASSED", "authorisation_not_passed")
    demand({entry["runId"] for _, entry in entries} == {certificate["run"]}, "another_run")
    payload, destruction = statements[DESTRUCTION]
    demand(all(destruction["verification"].get(c) is True for c in CHECKS), "destruction_not_verified")
    demand(strict_b64(told[-1]["c"]["statement"]) == sha256(payload), "statement_not_the_recorded_one")
    demand(certificate["destruction"] == destruction, "certificate_tells_another_destruction")
    demand(destruction["inventory"]["sha256"] == sha256(files["inventory.json"]).hex(), "another_inventory")
    size, root = open_head(files["checkpoint"], key)
    shown = {"origin": key.name, "size": size, "root": root}
    demand(certificate["head"] == shown, "certificate_shows_another_head")


class Report:
    """What was checked, what was not, in words, and which run it is about."""

    def __init__(self, files: Files, trusted: Policy) -> None:
        """Check everything that this file can check. Raises Fault."""
        key = trusted.log
        check_manifest(files, key)
        witnesses = check_witnesses(files["checkpoint"], trusted)
        self.certificate = canonical(files["certificate.json"])
        statements = check_statements(files, key, self.certificate["run"])
        self.entries = check_entries(files, key)
        check_story(files, self.entries, statements, self.certificate, key)
        self.checked = [
            f"{len(files)} files are those of the signed manifest, no more and no fewer, to the byte.",
            f"{len(self.entries)} ledger entries are in the signed log: authorisation before the run, destruction after.",
            f"{len(statements)} statements are signed; key absent, reading fails, files absent, process ended: recorded as true.",
            f"Witnesses that cosigned the head: {', '.join(witnesses) or 'none'}.",
            *check_growth(files, key),
        ]
        self.unchecked = [f"a time stamp: {line}" for line in check_stamps(files)]
        self.signed = check_instruction(files, self.entries)
        self.checked += ["The instruction in the folder is the one that the ledger recorded."] * self.signed
        self.by_hand = statements[CHECK][1]["signature"] == "handwritten"
        self.unchecked.insert(0, (BY_HAND if self.by_hand else SIGNATURE) if self.signed else ERASED)

    def words(self, verdict: str) -> list[str]:
        """For a person, and fit for his terminal: what the folder says of itself may not draw, nor begin a line."""
        words = [f"Run {self.certificate['run']}: {self.certificate['outcome']}."]
        words += [f"Checked: {line}" for line in self.checked]
        words += [f"Not checked here: {line}" for line in self.unchecked]
        return [ascii(line)[1:-1] for line in (*words, f"Not provable: {NEVER}", verdict)]


def verify(source: Path | Files, policy: str | None, further: Further = None) -> tuple[int, list[str]]:
    """Exit code and words on a folder, or on files already read. `further` is told the report, and may raise Fault."""
    try:
        files = read_folder(source) if isinstance(source, Path) else source
        report = Report(files, Policy(files["policy.txt"].decode("utf-8") if policy is None else policy))
        if further is not None:
            further(files, report)
        words = report.words(UNANCHORED if policy is None else "ACCEPTED against the given policy.")
    except Fault as fault:
        return fault.exit_code, [f"REFUSED: {fault.code}"]
    except (OSError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return 93, ["REFUSED: folder_malformed"]
    return 92 if policy is None else 0, words


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Verify a proof folder of Reprise offline.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--policy", type=Path)
    arguments = parser.parse_args()
    code, words = 93, ["REFUSED: policy_unreadable"]
    with suppress(OSError, UnicodeDecodeError):
        policy = arguments.policy.read_text(encoding="utf-8") if arguments.policy else None
        code, words = verify(arguments.folder, policy)
    sys.stdout.write("\n".join(words) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
