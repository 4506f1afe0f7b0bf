"""The stand-alone verifier of a proof folder: one file, Python's standard library and `cryptography`.

    python verify.py PROOF --policy FILE

It reads every file of the folder, or of its zip (`reprise proof zip`), and checks, in the order of docs/formats/proof.md:

 1. only files of the closed list of names, each name once;
 2. the manifest, signed by the log key of the policy, names exactly the existing files, byte for byte;
 3. the head is signed by the log, with the cosignatures that the policy requires;
 4. every ledger entry is in the tree of that head, and all belong to one run;
 5. every statement has its own name and type, is signed by the log, and is about this run;
 6. the entries are in order, none between the first and the last is left out, every check of the destruction passed;
 7. the ledger commits to the statements, and the destruction statement to the inventory;
 8. certificate.json is, byte for byte, derived from entries, statements, head and stamps: no field of it is trusted;
 9. the log only grew from every earlier issued head;
10. each time stamp is over the file beside it;
11. the files in authorisation/ are those that the ledger commits to.

It then lists what it did not check. It writes no files. Exit codes: 0 proven against the given policy; 91 a check failed; 92
consistent with itself, but without a policy (unanchored); 93 the folder cannot be read or is built to cause harm.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import io
import json
import os
import re
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_FILES, MAX_FILE_BYTES, MAX_TOTAL_BYTES, MAX_PROOF = 500, 20 << 20, 64 << 20, 64
MAX_ZIP_BYTES = MAX_TOTAL_BYTES + (1 << 20)  # with headers and names
PAYLOAD_TYPE, STATEMENT = "application/vnd.in-toto+json", "https://in-toto.io/Statement/v1"
CHECK, RUN, DESTRUCTION = "authorisation-check", "run", "destruction"  # names of statements
AFTERWARDS = ("custody.", "import.", "proof.")  # entries that may follow the end of a run
CHECKS = ("keyAbsent", "decryptFails", "filesAbsent", "processEnded")
KINDS = ("cades", "pades", "handwritten")  # kinds of signatures; version 1 recorded `passed` instead
LOG, WITNESS = 1, 4  # kinds of keys
N = "(?:0|[1-9][0-9]{0,15})"
FOLDER, ACCEPTANCE, SIGNERS = "authorisation/", "authorisation/acceptance", "authorisation/signers.json"
NAMES = re.compile(
    rf"""manifest\.(json|sig)|README\.txt|policy\.txt|inventory\.json|certificate\.(json|html|pdf)|tsa-chain\.pem
    |checkpoint(\.tsr)?|entries/{N}\.json|proofs/{N}\.tlog-proof|heads/{N}\.checkpoint|consistency/{N}-{N}\.txt
    |statements/({CHECK}|{RUN}|{DESTRUCTION}|import-(opened|imported|accepted))\.dsse\.json
    |authorisation/(salt\.b64|signers\.json|instruction\.json|instruction(\.json(\.[1-9][0-9]?)?\.p7s|\.pdf)(\.tsr)?
      |scan\.(pdf|png|jpg)|acceptance(\.json|\.json\.p7s|\.pdf|-signer\.json)
      |(acceptance-)?(roots|intermediates|crls|ocsps)-[^/\\]{{1,200}})""",
    re.VERBOSE,
)
Files = dict[str, bytes]  # by relative name
Facts = dict[str, Any]  # JSON objects
Entries = list[tuple[int, Facts]]  # by index in the log
Further = Callable[[Files, "Report"], None] | None

ACCEPTED = "ACCEPTED against the given policy."
UNANCHORED = "UNANCHORED: consistent with itself; give --policy FILE, obtained elsewhere."
TRIAL = "TRIAL: an invented practice and a test authority; this proves nothing about anybody."
NEVER = "that no other copy exists: of the export or the package, in backups, in the old or the new system."
SIGNATURE = "the signatures over the instruction: recorded as checked. README.txt gives the line to check them yourself."
BY_HAND = "the signature: it is not electronic. A page was signed by hand, and two operators attest it."
ERASED = "who authorised: the signed instruction is no longer in this folder, or never was; its check stays recorded."
ACCEPTS = "the signature of the acceptance: recorded as checked."
PAGES = "the page and the paper (certificate.html, .pdf): certificate.json is checked; `reprise verify` lays both out again."
LOOSE = "README.txt, policy.txt, tsa-chain.pem: they prove nothing, and nothing binds them."
LATER = "what may be left out: time stamps, earlier heads, later entries about this run. Who holds the log can see it."
VERSION_1 = (
    "version 1: the ledger binds the instruction, the order of events and the destruction. It does not bind what else this"
    " folder reports: counts, outcome, whether it was a trial, who held the copies and until when, channels, language; nor"
    " how many signatures there were, of what kind, by whom. Whoever holds the log's key can write these anew."
)
BEGAN_1 = "how many signatures there were, of what kind, and by whom: the run began under version 1, which does not bind it."


class Fault(Exception):
    """A check failed: the code names it; a line before it names the file, if any, from the closed list."""

    def __init__(self, code: str, exit_code: int = 91, file: str | None = None) -> None:
        super().__init__(code)
        self.code, self.exit_code, self.where = code, exit_code, [f"In the file {file}"] if file else []


def demand(holds: object, code: str, exit_code: int = 91, file: str | None = None) -> None:
    """Raise a Fault with this code unless `holds` is true."""
    if not holds:
        raise Fault(code, exit_code, file)


def strict_b64(text: str) -> bytes:
    """Decode canonical base64 only. Raises Fault, ValueError."""
    data = base64.b64decode(text, validate=True)
    demand(base64.b64encode(data).decode() == text, "base64_not_canonical")
    return data


def canonical(data: bytes) -> dict[str, Any]:
    """Parse JSON that is byte for byte what a canonical writer makes (sorted keys, no blanks, no floats)."""
    value = json.loads(data.decode("utf-8"), parse_float=int, parse_constant=int)  # integers only
    demand(isinstance(value, dict) and written(value) == data, "json_not_canonical")
    return dict(value)


def written(value: Facts) -> bytes:
    """Returns the canonical bytes. Bytes are compared instead of values, because Python treats true as 1."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(*parts: bytes) -> bytes:
    """Returns the digest of the concatenated parts."""
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
        """Refuse a signature that was not made by this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Fault("signature_invalid") from None


class Policy:
    """A C2SP tlog-policy: one log, its witnesses, and how many of which must have cosigned a head."""

    def __init__(self, text: str) -> None:
        logs, quorums = list[Key](), list[str]()
        self.witnesses, self.groups = dict[str, Key](), dict[str, tuple[int, list[str]]]()
        lines = [words for words in map(str.split, text.splitlines()) if words and words[0][0] != "#"]
        for words in lines[:257]:
            known = {*self.witnesses, *self.groups}  # a group can only name earlier lines: no circles
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
        """Whether enough witnesses cosigned a head. Evaluates each group once: from the quorum down, nested ones cost 2^lines."""
        met = {"none", *seen}
        for name, (needed, members) in self.groups.items():
            met |= {name} if len(met & set(members)) >= needed else set()
        return self.quorum in met


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Returns the text of a note, and name and blob (key id, signature) of each signature line."""
    text, blank, lines = note.decode("utf-8").rpartition("\n\n")
    demand(lines.count("\n") <= MAX_PROOF, "proof_too_long", 93)
    odd = any(c < " " and c != "\n" for c in text + lines)
    demand(not odd and blank and re.fullmatch(r"(— [^\s+]+ [\w+/]{7,}={0,2}\n)+", lines), "note_malformed")
    return text + "\n", [(line.split()[1], strict_b64(line.split()[2])) for line in lines.splitlines()]


