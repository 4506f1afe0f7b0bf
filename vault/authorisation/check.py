"""Checks an instruction for a use. The result is an `Authorisation`, without which no source opens; only this module makes one.

It also stores instructions, claims their uses for runs, and records withdrawals.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.disposition import Disposition
from schemas.errors import AuthorisationError, ScopeError, UseError
from schemas.sensitive import Sensitive
from vault.authorisation._persons import introduce
from vault.authorisation.register import ATTESTATIONS, PAGE, PATIENT_LIST, InstructionRegister, Use
from vault.authorisation.signatories import (
    SignerRow,
    Signing,
    capacity_of,
    inss_of_controllers,
    refuse_others_places,
    row_of,
    signing_of,
)
from vault.authorisation.terms import recipient_refusals, refuse_first, term_refusals
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.instruction.document import Instruction, parse
from vault.instruction.patient_list import open_list
from vault.instruction.signed_page import open_pdf
from vault.pki.cms import check_signature
from vault.pki.signed_document import Signed, detached
from vault.pki.trust_store import TrustStore
from vault.records.operators import Operator
from vault.site import Site
from vault.system.clock import Clock, format_utc
from vault.system.locks import lock_people


@dataclass(frozen=True)
class Ceilings:
    """The numbers of units, per thousand of a kind, that may be degraded or quarantined."""

    degraded_permille: int
    quarantined_permille: int


class Authorisation:
    """A checked instruction, with the facts that the steps may know. Its evidence stays sealed."""

    __slots__ = ("_instruction", "_listed", "id", "inss", "persons", "signing", "subject_id", "trial", "use")

    def __init__(
        self,
        token: object,
        *,
        instruction: Instruction,
        authorisation_id: str,
        subject_id: str,
        persons: tuple[str, ...],
        use: Use,
        trial: bool,
        inss: tuple[str, ...],
        listed: frozenset[str],
        signing: Signing,
    ) -> None:
        if token is not _ONLY_HERE:
            raise AuthorisationError("authorisation_not_checked")
        self._instruction = instruction
        self.id = authorisation_id
        self.subject_id = subject_id
        self.persons = persons
        self.use = use
        self.trial = trial
        self.inss = Sensitive(inss)
        self._listed = Sensitive(listed)
        self.signing = signing

    def __repr__(self) -> str:
        return f"Authorisation({self.id})"

    @property
    def signed_as(self) -> tuple[str, ...]:
        """The capacities in which the signers signed (`vault.instruction.fields.ROLES`)."""
        return self.signing.signed_as

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of records in scope (`schemas.disposition.RecordKind`)."""
        return self._instruction.kinds

    @property
    def recipients(self) -> tuple[str, ...]:
        """The age keys to which the package is sealed."""
        return self._instruction.recipients

    @property
    def language(self) -> str:
        """The doctor's language."""
        return self._instruction.language

    @property
    def deadline_hours(self) -> int:
        """The maximum lifetime of staging, in hours."""
        return self._instruction.staging_deadline_hours

    @property
    def ceilings(self) -> Ceilings:
        """The ceilings that the controllers accept."""
        return Ceilings(self._instruction.degraded_permille, self._instruction.quarantined_permille)

    @property
    def signed_at(self) -> str:
        """The UTC time at which the instruction becomes valid, the same for all its runs."""
        return format_utc(self._instruction.valid_from)

    @property
    def instruction(self) -> Instruction:
        """The instruction. It names the doctor, so it must not be logged."""
        return self._instruction

    def admits_patient(self, inss: str | None, last_seen: str | None) -> Disposition | None:
        """Return None if the patient is in scope; else OUT_OF_SCOPE, or UNSCOPED if a datum is missing that the rule needs."""
        rule = self._instruction.patients
        if rule["mode"] == "all":
            return None
        if rule["mode"] == "seen_since":
            if last_seen is None:
                return Disposition.UNSCOPED
            return None if last_seen >= rule["since"] else Disposition.OUT_OF_SCOPE
        if inss is None:
            return Disposition.UNSCOPED
        return None if inss in self._listed.reveal() else Disposition.OUT_OF_SCOPE

    def admits_responsible(self, nihii8: str) -> bool:
        """Return whether records of the doctor with these first eight NIHII digits are in scope."""
        rule = self._instruction.responsible
        if rule["mode"] == "any":
            return True
        numbers = [c.nihii for c in self._instruction.controllers] + list(rule.get("nihii", []))
        return nihii8 in {number[:8] for number in numbers}


_ONLY_HERE = object()


