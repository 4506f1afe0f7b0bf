"""authorise: no byte of a source is read before this step has returned an Authorisation."""

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
"""Marks a source as sealed by its name, before it may be read; the data process checks its first bytes."""


@dataclass(frozen=True)
class Authorised:
    """A checked instruction with the evidence that was checked."""

    authorisation: Authorisation
    signed: Signed

    def spend(self, home: Home, run_id: str) -> None:
        """Spend the use for this run, once. Raises UseError if another run spent it first."""
        claim(home, self.authorisation, self.signed, run_id)


def authorise(control: Control, order: Order, run_id: str | None = None) -> Authorised:
    """Verify the instruction for this use. A refusal is a ledger entry with its code; no use is spent yet.

    A use that `run_id` already spent, before a crash, still belongs to that run.
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
        # before a use is spent: that the keys can be had, and that the source exists, which is not opened
        provider(order.keys)
        if not os.path.lexists(order.source):
            raise UnreadableSourceError("source_missing")
    return Authorised(authorisation, signed)
