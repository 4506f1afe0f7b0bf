"""Every parser of foreign bytes, and what must hold whatever the bytes are.

A target takes bytes and raises nothing but AssertionError, when a promise is broken: an error that is not one of ours or
is no code, two readers of one format that disagree, something accepted that a canonical writer would not have written.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random

import pyrage
from asn1crypto.cms import ContentInfo

from fuzz import folder, seeds
from fuzz.mutate import mutate_bytes, mutate_der, mutate_json, mutate_tar, mutate_zip
from fuzz.parcels import backup, package, package_manifest, sealed_part
from fuzz.promises import CODE, Target, alone, coded
from schemas.identifiers import clean_inss
from schemas.sensitive import Sensitive
from vault.age.header import open_header, read_header
from vault.age.reader import AgePayload
from vault.age.sealing import parse_identity, seal_bytes
from vault.authorisation import check as authorisation
from vault.authorisation.register import Use
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.instruction.document import draft, parse
from vault.instruction.patient_list import home_recipient, open_list
from vault.instruction.signed_page import open_pdf
from vault.ledger.audit import audit
from vault.ledger.merkle import leaf_hash, root_hash
from vault.ledger.notes import Checkpoint, VerifierKey, open_note, split_note
from vault.ledger.policy import parse_policy
from vault.ledger.tiles import format_bundle, parse_bundle, tile_path
from vault.pki.cms import check_signature
from vault.pki.signed_document import detached
from vault.pki.timestamps import Stamps
from vault.pki.trust_admin import FOLDERS, add_material, list_material
from vault.pki.trust_store import TrustStore
from vault.proof.full_verifier import verify_fully
from vault.records.operators import find_operator
from vault.system.clock import SystemClock, format_utc
from vault.verify import Key, Policy, check_entry, check_witnesses, verify
from vault.verify import open_note as open_note_alone


@cache
def key() -> tuple[VerifierKey, Key]:
    return VerifierKey.parse(seeds.VKEY), Key(seeds.VKEY)


@cache
def entries() -> list[bytes]:
    return [canonical_json(body) for body in seeds.story()]


@cache
def head() -> bytes:
    return seeds.head_of(entries())


def note(data: bytes) -> None:
    found = coded(lambda: split_note(data))
    if found is not None:
        text, lines = found
        assert (text + "\n" + "".join(line + "\n" for line in lines)).encode() == data
    opened = coded(lambda: open_note(data, key()[0]))
    assert opened is None or opened.encode() == head().rpartition(b"\n\n")[0] + b"\n", "nobody signed this"
    found_alone = alone(lambda: open_note_alone(data, key()[1]))
    assert found_alone is None or found_alone.encode() == head().rpartition(b"\n\n")[0] + b"\n"


def checkpoint(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    found = coded(lambda: Checkpoint.parse(text))
    assert found is None or text.startswith(found.format())


def tlog_proof(data: bytes) -> None:
    found = alone(lambda: check_entry(1, entries()[1], data, head(), key()[1]))
    assert found is None or data == seeds.proof_of(entries(), 1, head()), "two proofs of one entry"


def policy(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    one, two = coded(lambda: parse_policy(text)), alone(lambda: Policy(text))
    assert (one is None) == (two is None), "the two readers of a policy disagree"
    if one is None or two is None:
        return
    for some in range(16):
        seen = [name for bit, name in enumerate(list(one.witnesses)[:4]) if some >> bit & 1]
        assert one.holds(seen) == two.holds(seen)


def cosigned(data: bytes) -> None:
    seen = coded(lambda: parse_policy(seeds.QUORUM).require(data))
    trusted = Policy(seeds.QUORUM)
    seen_alone = alone(lambda: (open_note_alone(data, trusted.log), check_witnesses(data, trusted))[1])
    assert seen_alone is None or seen == seen_alone, "the verifier believes what the policy does not"
    assert seen is None or split_note(data)[0].encode() == head().rpartition(b"\n\n")[0] + b"\n"


def proof_folder(data: bytes) -> None:
    name, content = folder.split_input(data)
    files = folder.build(name, content)
    for given in (seeds.POLICY, None):
        told = coded(lambda given=given: verify_fully(files, given, [], []))  # type: ignore[misc]
        assert told is not None
        assert all(re.fullmatch(r"[ -~]*", line) for line in told.words), "unfit for a terminal"
        code, words = verify(files, given)
        assert told.exit in (code, 91, 93), "the full verifier believes more"
        assert code in (0, 91, 92, 93)
        assert code in (0, 92) or re.fullmatch(
            r"(In the file [ -~]+\n)?REFUSED: [a-z0-9_]+", "\n".join(words)
        )
        assert all(re.fullmatch(r"[ -~]*", line) for line in words), "unfit for a terminal"
        if code in (0, 92):
            assert not name.startswith("raw ") or files == folder.good(), "unsigned, and believed"
            for file in (
                *(n for n in files if n.startswith("entries/")),
                "certificate.json",
                "manifest.json",
            ):
                assert folder.is_canonical(files[file]), "read, and not canonical"


def instruction(data: bytes) -> None:
    found = coded(lambda: parse(data))
    if found is None:
        return
    body = json.loads(data)
    assert canonical_json(body) == data
    assert (format_utc(found.valid_from), format_utc(found.valid_until)) == (
        body["valid_from"],
        body["valid_until"],
    )
    assert bytes.fromhex(found.nonce).hex() == found.nonce
    if found.patients["mode"] == "seen_since":
        assert (
            datetime.strptime(found.patients["since"], "%Y-%m-%d").strftime("%Y-%m-%d")
            == found.patients["since"]
        )
    checked = object.__new__(authorisation.Authorisation)  # as if everything else had been checked
    checked._instruction, checked._listed = found, Sensitive(frozenset())
    checked.admits_patient(seeds.INSS, "2021-01-01")
    checked.admits_responsible(seeds.NIHII[:8])
    home = seeds.home()
    terms = {
        "home": Home(home),
        "operator": find_operator(Home(home), "one"),
        "clock": SystemClock(),
    }
    coded(lambda: authorisation.check(detached(data, []), use=Use.MIGRATION, destination="/out", **terms))


def patient_list(data: bytes) -> None:
    sealed = seal_bytes([home_recipient(Home(seeds.home()))], data)
    found = coded(lambda: open_list(Home(seeds.home()), sealed, sha256(data).hexdigest()))
    assert found is None or all(clean_inss(number) == number for number in found)
    assert found is None or canonical_json(json.loads(data)) == data


def age(data: bytes) -> None:
    digest = sha256(seeds.patient_list()).hexdigest()
    assert coded(lambda: open_list(Home(seeds.home()), data, digest)) in (None, frozenset({seeds.INSS}))


@cache
def trust() -> TrustStore:
    return TrustStore.load(Home(seeds.home()).trust)


def cms(data: bytes) -> None:
    document = seeds.document()
    found = coded(lambda: check_signature(document, data, trust(), trial_home=True, moment=seeds.NOW))
    assert found is None or _signed(data) == _signed(seeds.signature()), "another signature than the doctor's"


def _signed(p7s: bytes) -> tuple[bytes, bytes]:
    """What the doctor's key covers, and its signature; what surrounds them (version, lists of algorithms) says nothing."""
    info = ContentInfo.load(p7s)["content"]["signer_infos"][0]
    return info["signed_attrs"].untag().dump(), info["signature"].native


