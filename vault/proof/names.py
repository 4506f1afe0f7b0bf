"""The names on an edition of the certificate for the practice, taken from the sealed instruction. No file of a proof has them."""

from __future__ import annotations

from dataclasses import dataclass

from vault.instruction.document import Controller, Instruction


@dataclass(frozen=True)
class Names:
    """The names of those whom a certificate concerns, and a contact."""

    controllers: tuple[Controller, ...]
    source: str  # the old software; empty if the instruction does not state it
    target: str  # the new software
    processor: str
    contact: str  # empty if the site states no contact


def names_of(instruction: Instruction, contact: str) -> Names:
    """Return the names in an instruction, with the site's contact."""
    return Names(
        instruction.controllers,
        instruction.source_system,
        instruction.target_system,
        instruction.processor,
        contact,
    )