def open_note(note: bytes, key: Key) -> str:
    """Returns the text of a note; every signature line of this key must be valid, and there must be one."""
    text, lines = split_note(note)
    ours = [blob for name, blob in lines if (name, blob[:4]) == (key.name, key.id)]
    demand(ours, "signed_by_another_key")
    for blob in ours:
        key.verify(blob[4:], text.encode())
    return text


def check_witnesses(checkpoint: bytes, policy: Policy) -> list[str]:
    """Returns the witnesses that cosigned the head (C2SP tlog-cosignature); refuses an invalid line of a known one."""
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
    """Read all files below the folder by relative name; refuse links and special files."""
    found, total = Files(), 0
    for root, folders, names in os.walk(folder):
        demand(not any((Path(root) / n).is_symlink() for n in [*folders, *names]), "link_in_folder", 93)
        demand(bool(names or folders), "empty_folder_inside")
        for path in (Path(root) / name for name in names):
            total += (size := path.lstat().st_size)
            fits = path.is_file() and size <= MAX_FILE_BYTES and total <= MAX_TOTAL_BYTES
            demand(fits and len(found) < MAX_FILES, "folder_too_large", 93)
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
                found[path.relative_to(folder).as_posix()] = stream.read(size + 1)
    demand({"manifest.json", "manifest.sig"} <= set(found), "no_manifest", 93)
    return found