def signed_page(data: bytes) -> None:
    found = coded(lambda: open_pdf(data))
    assert found is None or found.document == seeds.document(), "a page of another instruction"
    for one in found.signatures if found else ():
        taken = coded(
            lambda one=one: check_signature(one.over, one.cms, trust(), trial_home=True, moment=seeds.NOW)
        )  # type: ignore[misc]
        assert taken is None or data == seeds.page(), "another page than the doctor's"


def stamp(data: bytes) -> None:
    seeds.stamp()
    coded(lambda: Stamps(Home(seeds.home()).stamps, Home(seeds.home()).trust).accept(data, datetime.now(UTC)))


def trust_material(data: bytes) -> None:
    home = seeds.home()
    for kind in FOLDERS:
        before = {path for path in (home / "trust").rglob("*") if path.is_file()}
        taken = coded(
            lambda kind=kind: add_material(Home(home).trust, kind, data, trial_home=True, now=seeds.NOW)
        )  # type: ignore[misc]
        if taken is None:
            continue
        assert TrustStore.load(Home(home).trust).roots and list_material(Home(home).trust)
        for path in {path for path in (home / "trust").rglob("*") if path.is_file()} - before:
            path.unlink()


def sealed_export(data: bytes) -> None:
    header = coded(lambda: read_header(BytesIO(data)))
    file_key = coded(lambda: open_header(header, seeds.SECRET)) if header else None
    assert header is None or data.startswith(header.covered)
    if header is None or file_key is None:
        return
    payload = coded(lambda: AgePayload(header, file_key, lambda: BytesIO(data)))
    plain = coded(lambda: payload.open().read()) if payload else None
    if plain is not None:
        assert payload is not None
        assert payload.size == len(plain)
        assert plain == pyrage.decrypt(data, [parse_identity(seeds.SECRET_TEXT)]), (
            "read otherwise than age reads it"
        )


def ledger(data: bytes) -> None:
    faults = _audited(data.split(b"\n"))
    assert all(CODE.fullmatch(fault) for fault in faults)
    assert faults or all(folder.is_canonical(line) for line in data.split(b"\n"))


