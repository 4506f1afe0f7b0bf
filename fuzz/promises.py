"""What a target is, and how a refusal is told from a broken promise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from schemas.errors import RepriseError
from vault.verify import Fault

T = TypeVar("T")
CODE = re.compile(r"[a-z0-9_]{1,64}")
JUDGED = (Fault, LookupError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Target:
    """A reader of foreign bytes, valid objects for it, and how to change one."""

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    mutate: Callable[[bytes, Random], bytes]


def coded(act: Callable[[], T]) -> T | None:
    """What it gives, or None when it was refused by a code that quotes nothing."""
    try:
        return act()
    except RepriseError as error:
        assert CODE.fullmatch(error.code)
        assert all(isinstance(value, int) for value in error.facts.values()), "a fact that is no number"
        assert error.__context__ is None or error.__suppress_context__, "what was read travels along"
    return None


def alone(act: Callable[[], T]) -> T | None:
    """The same for a piece of the stand-alone verifier, by what `verify` takes for a refusal."""
    try:
        return act()
    except JUDGED as error:
        assert not isinstance(error, Fault) or CODE.fullmatch(error.code)
    return None