def packed(files: Files) -> bytes:
    """Returns the one zip of these files: sorted, not compressed, of one date; all its bits follow from the files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name)
            member.create_system, member.external_attr = 3, 0o100644 << 16
            archive.writestr(member, data)
    return made.getvalue()


def read_zip(data: bytes) -> Files:
    """Read a zip that is, to the byte, what its files make. Any other, also of the same files, is refused."""
    files, at, total = Files(), 0, 0
    while data[at : at + 4] == b"PK\x03\x04" and at + 30 <= len(data):
        size, name = (int.from_bytes(data[at + a : at + b], "little") for a, b in ((22, 26), (26, 28)))
        start, total = at + 30 + name, total + size
        fits = size <= MAX_FILE_BYTES and total <= MAX_TOTAL_BYTES and len(files) < MAX_FILES
        demand(fits, "folder_too_large", 93)
        files[data[at + 30 : start].decode("utf-8")] = data[start : start + size]
        at = start + size
    demand(packed(files) == data, "zip_not_as_written", 93)
    demand({"manifest.json", "manifest.sig"} <= set(files), "no_manifest", 93)
    return files


def read_proof(path: Path) -> Files:
    """Read a folder or a zip."""
    if path.is_symlink() or not path.is_file():
        return read_folder(path)
    demand(path.lstat().st_size <= MAX_ZIP_BYTES, "folder_too_large", 93)
    return read_zip(path.read_bytes())


def check_names(files: Files) -> None:
    """Step 1: a closed list of names, and no two that a file system, or a reader, could mistake for one."""
    demand(all(NAMES.fullmatch(name) and name.isprintable() for name in files), "file_of_unknown_name")
    folded = {unicodedata.normalize("NFC", name).casefold() for name in files}
    demand(len(folded) == len(files), "two_files_of_one_name")
    stamped = any(name.endswith(".tsr") for name in files)
    demand(stamped or "tsa-chain.pem" not in files, "stamp_roots_without_stamp")


def check_manifest(files: Files, key: Key) -> None:
    """Step 2: the files are exactly those of the signed manifest, byte for byte."""
    text = open_note(files["manifest.sig"], key)
    demand(files["manifest.sig"].count(b"\n") == 4, "manifest_altered")  # no key would cover further lines
    demand(text == f"reprise-proof-manifest v1\n{sha256(files['manifest.json']).hex()}\n", "manifest_altered")
    manifest = canonical(files["manifest.json"])
    rows = {row["name"]: row for row in manifest["files"]}
    demand(set(rows) == set(files) - {"manifest.json", "manifest.sig"}, "files_added_or_missing")
    for name, row in rows.items():
        found = (len(files[name]), sha256(files[name]).hex())
        demand((row["bytes"], row["sha256"]) == found, "file_altered", file=name)
    plain = [{"name": n, "bytes": rows[n]["bytes"], "sha256": rows[n]["sha256"]} for n in sorted(rows)]
    demand(written({"version": 1, "files": plain}) == files["manifest.json"], "manifest_malformed")


def climb(node: int, last: int, path: list[bytes], first: bytes, second: bytes) -> tuple[bytes, bytes] | None:
    """RFC 9162, 2.1.3.2 and 2.1.4.2: compute the roots of the old tree (`first`) and of the new (`second`) from a node."""
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
    """Whether the new tree begins with the old one."""
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    well = 0 < old < size and path and all(len(h) == 32 for h in (old_root, root, *proof))
    node, last = old - 1, size - 1
    while well and node & 1:
        node, last = node >> 1, last >> 1
    return bool(well) and climb(node, last, path[1:], path[0], path[0]) == (old_root, root)


def open_head(note: bytes, key: Key) -> tuple[int, str]:
    """Step 3: size and root (base64) of a checkpoint that the log signed, with one line."""
    lines = open_note(note, key).split("\n")
    ours = [blob for name, blob in split_note(note)[1] if (name, blob[:4]) == (key.name, key.id)]
    well = len(lines) == 4 and lines[0] == key.name and re.fullmatch("[1-9][0-9]{0,15}", lines[1])
    demand(well and len(ours) == 1 and len(strict_b64(lines[2])) == 32, "checkpoint_malformed")
    return int(lines[1]), lines[2]


def hash_lines(text: str) -> list[bytes]:
    """Decode hashes in base64, each with its line end."""
    demand(text.count("\n") <= MAX_PROOF, "proof_too_long", 93)
    demand(text == "" or text.endswith("\n"), "proof_malformed")
    return [strict_b64(line) for line in text.split("\n")[:-1]]


def check_entry(index: int, entry: bytes, proof: bytes, checkpoint: bytes, key: Key) -> Facts:
    """Step 4: one entry is in the log under the signed head."""
    head, blank, note = proof.partition(b"\n\n")
    lines = f"{head.decode('ascii', 'replace')}\n".split("\n", 2)
    ours = lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"] and note == checkpoint
    demand(blank and ours, "proof_malformed")
    size, root = open_head(checkpoint, key)
    found = included(index, size, sha256(b"\x00", entry), hash_lines(lines[2]), strict_b64(root))
    demand(found, "entry_not_in_log")
    return canonical(entry)


def check_entries(files: Files, key: Key) -> Entries:
    """Step 4: all entries of the folder, in the order of the log, each with its proof, are of one run."""
    entries = {name[8:-5]: data for name, data in files.items() if name.startswith("entries/")}
    proofs = {name[7:-11]: data for name, data in files.items() if name.startswith("proofs/")}
    demand(entries.keys() == proofs.keys(), "proof_of_no_entry")
    found = [
        (int(index), check_entry(int(index), entry, proofs[index], files["checkpoint"], key))
        for index, entry in entries.items()
    ]
    demand(len({entry["runId"] for _, entry in found}) == 1, "another_run")
    return sorted(found, key=lambda pair: pair[0])


def predicate_type(name: str, version: int) -> str:
    """Returns the type of a statement of this name, in a proof of this version."""
    return f"urn:reprise:{name}/{'v2' if version == 2 and name in (CHECK, RUN) else 'v1'}"


def check_statements(files: Files, key: Key, run: str, version: int) -> dict[str, tuple[bytes, Facts]]:
    """Step 5: payload and predicate of each statement, by name: signed by the log key, of its type, about this run."""
    found = {}
    for file in (name for name in files if name.startswith("statements/")):
        name = file[11:-10]
        body = canonical(files[file])
        payload, (signature,) = strict_b64(body["payload"]), body["signatures"]
        pae = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        demand(body["payloadType"] == PAYLOAD_TYPE and len(body) == 3, "statement_malformed")
        demand((signature["keyid"], len(signature)) == (key.id.hex(), 2), "statement_malformed")
        key.verify(strict_b64(signature["sig"]), pae)
        statement = canonical(payload)
        subject = [{"name": f"run/{run}", "digest": {"sha256": sha256(run.encode()).hex()}}]
        demand(statement["subject"] == subject, "statement_of_another_run")
        kind = (statement["_type"], statement["predicateType"], len(statement))
        typed = kind == (STATEMENT, predicate_type(name, version), 4)
        demand(typed, "statement_of_another_type")
        found[name] = (payload, statement["predicate"])
    return found


def check_sequence(entries: Entries, statements: Any) -> None:
    """Step 6: entries and statements are of one complete run, in order, and every check of the destruction passed."""
    bodies = [entry for _, entry in entries]
    within = [entry for entry in bodies if not entry["type"].startswith(AFTERWARDS)]
    types = [entry["type"] for entry in within]
    order = ["authorisation.checked", "run.started", "destruction.started", "destruction.completed"]
    places = [types.index(t) if t in types else -1 for t in order]
    whole = -1 not in places and places == sorted(places) and bodies[0]["type"] == order[0]
    demand(whole, "story_incomplete_or_out_of_order")
    demand(all(types.count(t) == 1 for t in order if t != order[2]), "story_told_twice")
    demand(types[-1] == "destruction.completed", "story_goes_on_after_its_end")
    counted = all(entry["n"].get("earlier", at) == at for at, entry in enumerate(bodies))
    demand(counted, "entry_left_out")
    imports = {entry["code"]: entry for entry in bodies if entry["type"] == "import.confirmed"}
    wanted = {CHECK, RUN, DESTRUCTION, *(f"import-{state}" for state in imports)}
    demand(set(statements) == wanted, "statement_missing_or_unknown")
    for state, entry in imports.items():
        by = "controller_signature" if state == "accepted" else "operator_record"
        stated = {"state": state, "confirmedAt": entry["at"], "by": by}
        demand(statements[f"import-{state}"][1] == stated, "import_not_as_recorded")
    check, destruction = statements[CHECK][1], statements[DESTRUCTION][1]
    demand(check["result"] == "PASSED", "authorisation_not_passed")
    kind, count = bodies[0]["code"], bodies[0]["n"].get("signatures")
    as_recorded = kind == "passed" or (check["signature"], check["signatures"]) == (kind, count)
    demand(as_recorded and check["verifiedAt"] == bodies[0]["at"], "check_not_as_recorded")
    demand(all(destruction["verification"].get(c) is True for c in CHECKS), "destruction_not_verified")


def check_commitments(files: Files, ended: Facts, statements: Any, version: int) -> None:
    """Step 7: the last entry of the run commits to the statements, the destruction statement to the inventory."""
    fields = {DESTRUCTION: "statement", **({RUN: "run", CHECK: "check"} if version == 2 else {})}
    for name, field in fields.items():
        demand(strict_b64(ended["c"][field]) == sha256(statements[name][0]), "statement_not_the_recorded_one")
    listed = statements[DESTRUCTION][1]["inventory"]["sha256"]
    demand(listed == sha256(files["inventory.json"]).hex(), "another_inventory")


def derive_certificate(facts: Facts, check: Facts, ended: Facts, entries: Entries, files: Files) -> Facts:
    """Step 8: the content of certificate.json. `facts` come from the run statement; the rest is derived from the files."""
    bodies = [entry for _, entry in entries]
    imports = [entry["code"] for entry in bodies if entry["type"] == "import.confirmed"]
    origin, size, root = split_note(files["checkpoint"])[0].split("\n")[:3]
    stamp = files.get("checkpoint.tsr")
    grown = {
        "time_stamp": any(name.endswith(".tsr") for name in files),
        "witness": len(split_note(files["checkpoint"])[1]) > 1,
    }
    kept = ("result", "verifiedAt", "authorisation")
    fate = facts["fate"]
    return {
        **facts,
        "run": bodies[0]["runId"],
        "use": next(entry["code"] for entry in bodies if entry["type"] == "run.started"),
        "authorisation": {
            "id": check["authorisation"],
            "checkedAt": bodies[0]["at"],
            **{name: value for name, value in check.items() if name not in kept},
        },
        "destruction": ended,
        "fate": {
            **fate,
            **{kind: {**fate[kind], "end": end_of(bodies, kind)} for kind in ("source", "package")},
        },
        "import_state": imports[-1] if imports else facts["import_state"],
        "channels": [c for c in facts["channels"] if c not in grown] + [c for c in grown if grown[c]],
        "head": {"origin": origin, "size": int(size), "root": root},
        "stamp": {"at": stamp_time(files["checkpoint"], stamp)} if stamp else None,
    }


def end_of(bodies: list[Facts], kind: str) -> Facts | None:
    """Returns how the operator's copy of a kind ended, according to the ledger; None while it is held, or if there is none."""
    ends = [entry for entry in bodies if entry["type"].startswith("custody.") and entry["code"] == kind]
    if not ends:
        return None
    counts = ends[-1]["n"]
    worth = {"source": "unlinked_overwritten", "package": "unlinked_sealed"}[kind]
    return {
        "at": ends[-1]["at"],
        "complete": ends[-1]["type"] == "custody.destroyed",
        "evidence": "deleted_at_server" if "at_server" in counts else worth,
        "files": counts["files"],
        "bytes": counts["bytes"],
        "exceptions": sorted(set(counts) - {"files", "bytes", "at_server", "earlier"}),
    }


