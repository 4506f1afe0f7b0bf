"""The step `authorise`, the first of the run engine. No byte of a source is read before it has returned an `Authorised`."""

from __future__ import annotations

import os
from dataclasses import dataclass

from flows.lifecycle.evidence import evidence
from flows.session.acts import recording_refusal
from flows.session.control import Control
from flows.session.orders import Order
from flows.transport.destination import require_registered
from schemas.errors import UnreadableSourceError
from vault.authorisation.check import Authorisation, check, claim
from vault.authorisation.register import Use
from vault.home_folder import Home
from vault.intake.record import refuse_unusable_intake
from vault.keys.registry import provider
from vault.pki.signed_document import Signed

SEALED_SUFFIX = ".age"
"""The end of the file name of a sealed source, which is known before the source is read. The data process checks the bytes."""


@dataclass(frozen=True)
class Authorised:
    """The authorisation that the check returned, with the signed instruction that was checked."""

    authorisation: Authorisation
    signed: Signed

    def consume_use(self, home: Home, run_id: str) -> None:
        """Consume the use for this run, once. Raises UseError if another run has consumed the last use since the check."""
        claim(home, self.authorisation, self.signed, run_id)


def authorise(control: Control, order: Order, run_id: str | None = None) -> Authorised:
    """Check the instruction for this use. No use is consumed yet. A refusal is a ledger entry with its code.

    A use that the run `run_id` consumed before a crash still belongs to that run. Raises RefusedError, UnreadableSourceError
    (source_missing), KeyUnavailableError (unknown_provider).
    """
    with recording_refusal(control):
        signed = evidence(control.home, order.authorisation)
        authorisation = check(
            signed,
            home=control.home,
            use=Use(order.use),
            destination=order.destination,
            operator=control.person,
            clock=control.clock,
            run_id=run_id,
        )
        if order.intake or order.source.endswith(SEALED_SUFFIX):
            refuse_unusable_intake(control.home, authorisation.id, order.intake, control.clock)
        require_registered(control.home, order.destination)
        # before a use is consumed, check that the key provider and the source exist; the source is not opened
        provider(order.keys)
        if not os.path.lexists(order.source):
            raise UnreadableSourceError("source_missing")
    return Authorised(authorisation, signed)