def check(
    signed: Signed,
    *,
    home: Home,
    use: Use,
    destination: str | None,
    operator: Operator,
    clock: Clock,
    run_id: str | None = None,
) -> Authorisation:
    """Check an instruction for one use by one operator. This opens no source and consumes no use.

    Raises subclasses of RefusedError, each with its own codes (docs/authorisation.md).
    """
    if not operator.id:
        raise AuthorisationError("no_operator")
    instruction = parse(signed.document)
    now = clock.now()
    register = InstructionRegister(home, signed.document)
    refuse_terms(register, instruction, home.site, use, destination, now)
    trust = TrustStore.load(home.trust)
    signers = [
        check_signature(signature.over, signature.cms, trust, trial_home=home.site.trial, moment=now)
        for signature in signed.signatures
    ]
    signatories, signing = signing_of(home, instruction, signers, register, now, page=signed.pdf is not None)
    if instruction.version > 1:  # in version 1, this program's `sign` used the first empty box
        refuse_others_places(home, instruction, signed, signers, now.date())
    refuse_first(recipient_refusals(home, instruction))
    register.check_use(instruction, use, run_id)
    listed = _listed(home, instruction, signed.patients)
    return Authorisation(
        _ONLY_HERE,
        instruction=instruction,
        authorisation_id=register.id,
        subject_id=signatories.subject_id,
        persons=signatories.persons,
        use=use,
        trial=home.site.trial,
        inss=inss_of_controllers(home, instruction),
        listed=listed,
        signing=signing,
    )


def _listed(home: Home, instruction: Instruction, sealed: bytes | None) -> frozenset[str]:
    rule = instruction.patients
    return open_list(home, sealed, str(rule["list_sha256"])) if rule["mode"] == "list" else frozenset()


def claim(home: Home, authorisation: Authorisation, signed: Signed, run_id: str) -> None:
    """Consume one use for this run and store the evidence. A second call for the same run consumes nothing.

    Raises UseError if no use is left since the check, AuthorisationError (withdrawn) if the instruction was withdrawn since.
    """
    register = InstructionRegister(home, signed.document)
    register.consume(authorisation.instruction, authorisation.use, run_id)
    _keep(home, register, authorisation, signed)


def hold_use(home: Home, authorisation: Authorisation, run_id: str) -> None:
    """Check that a resumed run still holds its use: if the state was restored or lost, another run may have taken it.

    Raises UseError, AuthorisationError (withdrawn).
    """
    InstructionRegister(home, None, authorisation.id).consume(
        authorisation.instruction, authorisation.use, run_id
    )


def _keep(home: Home, register: InstructionRegister, checked: Authorisation, signed: Signed) -> None:
    introduce(home, checked.instruction)
    signers = checked.signing.signers_file(register.page())
    register.keep(checked.subject_id, checked.persons, signed, TrustStore.load(home.trust), signers)
    register.note_signing(checked.signing.to_json())


def release_use(home: Home, authorisation_id: str, run_id: str) -> None:
    """Give back the use that a run claimed which never began."""
    InstructionRegister(home, None, authorisation_id).release_use(run_id)


def refuse_terms(
    register: InstructionRegister,
    instruction: Instruction,
    site: Site,
    use: Use,
    destination: str | None,
    now: datetime,
) -> None:
    """Check the terms of an instruction, and that it was not withdrawn, before its signature is checked.

    Raises the error of the first refusal (`vault.authorisation.terms`), ScopeError (other_destination), AuthorisationError
    (withdrawn).
    """
    refuse_first(term_refusals(instruction, site, now))
    if use is Use.MIGRATION and destination != instruction.destination:
        raise ScopeError("other_destination")
    register.refuse_withdrawn()


def reopen(home: Home, authorisation_id: str, use: str) -> Authorisation:
    """Return the authorisation under which a run was leased, made from the stored evidence without a new check."""
    register = InstructionRegister(home, None, authorisation_id)
    evidence = register.evidence()
    instruction = parse(evidence["instruction.json"])
    return Authorisation(
        _ONLY_HERE,
        instruction=instruction,
        authorisation_id=authorisation_id,
        subject_id=register.subject,
        persons=register.persons,
        use=Use(use),
        trial=home.site.trial,
        inss=inss_of_controllers(home, instruction),
        listed=_listed(home, instruction, evidence.get(PATIENT_LIST)),
        signing=Signing.from_json(register.signing),
    )


def recorded(home: Home, authorisation_id: str) -> Signed:
    """Return the signed instruction stored under an id. Raises AuthorisationError if there is none."""
    if not authorisation_id.isalnum():
        raise AuthorisationError("no_such_authorisation")
    evidence = InstructionRegister(home, None, authorisation_id).evidence()
    if PAGE in evidence:
        return open_pdf(evidence[PAGE], evidence.get(PATIENT_LIST))
    signatures = [data for name, data in sorted(evidence.items()) if name.endswith(".p7s")]
    return detached(evidence["instruction.json"], signatures, evidence.get(PATIENT_LIST))


