"""A trial whose authority is at hand, and further people around its doctor: those who sign beside or instead of him."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from support.whole_run import WholeRun
from trial import home as trial
from trial.authority import Identity, TrialAuthority, sign_cades
from trial.doctors import enrol_doctor
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.records.enrolment import Ground
from vault.records.mandates import MandateTerms, attest_mandate, begin_mandate
from vault.records.operators import find_operator
from vault.records.subjects import Subjects
from vault.system.clock import SystemClock

SECOND_INSS, SECOND_NIHII, SECOND_NAME = "75010112569", "11111130004", "Dr Zoe Zorgenkanarie"
DEPUTY_INSS, DEPUTY_NAME = "73102516311", "Quirinusje Gemachtigde"
SECOND_KEY, DEPUTY_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
GROUND = Ground("trial", "trial", ("identity_card",))


class GroupPractice(WholeRun):
    """The trial's doctor, a second one, and somebody with a mandate; every certificate of one authority."""

    second: Identity  # a fixture that enrols the second doctor keeps what signs for him here
    both_sign: Path  # and here an instruction that both signed

    def __init__(self, folder: Path, *, patients: int = 2, **terms: Any) -> None:
        write_practice(folder.with_name(folder.name + "-export"), patients=patients)
        made: list[TrialAuthority] = []
        real = trial.TrialAuthority
        trial.TrialAuthority = lambda: made.append(real()) or made[0]
        try:
            super().__init__(folder, folder.with_name(folder.name + "-export"), **terms)
        finally:
            trial.TrialAuthority = real
        (self.authority,) = made
        key, certificate, _ = pkcs12.load_key_and_certificates(
            (folder / "doctor.p12").read_bytes(), trial.P12_PASSWORD.encode()
        )
        self.doctor = Identity(certificate, key)
        self.party = trial.party_of(Path(self.made["source"]))

    def enrol_second(self) -> Identity:
        """A second doctor of the practice."""
        enrol_doctor(
            Home(self.home),
            inss=SECOND_INSS,
            nihii=(SECOND_NIHII,),
            name=SECOND_NAME,
            attested_by=trial.OPERATORS,
            basis="trial",
        )
        return self.authority.signer(SECOND_INSS, SECOND_NAME, key=SECOND_KEY)

    def enrol_deputy(self, role: str = "mandated", numbers: tuple[str, ...] = ()) -> Identity:
        """Somebody who signs for doctors in this role, the trial's doctor unless others are given."""
        now = SystemClock().now()
        one, two = (find_operator(Home(self.home), name) for name in trial.OPERATORS)
        until = (now + timedelta(days=90)).date().isoformat()
        terms = MandateTerms(role, numbers or (self.party.nihii,), until, "written_mandate")
        made = begin_mandate(
            Home(self.home),
            inss=DEPUTY_INSS,
            name=DEPUTY_NAME,
            terms=terms,
            ground=GROUND,
            operator=one,
            moment=now,
        )
        attest_mandate(Home(self.home), made, two, GROUND.shown, now)
        return self.authority.signer(DEPUTY_INSS, DEPUTY_NAME, key=DEPUTY_KEY)

    def instruct(self, name: str, signers: tuple[Identity, ...], **terms: Any) -> Path:
        """Draft and sign an instruction in a folder of this name; gives its file, signatures beside it in this order."""
        fields = json.loads(Path(self.made["authorisation"]).read_bytes())
        for made in ("readable_text_sha256", "version"):
            fields.pop(made)
        document = draft({**fields, "nonce": secrets.token_hex(16), **terms})
        return self.write_signed(
            name, document, [sign_cades(document, one, self.authority) for one in signers]
        )

    def write_signed(self, name: str, document: bytes, signatures: list[bytes]) -> Path:
        """A document and its signatures, in a folder of this name."""
        folder = self.folder / name
        folder.mkdir()
        file = folder / "instruction.json"
        file.write_bytes(document)
        for number, cms in enumerate(signatures):
            file.with_name(f"{file.name}{f'.{number}' if number else ''}.p7s").write_bytes(cms)
        return file

    def both(self) -> list[dict[str, str]]:
        """The two doctors as controllers."""
        return [
            {"role": "controller", "nihii": self.party.nihii, "name": trial.DOCTOR_NAME},
            {"role": "controller", "nihii": SECOND_NIHII, "name": SECOND_NAME},
        ]

    def subject(self, inss: str) -> str:
        """The opaque id of a person."""
        return Subjects(Home(self.home)).identify("doctor", inss)
