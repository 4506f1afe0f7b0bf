"""The passphrases by which operators prove who they are: asked at the terminal without an echo, or taken from the environment."""

from __future__ import annotations

import os
import sys

import typer

from flows.session.control import Control
from schemas.errors import OperatorError

PRESENT, NEW = "REPRISE_PASSPHRASE", "REPRISE_NEW_PASSPHRASE"


def proven(control: Control) -> Control:
    """Return the same for an operator who proved who they are.

    Raises OperatorError: operator_without_key, passphrase_wrong, passphrase_not_given (without a terminal).
    """
    return control.proved(_taken(PRESENT, f"Passphrase of {control.person.name.reveal()}", twice=False))


def new_passphrase(name: str) -> str:
    """Ask an operator for the passphrase of a new key, twice. Raises OperatorError (passphrase_not_given)."""
    return _taken(NEW, f"New passphrase of {name}, who types it", twice=True)


def can_ask_new() -> bool:
    """Whether a new passphrase is given or can be asked for."""
    return bool(os.environ.get(NEW)) or sys.stdin.isatty()


def _taken(variable: str, question: str, *, twice: bool) -> str:
    given = os.environ.get(variable)
    if given:
        return given
    if not sys.stdin.isatty():
        raise OperatorError("passphrase_not_given")
    answer: str = typer.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
    return answer