def instruction_text(home: Home, authorisation_id: str) -> str:
    """Return the readable text of a stored instruction, for a terminal. Raises AuthorisationError if there is none."""
    return parse(_kept_document(home, authorisation_id)).shown


def _kept_document(home: Home, authorisation_id: str) -> bytes:
    if not authorisation_id.isalnum():
        raise AuthorisationError("no_such_authorisation")
    return InstructionRegister(home, None, authorisation_id).evidence()["instruction.json"]


def evidence_of(home: Home, authorisation_id: str) -> dict[str, bytes]:
    """Return all checked files by name, for the proof folder, without the patients and without the attesters."""
    evidence = InstructionRegister(home, None, authorisation_id).evidence()
    return {name: data for name, data in evidence.items() if name not in (PATIENT_LIST, ATTESTATIONS)}


def record(home: Home, signed: Signed, operator: Operator, clock: Clock) -> str:
    """Check an instruction and store it sealed, without consuming a use. Return its id."""
    instruction = parse(signed.document)
    with lock_people(home.locks):  # so that no one is erased between the check and the storing
        checked = check(
            signed,
            home=home,
            use=any_use(instruction),
            clock=clock,
            destination=instruction.destination,
            operator=operator,
        )
        register = InstructionRegister(home, signed.document)
        _keep(home, register, checked, signed)
    return register.id


def any_use(instruction: Instruction) -> Use:
    """Return the first use that an instruction allows. Raises UseError (use_exhausted) if it allows none."""
    for use in Use:
        if instruction.uses[use.value] > 0:
            return use
    raise UseError("use_exhausted", limit=0)


def withdraw(home: Home, authorisation_id: str, evidence: dict[str, bytes]) -> None:
    """Record that an instruction is withdrawn. Raises AuthorisationError (no_such_authorisation) if it is not stored here."""
    register = InstructionRegister(home, None, authorisation_id)
    register.evidence()
    register.withdraw(evidence)


def check_withdrawal(home: Home, authorisation_id: str, document: bytes, p7s: bytes, clock: Clock) -> None:
    """Check that a person who may sign the instruction signed the withdrawal.

    Raises AuthorisationError (withdrawal_of_another, and the codes of `vault.authorisation.signatories.capacity_of`), TrustError.
    """
    if document != draft_withdrawal(home, authorisation_id):
        raise AuthorisationError("withdrawal_of_another")
    check_later_document(home, authorisation_id, document, p7s, clock)


def check_later_document(
    home: Home, authorisation_id: str, document: bytes, p7s: bytes, clock: Clock
) -> SignerRow:
    """Check the signature of a later document about an instruction (a withdrawal, an acceptance). Return its signer.

    The signer must be a person who may sign the instruction. Raises AuthorisationError (with the codes of
    `vault.authorisation.signatories.capacity_of`), TrustError.
    """
    instruction = parse(_kept_document(home, authorisation_id))
    moment = clock.now()
    signer = check_signature(
        document, p7s, TrustStore.load(home.trust), trial_home=home.site.trial, moment=moment
    )
    return row_of(instruction, signer, capacity_of(home, instruction, signer, moment.date()))


def draft_withdrawal(home: Home, authorisation_id: str) -> bytes:
    """Return the document that a controller signs to withdraw an instruction: canonical JSON with its nonce."""
    return _withdrawal_of(parse(_kept_document(home, authorisation_id)))


def _withdrawal_of(instruction: Instruction) -> bytes:
    return canonical_json({"version": 1, "type": "withdrawal", "instruction_nonce": instruction.nonce})


def is_withdrawn(home: Home, authorisation_id: str) -> bool:
    """Return whether the instruction was withdrawn."""
    return InstructionRegister(home, None, authorisation_id).withdrawn


def list_authorisations(home: Home) -> list[dict[str, Any]]:
    """Return id, numbers of consumed uses, and withdrawal of every stored instruction."""
    folder = home.authorisations
    return (
        [InstructionRegister(home, None, p.name).state for p in sorted(folder.iterdir())]
        if folder.is_dir()
        else []
    )


def check_header(
    authorisation: Authorisation, *, system: str | None, nihii: tuple[str, ...], inss: tuple[str, ...]
) -> None:
    """Check that the software and the doctors in an export's header are those of the instruction. A missing field is no fault.

    Raises ScopeError: other_source_system, other_controller.
    """
    instruction = authorisation.instruction
    if system and instruction.source_system and _fold(system) != _fold(instruction.source_system):
        raise ScopeError("other_source_system")
    stated = {"".join(c for c in number if c.isdigit())[:8] for number in nihii} - {""}
    if stated:
        if not stated & {c.nihii[:8] for c in instruction.controllers}:
            raise ScopeError("other_controller")
    elif inss and not set(inss) & set(authorisation.inss.reveal()):
        raise ScopeError("other_controller")


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())
