"""The proof folder of a run that ended: issued at its end, and anew when an authority has stamped a later head.

What it says of the run never changes. What grows: the head against which the entries are proven, its time stamp, the stamps
over the doctor's signatures, and, from every head that was ever handed out for this run, a proof that the log only grew.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.control import Control
from schemas.errors import UnreadableSourceError
from vault.authorisation import evidence_of
from vault.certificate import build_certificate
from vault.clock import format_utc
from vault.custody import AT_SERVER, CopyKind, Evidence, evidence_of_kind
from vault.lease import Lease, find_lease
from vault.ledger import EntryType, format_hashes
from vault.ledger_store import load_log_key
from vault.locks import hold_run
from vault.notes import Checkpoint, split_note
from vault.policy import format_policy
from vault.proof_folder import SALT, authorisation_files, write_proof
from vault.run_files import RunFile, read_run_file, write_run_file
from vault.signature_stamps import stamps_of
from vault.statements import (
    AUTHORISATION_CHECK,
    DESTRUCTION,
    INVENTORY,
    RUN,
    envelope,
    import_type,
    statement,
)
from vault.subjects import Subjects
from vault.timestamps import Stamps, read_roots, stamped_at

Entries = list[tuple[int, dict[str, Any]]]  # by index in the log


@dataclass(frozen=True)
class Head:
    """The head that a folder is issued against, and its time stamp if it has one."""

    note: bytes
    stamp: bytes | None = None

    @property
    def body(self) -> Checkpoint:
        """Origin, size and root."""
        return Checkpoint.parse(split_note(self.note)[0])


def refresh_proof(home: Path, run: str) -> dict[str, Any]:
    """Issue an ended run's folder anew against the newest stamped head, or the present one if none is stamped.

    Raises UnreadableSourceError (no_such_run, run_not_ended), ForkError when the log does not extend a head handed out.
    """
    control = Control.open_to_look(home)
    lease = find_lease(home, run)
    with hold_run(home, lease.locks):
        if not control.ended(lease):
            raise UnreadableSourceError("run_not_ended")
        folder = issue_proof(control, lease)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return {
        "run": lease.run_id,
        "proof": str(folder),
        "size": Checkpoint.parse(split_note((folder / "checkpoint").read_bytes())[0]).size,
        "stamped": "checkpoint.tsr" in files,
        "signatures_stamped": sum(f.startswith("authorisation/") and f.endswith(".tsr") for f in files),
        "earlier_heads": sum(f.startswith("consistency/") for f in files),
    }


def issue_proof(control: Control, lease: Lease) -> Path:
    """Write the run's proof folder from what was told at its end; the former one is replaced as a whole."""
    told = read_run_file(control.home, lease.run_id, RunFile.TOLD)
    if told is None:
        raise UnreadableSourceError("run_not_ended")
    folder = control.home / "runs" / lease.run_id / "proof"
    entries = control.entries_of(lease)
    handed = _handed_out(control, lease)
    head = _choose_head(control, entries[-1][0] + 1, handed)
    if all(head.body.size != Checkpoint.parse(split_note(note)[0]).size for note in handed):
        handed.append(head.note)
        write_run_file(
            control.home, lease.run_id, RunFile.HEADS, {"heads": [note.decode() for note in handed]}
        )
    authorisation = _authorisation(control, lease, folder)
    files = {
        "policy.txt": format_policy(control.ledger.store.vkey).encode(),
        INVENTORY: told["inventory"].encode(),
        **_entries(control, entries, head),
        **_statements(control, lease, told, entries),
        **_growth(control, handed, head),
        **authorisation,
        **_stamps(control, authorisation, head),
        **build_certificate(_facts(told, lease, entries, head, authorisation), told["language"]),
    }
    write_proof(folder, files, origin=control.site.origin, key=load_log_key(control.home))
    return folder


def _handed_out(control: Control, lease: Lease) -> list[bytes]:
    """The heads that folders of this run carried, oldest first."""
    known = read_run_file(control.home, lease.run_id, RunFile.HEADS) or {"heads": []}
    return [note.encode() for note in known["heads"]]


def _choose_head(control: Control, least: int, handed: list[bytes]) -> Head:
    """The newest stamped head that covers the run and every head handed out for it; else the present one."""
    least = max([least, *(Checkpoint.parse(split_note(note)[0]).size for note in handed)])
    stamped = [stamp for stamp in Stamps(control.home).kept() if stamp.size >= least]
    if stamped:
        return Head(stamped[-1].checkpoint, stamped[-1].response)
    return Head(control.ledger.store.checkpoint())


def _entries(control: Control, entries: Entries, head: Head) -> dict[str, bytes]:
    store = control.ledger.store
    files = {"checkpoint": head.note}
    for index, _ in entries:
        files[f"entries/{index}.json"] = store.read(index, index + 1)[0]
        files[f"proofs/{index}.tlog-proof"] = control.ledger.prove(index, head.note)
    return files