def check_certificate(files: Files, entries: Entries, statements: Any, version: int) -> Facts:
    """Step 8: certificate.json contains exactly the derived content. In version 1 no statement contains its facts."""
    certificate = canonical(files["certificate.json"])
    demand(certificate["version"] == version, "certificate_of_another_version")
    facts = statements[RUN][1]["facts"] if version == 2 else certificate
    derived = derive_certificate(facts, statements[CHECK][1], statements[DESTRUCTION][1], entries, files)
    demand(written(derived) == files["certificate.json"], "certificate_differs")
    demand({"certificate.html", "certificate.pdf"} <= set(files), "certificate_missing")
    return certificate


def check_growth(files: Files, key: Key) -> list[str]:
    """Step 9: the log only grew from every earlier issued head to the current one. A head without its proof is refused."""
    size, root = open_head(files["checkpoint"], key)
    heads = {name[6:-11]: open_head(note, key) for name, note in files.items() if name.startswith("heads/")}
    demand(all(name == str(old) for name, (old, _) in heads.items()), "head_of_another_size")
    earlier = sorted(heads.values())
    for old, old_root in earlier:
        lines = files.get(f"consistency/{old}-{size}.txt", b"").decode("ascii", "replace")
        grew = extends(old, size, hash_lines(lines), strict_b64(old_root), strict_b64(root))
        demand(grew, "log_was_rewritten")
    proofs = {name for name in files if name.startswith("consistency/")}
    demand(proofs == {f"consistency/{old}-{size}.txt" for old, _ in earlier}, "consistency_of_no_head")
    return [f"The head grew from {old} entries (root {r}) to {size} without a rewrite." for old, r in earlier]


