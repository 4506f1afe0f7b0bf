"""What a proof is not believed: lies that the holder of the log's key tells years later, under a head that others kept."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from grown_proof import Files, GrownProof

from schemas.errors import ForkError
from trial.authority import TrialAuthority, sign_cades
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.ledger.entries import Ledger, commit
from vault.ledger.home_log import load_log_key, open_store
from vault.ledger.log import FileLedger
from vault.proof.certificate import build_certificate, layout
from vault.proof.folder import place_folder
from vault.proof.full_verifier import OTHER_LAYOUT, verify_fully
from vault.proof.statements import envelope, statement
from vault.verify import (
    CHECK,
    DESTRUCTION,
    FOLDER,
    PAGES,
    RUN,
    derive_certificate,
    listing,
    predicate_type,
    verify,
)

pytestmark = pytest.mark.slow
Lie = Callable[[GrownProof], dict[str, bytes | None]]
OLD = "2019-01-01T00:00:00Z"
END = {"at": OLD, "complete": True, "evidence": "unlinked_sealed", "files": 3, "bytes": 1, "exceptions": []}
ORDER = {"checkedAt": OLD, "id": "deadbeef", "signature": "pades", "signatures": 2, "signedAs": ["successor"]}


def certified(change: Callable[[dict[str, Any]], object]) -> Lie:
    """Certificate, page and paper, all three saying the same."""

    def lie(p: GrownProof) -> dict[str, bytes | None]:
        body = json.loads(p.files["certificate.json"])
        change(body)
        return {**build_certificate(body)}

    return lie


def unrendered(change: Callable[[dict[str, Any]], object]) -> Lie:
    return lambda p: {"certificate.json": p.recertified(change)}


def stated(name: str, change: Callable[[dict[str, Any]], object]) -> Lie:
    return lambda p: {f"statements/{name}.dsse.json": p.restated(name, change)}


def second(name: str, of: str, change: Callable[[dict[str, Any]], object]) -> Lie:
    return lambda p: {f"statements/{name}.dsse.json": p.restated(of, change)}


def entry_twice(p: GrownProof) -> dict[str, bytes | None]:
    name = next(name for name in p.files if name.startswith("entries/"))
    index = name[8:-5]
    return {
        f"entries/0{index}.json": p.files[name],
        f"proofs/0{index}.tlog-proof": p.files[f"proofs/{index}.tlog-proof"],
    }


def by_hand(p: GrownProof) -> dict[str, bytes | None]:
    change = {"signature": "handwritten", "verifiedBy": ["signed_in_presence"]}
    return {
        **stated(CHECK, lambda b: b["predicate"].update(change))(p),
        "authorisation/instruction.json.p7s": None,
        "authorisation/instruction.json.p7s.tsr": None,
        "authorisation/scan.png": b"\x89PNG\r\n\x1a\n",
    }


def strangers(p: GrownProof) -> dict[str, bytes | None]:
    document = p.files["authorisation/instruction.json"]
    authority = TrialAuthority("Other")
    return {
        "authorisation/instruction.json.p7s": sign_cades(
            document, authority.signer("85073003328", "M"), authority
        )
    }


LIES: dict[str, Lie] = {
    "other counts": certified(lambda b: b.update(dispositions={"delivered": 9999}, findings=0)),
    "more than came": certified(lambda b: b["came"].update(units=9999)),
    "another outcome": certified(lambda b: b.update(outcome="published and imported; every backup destroyed")),
    "another use": certified(lambda b: b.update(use="rehearsal")),
    "no trial": certified(lambda b: b.update(trial=False)),
    "another authorisation": certified(lambda b: b.update(authorisation=ORDER)),
    "copies that ended": certified(lambda b: [b["fate"][k].update(end=END) for k in ("source", "package")]),
    "an export always encrypted": certified(lambda b: b["fate"]["source"].update(evidence="encrypted_always")),
    "a stamp of another time": certified(lambda b: b.update(stamp={"at": OLD})),
    "a witness": certified(lambda b: b["channels"].append("witness")),
    "no channel": certified(lambda b: b.update(channels=[])),
    "nothing delivered": certified(lambda b: b.update(import_state="nothing_delivered")),
    "an accepted import": certified(lambda b: b.update(import_state="accepted")),
    "another language": unrendered(lambda b: b.update(language="nl")),
    "another claim": unrendered(lambda b: b.update(trust="This proves that no copy exists.")),
    "a note": unrendered(lambda b: b.update(extra={"note": "destroyed before a bailiff"})),
    "another profile": unrendered(lambda b: b.update(profile="medinect-certified")),
    "another check": stated(CHECK, lambda b: b["predicate"].update(authorisation="deadbeef", signedAs=["successor"])),
    "a check of another time": stated(CHECK, lambda b: b["predicate"].update(verifiedAt=OLD)),
    "a run without parts": stated(RUN, lambda b: b["predicate"].update(parts=[], use="inventory", counts={})),
    "another subject": stated(RUN, lambda b: b["subject"].append({"name": "run/x", "digest": {"sha256": "00" * 32}})),
    "another digest of the subject": stated(RUN, lambda b: b["subject"][0].update(digest={"sha256": "ff" * 32})),
    "a second check, failed": second("a-check", CHECK, lambda b: b["predicate"].update(result="FAILED")),
    "a second check behind": second("zz-check", CHECK, lambda b: b["predicate"].update(result="FAILED")),
    "a second destruction": second("b", DESTRUCTION, lambda b: b["predicate"].update(verification={})),
    "a check in the place of another": second(RUN, CHECK, lambda _: None),
    "another certificate beside": lambda _: {"Certificate.html": b"<h1>another</h1>"},
    "a name written backwards": lambda _: {"\u202elmth.etacifitrec": b"x"},
    "an entry twice": entry_twice,
    "a signature by hand": by_hand,
    "no signature": lambda _: {"authorisation/instruction.json.p7s": None, "authorisation/instruction.json.p7s.tsr": None},
    "a stranger's signature": strangers,
    "another's name for the signer": lambda _: {"authorisation/signers.json": b'{"signers":[{}]}'},
    "a program beside the signature": lambda _: {"authorisation/ignored.exe": b"MZ"},
}  # fmt: skip


def given(p: GrownProof) -> tuple[list[bytes], list[bytes]]:
    return [(p.case.folder / "ca/root.pem").read_bytes()], [(p.authority.folder / "root.pem").read_bytes()]


@pytest.mark.parametrize("lie", LIES)
def test_no_verifier_believes(grown, lie):
    made = grown.sealed(LIES[lie](grown))
    assert made != grown.files
    code, words = verify(made, grown.policy)
    assert code == 91, words
    found = verify_fully(made, grown.policy, *given(grown))
    assert (found.exit, found.verdict) == (91, words[0])


def test_any_page_is_refused_or_named(grown):
    """The stand-alone verifier says that it did not look; the other one lays both out again."""
    for changes in (
        {"certificate.html": b"<script>", "certificate.pdf": b"%PDF-"},
        {"certificate.html": f"<p>{layout()}".encode()},
    ):
        made = grown.sealed(changes)
        code, words = verify(made, grown.policy)
        assert (code, f"Not checked here: {PAGES}" in words) == (0, True)
        assert verify_fully(made, grown.policy, [], []).verdict == "REFUSED: page_of_another_certificate"
    told = b"Reprise layout 0123456789abcdef"
    found = verify_fully(
        grown.sealed({"certificate.html": told, "certificate.pdf": told}), grown.policy, [], []
    )
    assert (found.exit, OTHER_LAYOUT in found.not_checked) == (0, True)


def test_a_trial_is_called_one_everywhere(grown):
    assert "TRIAL" in verify(grown.files, grown.policy)[1][-1]
    told = json.loads(grown.run("verify", str(grown.folder), "--policy", grown.case.made["policy"], "--json"))
    assert (told["trial"], "TRIAL" in told["verdict"], "TRIAL" in told["words"][-1]) == (True, True, True)
    pages = grown.case.folder / "pages"
    grown.run("ledger", "export", "--html", str(pages))
    assert "TRIAL" in (pages / "index.html").read_text()


def test_the_log_knows_the_folders_that_were_issued(grown, tmp_path):
    check = ("ledger", "check", "--json", "--proof", str(tmp_path / "proof"))
    for files, fault in (
        (grown.files, None),
        (grown.first, None),
        (grown.sealed({"README.txt": b"x"}), "proof_not_issued"),
        ({**grown.files, "README.txt": b"x"}, "proof_does_not_verify"),
    ):
        shutil.rmtree(tmp_path / "proof", ignore_errors=True)
        place_folder(tmp_path / "proof", files)
        done = grown.case.reprise(*check)
        assert json.loads(done.stdout.splitlines()[0])["faults"] == ([fault] if fault else []), done.stderr
        assert done.returncode == (ForkError.exit_code if fault else 0)


class Forked:
    """What the holder of the key can do at most: a log of his own, with other entries. Who kept a head sees it."""

    def __init__(self, p: GrownProof) -> None:
        self.p, self.files = (
            p,
            {n: d for n, d in p.files.items() if not n.startswith(("heads/", "consistency/"))},
        )
        self.files = {n: d for n, d in self.files.items() if not n.endswith(".tsr") and n != "tsa-chain.pem"}
        names = sorted((n for n in self.files if n.startswith("entries/")), key=lambda n: int(n[8:-5]))
        self.entries = [json.loads(self.files[n]) for n in names]
        self.entries = [entry for entry in self.entries if entry["type"] != "proof.issued"]
        self.files = {n: d for n, d in self.files.items() if not n.startswith(("entries/", "proofs/"))}

    def evidence(self, changes: Files) -> None:
        self.files |= changes
        salt = base64.b64decode(self.files[f"{FOLDER}salt.b64"])
        inside = [n for n in self.files if n.startswith(FOLDER) and not n.endswith("salt.b64")]
        inside = [n for n in inside if "acceptance" not in n]
        committed = commit(salt, "authorisation.checked", "evidence", listing(self.files, inside))
        self.entries[0]["c"]["evidence"] = committed

    def sealed(self) -> Files:
        files, lines = dict(self.files), [canonical_json(entry) for entry in self.entries]
        folder = Path(tempfile.mkdtemp(prefix="fork-", dir=self.p.case.folder)) / "ledger"
        store = FileLedger(folder, self.p.origin, load_log_key(Home(self.p.case.home)))
        store.append(0, lines)
        files["checkpoint"] = store.checkpoint()
        for index, line in enumerate(lines):
            files |= {
                f"entries/{index}.json": line,
                f"proofs/{index}.tlog-proof": Ledger(store, None).prove(index),
            }
        envelopes = {n: json.loads(files[f"statements/{n}.dsse.json"]) for n in (RUN, CHECK, DESTRUCTION)}
        told = {n: json.loads(base64.b64decode(e["payload"]))["predicate"] for n, e in envelopes.items()}
        pairs = list(enumerate(self.entries))
        files |= build_certificate(
            derive_certificate(told[RUN]["facts"], told[CHECK], told[DESTRUCTION], pairs, files)
        )
        return self.p.sealed({}, files)

    def accept(self, *, committed: bool) -> None:
        entry = {**self.entries[-1], "type": "import.confirmed", "code": "accepted", "n": {}, "c": {}}
        if committed:
            entry["c"] = {"acceptance": commit(b"s", "x", "y", b"z")}
        self.entries.append(entry)
        predicate = {"state": "accepted", "confirmedAt": entry["at"], "by": "controller_signature"}
        key, vkey = load_log_key(Home(self.p.case.home)), open_store(Home(self.p.case.home)).vkey
        payload = statement(entry["runId"], predicate_type("import-accepted", 2), predicate)
        self.files["statements/import-accepted.dsse.json"] = envelope(payload, key, vkey.split("+")[1])


@pytest.fixture
def forked(grown) -> Forked:
    return Forked(grown)


def test_a_forked_log_is_accepted_where_nothing_else_is_wrong(forked):
    """Else the tests below would show nothing."""
    forked.evidence({})
    found = verify_fully(forked.sealed(), forked.p.policy, *given(forked.p))
    assert found.exit == 0, found.words


def test_even_in_a_forked_log_the_signer_is_the_enrolled_one(forked):
    rows = json.loads(forked.files[f"{FOLDER}signers.json"])
    for change, code in (
        ({"certificate_sha256": "00" * 32}, "signer_not_the_recorded_one"),
        ({"numbers": ["99999999"]}, "controller_not_spoken_for"),
    ):
        other = {**rows, "signers": [{**rows["signers"][0], **change}]}
        forked.evidence({f"{FOLDER}signers.json": canonical_json(other)})
        assert verify(forked.sealed(), forked.p.policy)[0] == 0
        found = verify_fully(forked.sealed(), forked.p.policy, *given(forked.p))
        assert found.verdict == f"REFUSED: {code}"
    forked.evidence({f"{FOLDER}signers.json": canonical_json({**rows, "signers": rows["signers"] * 2})})
    assert (
        verify_fully(forked.sealed(), forked.p.policy, *given(forked.p)).verdict
        == "REFUSED: signatures_not_of_their_kind"
    )


def test_accepted_without_a_signature_is_refused(forked):
    forked.evidence({})
    forked.accept(committed=False)
    assert verify(forked.sealed(), forked.p.policy)[1] == ["REFUSED: acceptance_missing"]
    forked.entries.pop()
    forked.accept(committed=True)
    assert verify(forked.sealed(), forked.p.policy)[1] == ["REFUSED: acceptance_not_the_recorded_one"]


def test_an_import_stated_otherwise_than_recorded(forked):
    forked.evidence({})
    forked.accept(committed=True)
    forked.entries[-1]["code"] = "opened"
    forked.files["statements/import-opened.dsse.json"] = forked.files.pop(
        "statements/import-accepted.dsse.json"
    )
    assert verify(forked.sealed(), forked.p.policy)[1] == ["REFUSED: statement_of_another_type"]
    key, vkey = load_log_key(Home(forked.p.case.home)), open_store(Home(forked.p.case.home)).vkey
    wrong = {"state": "imported", "confirmedAt": forked.entries[-1]["at"], "by": "operator_record"}
    payload = statement(forked.entries[-1]["runId"], predicate_type("import-opened", 2), wrong)
    forked.files["statements/import-opened.dsse.json"] = envelope(payload, key, vkey.split("+")[1])
    assert verify(forked.sealed(), forked.p.policy)[1] == ["REFUSED: import_not_as_recorded"]
