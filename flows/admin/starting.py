"""Lists the recorded instructions under which a run can be started, and seals the order for a run."""

from __future__ import annotations

from dataclasses import dataclass

from flows.engine import run as engine
from flows.session.acts import recording_refusal
from flows.session.control import Control
from flows.session.orders import Order, save_order
from flows.session.sources import find_source
from schemas.errors import RepriseError
from vault.authorisation.check import recorded
from vault.authorisation.register import InstructionRegister, Use
from vault.instruction.document import Instruction, parse
from vault.instruction.fields import CARRIED
from vault.system.clock import format_utc


@dataclass(frozen=True)
class Choice:
    """A recorded instruction, as the form that starts a run shows it."""

    id: str
    doctor: str  # opaque id
    left: dict[str, int]  # number of uses left, by use
    destination: str
    until: str
    state: str  # in_force, pending, withdrawn, expired, not_yet, used

    @property
    def usable(self) -> bool:
        """Return whether a run can be ordered under the instruction."""
        return self.state == "in_force"


def choices(control: Control) -> list[Choice]:
    """Return the recorded instructions, usable instructions first, without those that cannot be read."""
    folder = control.home.authorisations
    ids = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    readable = [choice for choice in (_choice(control, name) for name in ids) if choice is not None]
    return sorted(readable, key=lambda choice: (not choice.usable, choice.until))


def _choice(control: Control, authorisation_id: str) -> Choice | None:
    register = InstructionRegister(control.home, None, authorisation_id)
    try:
        state = register.state
        if state["pending"]:
            return Choice(authorisation_id, register.subject, {}, "", "", "pending")
        instruction = parse(recorded(control.home, authorisation_id).document)
        left = {use: register.left(instruction, Use(use)) for use in CARRIED}
        standing = "withdrawn" if state["withdrawn"] else _standing(control, instruction, left)
        until = format_utc(instruction.valid_until)
        return Choice(authorisation_id, register.subject, left, instruction.destination, until, standing)
    except (RepriseError, OSError):
        return None


def _standing(control: Control, instruction: Instruction, left: dict[str, int]) -> str:
    now = control.clock.now()
    if now > instruction.valid_until:
        return "expired"
    if now < instruction.valid_from:
        return "not_yet"
    return "in_force" if any(left.values()) else "used"


def place_order(
    control: Control, *, source: str, authorisation: str, use: str, keys: str, intake: str | None
) -> str:
    """Check everything for which a run would be refused, and seal its order. Return the order's id. No use is consumed.

    The destination is that of the instruction. A refusal is a ledger entry. Raises RefusedError, UnreadableSourceError
    (no_such_source).
    """
    path = find_source(control.home, source).path
    with recording_refusal(control):
        instruction = parse(recorded(control.home, authorisation).document)
    to = instruction.destination if use == "migration" else None
    operator = control.person.name.reveal()
    order = Order(path, authorisation, use, to, keys, operator, intake or None)
    engine.precheck(control.home, order)
    return save_order(control.home, order)