def stamp_time(over: bytes, response: bytes) -> str:
    """Returns when a time stamp claims to be made: the field of TSTInfo (RFC 3161, 2.4.2) after imprint and serial number."""
    after = response.partition(sha256(over))[2]
    demand(after[:1] == b"\x02", "stamp_of_something_else")
    time = after[2 + after[1] :]
    found = re.fullmatch(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z", time[2 : 2 + time[1]])
    if found is None:
        raise Fault("stamp_malformed")
    return "{}-{}-{}T{}:{}:{}Z".format(*(part.decode() for part in found.groups()[:6]))


def check_stamps(files: Files) -> list[str]:
    """Step 10: each time stamp is over the file beside it. Returns the commands that check its issuer (not checked here)."""
    stamps = {name: name.removesuffix(".tsr") for name in sorted(files) if name.endswith(".tsr")}
    demand(all(sha256(files[of]) in files[name] for name, of in stamps.items()), "stamp_of_something_else")
    return [f"openssl ts -verify -data {of} -in {n} -CAfile TSA_ROOTS.pem" for n, of in stamps.items()]


def listing(files: Files, names: list[str]) -> bytes:
    """Returns what the ledger commits to for files of authorisation/: the lines of `sha256sum`, sorted by name."""
    lines = [f"{sha256(files[name]).hex()}  {name.removeprefix(FOLDER)}\n" for name in names]
    return "".join(sorted(lines, key=lambda line: line[66:].encode())).encode()


def check_authorisation(files: Files, entries: Entries, version: int) -> bool:
    """Step 11: the files in authorisation/ open the ledger's commitments; False when there are none (any more)."""
    accepted = [e for _, e in entries if (e["type"], e["code"]) == ("import.confirmed", "accepted")]
    demand(version == 1 or all("acceptance" in e["c"] for e in accepted), "acceptance_missing")
    if not any(name.startswith(FOLDER) for name in files):
        return False
    (salt,) = hash_lines(files[f"{FOLDER}salt.b64"].decode("ascii"))
    demand(len(salt) == 32, "salt_malformed")

    def opens(entry: Facts, field: str, data: bytes, of: str | None = None) -> bool:
        label = f"proof/v1/{entry['type']}/{of or field}".encode()
        return hmac.digest(salt, label + b"\x00" + sha256(data), "sha256") == strict_b64(entry["c"][field])

    checked = entries[0][1]
    recorded = opens(checked, "authorisation", files[f"{FOLDER}instruction.json"], "instruction")
    demand(recorded, "instruction_not_the_recorded_one")
    later = [name for name in files if name.startswith(ACCEPTANCE)]
    other = {f"{FOLDER}salt.b64", *later, *(name for name in files if name.endswith(".tsr"))}
    before = [name for name in files if name.startswith(FOLDER) and name not in other]
    recorded = checked["code"] not in KINDS or opens(checked, "evidence", listing(files, before))
    demand(recorded, "signatures_not_the_recorded_ones")
    signed = all(opens(e, "acceptance", listing(files, later)) for e in accepted if "acceptance" in e["c"])
    demand(signed if accepted else not later, "acceptance_not_the_recorded_one")
    return True


class Report:
    """What was checked and what was not, in words, and the run that it is about."""

    def __init__(self, files: Files, trusted: Policy) -> None:
        """Run every check, numbered as in docs/formats/proof.md. Raises Fault."""
        key = trusted.log
        check_names(files)  # (1) a closed list of names
        check_manifest(files, key)  # (2) the manifest names exactly these files
        open_head(files["checkpoint"], key)  # (3) the head, and who cosigned it
        self.witnesses = check_witnesses(files["checkpoint"], trusted)
        self.entries = check_entries(files, key)  # (4) entries of one run, in the tree of the head
        self.run = str(self.entries[0][1]["runId"])
        ends = [entry for _, entry in self.entries if entry["type"] == "destruction.completed"]
        self.version = 2 if ends and "run" in ends[0]["c"] else 1
        self.statements = check_statements(files, key, self.run, self.version)  # (5) statements about the run
        check_sequence(self.entries, self.statements)  # (6) in order, none left out, every check passed
        check_commitments(files, ends[0], self.statements, self.version)  # (7) the ledger committed to them
        self.certificate = check_certificate(files, self.entries, self.statements, self.version)  # (8)
        self.grown, self.stamps = check_growth(files, key), check_stamps(files)  # (9) growth, (10) stamps
        self.signed = check_authorisation(files, self.entries, self.version)  # (11) what was authorised
        self.kind = str(self.statements[CHECK][1]["signature"])
        self.bound = self.entries[0][1]["code"] in KINDS  # binds kind, number, signers of signatures
        self.accepted = "import-accepted" in self.statements
        self.trial = self.certificate["trial"] is not False or key.name.startswith("trial.")
        self._tell(files)

    def _tell(self, files: Files) -> None:
        count = self.entries[0][1]["n"].get("signatures")
        self.checked = [
            f"{len(files)} files are those of the signed manifest, no more and no fewer, to the byte.",
            f"{len(self.entries)} ledger entries are in the signed log: authorisation before the run, destruction after.",
            f"{len(self.statements)} statements are signed; key absent, reading fails, files absent, process ended: recorded.",
            f"Witnesses that cosigned the head: {', '.join(self.witnesses) or 'none'}.",
            *self.grown,
            *["certificate.json says what the ledger committed to, and nothing else."] * (self.version == 2),
            *["The instruction in the folder is the one that the ledger recorded."] * self.signed,
        ]
        if self.signed and self.bound:
            self.checked.append(f"Its signatures are those that the ledger recorded: {count}, {self.kind}.")
        unknown = len(split_note(files["checkpoint"])[1]) - 1 - len(self.witnesses)
        self.unchecked = [
            (BY_HAND if self.kind == "handwritten" else SIGNATURE) if self.signed else ERASED,
            *[ACCEPTS] * self.accepted,
            *[VERSION_1 if self.version == 1 else BEGAN_1] * (self.version == 1 or not self.bound),
            *[f"{unknown} further line(s) under the head, by names unknown to the policy."] * (unknown > 0),
            *(f"a time stamp: {line}" for line in self.stamps),
            PAGES,
            LOOSE,
            LATER,
        ]

    def words(self, verdict: str) -> list[str]:
        """Format for a terminal: text from the folder must not control the terminal or begin a line."""
        told = {"Checked": self.checked, "Not checked here": self.unchecked, "Not provable": [NEVER]}
        words = [f"Run {self.run}: {self.certificate['outcome']}."]
        words += [f"{how}: {line}" for how, lines in told.items() for line in lines]
        words.append(f"{verdict} {TRIAL}" if self.trial else verdict)
        return [ascii(line)[1:-1] for line in words]


def verify(source: Path | Files, policy: str | None, further: Further = None) -> tuple[int, list[str]]:
    """Returns exit code and words for a folder, a zip, or files already read. `further` gets the report, and may raise Fault."""
    try:
        files = read_proof(source) if isinstance(source, Path) else source
        report = Report(files, Policy(files["policy.txt"].decode("utf-8") if policy is None else policy))
        if further is not None:
            further(files, report)
        words = report.words(UNANCHORED if policy is None else ACCEPTED)
    except Fault as fault:
        return fault.exit_code, [ascii(line)[1:-1] for line in (*fault.where, f"REFUSED: {fault.code}")]
    except (OSError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return 93, ["REFUSED: folder_malformed"]
    return 92 if policy is None else 0, words


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Verify a proof of Reprise offline: its folder or its zip.")
    parser.add_argument("proof", type=Path)
    parser.add_argument("--policy", type=Path)
    arguments = parser.parse_args()
    code, words = 93, ["REFUSED: policy_unreadable"]
    with suppress(OSError, UnicodeDecodeError):
        policy = arguments.policy.read_text(encoding="utf-8") if arguments.policy else None
        code, words = verify(arguments.proof, policy)
    sys.stdout.write("\n".join(words) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
