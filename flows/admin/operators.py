"""Creates a home, and enrols its operators with their keys."""

from __future__ import annotations

from flows.session.acts import act
from flows.session.control import Control
from schemas.errors import HomeError, OperatorError
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.records.operator_keys import has_key, make_key
from vault.records.operators import Operator, enrol_operator, find_operator
from vault.site import Site


def begin_home(home: Home, origin: str, first: str, passphrase: str | None = None) -> Site:
    """Create a home, and enrol its first operator without a check, because there is no other operator who could attest them.

    With a passphrase, the operator gets a key. Raises OperatorError (no_operator, passphrase_short), HomeError (home_exists,
    origin_malformed).
    """
    if not first:
        raise OperatorError("no_operator")
    if home.path.exists() or home.path.is_symlink():
        raise HomeError("home_exists")
    site = create_home(home, trial=False, origin=origin)
    operator = enrol_operator(home, first)
    if passphrase is not None:
        make_key(home, operator.id, passphrase)
    Control.open(home, first).record(EntryType.SUBJECT_ENROLLED, None, "first_operator")
    return site


def give_key(control: Control, name: str, passphrase: str) -> None:
    """Make the key with which an operator proves who they are, or replace it.

    An operator's first key is made without a proof. To replace a key, the acting operator must prove who they are: the holder of
    the key, or a colleague of an operator who lost their passphrase. Raises OperatorError: operator_not_proven,
    operator_not_enrolled, passphrase_short.
    """
    known = find_operator(control.home, name)
    replaces = has_key(control.home, known.id)
    with act(control, EntryType.SUBJECT_ENROLLED, "operator_key_replaced" if replaces else "operator_key"):
        if replaces:
            _ = control.proven_person
        make_key(control.home, known.id, passphrase)


def has_own_key(control: Control, name: str) -> bool:
    """Return whether an operator has a key. Raises OperatorError (operator_not_enrolled)."""
    return has_key(control.home, find_operator(control.home, name).id)


def enrol_colleague(control: Control, name: str, passphrase: str | None = None) -> Operator:
    """Enrol a further operator, with a key if they gave a passphrase. The ledger records who enrolled them.

    Raises OperatorError: no_operator, passphrase_short, operator_known (the operator has a key).
    """
    with act(control, EntryType.SUBJECT_ENROLLED, "operator"):
        operator = enrol_operator(control.home, name)
        if passphrase is not None:
            if has_key(control.home, operator.id):
                raise OperatorError("operator_known")
            make_key(control.home, operator.id, passphrase)
        return operator
