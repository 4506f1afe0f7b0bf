"""Whoever holds even the log's key, against the stand-alone verifier: each lie has its code, each check its lie."""

from __future__ import annotations

import ast
import base64
import json
import os
import types
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from grown_proof import Files, GrownProof

from vault import verify as standalone
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.ledger.home_log import load_log_key
from vault.ledger.notes import sign_note

pytestmark = pytest.mark.slow
ROOT64 = base64.b64encode(b"r" * 32).decode()
ALTERED = {"file_altered": ["In the file README.txt"]}
"""The lines that come before the code, where a file is named."""
SOURCE = Path(standalone.__file__)


@pytest.fixture
def proof(grown) -> GrownProof:
    return grown


def entry(p: GrownProof, kind: str) -> str:
    return next(n for n, d in p.files.items() if n.startswith("entries/") and kind.encode() in d)


def without_entry(p: GrownProof, kind: str) -> Files:
    name = entry(p, kind)
    return p.sealed({name: None, name.replace("entries", "proofs").replace(".json", ".tlog-proof"): None})


def growth(p: GrownProof) -> str:
    return f"consistency/{p.first_size}-{p.size}.txt"


def flipped(data: bytes) -> bytes:
    lines = data.decode().split("\n")
    raw = bytearray(base64.b64decode(lines[0]))
    raw[0] ^= 1
    return "\n".join([base64.b64encode(raw).decode(), *lines[1:]]).encode()


def other_instruction(p: GrownProof) -> bytes:
    return p.files["authorisation/instruction.json"].replace(b'"use', b'"Use', 1)


def false_check(p: GrownProof) -> Files:
    statement = p.restated("destruction", lambda b: b["predicate"]["verification"].update(keyAbsent=False))
    return p.sealed({"statements/destruction.dsse.json": statement})


def head_of_another_tree(p: GrownProof) -> Files:
    head = p.signed_head(p.size, ROOT64)
    swap = {n: d.replace(p.files["checkpoint"], head) for n, d in p.files.items()}
    return p.sealed({**swap, "checkpoint.tsr": None})


def cosigned_by_many(p: GrownProof) -> Files:
    lines = p.files["checkpoint"].split(b"\n")[-2] + b"\n"
    note = p.files["checkpoint"] + lines * 80
    return p.sealed({n: d.replace(p.files["checkpoint"], note) for n, d in p.files.items()})


def mislabelled(p: GrownProof) -> Files:
    """An envelope of another payload type, whose signature is over the type it should have."""
    name = "statements/run.dsse.json"
    return p.sealed({name: p.files[name].replace(b"in-toto+json", b"in-toto+jsox")})


def misattributed(p: GrownProof) -> Files:
    name = "statements/run.dsse.json"
    body = json.loads(p.files[name])
    body["signatures"][0]["keyid"] = "00000000"
    return p.sealed({name: canonical_json(body)})


def padded_salt(p: GrownProof) -> Files:
    salt = base64.b64decode(p.files["authorisation/salt.b64"])
    return p.sealed({"authorisation/salt.b64": base64.b64encode(salt + b"\0") + b"\n"})


def renumbered(p: GrownProof) -> Files:
    head, name = f"heads/{p.first_size}.checkpoint", f"heads/{p.first_size + 1}.checkpoint"
    return p.sealed({head: None, name: p.files[head]})


def remanifested(p: GrownProof, change: Callable[[dict[str, object]], object]) -> Files:
    body = json.loads(p.files["manifest.json"])
    change(body)
    data = canonical_json(body)
    text = f"reprise-proof-manifest v1\n{sha256(data).hexdigest()}\n"
    return {**manifest_of(p, text), "manifest.json": data}


def manifest_of(p: GrownProof, text: str) -> Files:
    return {**p.files, "manifest.sig": sign_note(text, p.origin, load_log_key(Home(p.case.home)))}


def spaced(p: GrownProof) -> Files:
    return p.sealed({"certificate.json": p.files["certificate.json"].replace(b":", b": ", 1)})


