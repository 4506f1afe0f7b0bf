"""authorise: no byte of a source is opened before this step gave an Authorisation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.channels import require_registered
from flows.control import Control
from flows.orders import Order
from schemas.errors import RefusedError
from vault.authorisation import Authorisation, check, claim, recorded
from vault.register import Use


@dataclass(frozen=True)
class Authorised:
    """A checked instruction with the evidence that was checked."""

    authorisation: Authorisation
    document: bytes
    signatures: tuple[bytes, ...]
    patient_list: bytes | None

    def spend(self, home: Path, run_id: str) -> None:
        """Spend the use for this run, once. Raises UseError when another run was faster."""
        claim(home, self.authorisation, self.document, list(self.signatures), run_id, self.patient_list)


def authorise(control: Control, order: Order) -> Authorised:
    """Verify the instruction for this use. A refusal is in the ledger by its code; nothing is spent yet."""
    try:
        document, signatures, patients = _evidence(control, order.authorisation)
        authorisation = check(
            document,
            signatures,
            home=control.home,
            site=control.site,
            use=Use(order.use),
            destination=order.destination,
            operator=control.person,
            clock=control.clock,
            patient_list=patients,
        )
        require_registered(control.home, order.destination)
    except RefusedError as refusal:
        control.record_refused(refusal)
        raise
    return Authorised(authorisation, document, tuple(signatures), patients)


def _evidence(control: Control, reference: str) -> tuple[bytes, list[bytes], bytes | None]:
    """The instruction, its signatures and its patient list: from a file, or as recorded under an id."""
    path = Path(reference)
    return read_evidence(path) if path.is_file() else recorded(control.home, reference)


def read_evidence(path: Path) -> tuple[bytes, list[bytes], bytes | None]:
    """FILE, every FILE*.p7s beside it, and FILE.patients.age if there is one."""
    signatures = sorted(path.parent.glob(path.name + "*.p7s"))
    patients = path.with_name(path.name + ".patients.age")
    return (
        path.read_bytes(),
        [signature.read_bytes() for signature in signatures],
        patients.read_bytes() if patients.is_file() else None,
    )
