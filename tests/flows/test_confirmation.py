"""What the practice says of a package, and the certificate that follows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_custody_of_copies import DOCTOR, OPERATOR, Case

from flows.lifecycle.confirmation import ImportState, confirm, draft_acceptance
from flows.session.control import Control
from schemas.errors import AuthorisationError, UnreadableSourceError
from trial.home import P12_PASSWORD
from vault.home_folder import Home
from vault.instruction.signing import load_p12, sign_cades
from vault.verify import verify

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def case(practice, tmp_path_factory) -> Case:
    made = Case(tmp_path_factory.mktemp("confirmed"), practice, DOCTOR, OPERATOR)
    made.start()
    return made


def certificate(case: Case) -> dict:
    return json.loads((case.home / "runs" / case.run_id / "proof/certificate.json").read_bytes())


def accepted_by_verifier(case: Case) -> list[str]:
    proof = case.home / "runs" / case.run_id / "proof"
    code, words = verify(proof, Path(case.made["policy"]).read_text())
    assert code == 0, words
    return words


def sign(case: Case, document: bytes) -> bytes:
    return sign_cades(document, load_p12((case.folder / "doctor.p12").read_bytes(), P12_PASSWORD))


def test_the_way_of_a_package_at_the_practice(case):
    first = certificate(case)
    assert first["import_state"] == "delivered_not_confirmed"
    assert first["fate"]["package"]["end"] is None
    destruction = (case.home / "runs" / case.run_id / "proof/statements/destruction.dsse.json").read_bytes()

    confirm(Control.open(Home(case.home), "trial"), case.run_id, ImportState.OPENED)
    assert certificate(case)["import_state"] == "opened"
    assert case.content(), "an opened package may still be needed"
    accepted_by_verifier(case)

    done = case.reprise("confirm", case.run_id, "imported", "--json")
    assert json.loads(done.stdout)["import"] == "imported", done.stderr
    told = certificate(case)
    assert told["import_state"] == "imported"
    assert told["fate"]["package"]["end"]["evidence"] == "unlinked_sealed"
    assert not case.content(), "the operator's copy has no more purpose"
    accepted_by_verifier(case)

    document = draft_acceptance(Home(case.home), case.run_id)
    with pytest.raises(AuthorisationError, match="acceptance_not_signed"):
        confirm(Control.open(Home(case.home), "trial"), case.run_id, ImportState.ACCEPTED)
    other = document.replace(b'"accepted"', b'"rejected"')
    with pytest.raises(AuthorisationError, match="acceptance_of_another"):
        confirm(
            Control.open(Home(case.home), "trial"),
            case.run_id,
            ImportState.ACCEPTED,
            (other, sign(case, other)),
        )
    with pytest.raises(AuthorisationError):
        confirm(
            Control.open(Home(case.home), "trial"),
            case.run_id,
            ImportState.ACCEPTED,
            (document, sign(case, other)),
        )
    confirm(
        Control.open(Home(case.home), "trial"),
        case.run_id,
        ImportState.ACCEPTED,
        (document, sign(case, document)),
    )
    assert certificate(case)["import_state"] == "accepted"
    accepted_by_verifier(case)

    statements = case.home / "runs" / case.run_id / "proof/statements"
    assert {p.name for p in statements.glob("import-*")} == {f"import-{s}.dsse.json" for s in ImportState}
    assert (statements / "destruction.dsse.json").read_bytes() == destruction, "the old statement stands"
    case.nothing_left()


def test_no_step_back(practice, tmp_path):
    case = Case(tmp_path, practice, DOCTOR, DOCTOR)
    case.start()
    confirm(Control.open(Home(case.home), "trial"), case.run_id, ImportState.IMPORTED)
    with pytest.raises(AuthorisationError, match="import_state_not_later"):
        confirm(Control.open(Home(case.home), "trial"), case.run_id, ImportState.OPENED)
    confirm(Control.open(Home(case.home), "trial"), case.run_id, ImportState.IMPORTED)
    assert case.content(), "the doctor's package is not the operator's to destroy"


def test_nothing_delivered_nothing_confirmed(practice, tmp_path):
    case = Case(tmp_path, practice, DOCTOR, DOCTOR)
    case.start(use="rehearsal")
    with pytest.raises(UnreadableSourceError, match="nothing_delivered"):
        confirm(Control.open(Home(case.home), "trial"), case.run_id, ImportState.OPENED)
    with pytest.raises(UnreadableSourceError, match="no_such_run"):
        confirm(Control.open(Home(case.home), "trial"), "none", ImportState.OPENED)
