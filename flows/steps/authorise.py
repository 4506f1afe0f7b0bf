"""authorise: no byte of a source is opened before this step gave an Authorisation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.control import Control
from flows.orders import Order
from schemas.errors import AuthorisationError, RefusedError
from vault.authorisation import Authorisation, check, claim, recorded
from vault.register import Use


@dataclass(frozen=True)
class Authorised:
    """A checked instruction with the evidence that was checked."""

    authorisation: Authorisation
    document: bytes
    signatures: tuple[bytes, ...]

    def spend(self, home: Path, run_id: str) -> None:
        """Spend the use for this run, once. Raises UseError when another run was faster."""
        claim(home, self.authorisation, self.document, list(self.signatures), run_id)


def authorise(control: Control, order: Order) -> Authorised:
    """Verify the instruction for this use. A refusal is in the ledger by its code; nothing is spent yet."""
    try:
        document, signatures = _evidence(control, order.authorisation)
        authorisation = check(
            document,
            signatures,
            home=control.home,
            site=control.site,
            use=Use(order.use),
            destination=order.destination,
            operator=control.person,
            clock=control.clock,
        )
    except RefusedError as refusal:
        control.record_refused(refusal)
        raise
    return Authorised(authorisation, document, tuple(signatures))


def _evidence(control: Control, reference: str) -> tuple[bytes, list[bytes]]:
    """The instruction and its signatures: from a file with `.p7s` beside it, or as recorded under an id."""
    path = Path(reference)
    if not path.is_file():
        return recorded(control.home, reference)
    signatures = sorted(path.parent.glob(path.name + "*.p7s"))
    if not signatures:
        raise AuthorisationError("signature_missing")
    return path.read_bytes(), [signature.read_bytes() for signature in signatures]
