"""Valid objects of every kind that Reprise reads from others, made on the fly: nothing of anybody is in them."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.stamp_authority import Authority, openssl

from trial.authority import TrialAuthority, sign_cades, sign_page
from trial.doctors import enrol_doctor
from vault.age.bech32 import encode
from vault.age.sealing import make_identity, open_bytes, seal_bytes
from vault.canonical_json import canonical_json
from vault.home.backup import write_backup
from vault.home.create import create_home
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.instruction.page import render_pdf
from vault.intake.identity_store import recipient_of
from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.home_log import open_store
from vault.ledger.merkle import LeafList, leaf_hash, prove_inclusion, root_hash
from vault.ledger.notes import COSIGNATURE, Checkpoint, cosign_note, format_vkey, sign_note
from vault.proof.statements import VERSION, statement
from vault.records.operators import enrol_operator
from vault.system.clock import SystemClock, format_utc
from vault.verify import CHECK, DESTRUCTION, RUN, predicate_type

ORIGIN = "fuzz.example/log"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
VKEY = format_vkey(ORIGIN, KEY.public_key().public_bytes_raw())
WITNESS_VKEY = format_vkey("w.example", WITNESS.public_key().public_bytes_raw(), COSIGNATURE)
POLICY = f"log {VKEY}\nwitness w {WITNESS_VKEY}\ngroup g any w\nquorum none\n"
QUORUM = POLICY.replace("quorum none", "quorum g")
RUN_ID = "11111111-2222-4333-8444-555555555555"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
INSS, NIHII = "85073003328", "11234578004"


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def make_folder() -> Path:
    """A folder that is gone with the process."""
    _KEPT.append(tempfile.TemporaryDirectory(prefix="reprise-fuzz-"))
    return Path(_KEPT[-1].name)


def head_of(entries: list[bytes]) -> bytes:
    """A signed head over the entries."""
    root = root_hash([leaf_hash(entry) for entry in entries])
    return sign_note(Checkpoint(ORIGIN, len(entries), root).format(), ORIGIN, KEY)


def cosigned(note: bytes) -> bytes:
    """The head, seen by the witness."""
    return cosign_note(note, "w.example", WITNESS, 1_800_000_000)


def proof_of(entries: list[bytes], index: int, head: bytes) -> bytes:
    """A C2SP tlog-proof of one of the entries."""
    from base64 import b64encode

    hashes = prove_inclusion(index, LeafList([leaf_hash(entry) for entry in entries]))
    lines = "".join(f"{b64encode(h).decode()}\n" for h in hashes)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n".encode() + head


def entry(kind: EntryType, number: int, **more: Any) -> dict[str, Any]:
    """One entry of the ledger."""
    body = {
        "v": 1, "type": kind.value, "runId": RUN_ID, "seq": number, "at": "2026-06-01T00:00:00Z", "code": "x",
        "c": {"operator": commit(b"a", "b", "c", b"d")}, "n": {},
    }  # fmt: skip
    return {**body, **more}


def story() -> list[dict[str, Any]]:
    """The entries of one whole run."""
    return [
        entry(EntryType.AUTHORISATION_CHECKED, 1, code="cades", n={"signatures": 1}),
        entry(EntryType.RUN_STARTED, 2, n={"deadline_s": 2_000_000_000, "run_number": 1}),
        entry(EntryType.RUN_DELIVERED, 3, n={"delivered": 7}),
        entry(EntryType.DESTRUCTION_STARTED, 4),
        entry(EntryType.DESTRUCTION_COMPLETED, 5, n={"files": 3, "bytes": 9, "earlier": 4}),
    ]


@dataclass
class Parts:
    """What a proof folder is made of, before anything is signed."""

    entries: list[Any]
    statements: dict[str, Any]


def parts(inventory: str) -> Parts:
    """A run that is told whole; the digest is that of its inventory."""
    checks = dict.fromkeys(("keyAbsent", "decryptFails", "filesAbsent", "processEnded"), True)
    destruction = {
        "cause": "published",
        "verification": checks,
        "inventory": {"files": 3, "sha256": inventory},
    }
    facts = {
        "version": 2,
        "trial": False,
        "outcome": "certified",
        "import_state": "delivered_not_confirmed",
        "channels": ["folder"],
        "fate": {"source": {"holder": "doctor"}, "package": {"holder": "doctor"}, "staging": "x"},
    }
    predicates: dict[str, dict[str, Any]] = {
        CHECK: {
            "result": "PASSED",
            "verifiedAt": "2026-06-01T00:00:00Z",
            "authorisation": "a1",
            "signature": "cades",
            "signatures": 1,
            "signedAs": ["controller"],
        },
        RUN: {"use": "migration", "parts": [["a", "b", 1]], "facts": facts},
        DESTRUCTION: destruction,
    }
    types = {name: predicate_type(name, VERSION) for name in predicates}
    statements = {k: json.loads(statement(RUN_ID, types[k], body)) for k, body in predicates.items()}
    return Parts(story(), statements)


@cache
def home() -> Path:
    """A home that trusts a trial authority and knows one doctor."""
    folder = make_folder() / "home"
    create_home(Home(folder), trial=True, origin=ORIGIN)
    authority().install(Home(folder))
    (folder / "trust/timestamps").mkdir(exist_ok=True)
    for name in ("one", "two"):
        enrol_operator(Home(folder), name)
    enrol_doctor(Home(folder), inss=INSS, nihii=(NIHII,), name="N", attested_by=("one", "two"), basis="trial")
    return folder


@cache
def authority() -> TrialAuthority:
    """The trial authority."""
    return TrialAuthority("Fuzz", moment=NOW)


@cache
def signature() -> bytes:
    """A doctor's signature over `document()`."""
    return sign_cades(document(), authority().signer(INSS, "N"), authority())


