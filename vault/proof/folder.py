"""The proof folder: everything that a third party needs to check one run offline, and no file that is not in its manifest."""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import HostileProofError
from vault.canonical_json import canonical_json
from vault.ledger.notes import sign_note
from vault.proof.certificate import build_certificate
from vault.system.files import sync_folder, write_durably
from vault.verify import CHECK, DESTRUCTION, RUN, Fault, derive_certificate, packed, read_folder

SALT = "salt.b64"
"""The file in `authorisation/` with the salt of the ledger's commitment to the instruction."""

README = """This folder is the proof of one run of Reprise: what the doctor ordered, that it was checked before anything was
read, and that the working copy was destroyed. certificate.pdf and certificate.html say it in words.

Get the policy (the log's key) by another way than the one this folder came by; policy.txt here proves nothing.

Check everything at once, in a browser or with Python and its `cryptography` package alone. Neither program lies in this folder:
get it from a release of Reprise (vault/proof/pages/verify.html, vault/verify.py) or from somebody whom you trust to have one.

    verify.html     open it in a browser, also offline and on a telephone; choose this folder or its zip, and the policy
    python verify.py PROOF --policy FILE
%(programs)s
or, with all of Reprise, also the signatures, the time stamps, the page and the paper, against roots that you obtain yourself:

    reprise verify PROOF --policy FILE --roots ROOTS.pem --tsa-roots TSA_ROOTS.pem

With other programs, in this folder. A signature over the instruction (revocation lists, in
DER: authorisation/crls-*; `openssl crl -inform DER -in FILE` makes each what can be joined to the roots):

    openssl cms -verify -cades -binary -inform DER -in authorisation/instruction.json.p7s \\
        -content authorisation/instruction.json -CAfile ROOTS_AND_CRLS.pem -purpose any -crl_check

When the page was signed instead, authorisation/instruction.pdf is that page, the signed JSON inside it:

    pdfdetach -list authorisation/instruction.pdf
    pdfsig -nssdir sql:NSS_DIR authorisation/instruction.pdf

where NSS_DIR holds your roots (certutil -A -t C,C,C) and lists (crlutil -I -B). Where there is neither, a page was signed by
hand: authorisation/scan.* shows it, and the statement of the check says how two operators verified it.

Time stamps, where there are any (tsa-chain.pem is what this site trusts; use your own roots):

    openssl ts -verify -data checkpoint -in checkpoint.tsr -CAfile TSA_ROOTS.pem
    openssl ts -verify -data authorisation/instruction.json.p7s \\
        -in authorisation/instruction.json.p7s.tsr -CAfile TSA_ROOTS.pem

That the instruction is the one that the ledger recorded: HMAC-SHA-256, keyed with the bytes that authorisation/salt.b64
encodes, over "proof/v1/authorisation.checked/instruction", a zero byte and the 32 bytes of the SHA-256
of authorisation/instruction.json is the commitment c.authorisation of the entry authorisation.checked. It is in base64. In
the same way, over "proof/v1/authorisation.checked/evidence" and the SHA-256 of what this prints, it is c.evidence:

    cd authorisation; sha256sum $(ls | LC_ALL=C sort | grep -v -e '^salt' -e '^acceptance' -e 'tsr$')

The entry destruction.completed holds the SHA-256 of the payloads of three statements: c.statement (destruction), c.run,
c.check; certificate.json follows from them. This README, policy.txt and tsa-chain.pem are bound by nothing.

checkpoint, heads/*, proofs/*.tlog-proof: C2SP signed-note, tlog-checkpoint, tlog-proof. consistency/A-B.txt: RFC 9162
2.1.4, one hash a line. statements/*.dsse.json: in-toto statements in DSSE envelopes. inventory.json: what was destroyed.

No proof can show that no other copy exists.
"""
_DIGESTS = """
When this run ended, these were their SHA-256, which certificate.json and the certificate on paper state too:

%s
A later release has others; with either, older proofs stay valid.
"""


def authorisation_files(folder: Path) -> dict[str, bytes]:
    """Return the authorisation files of an issued folder by name; empty if there are none."""
    place = folder / "authorisation"
    return {p.name: p.read_bytes() for p in sorted(place.iterdir())} if place.is_dir() else {}


