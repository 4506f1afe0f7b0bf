"""The proof folder: everything a third party needs to check one run offline, and nothing it does not name."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.canonical import canonical_json
from vault.files import sync_folder, write_durably
from vault.notes import sign_note

README = """This folder is the proof of one run of Reprise.

Check it with the program's own verifier, one file, which needs only Python and the `cryptography` package:
    python verify.py PROOF_DIR --policy FILE
The policy names the log's key. Get it by another way than the one this folder came by.

By hand: checkpoint and proofs/*.tlog-proof are C2SP formats (signed note, tlog-checkpoint, tlog-proof);
statements/*.dsse.json are DSSE envelopes; the doctor's signature is checked with
    openssl cms -verify -cades -binary -inform DER -in authorisation/instruction.json.p7s \\
        -content authorisation/instruction.json -CAfile ROOTS_AND_CRLS.pem -purpose any -crl_check
against roots and revocation lists that you obtain yourself. Where there is no .p7s, the page was signed by hand:
authorisation/scan.* shows it, and the statement of the check says how two operators verified it.
"""


def without_authorisation(folder: Path) -> dict[str, bytes]:
    """The files of a proof folder less those that name the doctor, less manifest and signature."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not (name := path.relative_to(folder).as_posix()).startswith(("authorisation/", "manifest."))
    }


def write_proof(folder: Path, files: dict[str, bytes], *, origin: str, key: Ed25519PrivateKey) -> None:
    """Write the files, a manifest of them all, and its signature; the folder appears whole or not at all."""
    everything = {"README.txt": README.encode(), **files}
    rows = [
        {"name": name, "bytes": len(data), "sha256": sha256(data).hexdigest()}
        for name, data in sorted(everything.items())
    ]
    manifest = canonical_json({"version": 1, "files": rows})
    everything["manifest.json"] = manifest
    text = f"reprise-proof-manifest v1\n{sha256(manifest).hexdigest()}\n"
    everything["manifest.sig"] = sign_note(text, origin, key)
    building = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    for name, data in everything.items():
        path = building / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, data)
    former = folder.with_name(f".{folder.name}.former")
    shutil.rmtree(former, ignore_errors=True)
    if folder.is_dir():
        os.rename(folder, former)
    os.rename(building, folder)
    sync_folder(folder.parent)
    shutil.rmtree(former, ignore_errors=True)
