"""The creation of a home, and its operators: who may act, and who enrolled them."""

from __future__ import annotations

from flows.session.acts import act
from flows.session.control import Control
from schemas.errors import HomeError, OperatorError
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.records.operators import Operator, enrol_operator
from vault.site import Site


def begin_home(home: Home, origin: str, first: str) -> Site:
    """Create a home and enrol its first operator on their own word: no other operator exists yet to vouch for them.

    Raises OperatorError no_operator, HomeError (home_exists, origin_malformed).
    """
    if not first:
        raise OperatorError("no_operator")
    if home.path.exists() or home.path.is_symlink():
        raise HomeError("home_exists")
    site = create_home(home, trial=False, origin=origin)
    enrol_operator(home, first)
    Control.open(home, first).record(EntryType.SUBJECT_ENROLLED, None, "first_operator")
    return site


def enrol_colleague(control: Control, name: str) -> Operator:
    """Enrol a further operator; the ledger records who enrolled them. Raises OperatorError."""
    with act(control, EntryType.SUBJECT_ENROLLED, "operator"):
        return enrol_operator(control.home, name)
