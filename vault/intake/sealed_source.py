"""Opens a sealed export with the identity of its intake. Only a data process has the identity, so only it calls this module."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from schemas.errors import IntakeError, KeyServiceError
from vault.age.header import ARMOUR, INTRO, AgeHeader, open_header, read_header
from vault.age.reader import AgePayload
from vault.home_folder import Home
from vault.intake.identity_store import identity_store
from vault.intake.record import Intake, list_intakes, most_specific, refusal
from vault.runs.lease import Lease
from vault.system.clock import SystemClock


def is_sealed(reopen: Callable[[], BinaryIO]) -> bool:
    """Return whether a file begins like an age file, armoured or not."""
    with reopen() as stream:
        return stream.read(len(ARMOUR)).startswith((INTRO, ARMOUR))


def open_sealed(
    home: Home, lease: Lease, wanted: str | None, reopen: Callable[[], BinaryIO]
) -> tuple[Intake, bool, Callable[[], AgePayload]]:
    """Return the intake that opens the source, whether it is the source's only recipient, and a function for the payload.

    Raises IntakeError (intake_unknown, intake_of_another, intake_spent, intake_key_gone, intake_does_not_fit) and
    SealedSourceError.
    """
    with reopen() as stream:
        header = read_header(stream)
    intake, file_key = _find(home, lease, wanted, header)
    return intake, header.one_key_only, lambda: AgePayload(header, file_key, reopen)


def _find(home: Home, lease: Lease, wanted: str | None, header: AgeHeader) -> tuple[Intake, bytes]:
    intakes = [Intake.load(home, wanted)] if wanted else list_intakes(home)
    codes: set[str | None] = set()
    for intake in intakes:
        code = refusal(home, intake, lease.authorisation_id, lease.run_id, SystemClock())
        if code == "intake_of_another" and not wanted and _open_with(home, intake, header) is None:
            continue  # it belongs to another authorisation, and this file was not sealed to it
        if code is None and (file_key := _open_with(home, intake, header)) is not None:
            return intake, file_key
        codes.add(code)
    raise IntakeError("intake_does_not_fit" if wanted and codes == {None} else most_specific(codes))


def _open_with(home: Home, intake: Intake, header: AgeHeader) -> bytes | None:
    with suppress(KeyServiceError):
        ref = intake.ref(home)
        return open_header(header, identity_store(home, intake.provider).open(ref)) if ref else None
    return None
