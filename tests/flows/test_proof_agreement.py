"""A log that recorded what is false: each signature and commitment holds, and the parts of the folder contradict one another."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from grown_proof import Files, GrownProof
from test_proof_lies import Forked, given

from schemas.texts import text
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.instruction.signing import load_p12, sign_cades
from vault.ledger.entries import commit
from vault.ledger.home_log import load_log_key, open_store
from vault.proof.full_verifier import verify_fully
from vault.proof.statements import envelope, statement
from vault.verify import CHECK, DESTRUCTION, FOLDER, RUN, predicate_type, verify

pytestmark = pytest.mark.slow
INSTRUCTION, SIGNATURE = f"{FOLDER}instruction.json", f"{FOLDER}instruction.json.p7s"
HELD = {"holder": "doctor", "until": None}


class Recorded(Forked):
    """A forked log that commits to whatever its statements, its instruction and its signatures are made to be."""

    def __init__(self, p: GrownProof) -> None:
        super().__init__(p)
        self.version = 2
        names = (RUN, CHECK, DESTRUCTION)
        envelopes = {name: json.loads(p.files[f"statements/{name}.dsse.json"]) for name in names}
        self.said = {n: json.loads(base64.b64decode(e["payload"]))["predicate"] for n, e in envelopes.items()}

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.said[RUN]["facts"])

    def entry(self, kind: str) -> dict[str, Any]:
        return next(entry for entry in self.entries if entry["type"] == kind)

    def ordered(self, **fields: Any) -> None:
        """The doctor signed another instruction."""
        body = json.loads(self.files[INSTRUCTION])
        made = draft({**body, **fields})
        signer = load_p12((self.p.case.folder / "doctor.p12").read_bytes(), "trial")
        self.files |= {INSTRUCTION: made, SIGNATURE: sign_cades(made, signer)}
        salt = base64.b64decode(self.files[f"{FOLDER}salt.b64"])
        committed = commit(salt, "authorisation.checked", "instruction", made)
        self.entries[0]["c"]["authorisation"] = committed

    def valid(self, start: str, end: str) -> None:
        self.ordered(valid_from=start, valid_until=end, custody={"source": HELD, "package": HELD})
        self.said[RUN]["facts"]["fate"]["package"] |= HELD

    def by_hand(self, **check: Any) -> None:
        self.entries[0]["code"] = "handwritten"
        self.said[CHECK] |= {"signature": "handwritten", "verifiedBy": ["signed_in_presence"], **check}
        self.files.pop(SIGNATURE)
        rows = json.loads(self.files[f"{FOLDER}signers.json"])
        self.files[f"{FOLDER}signers.json"] = canonical_json({**rows, "signature": "handwritten"})

    def imported(self, state: str = "imported") -> None:
        entry = {**self.entries[-1], "type": "import.confirmed", "code": state, "n": {}, "c": {}}
        self.entries.append(entry)
        said = {"state": state, "confirmedAt": entry["at"], "by": "operator_record"}
        self.said[f"import-{state}"] = said

    def enrolled(self, *, twice: bool = False, **row: Any) -> None:
        """The site took the signer for another; or it lists him twice."""
        rows = json.loads(self.files[f"{FOLDER}signers.json"])
        rows["signers"] = [{**rows["signers"][0], **row}] + twice * [{**rows["signers"][0], "capacities": []}]
        self.files[f"{FOLDER}signers.json"] = canonical_json(rows)

    def mandated(self) -> None:
        self.said[CHECK]["signedAs"] = ["mandated"]
        self.enrolled(capacities=["mandated"])

    def as_version_1(self) -> None:
        self.version = 1
        self.said[RUN]["facts"]["version"] = 1

    def empty(self) -> None:
        """An inventory without a row, to which the statement is made to fit, and the entry is not."""
        made = canonical_json({"version": 1, "files": [], "left_out": None})
        self.files["inventory.json"] = made
        self.said[DESTRUCTION]["inventory"]["sha256"] = sha256(made).hexdigest()

    def sealed(self) -> Files:
        key, key_id = (
            load_log_key(Home(self.p.case.home)),
            open_store(Home(self.p.case.home)).vkey.split("+")[1],
        )
        run, committed = self.entries[0]["runId"], self.entry("destruction.completed")["c"]
        fields = {DESTRUCTION: "statement", RUN: "run", CHECK: "check"}
        for name, field in fields.items():
            payload = statement(run, predicate_type(name, self.version), self.said[name])
            committed[field] = base64.b64encode(sha256(payload).digest()).decode()
        if self.version == 1:
            committed.pop("run"), committed.pop("check")
        self.files |= {
            f"statements/{name}.dsse.json": envelope(
                statement(run, predicate_type(name, self.version), said), key, key_id
            )
            for name, said in self.said.items()
        }
        self.evidence({})
        return super().sealed()


Lie = Callable[[Recorded], object]
DISAGREE, KIND, ORDER = "statements_disagree", "signatures_not_of_their_kind", "run_not_as_ordered"
LIES: dict[str, tuple[str, Lie]] = {
    "another use": (DISAGREE, lambda r: r.said[RUN].update(use="inventory")),
    "a delivery by a rehearsal": (
        DISAGREE,
        lambda r: (
            r.said[RUN].update(use="rehearsal"),
            r.entry("run.started").update(code="rehearsal"),
            r.entry("run.started")["n"].update(allowed=5),
        ),
    ),
    "another deadline": (DISAGREE, lambda r: r.said[RUN].update(deadline="2099-01-01T00:00:00Z")),
    "another cause": (DISAGREE, lambda r: r.entry("destruction.completed").update(code="abandoned")),
    "another extent": (DISAGREE, lambda r: r.said[DESTRUCTION]["inventory"].update(files=0, bytes=0)),
    "an inventory of fewer files": (DISAGREE, lambda r: r.empty()),
    "begun under version 2, ended under 1": (DISAGREE, lambda r: r.as_version_1()),
    "another kind in signers.json": (
        KIND,
        lambda r: r.files.update(
            {
                f"{FOLDER}signers.json": r.files[f"{FOLDER}signers.json"].replace(b"cades", b"pades"),
            }
        ),
    ),
    "other counts of what was delivered": (
        DISAGREE,
        lambda r: r.facts["dispositions"].update(delivered=9999),
    ),
    "accepted, by the run itself": (DISAGREE, lambda r: r.said[RUN]["facts"].update(import_state="accepted")),
    "a use given back": (DISAGREE, lambda r: r.entry("use.spent").update(type="use.given_back")),
    "an import of nothing": (
        DISAGREE,
        lambda r: (r.said[RUN]["facts"].update(import_state="nothing_delivered"), r.imported()),
    ),
    "an import of what was abandoned": (
        DISAGREE,
        lambda r: (
            r.said[DESTRUCTION].update(cause="abandoned"),
            r.entry("destruction.completed").update(code="abandoned"),
            r.imported(),
        ),
    ),
    "imported, then opened": (DISAGREE, lambda r: (r.imported(), r.imported("opened"))),
    "a capacity that the instruction does not have": (KIND, lambda r: r.mandated()),
    "no signature at all": (KIND, lambda r: r.files.pop(SIGNATURE)),
    "more signatures than there are": (
        KIND,
        lambda r: (r.entries[0]["n"].update(signatures=2), r.said[CHECK].update(signatures=2)),
    ),
    "a page that is not there": (
        KIND,
        lambda r: (r.entries[0].update(code="pades"), r.said[CHECK].update(signature="pades")),
    ),
    "signed by hand, and no scan": (KIND, lambda r: r.by_hand()),
    "signed by hand, and nobody verified it": (
        KIND,
        lambda r: (r.by_hand(verifiedBy=[]), r.files.update({f"{FOLDER}scan.png": b"x"})),
    ),
    "signed by hand, for another doctor": (
        KIND,
        lambda r: (
            r.by_hand(),
            r.files.update({f"{FOLDER}scan.png": b"x"}),
            r.enrolled(numbers=["99999999"]),
        ),
    ),
    "fewer rows than signatures": (KIND, lambda r: r.enrolled(twice=True)),
    "another capacity": (KIND, lambda r: r.said[CHECK].update(signedAs=["successor"])),
    "a use that was not ordered": (
        ORDER,
        lambda r: (r.ordered(uses={"inventory": 5}), r.entry("run.started")["n"].update(allowed=0)),
    ),
    "more uses than ordered": (ORDER, lambda r: r.entry("run.started")["n"].update(allowed=9)),
    "an instruction of next year": (ORDER, lambda r: r.valid("2099-01-01T00:00:00Z", "2099-06-01T00:00:00Z")),
    "an instruction that was over": (
        ORDER,
        lambda r: r.valid("2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"),
    ),
    "a longer deadline": (ORDER, lambda r: r.ordered(staging_deadline_hours=1)),
    "another holder": (
        ORDER,
        lambda r: r.ordered(
            custody={"source": HELD, "package": {"holder": "operator", "until": "2026-12-31T00:00:00Z"}}
        ),
    ),
    "another language": (ORDER, lambda r: r.ordered(language="nl")),
}


def test_a_log_that_recorded_what_is_true_is_accepted(grown):
    """Else the lies below would show nothing; with a signature by hand too."""
    for change in (
        lambda _: None,
        lambda r: (r.by_hand(), r.files.update({f"{FOLDER}scan.png": b"\x89PNG"})),
        lambda r: r.imported(),
    ):
        recorded = Recorded(grown)
        change(recorded)
        found = verify_fully(recorded.sealed(), grown.policy, *given(grown))
        assert found.exit == 0, found.words


@pytest.mark.parametrize("lie", LIES)
def test_what_contradicts_itself_is_refused(grown, lie):
    code, change = LIES[lie]
    recorded = Recorded(grown)
    change(recorded)
    made = recorded.sealed()
    assert verify(made, grown.policy)[0] == 0  # nothing was altered since
    found = verify_fully(made, grown.policy, *given(grown))
    assert (found.exit, found.verdict) == (91, f"REFUSED: {code}")


def test_an_outcome_is_told_in_our_words(grown):
    recorded = Recorded(grown)
    recorded.said[RUN]["facts"]["outcome"] = "every backup destroyed before a bailiff"
    found = verify_fully(recorded.sealed(), grown.policy, *given(grown))
    assert (found.exit, found.outcome) == (0, text("en", "certificate.outcome.published"))


def test_one_is_not_true(grown):
    """JSON's `true` in the place of 1, and 1 in the place of `true`, are other bytes: of the certificate and the manifest."""
    for name, other in (("findings", False), ("trial", 1)):
        made = grown.sealed(
            {"certificate.json": grown.recertified(lambda b, n=name, o=other: b.update({n: o}))}
        )
        assert verify(made, grown.policy) == (91, ["REFUSED: certificate_differs"])
    from test_proof_attacks import remanifested

    made = remanifested(grown, lambda body: body.update(version=True))
    assert verify(made, grown.policy) == (91, ["REFUSED: manifest_malformed"])


def test_a_page_of_this_release_beside_a_paper_of_another_is_refused(grown):
    for name in ("certificate.html", "certificate.pdf"):
        made = grown.sealed({name: b"Reprise layout 0123456789abcdef"})
        found = verify_fully(made, grown.policy, [], [])
        assert (found.exit, found.verdict) == (91, "REFUSED: page_of_another_certificate")
