"""Lists the recorded instructions under which a run can be started, and seals the order for a run."""

from __future__ import annotations

from collections.abc import Callable
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


Certified = Callable[[str, str], list[str]]
"""Return the certified runs of an instruction and a use."""


def choices(control: Control, certified: Certified | None = None) -> list[Choice]:
    """Return the recorded instructions, usable ones first. One that cannot be read is left out: `reprise doctor` names it.

    With `certified`, no lease of an ended run is read.
    """
    folder = control.home.authorisations
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    found = [one for name in names if (one := _choice(control, name, certified)) is not None]
    return sorted(found, key=lambda one: (not one.usable, one.until))


def _choice(control: Control, name: str, certified: Certified | None) -> Choice | None:
    register = InstructionRegister(control.home, None, name)
    try:
        state = register.state
        if state["pending"]:
            return Choice(name, register.subject, {}, "", "", "pending")
        instruction = parse(recorded(control.home, name).document)
        left = {
            use: register.left(instruction, Use(use), certified(name, use) if certified else None)
            for use in CARRIED
        }
        standing = "withdrawn" if state["withdrawn"] else _standing(control, instruction, left)
        until = format_utc(instruction.valid_until)
        return Choice(name, register.subject, left, instruction.destination, until, standing)
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
