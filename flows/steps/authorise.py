"""authorise: no byte of a source is opened before this step gave an Authorisation."""

from __future__ import annotations

from pathlib import Path

from flows.control import Control
from flows.orders import Order
from schemas.errors import RefusedError, UnreadableSourceError
from vault.authorisation import Authorisation, Use, check, recorded


def authorise(control: Control, order: Order, *, spend: bool) -> Authorisation:
    """Verify the instruction for this use; the outcome is in the ledger either way.

    With `spend` the use is consumed; the lease then writes `authorisation.checked`. A refusal is written here.
    """
    document, signatures = _evidence(control, order.authorisation)
    try:
        authorisation = check(
            document,
            signatures,
            home=control.home,
            site=control.site,
            use=Use(order.use),
            destination=order.destination,
            operator=control.person,
            clock=control.clock,
            consume=spend,
        )
    except RefusedError as refusal:
        control.record_refused(refusal)
        raise
    return authorisation


def _evidence(control: Control, reference: str) -> tuple[bytes, list[bytes]]:
    """The instruction and its signatures: from a file with `.p7s` beside it, or as recorded under an id."""
    path = Path(reference)
    if not path.is_file():
        return recorded(control.home, reference)
    signatures = sorted(path.parent.glob(path.name + "*.p7s"))
    if not signatures:
        raise UnreadableSourceError("signature_missing")
    return path.read_bytes(), [signature.read_bytes() for signature in signatures]
