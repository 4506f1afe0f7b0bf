"""Checks, records, lists and shows instructions, and seals the list of patients that an instruction names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.lifecycle.evidence import read_evidence, sent_evidence
from flows.session.acts import act, recording_refusal
from flows.session.control import Control
from schemas.errors import RepriseError
from vault.authorisation import check as register
from vault.authorisation.check_report import CheckReport, examine
from vault.instruction.document import parse
from vault.instruction.patient_list import home_recipient, seal_list
from vault.ledger.entries import EntryType
from vault.pki.signed_document import Signed

__all__ = [
    "check",
    "draft_withdrawal",
    "list_recipient",
    "listed",
    "record",
    "record_sent",
    "seal_list",
    "text",
]


def check(control: Control, file: Path) -> tuple[CheckReport, RepriseError | None]:
    """Run every test on an instruction, without consuming a use. Return the report, and the refusal, which is a ledger entry."""
    with recording_refusal(control):
        signed = read_evidence(file)
    report = examine(signed, home=control.home, moment=control.clock.now())
    try:
        with recording_refusal(control):
            _refuse(control, signed, report)
    except RepriseError as refusal:
        return report, refusal
    return report, None


def _refuse(control: Control, signed: Signed, report: CheckReport) -> None:
    if report.refusal is not None:
        raise report.refusal
    register.check(  # the authoritative check; the report should have a test for everything that it refuses
        signed,
        home=control.home,
        use=report.use,
        destination=parse(signed.document).destination,
        operator=control.person,
        clock=control.clock,
    )


def record(control: Control, file: Path) -> str:
    """Check an instruction and store it sealed; return its id. Raises RefusedError."""
    with recording_refusal(control):
        signed = read_evidence(file)
    return _record(control, signed)


def record_sent(control: Control, data: bytes, signatures: list[bytes], patients: bytes | None) -> str:
    """Check and store, like `record`, an instruction that was sent and is in no file. Return its id."""
    with recording_refusal(control):
        signed = sent_evidence(data, signatures, patients)
    return _record(control, signed)


def _record(control: Control, signed: Signed) -> str:
    with act(control, EntryType.AUTHORISATION_RECORDED, "recorded", refused=EntryType.AUTHORISATION_REFUSED):
        return register.record(control.home, signed, control.person, control.clock)


def listed(control: Control) -> list[dict[str, Any]]:
    """List the recorded instructions: id, numbers of consumed uses, withdrawn or not."""
    return register.list_authorisations(control.home)


def text(control: Control, authorisation: str) -> str:
    """Return the readable text that the doctor signed."""
    return register.instruction_text(control.home, authorisation)


def draft_withdrawal(control: Control, authorisation: str) -> bytes:
    """Return the document that a controller signs to withdraw an instruction."""
    return register.draft_withdrawal(control.home, authorisation)


def list_recipient(control: Control) -> str:
    """Return the home's age recipient, to which a list of patients is sealed."""
    return home_recipient(control.home)