def without_authorisation(folder: Path) -> dict[str, bytes]:
    """Return the files of a proof folder without the files that name the doctor, the manifest and its signature.

    If the last time stamp is among the removed files, the certificate is made again, without the channel of time stamps.
    """
    held = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    files = {
        name: data for name, data in held.items() if not name.startswith(("authorisation/", "manifest."))
    }
    if "checkpoint.tsr" in files or not any(name.endswith(".tsr") for name in held):
        return files
    files.pop("tsa-chain.pem", None)
    return {**files, **build_certificate(_certificate_of(files))}


def _certificate_of(files: dict[str, bytes]) -> dict[str, Any]:
    """Return the run's facts in a folder's files. In version 1 of the proof, no statement contains them."""
    held = {name[8:-5]: json.loads(data) for name, data in files.items() if name.startswith("entries/")}
    entries = sorted((int(index), entry) for index, entry in held.items())
    envelopes = {
        name: json.loads(files[f"statements/{name}.dsse.json"]) for name in (RUN, CHECK, DESTRUCTION)
    }
    stated = {
        name: json.loads(b64decode(envelope["payload"]))["predicate"] for name, envelope in envelopes.items()
    }
    facts = stated[RUN].get("facts") or json.loads(files["certificate.json"])
    return derive_certificate(facts, stated[CHECK], stated[DESTRUCTION], entries, files)


def _readme(files: dict[str, bytes]) -> bytes:
    """Return the README, with the digests of the programs that check a proof, if the certificate states these."""
    stated = json.loads(files["certificate.json"]).get("programs", {})
    lines = "".join(f"    {digest}  {name}\n" for name, digest in sorted(stated.items()))
    return (README % {"programs": _DIGESTS % lines if lines else ""}).encode()


def zip_files(folder: Path) -> bytes:
    """Return the zip of a proof folder's files; the same files always give the same bytes (`vault.verify.packed`).

    Raises HostileProofError if the folder has a file that no verifier reads.
    """
    try:
        return packed(read_folder(folder))
    except Fault as fault:
        raise HostileProofError(fault.code) from None


def seal_files(files: dict[str, bytes], *, origin: str, key: Ed25519PrivateKey) -> dict[str, bytes]:
    """Return the files, the README, a manifest of them all, and its signature."""
    with_readme = files if "README.txt" in files else {"README.txt": _readme(files), **files}
    rows = [
        {"name": name, "bytes": len(data), "sha256": sha256(data).hexdigest()}
        for name, data in sorted(with_readme.items())
    ]
    manifest = canonical_json({"version": 1, "files": rows})
    text = f"reprise-proof-manifest v1\n{sha256(manifest).hexdigest()}\n"
    return {**with_readme, "manifest.json": manifest, "manifest.sig": sign_note(text, origin, key)}


def take_former_back(folder: Path) -> None:
    """Restore the former folder if a crash left only that folder."""
    if not folder.is_dir() and _former(folder).is_dir():
        os.rename(_former(folder), folder)
        sync_folder(folder.parent)


def drop_former(folder: Path) -> None:
    """Remove a former or unfinished folder that a crash left beside this folder."""
    for path in (_former(folder), _building(folder)):
        if path.exists():
            shutil.rmtree(path)


def _former(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.former")


def _building(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.building")


def write_proof(folder: Path, files: dict[str, bytes], *, origin: str, key: Ed25519PrivateKey) -> None:
    """Write the files under a signed manifest. The folder appears complete or not at all."""
    place_folder(folder, seal_files(files, origin=origin, key=key))


def place_folder(folder: Path, sealed: dict[str, bytes]) -> None:
    """Write the files that `seal_files` returned, in place of a former folder. The folder appears complete or not at all."""
    building, former = _building(folder), _former(folder)
    shutil.rmtree(building, ignore_errors=True)
    for name, data in sealed.items():
        path = building / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, data)
    shutil.rmtree(former, ignore_errors=True)
    if folder.is_dir():
        os.rename(folder, former)
    os.rename(building, folder)
    sync_folder(folder.parent)
    shutil.rmtree(former, ignore_errors=True)
