"""The names that an edition for the practice shows. They come from the sealed instruction, and enter no file of a proof."""

from __future__ import annotations

from dataclasses import dataclass

from vault.instruction.document import Controller, Instruction


@dataclass(frozen=True)
class Names:
    """Whom a certificate concerns, and whom to ask."""

    controllers: tuple[Controller, ...]
    source: str  # the old software; empty: the instruction does not state it
    target: str
    processor: str
    contact: str  # as the site states it; empty: it states none


def names_of(instruction: Instruction, contact: str) -> Names:
    """Returns the names in an instruction, with the contact that the site states."""
    return Names(
        instruction.controllers,
        instruction.source_system,
        instruction.target_system,
        instruction.processor,
        contact,
    )
