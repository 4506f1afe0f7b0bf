"""What the practice says of a package, and the certificate that follows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_custody_of_copies import DOCTOR, OPERATOR, Case

from flows.lifecycle.confirmation import ImportState, confirm, draft_acceptance, draft_page
from flows.session.control import Control
from schemas.errors import AuthorisationError, UnreadableSourceError
from trial.home import P12_PASSWORD
from vault.home_folder import Home
from vault.instruction.acceptance import NAME, accepted_on_page, render_acceptance
from vault.instruction.page import embedded_document
from vault.instruction.signed_page import open_pdf
from vault.instruction.signing import load_p12, sign_cades, sign_pades
from vault.pki.signed_document import detached
from vault.proof.full_verifier import verify_fully
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
            detached(other, [sign(case, other)]),
        )
    with pytest.raises(AuthorisationError):
        confirm(
            Control.open(Home(case.home), "trial"),
            case.run_id,
            ImportState.ACCEPTED,
            detached(document, [sign(case, other)]),
        )
    confirm(
        Control.open(Home(case.home), "trial"),
        case.run_id,
        ImportState.ACCEPTED,
        detached(document, [sign(case, document)]),
    )
    assert certificate(case)["import_state"] == "accepted"
    accepted_by_verifier(case)

    statements = case.home / "runs" / case.run_id / "proof/statements"
    assert {p.name for p in statements.glob("import-*")} == {f"import-{s}.dsse.json" for s in ImportState}
    assert (statements / "destruction.dsse.json").read_bytes() == destruction, "the old statement stands"
    case.nothing_left()


def verified(case: Case, *roots: Path) -> tuple[int, list[str]]:
    proof = case.home / "runs" / case.run_id / "proof"
    policy = Path(case.made["policy"]).read_text()
    found = verify_fully(proof, policy, [root.read_bytes() for root in roots], [])
    return found.exit, found.words


def test_a_page_that_lies_in_the_package_is_signed_and_accepted(practice, tmp_path):
    case = Case(tmp_path, practice, DOCTOR, DOCTOR)
    case.start()
    home = Home(case.home)
    page = draft_page(home, case.run_id)
    (package,) = case.destination.glob("reprise-*")
    assert (package / NAME).read_bytes() == page, (
        "the page in the package is the one that the operator drafts"
    )
    control = Control.open(home, "trial")
    with pytest.raises(AuthorisationError, match="acceptance_not_signed"):
        confirm(control, case.run_id, ImportState.ACCEPTED, open_pdf(page))
    signer = load_p12((case.folder / "doctor.p12").read_bytes(), P12_PASSWORD)
    body = json.loads(embedded_document(page))
    for changed in ({"run": "0" * 36}, {"parts_sha256": "0" * 64}):
        told = {**body, **changed}
        other = accepted_on_page(told["run"], [], processor=told["processor"], language=told["language"])
        signed = open_pdf(sign_pades(render_acceptance(other), signer, 1))
        with pytest.raises(AuthorisationError, match="acceptance_of_another"):
            confirm(control, case.run_id, ImportState.ACCEPTED, signed)
    signed_page = sign_pades(page, signer, 1)
    with pytest.raises(AuthorisationError, match="page_is_signed"):
        sign_pades(signed_page, signer, 1)
    for altered in (signed_page + b" ", signed_page.replace(b"accepted", b"rejected", 1)):
        with pytest.raises(AuthorisationError):
            open_pdf(altered)
    confirm(control, case.run_id, ImportState.ACCEPTED, open_pdf(signed_page))
    assert certificate(case)["import_state"] == "accepted"
    accepted_by_verifier(case)
    code, words = verified(case, Path(case.folder / "ca/root.pem"))
    assert code == 0, words
    assert any("What was delivered was accepted" in line for line in words)
    proof = case.home / "runs" / case.run_id / "proof/authorisation/acceptance.pdf"
    assert proof.read_bytes() == signed_page
    assert "TRIAL" in verified(case)[1][-1], "a trial's proof is accepted as one"


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
