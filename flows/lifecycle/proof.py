"""Issues the proof folder of a run when the run ends, and again after later events, such as a time stamp on a later head.

The statements about the run never change. Other parts can be added or replaced: the head against which the entries are proved,
its time stamp, the stamps on the doctor's signatures, and, for each head in an earlier folder, a proof that the log only grew.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from flows.session.control import Control
from schemas.errors import UnreadableSourceError
from schemas.record import Record
from schemas.texts import text
from vault.authorisation.register import InstructionRegister
from vault.authorisation.signature_stamps import stamps_of
from vault.home_folder import Home
from vault.instruction.document import parse
from vault.ledger.entries import EntryType, format_hashes
from vault.ledger.home_log import load_log_key
from vault.ledger.notes import Checkpoint, split_note
from vault.ledger.policy import format_policy
from vault.pki.timestamps import Stamps, read_roots
from vault.proof.certificate import build_certificate, build_pages
from vault.proof.folder import SALT, authorisation_files, place_folder, seal_files
from vault.proof.names import names_of
from vault.proof.proven import evidence_before_version_2, proven_by
from vault.proof.statements import INVENTORY, envelope, statement
from vault.runs.facts import Heads, Report, read_fact, write_fact
from vault.runs.lease import Lease, find_lease
from vault.runs.run_lock import lock_run
from vault.verify import CHECK, DESTRUCTION, RUN, Entries, derive_certificate, predicate_type


@dataclass(frozen=True)
class Head:
    """The head that a folder is issued against, and its time stamp if there is one."""

    note: bytes
    stamp: bytes | None = None

    @property
    def body(self) -> Checkpoint:
        """The checkpoint in the note: origin, size and root."""
        return Checkpoint.parse(split_note(self.note)[0])


class ProofView(Record, frozen=True):
    """An issued proof folder, and its parts that can change after the run has ended."""

    run_id: str = msgspec.field(name="run")
    proof: str
    size: int  # number of entries of the head against which it is proved
    stamped: bool
    signatures_stamped: int
    earlier_heads: int


def refresh_proof(home: Home, run: str) -> ProofView:
    """Issue an ended run's folder again, against the newest stamped head, or the current head if none is stamped.

    Raises UnreadableSourceError (no_such_run, run_not_ended), ForkError if the log does not extend a head that was handed out.
    """
    control = Control.open_to_look(home)
    lease = find_lease(home, run)
    with lock_run(home, lease.locks):
        if not control.run(lease).ended:
            raise UnreadableSourceError("run_not_ended")
        folder = issue_proof(control, lease, newest=True)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return ProofView(
        run_id=lease.run_id,
        proof=str(folder),
        size=Checkpoint.parse(split_note((folder / "checkpoint").read_bytes())[0]).size,
        stamped="checkpoint.tsr" in files,
        signatures_stamped=sum(f.startswith("authorisation/") and f.endswith(".tsr") for f in files),
        earlier_heads=sum(f.startswith("consistency/") for f in files),
    )


def issue_proof(control: Control, lease: Lease, *, newest: bool = False) -> Path:
    """Write the run's proof folder from its final report, in place of the former folder. Return its path.

    Each issue is recorded before the folder appears, so the log has an entry for every folder of this home. A folder that is
    issued again after a crash, with the same head and facts, has the same bytes, and is not recorded again. `newest` requests
    the newest head in any case.
    """
    report = read_fact(control.home, lease.run_id, Report)
    if report is None:
        raise UnreadableSourceError("run_not_ended")
    folder = control.home.proof(lease.run_id)
    all_entries = control.run(lease).entries()
    handed = _handed_out(control, lease)
    head = _choose_head(control, all_entries, handed, newest=newest)
    if all(head.body.size != Checkpoint.parse(split_note(note)[0]).size for note in handed):
        handed.append(head.note)
        write_fact(control.home, lease.run_id, Heads(tuple(note.decode() for note in handed)))
    entries = [(index, entry) for index, entry in all_entries if index < head.body.size]
    authorisation = _authorisation(control, lease, folder)
    files = {
        "policy.txt": format_policy(control.ledger.store.vkey).encode(),
        INVENTORY: report.inventory.encode(),
        **_entries(control, entries, head),
        **_statements(control, lease, report, entries),
        **_growth(control, handed, head),
        **authorisation,
        **_stamps(control, authorisation, head),
    }
    files |= build_certificate(_certificate(report, lease, entries, files))
    sealed = seal_files(files, origin=control.site.origin, key=load_log_key(control.home))
    control.record_issue(lease.run_id, sealed["manifest.json"])
    place_folder(folder, sealed)
    return folder


@dataclass(frozen=True)
class CertificatePages:
    """The page (HTML) and the PDF of a certificate by file name, and whether they name the doctor."""

    files: dict[str, bytes]
    named: bool


def certificate_pages(home: Home, run: str) -> CertificatePages:
    """Return an ended run's certificate for its practice, with the names in the sealed instruction, unless these were erased.

    The result is neither recorded nor stored. It is made from the issued folder, the instruction and the site's contact. Raises
    UnreadableSourceError (no_such_run, run_not_ended).
    """
    lease = find_lease(home, run)
    issued = home.proof(lease.run_id) / "certificate.json"
    if not issued.is_file():
        raise UnreadableSourceError("run_not_ended")
    kept = InstructionRegister(home, None, lease.authorisation_id).get("evidence")
    names = names_of(parse(kept["instruction.json"]), home.site.contact) if kept else None
    return CertificatePages(build_pages(json.loads(issued.read_bytes()), names), names is not None)


def _handed_out(control: Control, lease: Lease) -> list[bytes]:
    """Return the heads in earlier folders of this run, oldest first."""
    known = read_fact(control.home, lease.run_id, Heads) or Heads()
    return [note.encode() for note in known.heads]


def _choose_head(control: Control, entries: Entries, handed: list[bytes], *, newest: bool) -> Head:
    """Return the head of the last issue if no entry of the run is newer; otherwise the newest head with all entries of the run.

    The newest head is the newest stamped head, or the current head if none is stamped. It is never earlier than a head in an
    earlier folder.
    """
    issued = EntryType.PROOF_ISSUED
    least = 1 + max(index for index, entry in entries if newest or entry["type"] != issued)
    stamped = Stamps(control.home.stamps, control.home.trust).kept()
    sizes = [Checkpoint.parse(split_note(note)[0]).size for note in handed]
    if not newest and sizes and max(sizes) >= least:
        note = handed[sizes.index(max(sizes))]
        return Head(note, next((stamp.response for stamp in stamped if stamp.checkpoint == note), None))
    least = max([*sizes, 1 + max(index for index, entry in entries if entry["type"] != issued)])
    covering = [stamp for stamp in stamped if stamp.size >= least]
    if covering:
        return Head(covering[-1].checkpoint, covering[-1].response)
    return Head(control.ledger.store.checkpoint())


def _entries(control: Control, entries: Entries, head: Head) -> dict[str, bytes]:
    store = control.ledger.store
    files = {"checkpoint": head.note}
    for index, _ in entries:
        files[f"entries/{index}.json"] = store.read(index, index + 1)[0]
        files[f"proofs/{index}.tlog-proof"] = control.ledger.prove(index, head.note)
    return files


def _statements(control: Control, lease: Lease, report: Report, entries: Entries) -> dict[str, bytes]:
    key, key_id = load_log_key(control.home), control.ledger.store.vkey.split("+")[1]
    predicates = {
        CHECK: _check(report, lease, entries),
        RUN: report.run,
        DESTRUCTION: report.destruction,
        **dict(_confirmations(entries)),
    }
    return {
        f"statements/{name}.dsse.json": envelope(
            statement(lease.run_id, predicate_type(name, report.version), predicate), key, key_id
        )
        for name, predicate in predicates.items()
    }


def _check(report: Report, lease: Lease, entries: Entries) -> dict[str, Any]:
    """Return the statement of the check, from the final report. Under version 1 of the proof, it is made from the entries."""
    return report.check or {
        "result": "PASSED",
        "verifiedAt": entries[0][1]["at"],
        "authorisation": lease.authorisation_id,
        **(report.signing or {}),
    }


def _confirmations(entries: Entries) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield one statement for each confirmed state of the import."""
    for _, entry in entries:
        if entry["type"] == EntryType.IMPORT_CONFIRMED:
            by = "controller_signature" if entry["code"] == "accepted" else "operator_record"
            predicate = {"state": entry["code"], "confirmedAt": entry["at"], "by": by}
            yield f"import-{entry['code']}", predicate