def tree_note(data: bytes) -> None:
    assert all(CODE.fullmatch(fault) for fault in _audited(entries(), data))


def _audited(log: list[bytes], note: bytes | None = None) -> list[str]:
    """What the audit finds in a log of these entries, signed with the true key."""
    place = Path(tempfile.mkdtemp(prefix="reprise-fuzz-"))
    log = [line[:4096] for line in log[:200]]
    try:
        for name, rest in (("entries", format_bundle(log)), ("0", b"".join(map(leaf_hash, log)))):
            path = place / tile_path(name, 0, len(log))
            path.parent.mkdir(parents=True)
            path.write_bytes(rest)
        (place / "checkpoint").write_bytes(seeds.head_of(log))
        if note is not None:
            (place / ".tree").write_bytes(note)
        return audit(place, key()[0], seeds.NOW)
    finally:
        shutil.rmtree(place)


def bundle(data: bytes) -> None:
    found = coded(lambda: parse_bundle(data))
    assert found is None or format_bundle(found) == data


def _json(data: bytes, chance: Random) -> bytes:
    """A change in the tree, or sometimes in the bytes."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_bytes(data, chance)
    if chance.random() < 0.2:
        return mutate_bytes(data, chance)
    return seeds.canonical_or_raw(mutate_json(value, chance))


def _drafted(data: bytes, chance: Random) -> bytes:
    """An instruction with a change in it, and the digest of its text put right."""
    changed = _json(data, chance)
    try:
        body = json.loads(changed)
        body.pop("readable_text_sha256", None)
        return draft({**body, "version": body.get("version", 1)})
    except Exception:  # noqa: BLE001 - no text can be made of it: then without
        return changed


def _entry_line(data: bytes, chance: Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    lines[at] = _json(lines[at], chance)
    return b"\n".join(lines) if chance.random() < 0.8 else mutate_bytes(data, chance)


def _der(data: bytes, chance: Random) -> bytes:
    return mutate_der(data, chance) if chance.random() < 0.7 else mutate_bytes(data, chance)


def _tree_notes() -> list[bytes]:
    """Of the append that made the log, and of one that a crash cut short."""
    roots = [root_hash([leaf_hash(line) for line in entries()[:size]]).hex() for size in (4, 5)]
    pairs = ((4, roots[0], 5, roots[1]), (5, roots[1], 6, "00" * 32))
    return [canonical_json({"after": a, "from": f, "root": r, "size": s}) for a, f, s, r in pairs]


def _material() -> list[bytes]:
    folders = (seeds.home() / "trust").rglob("*")
    return [path.read_bytes() for path in sorted(folders) if path.is_file()] + [trust().roots[0].dump()]


TARGETS: dict[str, Target] = {
    "note": Target(note, lambda: [head(), seeds.cosigned(head())], mutate_bytes),
    "checkpoint": Target(checkpoint, lambda: [head().rpartition(b"\n\n")[0] + b"\n"], mutate_bytes),
    "tlog_proof": Target(tlog_proof, lambda: [seeds.proof_of(entries(), 1, head())], mutate_bytes),
    "policy": Target(policy, lambda: [seeds.POLICY.encode(), seeds.QUORUM.encode()], mutate_bytes),
    "cosigned": Target(cosigned, lambda: [seeds.cosigned(head())], mutate_bytes),
    "proof_folder": Target(proof_folder, folder.inputs, folder.mutate),
    "instruction": Target(instruction, lambda: [seeds.document()], _drafted),
    "patient_list": Target(patient_list, lambda: [seeds.patient_list()], _json),
    "age": Target(
        age, lambda: [seal_bytes([home_recipient(Home(seeds.home()))], seeds.patient_list())], mutate_bytes
    ),
    "cms": Target(cms, lambda: [seeds.signature()], _der),
    "signed_page": Target(signed_page, lambda: [seeds.page()], mutate_bytes),
    "stamp": Target(stamp, lambda: [seeds.stamp()], _der),
    "trust_material": Target(trust_material, _material, _der),
    "package": Target(package, lambda: [seeds.zip_of(**{"a.xml": b"<a/>", "d/b": b"b" * 999})], mutate_zip),
    "package_manifest": Target(
        package_manifest, lambda: [json.dumps(seeds.package_manifest(sealed_part())).encode()], _json
    ),
    "sealed_export": Target(sealed_export, seeds.sealed_exports, mutate_bytes),
    "backup": Target(backup, lambda: [seeds.backup()], mutate_tar),
    "ledger": Target(ledger, lambda: [b"\n".join(entries())], _entry_line),
    "tree_note": Target(tree_note, _tree_notes, _json),
    "bundle": Target(bundle, lambda: [format_bundle(entries())], mutate_bytes),
}
