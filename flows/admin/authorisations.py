"""Instructions: checked, recorded, listed, shown; the list of patients that one names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.lifecycle.evidence import read_evidence
from flows.session.acts import act, checking
from flows.session.control import Control
from schemas.errors import RepriseError
from vault.authorisation import check as register
from vault.authorisation.check_report import Report, examine
from vault.instruction.document import parse
from vault.instruction.patient_list import home_recipient, seal_list
from vault.ledger.entries import EntryType
from vault.pki.signed_document import Signed

__all__ = ["check", "draft_withdrawal", "list_recipient", "listed", "record", "seal_list", "text"]


def check(control: Control, file: Path) -> tuple[Report, RepriseError | None]:
    """Make every test of an instruction; spends no use. Returns the report and the refusal, which is an entry."""
    with checking(control):
        signed = read_evidence(file)
    report = examine(signed, home=control.home, site=control.site, moment=control.clock.now())
    try:
        with checking(control):
            _refuse(control, signed, report)
    except RepriseError as refusal:
        return report, refusal
    return report, None


def _refuse(control: Control, signed: Signed, report: Report) -> None:
    if report.refusal is not None:
        raise report.refusal
    register.check(  # the one that counts; what it refuses, a test of the report should have
        signed,
        home=control.home,
        site=control.site,
        use=report.use,
        destination=parse(signed.document).destination,
        operator=control.person,
        clock=control.clock,
    )


def record(control: Control, file: Path) -> str:
    """Check an instruction and keep it sealed; returns its id. Raises RefusedError."""
    with checking(control):
        signed = read_evidence(file)
    with act(control, EntryType.AUTHORISATION_RECORDED, "recorded", refused=EntryType.AUTHORISATION_REFUSED):
        return register.record(control.home, control.site, signed, control.person, control.clock)


def listed(control: Control) -> list[dict[str, Any]]:
    """Kept instructions: ids, uses spent, withdrawn or not."""
    return register.list_authorisations(control.home)


def text(control: Control, authorisation: str) -> str:
    """The readable text that the doctor signed."""
    return register.instruction_text(control.home, authorisation)


def draft_withdrawal(control: Control, authorisation: str) -> bytes:
    """What a controller signs to withdraw an instruction."""
    return register.draft_withdrawal(control.home, authorisation)


def list_recipient(control: Control) -> str:
    """The home's age recipient: what a list of patients is sealed to."""
    return home_recipient(control.home)