def _statements(control: Control, lease: Lease, told: dict[str, Any], entries: Entries) -> dict[str, bytes]:
    key, key_id = load_log_key(control.home), control.ledger.store.vkey.split("+")[1]
    check = {
        "result": "PASSED",
        "verifiedAt": entries[0][1]["at"],
        "authorisation": lease.authorisation_id,
        **told["signing"],
    }
    predicates = (
        ("authorisation-check", AUTHORISATION_CHECK, check),
        ("run", RUN, told["run"]),
        ("destruction", DESTRUCTION, told["destruction"]),
        *_confirmations(entries),
    )
    return {
        f"statements/{name}.dsse.json": envelope(statement(lease.run_id, kind, predicate), key, key_id)
        for name, kind, predicate in predicates
    }


def _confirmations(entries: Entries) -> Iterator[tuple[str, str, dict[str, str]]]:
    """One statement for each state that was confirmed of the import."""
    for _, entry in entries:
        if entry["type"] == EntryType.IMPORT_CONFIRMED:
            by = "controller_signature" if entry["code"] == "accepted" else "operator_record"
            predicate = {"state": entry["code"], "confirmedAt": entry["at"], "by": by}
            yield f"import-{entry['code']}", import_type(entry["code"]), predicate


def _growth(control: Control, handed: list[bytes], head: Head) -> dict[str, bytes]:
    """Each earlier head, and the proof that the log only grew from it to this one."""
    files = {}
    for note in handed:
        old = Checkpoint.parse(split_note(note)[0])
        if old.size != head.body.size:
            proof = control.ledger.store.extend(old, head.body.size)
            files[f"heads/{old.size}.checkpoint"] = note
            files[f"consistency/{old.size}-{head.body.size}.txt"] = format_hashes(proof).encode()
    return files


def _authorisation(control: Control, lease: Lease, folder: Path) -> dict[str, bytes]:
    """What the doctor signed, with the salt that opens the ledger's commitment and the stamps; nothing once erased.

    The trust material is that of the run: a folder that was issued keeps what it had.
    """
    salt = control.authorisation_salt(lease)
    if salt is None:
        return {}
    evidence = authorisation_files(folder) or evidence_of(control.home, lease.authorisation_id)
    stamps = stamps_of(control.home, lease.authorisation_id, evidence)
    return {
        f"authorisation/{name}": data
        for name, data in {
            **evidence,
            **_acceptance(control, lease),
            SALT: b64encode(salt) + b"\n",
            **stamps,
        }.items()
    }


def _acceptance(control: Control, lease: Lease) -> dict[str, bytes]:
    """What the controller signed when the import was accepted."""
    kept = Subjects(control.home).get(lease.subject_id, f"acceptance-{lease.run_id}")
    return {name: bytes.fromhex(data) for name, data in json.loads(kept).items()} if kept else {}


def _stamps(control: Control, authorisation: dict[str, bytes], head: Head) -> dict[str, bytes]:
    files = {"checkpoint.tsr": head.stamp} if head.stamp else {}
    if head.stamp or any(name.endswith(".tsr") for name in authorisation):
        files["tsa-chain.pem"] = b"".join(root.rstrip() + b"\n" for root in read_roots(control.home))
    return files


def _facts(
    told: dict[str, Any],
    lease: Lease,
    entries: Entries,
    head: Head,
    authorisation: dict[str, bytes],
) -> dict[str, Any]:
    _, size, root = split_note(head.note)[0].split("\n")[:3]
    used = list(told["facts"]["channels"])
    if head.stamp or any(name.endswith(".tsr") for name in authorisation):
        used.append("time_stamp")
    if len(split_note(head.note)[1]) > 1:
        used.append("witness")
    fate = told["facts"]["fate"]
    confirmed = [e["code"] for _, e in entries if e["type"] == EntryType.IMPORT_CONFIRMED]
    return {
        **told["facts"],
        "fate": {**fate, **{kind: {**fate[kind], "end": _end_of(entries, kind)} for kind in CopyKind}},
        "import_state": confirmed[-1] if confirmed else told["facts"]["import_state"],
        "authorisation": {
            "id": lease.authorisation_id,
            "checkedAt": entries[0][1]["at"],
            **told["signing"],
        },
        "channels": used,
        "head": {"origin": head.body.origin, "size": int(size), "root": root},
        "stamp": {"at": format_utc(stamped_at(head.stamp))} if head.stamp else None,
    }


def _end_of(entries: Entries, kind: str) -> dict[str, Any] | None:
    """How the operator's copy of a kind ended, as the ledger has it; None while he holds it, or never did."""
    ends = [e for _, e in entries if e["type"].startswith("custody.") and e["code"] == kind]
    if not ends:
        return None
    last, counted = ends[-1], {"files", "bytes"}
    return {
        "at": last["at"],
        "complete": last["type"] == EntryType.CUSTODY_DESTROYED,
        "evidence": (
            Evidence.AT_SERVER if AT_SERVER in last["n"] else evidence_of_kind(CopyKind(kind))
        ).value,
        **{name: last["n"][name] for name in counted},
        "exceptions": sorted(set(last["n"]) - counted - {AT_SERVER}),
    }