SIGNED = "authorisation/instruction.json.p7s"
STRANGER = f"— stranger.example {base64.b64encode(b'k' * 68).decode()}\n".encode()
LIES: dict[str, tuple[str, Callable[[GrownProof], Files]]] = {
    "a growth proof with a flipped hash": (
        "log_was_rewritten",
        lambda p: p.sealed({growth(p): flipped(p.files[growth(p)])}),
    ),
    "an earlier head of another tree": (
        "log_was_rewritten",
        lambda p: p.sealed({f"heads/{p.first_size}.checkpoint": p.signed_head(p.first_size, ROOT64)}),
    ),
    "an earlier head without its proof": ("log_was_rewritten", lambda p: p.sealed({growth(p): None})),
    "a growth proof of no head": (
        "consistency_of_no_head",
        lambda p: p.sealed({f"heads/{p.first_size}.checkpoint": None}),
    ),
    "the stamp of another head": (
        "stamp_of_something_else",
        lambda p: p.sealed({"checkpoint.tsr": p.files["authorisation/instruction.json.p7s.tsr"]}),
    ),
    "another instruction": (
        "instruction_not_the_recorded_one",
        lambda p: p.sealed({"authorisation/instruction.json": other_instruction(p)}),
    ),
    "another salt": (
        "instruction_not_the_recorded_one",
        lambda p: p.sealed({"authorisation/salt.b64": base64.b64encode(b"s" * 32) + b"\n"}),
    ),
    "a salt that keys the same HMAC": ("salt_malformed", padded_salt),
    "another inventory": (
        "another_inventory",
        lambda p: p.sealed({"inventory.json": p.files["inventory.json"].replace(b'"size":', b'"size":1', 1)}),
    ),
    "a certificate with another head": (
        "certificate_differs",
        lambda p: p.sealed({"certificate.json": p.recertified(lambda b: b["head"].update(root=ROOT64))}),
    ),
    "a certificate of another destruction": (
        "certificate_differs",
        lambda p: p.sealed(
            {"certificate.json": p.recertified(lambda b: b["destruction"].update(method="x"))}
        ),
    ),
    "a certificate of another import": (
        "certificate_differs",
        lambda p: p.sealed({"certificate.json": p.recertified(lambda b: b.update(import_state="accepted"))}),
    ),
    "no paper": ("certificate_missing", lambda p: p.sealed({"certificate.pdf": None})),
    "a destruction that failed a check": ("destruction_not_verified", false_check),
    "a destruction stated otherwise than recorded": (
        "statement_not_the_recorded_one",
        lambda p: p.sealed(
            {
                "statements/destruction.dsse.json": p.restated(
                    "destruction", lambda b: b["predicate"].update(destroyedAt="2020-01-01T00:00:00Z")
                )
            }
        ),
    ),
    "an authorisation that did not pass": (
        "authorisation_not_passed",
        lambda p: p.sealed(
            {
                "statements/authorisation-check.dsse.json": p.restated(
                    "authorisation-check", lambda b: b["predicate"].update(result="REFUSED")
                )
            }
        ),
    ),
    "a statement about another run": (
        "statement_of_another_run",
        lambda p: p.sealed(
            {"statements/run.dsse.json": p.restated("run", lambda b: b["subject"][0].update(name="run/x"))}
        ),
    ),
    "a statement missing": (
        "statement_missing_or_unknown",
        lambda p: p.sealed({"statements/run.dsse.json": None}),
    ),
    "a statement of another payload": ("statement_malformed", mislabelled),
    "a statement by another key's name": ("statement_malformed", misattributed),
    "a statement of another type": (
        "statement_of_another_type",
        lambda p: p.sealed(
            {"statements/run.dsse.json": p.restated("run", lambda b: b.update(_type="https://x.example/v1"))}
        ),
    ),
    "a check of another kind of signature": (
        "check_not_as_recorded",
        lambda p: p.sealed(
            {
                "statements/authorisation-check.dsse.json": p.restated(
                    "authorisation-check", lambda b: b["predicate"].update(signature="handwritten")
                )
            }
        ),
    ),
    "an entry between left out": ("entry_left_out", lambda p: without_entry(p, "run.delivered")),
    "a certificate of another version": (
        "certificate_of_another_version",
        lambda p: p.sealed({"certificate.json": p.recertified(lambda b: b.update(version=1))}),
    ),
    "a signature of another": (
        "signatures_not_the_recorded_ones",
        lambda p: p.sealed({"authorisation/instruction.json.p7s": b"0", f"{SIGNED}.tsr": None}),
    ),
    "an acceptance that nobody recorded": (
        "acceptance_not_the_recorded_one",
        lambda p: p.sealed({"authorisation/acceptance.json": b"{}"}),
    ),
    "a file of another name": (
        "file_of_unknown_name",
        lambda p: p.sealed({"certificate-signed-by-notary.pdf": b"%PDF-"}),
    ),
    "two files that some take for one": (
        "two_files_of_one_name",
        lambda p: p.sealed({f"authorisation/crls-{name}": b"" for name in ("\u00e9", "e\u0301")}),
    ),
    "roots of stamps that are not there": (
        "stamp_roots_without_stamp",
        lambda p: p.sealed({n: None for n in p.files if n.endswith(".tsr")}),
    ),
    "a proof of no entry": ("proof_of_no_entry", lambda p: p.sealed({"proofs/999.tlog-proof": b""})),
    "an earlier head under another number": ("head_of_another_size", renumbered),
    "the stamp of a head beside a signature": (
        "stamp_of_something_else",
        lambda p: p.sealed({f"{SIGNED}.tsr": p.files["checkpoint.tsr"]}),
    ),
    "a stamp without a time": (
        "stamp_malformed",
        lambda p: p.sealed({"checkpoint.tsr": sha256(p.files["checkpoint"]).digest() + b"\2\1\0\x18\1x"}),
    ),
    "a stamp with a digest alone": (
        "stamp_of_something_else",
        lambda p: p.sealed({"checkpoint.tsr": sha256(p.files["checkpoint"]).digest()}),
    ),
    "a hash that ends no line": (
        "proof_malformed",
        lambda p: p.sealed({growth(p): p.files[growth(p)].removesuffix(b"\n")}),
    ),
    "a manifest with more in it": (
        "manifest_malformed",
        lambda p: remanifested(p, lambda b: b.update(note="destroyed before a bailiff")),
    ),
    "an entry left out": (
        "story_incomplete_or_out_of_order",
        lambda p: without_entry(p, "destruction.started"),
    ),
    "a proof for another place": (
        "proof_malformed",
        lambda p: p.sealed(
            {
                n: d.replace(b"\nindex ", b"\nindex 1", 1)
                for n, d in p.files.items()
                if n.startswith("proofs/")
            }
        ),
    ),
    "a head over another tree": ("entry_not_in_log", head_of_another_tree),
    "a head with a flood of lines": ("proof_too_long", cosigned_by_many),
    "another manifest signed": (
        "manifest_altered",
        lambda p: manifest_of(p, "reprise-proof-manifest v1\n00\n"),
    ),
    "a stranger's line under the manifest": (
        "manifest_altered",
        lambda p: {**p.files, "manifest.sig": p.files["manifest.sig"] + STRANGER},
    ),
    "a file too many": ("files_added_or_missing", lambda p: {**p.files, "authorisation/scan.png": b""}),
    "a file altered": ("file_altered", lambda p: {**p.files, "README.txt": b"x"}),
    "JSON that is not canonical": ("json_not_canonical", spaced),
    "a salt with loose base64": (
        "base64_not_canonical",
        lambda p: p.sealed({"authorisation/salt.b64": p.files["authorisation/salt.b64"][:-3] + b"B=\n"}),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_under_a_true_manifest_has_its_code(proof, lie):
    code, files = LIES[lie]
    made = files(proof)
    assert made != proof.files
    found, words = standalone.verify(made, proof.policy)
    assert (found in (91, 93), words) == (True, [*ALTERED.get(code, []), f"REFUSED: {code}"])


class Removing(ast.NodeTransformer):
    """Takes one `demand` out of the verifier."""

    def __init__(self, line: int) -> None:
        self._line = line

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return ast.Pass() if node.lineno == self._line else node


def demands() -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id == "demand":
                (code,) = [arg for arg in call.args[1:2] if isinstance(arg, ast.Constant)]
                found.append((node.lineno, str(code.value)))
    return found


def without(line: int) -> types.ModuleType:
    tree = ast.fix_missing_locations(Removing(line).visit(ast.parse(SOURCE.read_text(encoding="utf-8"))))
    module = types.ModuleType("mutant")
    exec(compile(tree, "mutant", "exec"), module.__dict__)
    return module


ELSEWHERE = {
    "vkey_malformed", "policy_malformed", "note_malformed", "signed_by_another_key", "quorum_not_met", "link_in_folder",
    "empty_folder_inside", "folder_too_large", "no_manifest", "zip_not_as_written", "checkpoint_malformed", "story_told_twice",
    "story_goes_on_after_its_end", "another_run", "import_not_as_recorded", "acceptance_missing",
}  # fmt: skip
"""Checks whose lies are in test_proof.py, or cannot be told without writing false entries into the log itself."""


def test_every_check_is_needed(proof):
    """Without a check, the verdict on its lie is another: no check is there for show."""
    made = {lie: (code, files(proof)) for lie, (code, files) in LIES.items()}
    tried, shown = 0, []
    for line, code in demands():
        lies = [files for found, files in made.values() if found == code]
        if code in ELSEWHERE:
            continue
        mutant = without(line)
        tried += 1
        if all(mutant.verify(files, proof.policy)[1] == [f"REFUSED: {code}"] for files in lies):
            shown.append((code, line))
    assert tried > 20
    # two places can refuse the same lie (a flood of lines in a note, or in a proof): one of each pair must matter
    assert [code for code, _ in shown if code != "proof_too_long"] == []
    assert len(shown) <= 1


def test_lies_in_the_log_itself(proof):
    """Entries that a dishonest log really holds: told twice, going on after the end, of another run."""
    from vault.ledger.entries import Ledger
    from vault.ledger.log import FileLedger

    for code, change in {
        "story_told_twice": lambda e: [*e[:2], e[1], *e[2:]],
        "story_goes_on_after_its_end": lambda e: [*e, e[-2]],
        "another_run": lambda e: [e[0].replace(proof.case.run_id.encode(), b"0" * 36), *e[1:]],
        "story_incomplete_or_out_of_order": lambda e: [e[1], e[0], *e[2:]],
    }.items():
        names = sorted((n for n in proof.files if n.startswith("entries/")), key=lambda n: int(n[8:-5]))
        told = change([proof.files[n] for n in names if b'"proof.issued"' not in proof.files[n]])
        folder = proof.case.folder / f"log-{code}"
        store = FileLedger(folder, proof.origin, load_log_key(Home(proof.case.home)))
        store.append(0, told)
        ledger = Ledger(store, None)
        files = {
            n: d
            for n, d in proof.files.items()
            if not n.startswith(("entries/", "proofs/", "heads/", "consist"))
        }
        for index, data in enumerate(told):
            files |= {f"entries/{index}.json": data, f"proofs/{index}.tlog-proof": ledger.prove(index)}
        files["checkpoint"] = store.checkpoint()
        size, root = store.checkpoint().decode().split("\n")[1:3]
        certificate = proof.recertified(lambda b, s=size, r=root: b["head"].update(size=int(s), root=r))
        sealed = proof.sealed({"certificate.json": certificate, "checkpoint.tsr": None}, files)
        assert standalone.verify(sealed, proof.policy) == (91, [f"REFUSED: {code}"])


def test_every_bit_of_every_file_that_growth_brought(proof):
    """Sampled; `make bits` flips them all."""
    step, tried = 1 if os.environ.get("REPRISE_EVERY_BIT") else 40, 0
    assert standalone.verify(proof.files, proof.policy)[0] == 0
    for name in sorted(set(proof.files) - set(proof.first)):
        data = proof.files[name]
        for at in range(0, len(data), step):
            flip = bytearray(data)
            flip[at] ^= 1 << at // step % 8
            assert standalone.verify({**proof.files, name: bytes(flip)}, proof.policy)[0] in (91, 93), (
                name,
                at,
            )
            tried += 1
    print(f"{tried} bits of {len(set(proof.files) - set(proof.first))} files flipped, each refused")