def terms() -> dict[str, Any]:
    """The fields of an instruction."""
    keys = [make_identity()[1] for _ in range(2)]
    return {
        "nonce": secrets.token_hex(16),
        "controllers": [{"role": "controller", "nihii": NIHII, "name": "N"}],
        "processor": "P", "purpose": "takeover", "source_system": "S", "target_system": "Medinect",
        "kinds": ["lab_results", "patient_records"],
        "patients": {"mode": "seen_since", "since": "2020-01-01"},
        "responsible": {"mode": "list", "nihii": [NIHII]},
        "uses": {"migration": 1},
        "recipients": [
            {"role": role, "age": key} for role, key in zip(("practice", "recovery"), keys, strict=True)
        ],
        "destination": "/out",
        "custody": {
            "source": {"holder": "doctor", "until": None},
            "package": {"holder": "operator", "until": "2027-01-01T00:00:00Z"},
        },
        "valid_from": format_utc(NOW - timedelta(days=1)),
        "valid_until": format_utc(NOW + timedelta(days=9)),
        "staging_deadline_hours": 72,
        "ceilings": {"degraded_permille": 1, "quarantined_permille": 1},
        "language": "nl",
    }  # fmt: skip


@cache
def document() -> bytes:
    """An instruction to be signed."""
    return draft(terms())


@cache
def page() -> bytes:
    """The instruction as a page, signed."""
    return sign_page(render_pdf(document()), authority().signer(INSS, "N"), authority())


def patient_list() -> bytes:
    """The plain bytes of a list of patients."""
    return canonical_json({"inss": [INSS], "salt": "00" * 16})


@cache
def identity() -> tuple[str, str]:
    """An age identity and its recipient."""
    return make_identity()


SECRET = b"x" * 32
SECRET_TEXT = encode("age-secret-key-", SECRET).upper()


@cache
def sealed_exports() -> list[bytes]:
    """Small exports sealed to `SECRET`: to it alone, to it and another key, and an empty one."""
    one, other = recipient_of(SECRET), make_identity()[1]
    return [seal_bytes([one], b"<a/>" * 9), seal_bytes([other, one], b"x"), seal_bytes([one], b"")]


@cache
def backup() -> bytes:
    """The plain tar of a backup of a home whose log has one entry."""
    folder = make_folder()
    create_home(Home(folder / "home"), trial=True, origin=ORIGIN)
    enrol_operator(Home(folder / "home"), "one")
    store = open_store(Home(folder / "home"))
    Ledger(store, SystemClock()).record(EntryType.SUBJECT_SHOWN, None, "x", commitments={"operator": "sweep"})
    write_backup(Home(folder / "home"), store, SystemClock(), [identity()[1]], folder / "sealed")
    shutil.rmtree(folder / "home")  # where it lives, it is not restored a second time
    return open_bytes((folder / "sealed").read_bytes(), identity()[0])


def zip_of(**members: bytes) -> bytes:
    """A zip of members."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def package_manifest(sealed: bytes) -> dict[str, Any]:
    """The manifest of a package of one sealed part."""
    return {"parts": [{"name": "p.zip.age", "sha256": sha256(sealed).hexdigest(), "bytes": len(sealed)}]}


@cache
def stamp() -> bytes:
    """An authority's answer (made with `openssl ts`) over the head; its root is trusted by `home()`."""
    folder = make_folder()
    authority = Authority(folder / "authority")
    (folder / "head").write_bytes(head_of([b"{}"]))
    openssl("ts", "-query", "-data", folder / "head", "-sha256", "-cert", "-out", folder / "q.tsq")
    (home() / "trust/timestamps/root.pem").write_bytes((authority.folder / "root.pem").read_bytes())
    (home() / "stamps").mkdir(exist_ok=True)
    (home() / "stamps/1.checkpoint").write_bytes((folder / "head").read_bytes())
    return authority.answer((folder / "q.tsq").read_bytes())


def canonical_or_raw(value: Any) -> bytes:
    """Canonical JSON where there is one; else what a careless writer makes."""
    try:
        return canonical_json(value)
    except ValueError:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