def _growth(control: Control, handed: list[bytes], head: Head) -> dict[str, bytes]:
    """Return each head of an earlier folder, with the proof that the log only grew from that head to this head."""
    files = {}
    for note in handed:
        old = Checkpoint.parse(split_note(note)[0])
        if old.size != head.body.size:
            proof = control.ledger.store.extend(old, head.body.size)
            files[f"heads/{old.size}.checkpoint"] = note
            files[f"consistency/{old.size}-{head.body.size}.txt"] = format_hashes(proof).encode()
    return files


def _authorisation(control: Control, lease: Lease, folder: Path) -> dict[str, bytes]:
    """Return the signed documents, the salt of the ledger's commitment, and the stamps; {} after an erasure.

    The trust material is that with which the run's instruction was checked.
    """
    salt = control.authorisation_salt(lease)
    if (
        salt is None
        or InstructionRegister(control.home, None, lease.authorisation_id).get("evidence") is None
    ):
        return {}
    evidence = proven_by(control.home, lease)
    if evidence is None:
        evidence = authorisation_files(folder) or evidence_before_version_2(control.home, lease)
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
    """Return the files of the signed acceptance; {} if there is none."""
    register = InstructionRegister(control.home, None, lease.authorisation_id)
    return register.get("acceptance", lease.run_id) or {}


def _stamps(control: Control, authorisation: dict[str, bytes], head: Head) -> dict[str, bytes]:
    files = {"checkpoint.tsr": head.stamp} if head.stamp else {}
    if head.stamp or any(name.endswith(".tsr") for name in authorisation):
        files["tsa-chain.pem"] = b"".join(root.rstrip() + b"\n" for root in read_roots(control.home.trust))
    return files


def _certificate(report: Report, lease: Lease, entries: Entries, files: dict[str, bytes]) -> dict[str, Any]:
    """Derive the certificate as every verifier does. A run that ended under version 1 has its facts in no statement."""
    trust = text("en", "certificate.sentence.trust")
    facts = report.run.get("facts") or {**(report.facts or {}), "language": report.language, "trust": trust}
    return derive_certificate(facts, _check(report, lease, entries), report.destruction, entries, files)
