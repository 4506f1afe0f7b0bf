"""A home, an authority, a doctor and an instruction to bend, for tests of how instructions are signed and checked."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from support.former import draft_1

from schemas.errors import RepriseError
from trial.authority import TrialAuthority, sign_cades, sign_page
from trial.doctors import enrol_doctor
from vault.age.sealing import make_identity
from vault.authorisation.check import check, claim
from vault.authorisation.check_report import examine
from vault.authorisation.register import Use
from vault.home.create import create_home
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.instruction.page import render_pdf
from vault.instruction.signed_page import open_pdf
from vault.pki.signed_document import Signed, detached
from vault.records.operators import enrol_operator, find_operator
from vault.records.recipients import prove_possession
from vault.system.clock import SystemClock, format_utc

NOT_OF_THE_PAPER = {"other_destination", "no_operator", "operator_not_enrolled"}
"""Refusals of the act for which an instruction is used, and not of the instruction."""
FORMS = ("cades", "pades")
KEY = rsa.generate_private_key(
    public_exponent=65537, key_size=2048
)  # one for all who sign: making keys costs time
INSS, NIHII, NAME = "85073003328", "11234578004", "Zzcanary Ünique"
NOW = SystemClock().now()


class Bench:
    """A home, an authority, a doctor, and an instruction to bend."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        create_home(Home(self.home), trial=True, origin="test.example/log")
        self.authority = TrialAuthority()
        self.doctor = self.authority.signer(INSS, NAME, key=KEY)
        self.authority.install(Home(self.home))
        for name in ("one", "two"):
            enrol_operator(Home(self.home), name)
        enrol_doctor(
            Home(self.home), inss=INSS, nihii=(NIHII,), name=NAME, attested_by=("one", "two"), basis="trial"
        )
        roles = ("practice", "recovery")
        proven = [prove_possession(Home(self.home), make_identity()[0], role, NOW) for role in roles]
        self.fields: dict[str, Any] = {
            "nonce": secrets.token_hex(16),
            "controllers": [{"role": "controller", "nihii": NIHII, "name": NAME}],
            "processor": "P",
            "purpose": "takeover",
            "source_system": "S",
            "target_system": "Medinect",
            "kinds": ["patient_records"],
            "patients": {"mode": "all"},
            "responsible": {"mode": "controllers"},
            "uses": {"migration": 1},
            "recipients": [{"role": one.role, "age": one.key} for one in proven],
            "destination": "/out",
            "custody": {
                "source": {"holder": "doctor", "until": None},
                "package": {"holder": "doctor", "until": None},
            },
            "valid_from": format_utc(NOW),
            "valid_until": format_utc(NOW + timedelta(days=9)),
            "staging_deadline_hours": 72,
            "ceilings": {"degraded_permille": 1, "quarantined_permille": 1},
            "language": "nl",
        }

    def check(
        self,
        *,
        signer: Any = None,
        authority: Any = None,
        document: bytes | None = None,
        signatures: list[bytes] | None = None,
        operator: str = "one",
        destination: str = "/out",
        consume: bool = False,
        form: str = "cades",
        signed: Signed | None = None,
        version: int = 2,
        **fields: Any,
    ) -> Any:
        drafted = (draft if version == 2 else draft_1)({**self.fields, **fields})
        by = (signer or self.doctor, authority or self.authority)
        if signed is None and form == "pades":
            signed = open_pdf(sign_page(render_pdf(drafted), *by))
        elif signed is None:
            cms = [sign_cades(drafted, *by)] if signatures is None else signatures
            signed = detached(document or drafted, cms)
        home = Home(self.home)
        report = examine(signed, home=home, moment=SystemClock().now())
        found = {test.error.code for test in report.tests if test.error is not None}
        try:
            made = check(
                signed,
                home=home,
                use=Use.MIGRATION,
                destination=destination,
                operator=find_operator(Home(self.home), operator),
                clock=SystemClock(),
            )
        except RepriseError as refusal:
            assert refusal.code in found | NOT_OF_THE_PAPER, (refusal.code, found)
            raise
        assert not found, "what is listed as failed is refused"
        if consume:
            claim(Home(self.home), made, signed, f"run-{secrets.token_hex(4)}")
        return made
